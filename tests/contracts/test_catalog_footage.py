"""What every catalog knows of when there is footage, and that its totals never drift from its segments."""

from collections.abc import Mapping
from contextlib import closing
from dataclasses import replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.catalog.store import Catalog
from holdfast.catalog.writer import WriterSettings
from holdfast.domain.footage import StreamFootage
from holdfast.domain.keeping import HoldRecord, HoldReleased, SegmentDeleted
from holdfast.domain.segments import IntentRecord, SegmentMoved, SegmentRecord, SegmentState, VolumeForgotten
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogPort, Change
from tests.contracts.test_catalog_contract import put, segment, wall
from tests.fakes.catalog import FakeCatalog
from tests.records import PLAIN


def test_footage_is_joined_where_it_touches_and_told_apart_while_it_is_written(catalog: CatalogPort) -> None:
    rows = [segment(number, at=10 * number) for number in range(6)]
    rows[3] = replace(rows[3], state=SegmentState.DAMAGED)
    rows[4] = replace(rows[4], wall_start_ns=wall(45))
    rows[5] = replace(rows[5], wall_start_ns=wall(54), state=SegmentState.OPEN, duration_ns=0)
    put(catalog, *rows, IntentRecord(camera="cam_02", stream="main", wanted=True, since_wall_ns=wall(0)))
    nothing = StreamFootage(camera="cam_02", stream="main", recorded=(), open=())
    found = StreamFootage(
        camera="cam_01",
        stream="main",
        recorded=((wall(0), wall(30)), (wall(45), wall(55))),
        open=((wall(54), wall(54)),),
    )
    assert catalog.footage() == (found, nothing)
    assert catalog.footage("cam_01", stream="sub") == catalog.footage("cam_03") == ()
    part = catalog.footage("cam_01", from_ns=wall(20), to_ns=wall(45))
    assert part == (replace(found, recorded=((wall(20), wall(30)),), open=()),)
    late = catalog.footage("cam_01", from_ns=wall(1000), to_ns=wall(2000))
    assert late == (replace(found, recorded=()),)


def test_a_long_segment_is_found_however_early_it_began(catalog: CatalogPort) -> None:
    long = replace(segment(0, at=0), duration_ns=3600 * 10**9)
    put(catalog, long, *(segment(number, at=4000 + 10 * number) for number in range(1, 5)))
    (found,) = catalog.footage(from_ns=wall(3599), to_ns=wall(3600))
    assert found.recorded == ((wall(0), wall(3600)),)
    assert catalog.footage(from_ns=wall(3600), to_ns=wall(3601))[0].recorded == ()


def test_what_gives_way_to_a_segment_that_moves_counts_no_more(catalog: CatalogPort) -> None:
    coming, there = segment(0, at=0), replace(segment(1, at=10), volume="spare", size_bytes=99)
    put(catalog, coming, there)
    move = SegmentMoved(volume="main", path=coming.path, to_volume="spare", to_path=there.path)
    put(catalog, move)
    (one,) = catalog.usage()
    assert (one.volume, one.segments, one.size_bytes) == ("spare", 1, coming.size_bytes)
    # Nothing is there any more to move: what is at its place stays.
    put(catalog, move)
    put(catalog, SegmentMoved(volume="spare", path=there.path, to_volume="spare", to_path=there.path))
    assert catalog.usage() == (one,)


# ------------------------------------------------------------ whatever happens

CAMERAS = st.sampled_from(["cam_01", "cam_02"])
VOLUMES = st.sampled_from(["main", "spare"])
PATHS = st.sampled_from([f"file_{number}.mp4" for number in range(3)])
TIMES = st.integers(0, 12).map(wall)
SIZES = st.one_of(st.integers(0, 5 << 20), st.integers((1 << 62) - 3, (1 << 62) - 1))


@st.composite
def segments(draw: st.DrawFn) -> SegmentRecord:
    path = draw(PATHS)
    return replace(
        PLAIN,
        path=path,
        camera=draw(CAMERAS),
        wall_start_ns=draw(TIMES),
        duration_ns=draw(st.integers(0, 5)) * 10**9,
        size_bytes=draw(SIZES),
        state=draw(st.sampled_from(SegmentState)),
        volume=draw(VOLUMES),
        keep_bytes=draw(st.sampled_from([None, None, 7])),
    )


@st.composite
def holds(draw: st.DrawFn) -> HoldRecord:
    begin, end = sorted((draw(TIMES), draw(TIMES)))
    return HoldRecord(
        hold_id=draw(st.sampled_from(["a", "b", "c"])),
        camera=draw(CAMERAS),
        from_wall_ns=begin,
        to_wall_ns=end,
        reason="evidence",
        created_wall_ns=wall(0),
    )


CHANGES = st.one_of(
    segments(),
    segments(),
    holds(),
    st.builds(HoldReleased, hold_id=st.sampled_from(["a", "b"])),
    st.builds(SegmentDeleted, path=PATHS, volume=VOLUMES),
    st.builds(SegmentMoved, volume=VOLUMES, path=PATHS, to_volume=VOLUMES, to_path=PATHS),
    st.builds(SegmentMoved, volume=VOLUMES, path=PATHS, to_volume=VOLUMES, to_path=PATHS),
    st.builds(VolumeForgotten, name=VOLUMES),
)


BEFORE = st.one_of(st.none(), TIMES, st.dictionaries(st.sampled_from(["cam_01", "cam_02", "cam_03"]), TIMES))


@settings(max_examples=60, deadline=None)
@given(changes=st.lists(CHANGES, max_size=25), before=BEFORE, limit=st.integers(1, 6))
def test_totals_never_drift_and_what_may_go_is_the_same_in_every_catalog(
    changes: list[Change], before: WallNs | Mapping[str, WallNs] | None, limit: int
) -> None:
    fake = FakeCatalog()
    quick = WriterSettings(gather_s=0.0)
    with TemporaryDirectory() as folder, closing(Catalog.open(Path(folder) / "catalog.db", settings=quick)) as real:
        for change in changes:
            real.post(change)
            fake.post(change)
            # Later changes of the same name would take the place of those that wait.
            assert real.flush(5)
        assert real.usage() == fake.usage()
        for stream, volume in product((None, ("cam_01", "main"), ("cam_02", "main")), (None, "main", "spare")):
            wanted = fake.deletable(volume=volume, stream=stream, before_ns=before, limit=limit)
            assert real.deletable(volume=volume, stream=stream, before_ns=before, limit=limit) == wanted
        assert real.footage(from_ns=wall(3), to_ns=wall(9)) == fake.footage(from_ns=wall(3), to_ns=wall(9))
