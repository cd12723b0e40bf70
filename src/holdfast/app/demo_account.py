"""What became of the frames that the demo's cameras made: counted in the files, compared with the gap ledger."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import NS_PER_S
from holdfast.lab.scenarios.film import Film
from holdfast.lab.scenarios.ledger import EDGE_NS, TOLERATED_HOLE_NS

_BEFORE_NS = NS_PER_S
"""What was on its way when a trouble began was made before it."""


@dataclass(frozen=True, slots=True)
class Span:
    """From one moment of wall time to another."""

    from_ns: int
    to_ns: int

    def holds(self, wall_ns: int) -> bool:
        """Whether a moment lies in it."""
        return self.from_ns <= wall_ns < self.to_ns


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one trouble cost, as the files say."""

    again_s: float | None
    """From its end to the first frame that is recorded again; None when no frame is missing."""
    missing: int
    """Frames that are in no file."""
    lost: int
    """Those of them that were made while the camera could be had."""
    lost_s: float
    is_over: bool
    """Frames are recorded that were made after its end."""


@dataclass(frozen=True, slots=True)
class Count:
    """What became of one camera's frames."""

    made: int
    """Frames that the camera made while it could be had."""
    away: int
    """Frames that it made while it could not be had, and that are in no file."""
    recorded: int
    repeated: int
    lost: int
    """Frames that were made while it could be had, and that are in no file."""
    unaccounted: int
    """Frames that are in no file and in no gap of the ledger."""


def outcome(film: Film, trouble: Span, *, is_away: bool) -> Outcome:
    """What a trouble cost. `is_away`: while it lasted the camera could not be had."""
    missing = [
        frame
        for hole in film.holes()
        if hole.to_ns >= trouble.from_ns - _BEFORE_NS
        for frame in range(hole.first, hole.last + 1)
    ]
    lost = [frame for frame in missing if not (is_away and trouble.holds(film.wall_ns(frame)))]
    again_s = (film.wall_ns(missing[-1] + 1) - trouble.to_ns) / NS_PER_S if missing else None
    return Outcome(
        again_s=None if again_s is None else max(0.0, again_s),
        missing=len(missing),
        lost=len(lost),
        lost_s=float(len(lost) / film.fps),
        is_over=film.wall_ns(max(film.recorded)) >= trouble.to_ns,
    )


def count(
    film: Film, frames: Sequence[int], window: tuple[int, int], away: Iterable[Span], gaps: Sequence[GapRecord]
) -> Count:
    """Settle one camera's account.

    `frames`: all that are in its files, as often as they are there; `window`: the first and the last that count.
    """
    first, last = window
    counted = [frame for frame in frames if first <= frame <= last]
    missing = [frame for frame in range(first, last + 1) if frame not in film.recorded]
    spans = tuple(away)
    not_to_be_had = sum(any(span.holds(film.wall_ns(frame)) for span in spans) for frame in missing)
    recorded = len(set(counted))
    return Count(
        made=last - first + 1 - not_to_be_had,
        away=not_to_be_had,
        recorded=recorded,
        repeated=len(counted) - recorded,
        lost=len(missing) - not_to_be_had,
        unaccounted=sum(not _is_in(gaps, film, frame) for frame in _of_long_holes(missing, film)),
    )


def missing_in(film: Film, window: tuple[int, int], span: Span) -> int:
    """Frames of the window that were made while something went on, or just before it, and that are in no file."""
    first, last = window
    return sum(
        span.from_ns - _BEFORE_NS <= film.wall_ns(frame) < span.to_ns
        for frame in range(first, last + 1)
        if frame not in film.recorded
    )


def gaps_within(gaps: Iterable[GapRecord], camera: str, window: Span) -> list[GapRecord]:
    """A camera's gaps that reach into a time by more than edges may be off."""
    return [
        gap
        for gap in gaps
        if gap.camera == camera
        and gap.from_wall_ns < window.to_ns - EDGE_NS
        and (gap.to_wall_ns is None or gap.to_wall_ns > window.from_ns + EDGE_NS)
    ]


def _of_long_holes(missing: Sequence[int], film: Film) -> list[int]:
    """What the ledger must know of: a frame or two it need not (docs/design/gaps.md)."""
    shortest = max(TOLERATED_HOLE_NS, 2 * film.interval_ns) / film.interval_ns
    holes: list[list[int]] = []
    for frame in missing:
        if holes and holes[-1][-1] == frame - 1:
            holes[-1].append(frame)
        else:
            holes.append([frame])
    return [frame for hole in holes if len(hole) >= shortest for frame in hole]


def _is_in(gaps: Iterable[GapRecord], film: Film, frame: int) -> bool:
    wall_ns, edge_ns = film.wall_ns(frame), max(EDGE_NS, film.interval_ns * 3 // 2)
    return any(
        gap.from_wall_ns - edge_ns <= wall_ns and (gap.to_wall_ns is None or wall_ns <= gap.to_wall_ns + edge_ns)
        for gap in gaps
    )
