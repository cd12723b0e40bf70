"""What a deletion by hand takes, and how the ledger says it. Footage outside the asked range never goes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from holdfast.domain.gaps import GapRecord
from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs

TOLERANCE_NS = 1 * NS_PER_S
"""Between two segments of a run by the wall clock: it may have been set a little."""


@dataclass(frozen=True, slots=True)
class DeletionPlan:
    """What becomes of every segment that has to do with the range."""

    go: tuple[SegmentRecord, ...] = ()
    """Whole within the range. By camera, stream and media time."""
    held: tuple[SegmentRecord, ...] = ()
    beyond: tuple[SegmentRecord, ...] = ()
    """They reach out of the range, and stay."""
    in_use: tuple[SegmentRecord, ...] = ()
    """Being written, or still to be cut."""

    @property
    def size_bytes(self) -> int:
        """Of what goes."""
        return sum(one.size_bytes for one in self.go)


def plan(
    segments: Iterable[SegmentRecord], holds: Sequence[HoldRecord], from_ns: WallNs, to_ns: WallNs
) -> DeletionPlan:
    """Sort the segments that overlap `from_ns <= t < to_ns`."""
    go, held, beyond, in_use = [], [], [], []
    for one in segments:
        if one.state is SegmentState.OPEN or one.keep_bytes is not None:
            in_use.append(one)
        elif one.state is SegmentState.MISSING:
            continue
        elif one.wall_start_ns < from_ns or one.wall_end_ns > to_ns:
            beyond.append(one)
        elif any(hold.covers(one) for hold in holds):
            held.append(one)
        else:
            go.append(one)
    return DeletionPlan(tuple(go), tuple(held), tuple(beyond), tuple(in_use))


def joins(gap: GapRecord, last: SegmentRecord, following: SegmentRecord) -> bool:
    """Whether the gap that ends with one deleted segment may grow by another: the next one of the same run."""
    return (
        (last.camera, last.stream, last.run_id) == (following.camera, following.stream, following.run_id)
        and following.ordinal == last.ordinal + 1
        and gap.to_wall_ns == last.wall_end_ns
        and abs(following.wall_start_ns - last.wall_end_ns) <= TOLERANCE_NS
        and following.wall_end_ns > last.wall_end_ns
    )
