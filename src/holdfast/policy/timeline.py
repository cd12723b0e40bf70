"""What a range of a stream looks like: exactly, and as a row of cells at any zoom.

Ranges are half-open, wall times in nanoseconds. Where footage and a gap overlap it is the gap that counts, as in
`coverage`: what is known to be lost within a file is missing. Of gaps that overlap, the one that began first counts up
to its end.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import groupby, pairwise

from holdfast.domain.footage import Span, StreamFootage
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import WallNs
from holdfast.policy.coverage import PLAYABLE, joined, without


class PieceKind(StrEnum):
    """What a stretch of time is."""

    RECORDED = "recorded"
    MISSING = "missing"
    """It should have been recorded, or was deleted."""
    NOTHING = "nothing"
    """Nobody wanted it recorded, or it is still to come."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a range that is all the same."""

    kind: PieceKind
    from_ns: int
    to_ns: int
    cause: str = ""
    """Why it is missing: the value of a Cause."""


@dataclass(frozen=True, slots=True)
class Cells:
    """A range cut into equal parts, told in columns: a year may be thousands of them, of many cameras.

    What of a cell is neither recorded nor missing is nothing.
    """

    edges_ns: tuple[int, ...]
    """One more than there are cells: where each begins, and where the last one ends."""
    recorded_ns: tuple[int, ...]
    missing_ns: tuple[int, ...]
    causes: tuple[str, ...]
    """The cause of most of what is missing, of equal ones the first by name; empty where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpan:
    """A run as far as its segments are in the range: they are whole, also where they reach beyond it."""

    run_id: str
    from_ns: int
    to_ns: int
    segments: int


@dataclass(frozen=True, slots=True)
class Known:
    """Up to when things are known."""

    open_until_ns: WallNs
    """The files being written are known to be written up to then."""
    now_ns: WallNs
    """Open gaps reach to then."""


def pieces(footage: StreamFootage, gaps: Iterable[GapRecord], asked: Span, known: Known) -> tuple[Piece, ...]:
    """The range as pieces, in order, that fill it and never touch one of the same kind and cause.

    `footage`, `gaps`: of the stream, at least those that overlap the range.
    """
    missing = _missing(gaps, known.now_ns)
    gone = joined((piece.from_ns, piece.to_ns) for piece in missing)
    being_written = [(begin_ns, max(end_ns, known.open_until_ns)) for begin_ns, end_ns in footage.open]
    recorded = without(joined([*footage.recorded, *being_written]), gone)
    found = [*missing, *(Piece(PieceKind.RECORDED, *span) for span in recorded)]
    return tuple(_filled(_clipped(sorted(found, key=lambda piece: piece.from_ns), asked), asked))


def _missing(gaps: Iterable[GapRecord], now_ns: int) -> list[Piece]:
    found: list[Piece] = []
    reach_ns = 0
    for gap in sorted(gaps, key=lambda one: (one.from_wall_ns, one.gap_id)):
        begin_ns = max(gap.from_wall_ns, reach_ns)
        end_ns = now_ns if gap.to_wall_ns is None else gap.to_wall_ns
        if begin_ns >= end_ns:
            continue
        reach_ns = end_ns
        if found and found[-1].to_ns == begin_ns and found[-1].cause == gap.cause:
            begin_ns = found.pop().from_ns
        found.append(Piece(PieceKind.MISSING, begin_ns, end_ns, gap.cause))
    return found


def _clipped(found: Iterable[Piece], asked: Span) -> Iterator[Piece]:
    for piece in found:
        begin_ns, end_ns = max(piece.from_ns, asked[0]), min(piece.to_ns, asked[1])
        if begin_ns < end_ns:
            yield Piece(piece.kind, begin_ns, end_ns, piece.cause)


def _filled(found: Iterable[Piece], asked: Span) -> Iterator[Piece]:
    reach_ns, end_ns = asked
    for piece in found:
        if piece.from_ns > reach_ns:
            yield Piece(PieceKind.NOTHING, reach_ns, piece.from_ns)
        yield piece
        reach_ns = piece.to_ns
    if reach_ns < end_ns:
        yield Piece(PieceKind.NOTHING, reach_ns, end_ns)


def cells(found: Iterable[Piece], asked: Span, count: int) -> Cells:
    """The range cut into `count` cells, at least one, equally long to the nanosecond. `found`: its pieces."""
    edges, widths = _edges(asked, count)
    recorded, missing = [0] * count, [0] * count
    causes: dict[int, dict[str, int]] = {}
    for piece in found:
        if piece.kind is PieceKind.NOTHING:
            continue
        first, last = bisect_right(edges, piece.from_ns) - 1, bisect_left(edges, piece.to_ns) - 1
        # Between the cells of its two ends the piece is all there is.
        into = recorded if piece.kind is PieceKind.RECORDED else missing
        into[first + 1 : last] = widths[first + 1 : last]
        for index in {first, last}:
            into[index] += min(piece.to_ns, edges[index + 1]) - max(piece.from_ns, edges[index])
        if piece.kind is PieceKind.MISSING:
            _note_cause(causes, piece, edges, range(first, last + 1))
    weightiest = [""] * count
    for index, weights in causes.items():
        weightiest[index] = min(weights, key=lambda cause: (-weights[cause], cause))
    return Cells(edges, tuple(recorded), tuple(missing), tuple(weightiest))


@lru_cache(maxsize=4)
def _edges(asked: Span, count: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Where cells begin and the last one ends, and how wide they are: the same for every stream that is asked for."""
    begin_ns, length_ns = asked[0], asked[1] - asked[0]
    edges = tuple(begin_ns + number * length_ns // count for number in range(count + 1))
    return edges, tuple(after - before for before, after in pairwise(edges))


def _note_cause(causes: dict[int, dict[str, int]], piece: Piece, edges: Sequence[int], touched: range) -> None:
    for index in touched:
        length_ns = min(piece.to_ns, edges[index + 1]) - max(piece.from_ns, edges[index])
        if length_ns > 0:
            weights = causes.setdefault(index, {})
            weights[piece.cause] = weights.get(piece.cause, 0) + length_ns


def by_cause(found: Iterable[Piece]) -> dict[str, int]:
    """How much is missing of each cause, in nanoseconds."""
    lengths: dict[str, int] = {}
    for piece in found:
        if piece.kind is PieceKind.MISSING:
            lengths[piece.cause] = lengths.get(piece.cause, 0) + piece.to_ns - piece.from_ns
    return lengths


def runs(segments: Iterable[SegmentRecord], known: Known) -> tuple[RunSpan, ...]:
    """The runs of playable segments, which are given by run and media time; in the same order."""
    playable = (one for one in segments if one.state in PLAYABLE)
    found = []
    for run_id, members in groupby(playable, key=lambda one: one.run_id):
        spans = [(one.wall_start_ns, end_of(one, known)) for one in members]
        begin_ns, end_ns = min(begin for begin, _ in spans), max(end for _, end in spans)
        found.append(RunSpan(run_id=run_id, from_ns=begin_ns, to_ns=end_ns, segments=len(spans)))
    return tuple(found)


def end_of(segment: SegmentRecord, known: Known) -> int:
    """Where a segment ends: one that is being written reaches as far as that is known."""
    if segment.state is SegmentState.OPEN:
        return max(segment.wall_end_ns, known.open_until_ns)
    return segment.wall_end_ns
