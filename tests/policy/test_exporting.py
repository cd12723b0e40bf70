"""What is missing of an export, where it lies in it, and where two commands meet."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.exporting import (
    UNEXPLAINED,
    UNREADABLE,
    Missing,
    Placed,
    cut_at_change,
    missing_in,
    place_of,
)

S = NS_PER_S


def gap(begin: int, end: int | None, cause: str = "stalled") -> GapRecord:
    return GapRecord(
        gap_id=f"{begin}",
        camera="cam_01",
        stream="main",
        cause=cause,
        sentence="It was silent.",
        from_wall_ns=WallNs(begin * S),
        to_wall_ns=None if end is None else WallNs(end * S),
        detail={"text": "nothing came"},
    )


def placed(begin: int, end: int, at: int) -> Placed:
    return Placed(from_ns=WallNs(begin * S), to_ns=WallNs(end * S), at_ns=at * S)


def short(found: tuple[Missing, ...]) -> list[tuple[float, float, str]]:
    return [(one.from_ns / S, one.to_ns / S, one.cause) for one in found]


def test_gaps_are_cut_to_the_range_and_open_ones_reach_to_its_end() -> None:
    found = missing_in((10 * S, 50 * S), [(20 * S, 40 * S)], [gap(5, 20), gap(40, None, "silent")])
    assert short(found) == [(10, 20, "stalled"), (40, 50, "silent")]
    assert found[0].text == "nothing came"


def test_a_gap_within_a_file_is_told_too() -> None:
    assert short(missing_in((0, 50 * S), [(0, 50 * S)], [gap(5, 6)])) == [(5, 6, "stalled")]


def test_what_nobody_explains_is_told_as_that_unless_it_is_short() -> None:
    there = [(0, 20 * S), (20 * S + S // 3, 30 * S), (40 * S, 50 * S)]
    assert short(missing_in((0, 50 * S), there, [])) == [(30, 40, UNEXPLAINED)]
    assert short(missing_in((0, 50 * S), there, [gap(32, 40)])) == [(30, 32, UNEXPLAINED), (32, 40, "stalled")]


def test_a_file_that_could_not_be_read_explains_its_time() -> None:
    lost = [
        Missing(from_ns=WallNs(begin * S), to_ns=WallNs(end * S), cause=UNREADABLE, sentence="x")
        for begin, end in ((10, 20), (30, 30))
    ]
    assert short(missing_in((0, 20 * S), [(0, 10 * S)], [], lost)) == [(10, 20, UNREADABLE)]


@given(
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 30)), max_size=8),
    st.lists(st.tuples(st.integers(0, 100), st.integers(0, 30)), max_size=8),
)
def test_every_second_of_a_range_is_there_or_missing(there: list[tuple[int, int]], gaps: list[tuple[int, int]]) -> None:
    spans = [(begin * S, (begin + length) * S) for begin, length in there]
    found = missing_in((10 * S, 90 * S), spans, [gap(begin, begin + length) for begin, length in gaps])
    for second in range(10, 90):
        at = second * S + S // 2
        is_there = any(begin <= at < end for begin, end in spans)
        is_missing = any(one.from_ns <= at < one.to_ns for one in found)
        assert is_there or is_missing
    assert all(10 * S <= one.from_ns < one.to_ns <= 90 * S for one in found)


def test_a_moment_has_its_place_in_the_export() -> None:
    pieces = [placed(100, 110, 0), placed(130, 140, 10)]
    assert [place_of(s * S, pieces) / S for s in (90, 105, 120, 135, 500)] == [0, 5, 10, 15, 20]
    assert place_of(5, []) == 0


def test_two_commands_meet_at_a_change() -> None:
    assert cut_at_change([(0, 10_000_500)], [(10_000_500, 20_000_000)]) == (10_000_000, 10_000_000)
    assert cut_at_change([(0, 9_000_000)], [(10_000_500, 20_000_000)]) == (10_000_000, 10_000_000)


def test_where_two_kinds_overlap_the_overlap_is_in_neither() -> None:
    assert cut_at_change([(0, 12_000_300)], [(10_000_500, 20_000_000)]) == (10_000_000, 12_001_000)
