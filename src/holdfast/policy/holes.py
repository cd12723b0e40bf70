"""Where time is missing: wanted time without the stretches that were recorded.

All times are nanoseconds of monotonic time; those of before the machine's start are negative.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from holdfast.domain.times import NS_PER_MS, NS_PER_S

LONG_HOLE_NS = NS_PER_S // 2
SHORT_HOLE_NS = 100 * NS_PER_MS
EVER_AGO = -(1 << 63)
NEVER = (1 << 63) - 1


@dataclass(frozen=True, slots=True)
class Stretch:
    """Recorded time of one lane, without a hole in it. `lane` None: lost, and known to be, so no hole either."""

    lane: int | None
    from_ns: int
    to_ns: int
    interval_ns: int = 0
    """Usual time between two frames."""


@dataclass(frozen=True, slots=True)
class Want:
    """Time for which recording was switched on; `to_ns` None while it is."""

    from_ns: int
    to_ns: int | None = None

    @property
    def end_ns(self) -> int:
        """The end, or the end of all time."""
        return NEVER if self.to_ns is None else self.to_ns


@dataclass(frozen=True, slots=True)
class Hole:
    """Wanted time in which nothing was recorded."""

    from_ns: int
    to_ns: int
    before: Stretch | None
    """What was recorded up to the hole; None when recording was switched on there."""
    after: Stretch | None
    """What was recorded from its end on; None when wanted time ends there, or goes on (`to_ns` is NEVER)."""

    @property
    def interval_ns(self) -> int:
        """Usual time between two frames around it; 0 when nothing is known of it."""
        return max((one.interval_ns for one in (self.before, self.after) if one is not None), default=0)

    @property
    def is_between_lanes(self) -> bool:
        """Whether a session ended and another began."""
        if self.after is None:
            return False
        return self.before is None or self.before.lane is None or self.before.lane != self.after.lane

    def is_gap(self, *, is_break: bool = False) -> bool:
        """Whether so much is missing that it counts. `is_break`: a break is known that the lanes do not show."""
        limit_ns = between_lanes_ns if self.is_between_lanes or is_break else within_lane_ns
        return self.to_ns - self.from_ns > limit_ns(self.interval_ns)


def within_lane_ns(interval_ns: int) -> int:
    """The longest hole that a lane's own frames may leave: cameras jitter, and skip a frame or two."""
    return max(2 * interval_ns, LONG_HOLE_NS)


def between_lanes_ns(interval_ns: int) -> int:
    """The longest hole where a break is known: what two sessions' clocks may differ by."""
    return max(interval_ns * 3 // 2, SHORT_HOLE_NS)


def holes_in(wanted: Iterable[Want], cover: Iterable[Stretch]) -> Iterator[Hole]:
    """Every hole, in order; the last of each wanted time is its tail, even when it is of no length."""
    ordered = sorted(cover, key=lambda one: one.from_ns)
    for want in wanted:
        reach_ns, before = want.from_ns, None
        for stretch in ordered:
            if stretch.from_ns >= want.end_ns:
                break
            if stretch.from_ns > reach_ns:
                yield Hole(reach_ns, stretch.from_ns, before, stretch)
            if stretch.to_ns >= reach_ns:
                reach_ns, before = stretch.to_ns, stretch
        yield Hole(reach_ns, want.end_ns, before, None)


def extended(stretches: tuple[Stretch, ...], piece: Stretch) -> tuple[Stretch, ...]:
    """The stretches with a piece more: it lengthens one of its lane that it touches, or stands for itself."""
    near_ns = within_lane_ns(piece.interval_ns)
    for index in reversed(range(len(stretches))):
        one = stretches[index]
        if one.lane == piece.lane and one.from_ns - near_ns <= piece.to_ns and piece.from_ns <= one.to_ns + near_ns:
            begin_ns, end_ns = min(one.from_ns, piece.from_ns), max(one.to_ns, piece.to_ns)
            longer = Stretch(one.lane, begin_ns, end_ns, piece.interval_ns)
            return (*stretches[:index], longer, *stretches[index + 1 :])
    return (*stretches, piece)


def merged(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same time in as few stretches as possible, in order, with none of the gaps between them filled."""
    found: list[Stretch] = []
    for one in sorted(stretches, key=lambda stretch: stretch.from_ns):
        last = found[-1] if found else None
        if last is None or Hole(last.to_ns, one.from_ns, last, one).is_gap():
            found.append(one)
            continue
        lane = one.lane if one.to_ns > last.to_ns else last.lane
        found[-1] = Stretch(lane, last.from_ns, max(last.to_ns, one.to_ns), max(last.interval_ns, one.interval_ns))
    return tuple(found)


def floor_at(limit_ns: int, wanted: Iterable[Want], cover: Iterable[Stretch]) -> int:
    """Up to where time may be called final: `limit_ns`, or the begin of the hole that it lies in."""
    for hole in holes_in(wanted, cover):
        if hole.from_ns < limit_ns < hole.to_ns:
            return hole.from_ns
    return limit_ns
