"""What is kept and what goes: holds, deletions, and how much there is of each stream. Frozen values."""

from dataclasses import dataclass

from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import LOCAL_NODE, MAIN_VOLUME, SegmentRecord
from holdfast.domain.times import WallNs


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRecord:
    """A range of a camera's footage that survives everything but its release. `(node, hold_id)` names it."""

    hold_id: str
    """A UUID."""
    camera: str
    """Of all its streams."""
    from_wall_ns: WallNs
    to_wall_ns: WallNs
    """Half-open, as every range. A segment that overlaps it is held as a whole."""
    reason: str
    """As a person gave it."""
    created_wall_ns: WallNs
    node: str = LOCAL_NODE

    def covers(self, segment: SegmentRecord) -> bool:
        """Whether it holds this segment. One without a length, such as a damaged one, lies at its begin."""
        end_ns = max(segment.wall_end_ns, segment.wall_start_ns + 1)
        return self.camera == segment.camera and self.from_wall_ns < end_ns and self.to_wall_ns > segment.wall_start_ns


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased:
    """A hold is no more."""

    hold_id: str
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentDeleted:
    """A segment counts no more, and its file may be removed: from then on it is one of `leftovers`.

    Nothing is done when the segment is open, is still to be cut, or overlaps a hold at the moment at which this is
    written (invariant I6): whoever removes files removes leftovers only.
    """

    path: str
    volume: str = MAIN_VOLUME
    gap: GapRecord | None = None
    """What the ledger says from then on. An earlier gap of the same name is replaced, as it grows by this segment."""
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamUsage:
    """What there is of a stream on a volume, open segments left out."""

    camera: str
    stream: str
    volume: str
    segments: int
    size_bytes: int
    duration_ns: int
    """Of footage, summed."""
