"""Recorded and missing time per camera and day."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.coverage import Coverage, Day, coverage, joined, without
from tests.records import PLAIN

DAY_S = 86_400


def wall(second: float) -> WallNs:
    return WallNs(round(second * NS_PER_S))


DAYS = [Day(f"day {number}", wall(number * DAY_S), wall((number + 1) * DAY_S)) for number in range(3)]


def segment(
    at: float,
    length: float,
    *,
    camera: str = "cam_01",
    stream: str = "main",
    state: SegmentState = SegmentState.FINAL,
) -> SegmentRecord:
    return replace(
        PLAIN,
        path=f"{camera}/{at}.mp4",
        camera=camera,
        stream=stream,
        run_id="a",
        wall_start_ns=wall(at),
        duration_ns=wall(length),
        state=state,
    )


def gap(begin: float, end: float | None, *, camera: str = "cam_01", stream: str = "main") -> GapRecord:
    return GapRecord(
        gap_id=f"{begin}",
        camera=camera,
        stream=stream,
        cause="silent",
        sentence="Nothing.",
        from_wall_ns=wall(begin),
        to_wall_ns=None if end is None else wall(end),
    )


def shown(
    *records: SegmentRecord | GapRecord, days: list[Day] = DAYS, now: float = 3 * DAY_S, alive: float = 3 * DAY_S
) -> list[tuple[str, str, float, float]]:
    lines = coverage(
        [one for one in records if isinstance(one, SegmentRecord)],
        [one for one in records if isinstance(one, GapRecord)],
        days,
        open_until_ns=wall(alive),
        now_ns=wall(now),
    )
    return [(one.camera, one.day, one.recorded_ns / NS_PER_S, one.gaps_ns / NS_PER_S) for one in lines]


def test_time_is_counted_on_its_day() -> None:
    late = DAY_S - 100
    assert shown(segment(late, 300), gap(late + 300, late + 400)) == [
        ("cam_01", "day 0", 100, 0),
        ("cam_01", "day 1", 200, 100),
    ]


def test_a_day_may_have_23_hours_and_a_part_of_it_may_be_asked_for() -> None:
    days = [Day("short", wall(0), wall(23 * 3600)), Day("part", wall(23 * 3600 + 600), wall(24 * 3600))]
    assert shown(segment(0, 2 * DAY_S), days=days) == [
        ("cam_01", "short", 23 * 3600, 0),
        ("cam_01", "part", 3000, 0),
    ]
    assert shown(segment(-500, 100), segment(9 * DAY_S, 100)) == []


def test_files_that_overlap_count_once() -> None:
    assert shown(segment(0, 100), segment(50, 100), segment(60, 20)) == [("cam_01", "day 0", 150, 0)]


def test_what_was_lost_within_a_file_is_missing() -> None:
    assert shown(segment(0, 100), gap(10, 30), gap(90, 110)) == [("cam_01", "day 0", 70, 40)]


def test_what_is_open_reaches_to_the_present() -> None:
    writing = segment(0, 0, state=SegmentState.OPEN)
    assert shown(writing, gap(400, None, camera="cam_02"), now=500, alive=500) == [
        ("cam_01", "day 0", 500, 0),
        ("cam_02", "day 0", 0, 100),
    ]
    assert shown(writing, now=500, alive=60) == [("cam_01", "day 0", 60, 0)], "the recorder died then"


def test_a_file_that_is_gone_or_broken_is_not_recorded() -> None:
    lost = [segment(0, 100, state=state) for state in (SegmentState.MISSING, SegmentState.DAMAGED)]
    assert shown(*lost, gap(100, 200)) == [("cam_01", "day 0", 0, 100)]


def test_streams_are_counted_apart() -> None:
    lines = coverage([segment(0, 10), segment(0, 20, stream="sub")], [], DAYS, open_until_ns=wall(99), now_ns=wall(99))
    assert [(one.stream, one.recorded_ns) for one in lines] == [("main", wall(10)), ("sub", wall(20))]


@pytest.mark.parametrize(
    ("recorded", "missing", "percent"), [(1, 0, 100.0), (0, 1, 0.0), (2, 1, 66.66), (10**9, 1, 99.99)]
)
def test_a_hundred_percent_means_all_of_it(recorded: int, missing: int, percent: float) -> None:
    line = Coverage(camera="c", stream="main", day="d", recorded_ns=recorded, gaps_ns=missing)
    assert line.percent == percent


SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)).map(lambda pair: (min(pair), max(pair))))


@given(SPANS, SPANS)
def test_spans_are_what_sets_of_moments_would_be(spans: list[tuple[int, int]], others: list[tuple[int, int]]) -> None:
    def moments(of: list[tuple[int, int]]) -> set[int]:
        return {moment for begin, end in of for moment in range(begin, end)}

    left = without(joined(spans), joined(others))
    assert moments(joined(spans)) == moments(spans)
    assert moments(left) == moments(spans) - moments(others)
    assert left == joined(left)
