"""What is read of a catalog for a plan is enough: the plan is the one that knowing all segments gives."""

from dataclasses import replace

from hypothesis import example, given, settings
from hypothesis import strategies as st

from holdfast.app.cleaning_plan import Asked, CameraUse, make_plan, used_by_camera
from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.domain.volumes import VolumeSpace
from holdfast.policy.free_space import Room
from holdfast.policy.retention import CameraRoom, CameraRules, Facts, MinFree, RetentionRules, plan
from tests.fakes.catalog import FakeCatalog
from tests.records import PLAIN

CAMERAS, VOLUMES = st.sampled_from(["cam_01", "cam_02", "cam_03"]), st.sampled_from(["home", "spare"])
NOW_S, MIB, TOTAL = 1000, 1 << 20, 1000 << 20
AGES = st.one_of(st.none(), st.integers(0, 300).map(lambda age_s: age_s * NS_PER_S))
OWN = st.builds(CameraRules, AGES, st.one_of(st.none(), st.integers(0, 100).map(lambda size: size * MIB)))
RULES = st.builds(
    RetentionRules,
    st.just(True),  # noqa: FBT003 - hypothesis's interface
    AGES,
    st.one_of(st.none(), st.builds(MinFree, st.integers(0, 500).map(lambda size: size * MIB))),
    st.dictionaries(CAMERAS, OWN),
)
FOOTAGE = st.tuples(
    CAMERAS,
    st.sampled_from(["main", "sub"]),
    VOLUMES,
    st.integers(0, NOW_S - 10),
    st.integers(1, 90),
    st.sampled_from([*[SegmentState.FINAL] * 6, SegmentState.DAMAGED, SegmentState.OPEN, SegmentState.MISSING]),
    st.sampled_from([*[False] * 7, True]),
)


def row(number: int, made: tuple[str, str, str, int, int, SegmentState, bool]) -> SegmentRecord:
    camera, stream, volume, at_s, size, state, is_uncut = made
    return replace(
        PLAIN,
        camera=camera,
        stream=stream,
        volume=volume,
        path=f"{number}.mp4",
        wall_start_ns=WallNs(at_s * NS_PER_S),
        duration_ns=10 * NS_PER_S,
        size_bytes=size * MIB,
        state=state,
        keep_bytes=MIB if is_uncut else None,
    )


def hold(number: int, camera: str, at_s: int) -> HoldRecord:
    return HoldRecord(
        hold_id=f"{number}",
        camera=camera,
        from_wall_ns=WallNs(at_s * NS_PER_S),
        to_wall_ns=WallNs((at_s + 50) * NS_PER_S),
        reason="because",
        created_wall_ns=WallNs(0),
    )


@settings(max_examples=400, deadline=None)
@given(
    rules=RULES,
    footage=st.one_of(st.lists(FOOTAGE, max_size=10), st.lists(FOOTAGE, min_size=30, max_size=60)),
    held=st.lists(st.tuples(CAMERAS, st.integers(0, NOW_S)), max_size=3),
    there=st.dictionaries(VOLUMES, st.tuples(st.integers(0, 700), st.integers(0, 5)), min_size=1),
    writes=st.integers(0, 5),
    most=st.integers(1, 3),
    used=st.integers(0, 4),
)
@example(  # age and quotas take the three oldest: the fourth is the one that goes for space
    rules=RetentionRules(
        is_on=True,
        max_age_ns=900 * NS_PER_S,
        min_free=MinFree(5 * MIB),
        cameras={"cam_01": CameraRules(quota_bytes=0), "cam_02": CameraRules(quota_bytes=0)},
    ),
    footage=[
        (f"cam_0{camera}", "main", "home", 10 * number, 1, SegmentState.FINAL, False)
        for number, camera in enumerate((1, 1, 2, 3, 1, 2, 1, 2))
    ],
    held=[],
    there={"home": (0, 0)},
    writes=0,
    most=1,
    used=0,
)
def test_no_segment_that_was_not_read_would_change_the_plan(
    rules: RetentionRules,
    footage: list[tuple[str, str, str, int, int, SegmentState, bool]],
    held: list[tuple[str, int]],
    there: dict[str, tuple[int, int]],
    writes: int,
    most: int,
    used: int,
) -> None:
    rows = [row(number, made) for number, made in enumerate(footage)]
    holds = tuple(hold(number, *made) for number, made in enumerate(held))
    catalog = FakeCatalog()
    for one in rows:
        catalog.post(one)
    for each in holds:
        catalog.post(each)
    rooms = [
        Room(name, VolumeSpace(total_bytes=TOTAL, free_bytes=free * MIB), falls_by=falls * MIB)
        for name, (free, falls) in there.items()
    ]
    asked = Asked(
        now_ns=WallNs(NOW_S * NS_PER_S),
        rooms=rooms,
        horizon_s=5.0,
        cameras={"cam_01": CameraUse(float(writes * MIB), 7)},
        in_use=frozenset((one.volume, one.path) for one in sorted(rows, key=lambda one: one.wall_start_ns)[:used]),
        most=most,
    )
    use, bytes_of = asked.cameras, used_by_camera(catalog)
    facts = Facts(
        now_ns=asked.now_ns,
        horizon_s=asked.horizon_s,
        volumes=tuple(rooms),
        cameras=tuple(
            CameraRoom(
                name, bytes_of.get(name, 0) + use.get(name, CameraUse()).open_bytes, use.get(name, CameraUse()).writes
            )
            for name in rules.cameras
            if rules.quota_of(name) is not None
        ),
        holds=holds,
        in_use=asked.in_use,
    )
    assert make_plan(catalog, rules, asked) == plan(rules, facts, rows, most=most)
