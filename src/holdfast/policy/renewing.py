"""A file that cannot take what now belongs into it makes way for another one, at a key frame."""

from dataclasses import replace

from holdfast.domain.times import NS_PER_S
from holdfast.policy.segmenting import Segmenter

RENEWED_AT_MOST_EVERY_NS = 60 * NS_PER_S


def renewed(now: Segmenter) -> Segmenter:
    """The open segment ends at the next key frame, as if a boundary of the clock lay there."""
    if now.segment is None:
        return now
    return replace(now, segment=replace(now.segment, rotate_at_ns=now.segment.start_ns))


def may_renew(now_ns: int, last_ns: int | None) -> bool:
    """Whether it may be done again already. `last_ns`: when it was done last, by the monotonic clock."""
    return last_ns is None or now_ns - last_ns >= RENEWED_AT_MOST_EVERY_NS
