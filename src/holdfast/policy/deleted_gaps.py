"""What the ledger says of footage that was deleted: one gap for what lies side by side, so that it stays short."""

from collections.abc import Sequence
from dataclasses import replace

from holdfast.domain.gaps import GapCause, GapRecord
from holdfast.domain.segments import Json, SegmentRecord
from holdfast.domain.times import NS_PER_MS, WallNs
from holdfast.policy.gap_words import sentence_of

ADJOINS_NS = 500 * NS_PER_MS
"""What lies no further apart is one gap. It is longer than the time between two files of a run."""
MOST_RULES = 4


def deleted_gap(
    last: GapRecord | None, segment: SegmentRecord, rule: str, gap_id: str, *, by: str = "retention"
) -> GapRecord | None:
    """The gap for one more segment that goes. None when it has no length.

    `last`: the latest one of its stream that ended by its begin, or `ADJOINS_NS` after it: it grows when it adjoins.
    `rule`: what the detail says, such as "max_age = 30d". `gap_id`: for a new one.
    """
    if segment.duration_ns <= 0:
        return None
    if last is not None and adjoins(last, segment, by=by):
        return replace(
            last,
            from_wall_ns=min(last.from_wall_ns, segment.wall_start_ns),
            to_wall_ns=max(last.to_wall_ns or segment.wall_end_ns, segment.wall_end_ns),
            detail={**last.detail, "text": _joined(str(last.detail.get("text", "")), rule)},
        )
    detail: dict[str, Json] = {"text": rule, "by": by}
    return GapRecord(
        gap_id=gap_id,
        camera=segment.camera,
        stream=segment.stream,
        cause=GapCause.DELETED,
        sentence=sentence_of(GapCause.DELETED),
        from_wall_ns=segment.wall_start_ns,
        to_wall_ns=segment.wall_end_ns,
        detail=detail,
        node=segment.node,
    )


def adjoins(gap: GapRecord, segment: SegmentRecord, *, by: str = "retention") -> bool:
    """Whether the gap ends where the segment begins, or nearly so, and says that the same one deleted it."""
    is_of_it = (gap.camera, gap.stream) == (segment.camera, segment.stream) and gap.to_wall_ns is not None
    is_of_it &= gap.detail.get("by") == by
    return is_of_it and abs(segment.wall_start_ns - WallNs(gap.to_wall_ns or 0)) <= ADJOINS_NS


def _joined(text: str, rule: str) -> str:
    parts = [part for part in text.split("; ") if part]
    return "; ".join(_within([*parts, rule] if rule not in parts else parts))


def _within(parts: Sequence[str]) -> Sequence[str]:
    return parts[-MOST_RULES:]
