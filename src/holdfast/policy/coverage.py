"""How much of a day is there: recorded time against time that is missing, per stream and local day."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.domain.footage import Span
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import WallNs

Stream = tuple[str, str]

PLAYABLE = frozenset({SegmentState.OPEN, SegmentState.FINAL})


@dataclass(frozen=True, slots=True)
class Day:
    """A local day, or the part of it that is asked for. A day of a change of time has 23 or 25 hours."""

    name: str
    """Such as 2026-11-26."""
    from_ns: WallNs
    to_ns: WallNs


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """A stream's day."""

    camera: str
    stream: str
    day: str
    recorded_ns: int
    gaps_ns: int

    @property
    def percent(self) -> float:
        """Of the time that should have been recorded, rounded down to hundredths: 100 means all of it."""
        return 10_000 * self.recorded_ns // (self.recorded_ns + self.gaps_ns) / 100


def coverage(
    segments: Iterable[SegmentRecord],
    gaps: Iterable[GapRecord],
    days: Sequence[Day],
    *,
    open_until_ns: WallNs,
    now_ns: WallNs,
) -> tuple[Coverage, ...]:
    """Every stream's days on which anything was recorded or missing, by camera, stream and day.

    `days`: in order, not overlapping. `open_until_ns`: up to when the files being written are known to be written.
    Open gaps reach to `now_ns`. What is known to be lost within a file is missing, not recorded.
    """
    recorded: defaultdict[Stream, list[Span]] = defaultdict(list)
    missing: defaultdict[Stream, list[Span]] = defaultdict(list)
    for one in segments:
        if one.state in PLAYABLE:
            end_ns = max(one.wall_end_ns, open_until_ns) if one.state is SegmentState.OPEN else one.wall_end_ns
            recorded[one.camera, one.stream].append((one.wall_start_ns, end_ns))
    for gap in gaps:
        end_ns = now_ns if gap.to_wall_ns is None else gap.to_wall_ns
        missing[gap.camera, gap.stream].append((gap.from_wall_ns, end_ns))
    return tuple(
        line
        for stream in sorted(recorded.keys() | missing.keys())
        for line in _of_stream(stream, joined(recorded[stream]), joined(missing[stream]), days)
    )


def _of_stream(stream: Stream, recorded: list[Span], missing: list[Span], days: Sequence[Day]) -> Iterable[Coverage]:
    recorded_ns = _per_day(without(recorded, missing), days)
    gaps_ns = _per_day(missing, days)
    for index, day in enumerate(days):
        if recorded_ns[index] + gaps_ns[index]:
            yield Coverage(
                camera=stream[0],
                stream=stream[1],
                day=day.name,
                recorded_ns=recorded_ns[index],
                gaps_ns=gaps_ns[index],
            )


def joined(spans: Iterable[Span]) -> list[Span]:
    """The same time as spans in order that neither overlap nor touch."""
    found: list[Span] = []
    # Of a day of short files there are thousands, of which one span comes.
    first_ns, reach_ns = 0, -1
    for begin_ns, end_ns in sorted(spans):
        if first_ns <= reach_ns and begin_ns <= reach_ns:
            reach_ns = max(reach_ns, end_ns)
        elif begin_ns < end_ns:
            if first_ns <= reach_ns:
                found.append((first_ns, reach_ns))
            first_ns, reach_ns = begin_ns, end_ns
    return [*found, (first_ns, reach_ns)] if first_ns <= reach_ns else found


def without(spans: Iterable[Span], others: Sequence[Span]) -> list[Span]:
    """The parts of `spans` that lie in none of `others`; both as `joined` gives them."""
    left: list[Span] = []
    ends = [end_ns for _, end_ns in others]
    for begin_ns, end_ns in spans:
        reach_ns = begin_ns
        for index in range(bisect_right(ends, begin_ns), len(others)):
            if others[index][0] >= end_ns:
                break
            if others[index][0] > reach_ns:
                left.append((reach_ns, others[index][0]))
            reach_ns = others[index][1]
        if reach_ns < end_ns:
            left.append((reach_ns, end_ns))
    return left


def _per_day(spans: Iterable[Span], days: Sequence[Day]) -> list[int]:
    """How much of each day the spans take."""
    found = [0] * len(days)
    begins = [day.from_ns for day in days]
    for begin_ns, end_ns in spans:
        for index in range(max(0, bisect_right(begins, begin_ns) - 1), len(days)):
            if days[index].from_ns >= end_ns:
                break
            found[index] += max(0, min(end_ns, days[index].to_ns) - max(begin_ns, days[index].from_ns))
    return found
