"""What an export says about time: what is missing of its range and why, and where its kind of picture changes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.domain.footage import Span
from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import WallNs
from holdfast.policy.coverage import joined, without
from holdfast.policy.holes import LONG_HOLE_NS

UNEXPLAINED = "not_in_ledger"
"""The cause of missing time of which the ledger says nothing."""
UNEXPLAINED_SENTENCE = "The gap ledger says nothing of this time: recording was switched off, or had not begun."
UNREADABLE = "file_unreadable"
"""The cause of missing time whose file is catalogued and could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """A part of the range of which footage is missing, with its cause: that of the ledger, or one of those above."""

    from_ns: WallNs
    to_ns: WallNs
    cause: str
    sentence: str
    text: str = ""
    """What the camera, the network or the system said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A stretch of footage: when it was taken, and where it is in the export, in nanoseconds from its begin."""

    from_ns: WallNs
    to_ns: WallNs
    at_ns: int


def missing_in(
    wanted: Span, there: Iterable[Span], gaps: Iterable[GapRecord], unreadable: Iterable[Missing] = ()
) -> tuple[Missing, ...]:
    """What is missing of a range, by begin.

    First what the ledger and `unreadable` (files that could not be read) say, each cut to the range; then what nobody
    explains, if it is longer than frames may be apart. `there`: when the footage was taken that is exported.
    """
    found = [_of_gap(gap, wanted) for gap in gaps]
    found += [one for one in unreadable if one.from_ns < one.to_ns]
    explained = joined((one.from_ns, one.to_ns) for one in found)
    holes = without(without([wanted], joined(there)), explained)
    found += [
        Missing(from_ns=WallNs(begin_ns), to_ns=WallNs(end_ns), cause=UNEXPLAINED, sentence=UNEXPLAINED_SENTENCE)
        for begin_ns, end_ns in holes
        if end_ns - begin_ns > LONG_HOLE_NS
    ]
    return tuple(sorted((one for one in found if one.from_ns < one.to_ns), key=lambda one: (one.from_ns, one.to_ns)))


def _of_gap(gap: GapRecord, wanted: Span) -> Missing:
    begin_ns, end_ns = wanted
    return Missing(
        from_ns=WallNs(max(begin_ns, gap.from_wall_ns)),
        to_ns=WallNs(end_ns if gap.to_wall_ns is None else min(end_ns, gap.to_wall_ns)),
        cause=gap.cause,
        sentence=gap.sentence,
        text=str(gap.detail.get("text", "")),
    )


def place_of(wall_ns: int, placed: Sequence[Placed]) -> int:
    """Where in the export a moment is; of one that is not in it, where what comes next begins, or the end."""
    for one in placed:
        if wall_ns < one.to_ns:
            return one.at_ns + max(0, wall_ns - one.from_ns)
    return placed[-1].at_ns + placed[-1].to_ns - placed[-1].from_ns if placed else 0


def cut_at_change(before: Sequence[Span], after: Sequence[Span]) -> tuple[int, int]:
    """Up to when to export what comes before a change, and from when on what comes after it, in whole microseconds.

    Where the two overlap, as after a clock was set back, the overlap is in neither: both commands work.
    """
    begin_ns = min(begin for begin, _ in after)
    end_ns = max(end for _, end in before)
    return begin_ns // 1000 * 1000, max(begin_ns // 1000 * 1000, -(-end_ns // 1000) * 1000 if end_ns > begin_ns else 0)
