"""A deletion by hand takes what lies whole within the range, and nothing else."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.gaps import GapRecord
from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.deleting import TOLERANCE_NS, joins, plan
from tests.policy.test_backups import segment


def at(begin_s: float, length_s: float = 10, **other: object) -> SegmentRecord:
    begin_ns, length_ns = WallNs(round(begin_s * NS_PER_S)), round(length_s * NS_PER_S)
    return replace(segment(), wall_start_ns=begin_ns, duration_ns=length_ns, **other)  # type: ignore[arg-type] # as given


def hold(begin_s: float, end_s: float, camera: str = "cam_01") -> HoldRecord:
    begin_ns, end_ns = (WallNs(round(one * NS_PER_S)) for one in (begin_s, end_s))
    return HoldRecord(
        hold_id="h", camera=camera, from_wall_ns=begin_ns, to_wall_ns=end_ns, reason="", created_wall_ns=WallNs(0)
    )


def test_each_segment_has_its_fate() -> None:
    go, held, early, late = at(100), at(110), at(95), at(195)
    is_open, uncut = at(120, state=SegmentState.OPEN), at(130, keep_bytes=3)
    missing, damaged = at(140, state=SegmentState.MISSING), at(150, state=SegmentState.DAMAGED)
    rows = [go, held, early, late, is_open, uncut, missing, damaged]
    found = plan(rows, [hold(119.5, 119.6), hold(100, 200, "cam_02")], WallNs(100 * NS_PER_S), WallNs(200 * NS_PER_S))
    assert found.go == (go, damaged)
    assert found.held == (held,)
    assert found.beyond == (early, late)
    assert found.in_use == (is_open, uncut)
    assert found.size_bytes == 20


@given(
    begins=st.lists(st.integers(0, 300), max_size=20),
    holds=st.lists(st.tuples(st.integers(0, 300), st.integers(1, 40)), max_size=3),
    asked=st.tuples(st.integers(0, 300), st.integers(0, 300)),
)
def test_nothing_outside_and_nothing_held_ever_goes(
    begins: list[int], holds: list[tuple[int, int]], asked: tuple[int, int]
) -> None:
    rows = [at(begin, ordinal=number) for number, begin in enumerate(begins)]
    kept = [hold(begin, begin + length) for begin, length in holds]
    from_ns, to_ns = (WallNs(second * NS_PER_S) for second in asked)
    found = plan(rows, kept, from_ns, to_ns)
    assert sorted([*found.go, *found.held, *found.beyond, *found.in_use], key=lambda one: one.ordinal) == rows
    for row in found.go:
        assert from_ns <= row.wall_start_ns
        assert row.wall_end_ns <= to_ns
        assert not any(one.from_wall_ns < row.wall_end_ns and one.to_wall_ns > row.wall_start_ns for one in kept)


def test_a_gap_grows_by_the_next_segment_of_its_run_only() -> None:
    first, following = at(100), at(110, ordinal=1)
    gap = GapRecord(
        gap_id="g",
        camera="cam_01",
        stream="main",
        cause="deleted",
        sentence="",
        from_wall_ns=first.wall_start_ns,
        to_wall_ns=first.wall_end_ns,
    )
    assert joins(gap, first, following)
    assert joins(gap, first, replace(following, wall_start_ns=WallNs(following.wall_start_ns + TOLERANCE_NS)))
    for other in (
        replace(following, ordinal=2),
        replace(following, run_id="b"),
        replace(following, stream="sub"),
        replace(following, wall_start_ns=WallNs(following.wall_start_ns + TOLERANCE_NS + 1)),
        replace(following, wall_start_ns=first.wall_start_ns),
    ):
        assert not joins(gap, first, other)
    assert not joins(replace(gap, to_wall_ns=first.wall_start_ns), first, following)
