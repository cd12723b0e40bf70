"""A range as pieces, as cells at any zoom, and as runs: against an account of every second."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.footage import StreamFootage
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import WallNs
from holdfast.policy.coverage import joined
from holdfast.policy.timeline import Known, Piece, PieceKind, by_cause, cells, pieces, runs
from tests.records import PLAIN

RECORDED, MISSING, NOTHING = PieceKind.RECORDED, PieceKind.MISSING, PieceKind.NOTHING
NOW = 60
KNOWN = Known(WallNs(NOW), WallNs(NOW))


def gap(begin: int, end: int | None, cause: str = "silent", gap_id: str = "") -> GapRecord:
    return GapRecord(
        gap_id=gap_id or f"{begin} {end} {cause}",
        camera="cam_01",
        stream="main",
        cause=cause,
        sentence="",
        from_wall_ns=WallNs(begin),
        to_wall_ns=None if end is None else WallNs(end),
    )


def footage(*recorded: tuple[int, int], being_written: tuple[tuple[int, int], ...] = ()) -> StreamFootage:
    return StreamFootage(camera="cam_01", stream="main", recorded=recorded, open=being_written)


def test_a_range_is_filled_with_what_is_there_what_is_missing_and_nothing() -> None:
    found = pieces(footage((0, 10), (20, 30)), [gap(10, 20), gap(40, 50)], (5, 55), KNOWN)
    assert found == (
        Piece(RECORDED, 5, 10),
        Piece(MISSING, 10, 20, "silent"),
        Piece(RECORDED, 20, 30),
        Piece(NOTHING, 30, 40),
        Piece(MISSING, 40, 50, "silent"),
        Piece(NOTHING, 50, 55),
    )
    assert pieces(footage(), [], (0, 1), KNOWN) == (Piece(NOTHING, 0, 1),)


def test_what_is_open_reaches_to_the_present_and_not_beyond() -> None:
    found = pieces(footage(being_written=((10, 12),)), [], (0, 100), Known(WallNs(50), WallNs(60)))
    assert found == (Piece(NOTHING, 0, 10), Piece(RECORDED, 10, 50), Piece(NOTHING, 50, 100))
    found = pieces(footage(), [gap(10, None)], (0, 100), Known(WallNs(50), WallNs(60)))
    assert found == (Piece(NOTHING, 0, 10), Piece(MISSING, 10, 60, "silent"), Piece(NOTHING, 60, 100))
    assert pieces(footage(), [gap(70, None)], (0, 100), KNOWN) == (Piece(NOTHING, 0, 100),)


def test_what_is_lost_within_a_file_is_missing() -> None:
    found = pieces(footage((0, 30)), [gap(10, 12, "packets_lost")], (0, 30), KNOWN)
    assert found == (Piece(RECORDED, 0, 10), Piece(MISSING, 10, 12, "packets_lost"), Piece(RECORDED, 12, 30))


def test_of_gaps_that_overlap_the_one_that_began_first_counts_and_the_same_cause_is_one_piece() -> None:
    found = pieces(footage(), [gap(5, 20, "deleted"), gap(0, 10), gap(12, 15), gap(20, 25, "deleted")], (0, 25), KNOWN)
    assert found == (Piece(MISSING, 0, 10, "silent"), Piece(MISSING, 10, 25, "deleted"))
    assert by_cause(found) == {"silent": 10, "deleted": 15}


def test_a_cell_says_how_much_is_there_and_the_cause_that_weighs_most() -> None:
    found = pieces(footage((0, 10), (16, 30)), [gap(10, 12, "b"), gap(12, 14, "a"), gap(14, 15, "b")], (0, 40), KNOWN)
    row = cells(found, (0, 40), 2)
    assert row.edges_ns == (0, 20, 40)
    assert row.recorded_ns == (14, 10)
    assert row.missing_ns == (5, 0)
    assert row.causes == ("b", "")
    assert by_cause(found) == {"b": 3, "a": 2}
    assert cells(found, (0, 40), 1).causes == ("b",)
    tie = cells((Piece(MISSING, 0, 2, "b"), Piece(MISSING, 2, 4, "a")), (0, 4), 1)
    assert tie.causes == ("a",)


def test_more_cells_than_nanoseconds_are_no_trouble() -> None:
    row = cells((Piece(RECORDED, 0, 2), Piece(MISSING, 2, 3, "a")), (0, 3), 7)
    assert sum(row.recorded_ns) == 2
    assert sum(row.missing_ns) == 1
    assert len(row.recorded_ns) == len(row.causes) == 7
    assert sorted(set(row.causes)) == ["", "a"]


spans = st.lists(st.tuples(st.integers(0, 70), st.integers(0, 20)), max_size=6).map(
    lambda found: [(begin, begin + length) for begin, length in found]
)


@given(
    recorded=spans,
    being_written=spans,
    missing=st.lists(
        st.tuples(st.integers(0, 70), st.integers(0, 20), st.sampled_from("abc"), st.booleans()), max_size=6
    ),
    begin=st.integers(0, 60),
    length=st.integers(1, 50),
    count=st.integers(1, 60),
)
def test_pieces_and_cells_add_up_to_the_account_of_every_moment(
    recorded: list[tuple[int, int]],
    being_written: list[tuple[int, int]],
    missing: list[tuple[int, int, str, bool]],
    begin: int,
    length: int,
    count: int,
) -> None:
    gaps = [
        gap(at, None if is_open else at + long, cause, str(n)) for n, (at, long, cause, is_open) in enumerate(missing)
    ]
    asked = (begin, begin + length)
    found = pieces(footage(*joined(recorded), being_written=tuple(sorted(being_written))), gaps, asked, KNOWN)
    told = {at: (piece.kind, piece.cause) for piece in found for at in range(piece.from_ns, piece.to_ns)}
    assert sorted(told) == list(range(*asked))
    assert sum(piece.to_ns - piece.from_ns for piece in found) == length
    for at in range(*asked):
        assert told[at] == truth(at, recorded, being_written, gaps)
    assert all((one.kind, one.cause) != (two.kind, two.cause) for one, two in pairwise(found))
    row = cells(found, asked, count)
    for index in range(count):
        inside = [told[at] for at in range(row.edges_ns[index], row.edges_ns[index + 1])]
        kinds = Counter(kind for kind, _ in inside)
        causes = Counter(cause for kind, cause in inside if kind is MISSING)
        assert row.recorded_ns[index] == kinds[RECORDED]
        assert row.missing_ns[index] == kinds[MISSING]
        assert row.causes[index] == min(causes, key=lambda cause: (-causes[cause], cause), default="")


def truth(
    at: int, recorded: list[tuple[int, int]], being_written: list[tuple[int, int]], gaps: list[GapRecord]
) -> tuple[PieceKind, str]:
    over = [one for one in gaps if one.from_wall_ns <= at < (NOW if one.to_wall_ns is None else one.to_wall_ns)]
    if over:
        return MISSING, counts_at(at, gaps)
    written = [(begin, max(end, NOW)) for begin, end in being_written]
    return (RECORDED, "") if any(begin <= at < end for begin, end in [*recorded, *written]) else (NOTHING, "")


def counts_at(at: int, gaps: list[GapRecord]) -> str:
    """The cause that counts: gaps take their turns by begin, each from where those before it ended."""
    reach = 0
    for one in sorted(gaps, key=lambda one: (one.from_wall_ns, one.gap_id)):
        end = NOW if one.to_wall_ns is None else one.to_wall_ns
        if max(one.from_wall_ns, reach) <= at < end:
            return one.cause
        reach = max(reach, end)
    raise AssertionError(at)


def segment(run_id: str, at: int, length: int, state: SegmentState = SegmentState.FINAL) -> SegmentRecord:
    return replace(
        PLAIN,
        path=f"{run_id} {at}",
        run_id=run_id,
        ordinal=at,
        wall_start_ns=WallNs(at),
        duration_ns=length,
        state=state,
    )


def test_runs_are_told_as_far_as_their_playable_segments_are_there() -> None:
    rows = [segment("a", 0, 10), segment("a", 10, 10), segment("b", 25, 5), segment("b", 30, 0, SegmentState.OPEN)]
    rows.insert(2, replace(rows[0], path="gone", wall_start_ns=WallNs(90), state=SegmentState.MISSING))
    found = runs(rows, KNOWN)
    assert [(one.run_id, one.from_ns, one.to_ns, one.segments) for one in found] == [("a", 0, 20, 2), ("b", 25, NOW, 2)]
