"""A new file at the next key frame, whatever the clock says."""

from holdfast.domain.times import NS_PER_S
from holdfast.policy.renewing import RENEWED_AT_MOST_EVERY_NS, may_renew, renewed
from holdfast.policy.segmenting import (
    Append,
    Arrived,
    Begin,
    EndReason,
    Finish,
    Segmenter,
    SegmentRules,
    Start,
    step,
)
from tests.policy.test_segmenting import fragment

MINUTE = SegmentRules(duration_ns=60 * NS_PER_S)


def test_the_open_segment_ends_at_the_next_key_frame_without_a_break() -> None:
    now, _ = step(Segmenter(MINUTE), Start(None))
    first, inner, key, next_key = (
        fragment(0),
        fragment(1, 0.5, is_sync=False),
        fragment(2, 1.0),
        fragment(3, 1.5),
    )
    now, _ = step(now, Arrived(first))
    now = renewed(now)
    now, actions = step(now, Arrived(inner))
    assert actions == (Append(inner),)
    now, actions = step(now, Arrived(key))
    assert actions == (Finish(EndReason.ROTATION), Begin(key, new_run=False), Append(key))
    _, actions = step(now, Arrived(next_key))
    assert actions == (Append(next_key),)


def test_where_nothing_is_open_nothing_is_to_be_renewed() -> None:
    now = Segmenter(MINUTE)
    assert renewed(now) is now


def test_it_is_done_at_once_and_then_once_a_minute() -> None:
    assert may_renew(5, None)
    assert not may_renew(RENEWED_AT_MOST_EVERY_NS + 4, 5)
    assert may_renew(RENEWED_AT_MOST_EVERY_NS + 5, 5)
