"""From RTP time to GStreamer's."""

from holdfast.domain.times import NS_PER_S
from holdfast.media.native.times import APART_NS, ORIGIN_NS, MediaTimes


def test_the_first_unit_is_at_the_origin_and_the_others_count_from_there() -> None:
    times = MediaTimes(90_000)
    assert times.base_ns is None
    assert [times.at(ticks, ORIGIN_NS) - ORIGIN_NS for ticks in (0, 90_000, 45_000)] == [0, NS_PER_S, NS_PER_S // 2]


def test_a_clock_that_stands_still_gives_no_time_twice() -> None:
    times = MediaTimes(90_000)
    seen = [times.at(ticks, ORIGIN_NS) - ORIGIN_NS for ticks in (0, 9000, 9000, 9000, 18_000)]
    tenth = NS_PER_S // 10
    assert seen == [0, tenth, tenth + APART_NS, tenth + 2 * APART_NS, 2 * tenth]


def test_times_that_lie_nowhere_begin_anew_and_go_on_from_there() -> None:
    times = MediaTimes(16_000)
    times.at(0, ORIGIN_NS)
    before_zero = -10_000 * 16_000
    assert times.at(before_zero, ORIGIN_NS + 5) == ORIGIN_NS + 5
    assert times.at(before_zero + 16_000, 0) == ORIGIN_NS + 5 + NS_PER_S
    assert times.at(1 << 60, 7) == 7
