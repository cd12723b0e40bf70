"""When a frame was taken: late packets do not bend it, and it follows a camera whose clock drifts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.times import NS_PER_MS, NS_PER_S, MonoNs, PtsNs
from holdfast.policy.media_clock import BUCKET_NS, WINDOW_NS, MediaClock

FRAME_NS = NS_PER_S // 15


def arrive(clock: MediaClock, taken_ns: int, late_ns: int, *, drift_ppm: int = 0, origin_ns: int = 0) -> MediaClock:
    """A frame taken at a true time, whose media time runs with the camera's clock, came late."""
    pts_ns = (taken_ns - origin_ns) * (1_000_000 + drift_ppm) // 1_000_000
    return clock.observed(PtsNs(pts_ns), MonoNs(taken_ns + late_ns))


def test_says_so_when_nothing_was_seen_yet() -> None:
    assert MediaClock().delay_ns is None
    with pytest.raises(ValueError, match="no frame was observed yet"):
        MediaClock().mono_of(PtsNs(0))
    with pytest.raises(ValueError, match="no frame was observed yet"):
        MediaClock().pts_of(MonoNs(0))


def test_media_time_and_host_time_turn_into_each_other() -> None:
    clock = MediaClock().observed(PtsNs(5 * NS_PER_S), MonoNs(1_005 * NS_PER_S))
    assert clock.mono_of(PtsNs(7 * NS_PER_S)) == 1_007 * NS_PER_S
    assert clock.pts_of(MonoNs(1_007 * NS_PER_S)) == 7 * NS_PER_S


@given(
    late_ms=st.lists(st.integers(0, 400), min_size=20, max_size=300),
    held=st.lists(st.integers(0, 299), max_size=3),
    undelayed=st.integers(0, 19),
)
def test_late_packets_and_bursts_do_not_bend_it(late_ms: list[int], held: list[int], undelayed: int) -> None:
    clock = MediaClock()
    burst_until_ns = -1
    for number, late in enumerate(late_ms):
        taken_ns = number * FRAME_NS
        if number in held:
            burst_until_ns = taken_ns + 5 * NS_PER_S
        late_ns = 0 if number == undelayed else max(late * NS_PER_MS, burst_until_ns - taken_ns)
        clock = arrive(clock, taken_ns, late_ns)
        if number >= undelayed:
            assert abs(clock.mono_of(PtsNs(taken_ns)) - taken_ns) <= NS_PER_MS


@given(
    drift_ppm=st.integers(-200, 200),
    late_ms=st.lists(st.integers(0, 3000), min_size=7, max_size=7),
    origin_s=st.integers(0, 3600),
)
def test_follows_a_camera_whose_clock_drifts(drift_ppm: int, late_ms: list[int], origin_s: int) -> None:
    clock = MediaClock()
    origin_ns = origin_s * NS_PER_S
    for second in range(900):
        taken_ns = origin_ns + second * NS_PER_S
        # One frame in seven is on time.
        late_ns = late_ms[second % 7] * NS_PER_MS if second % 7 else 0
        clock = arrive(clock, taken_ns, late_ns, drift_ppm=drift_ppm, origin_ns=origin_ns)
        pts_ns = (taken_ns - origin_ns) * (1_000_000 + drift_ppm) // 1_000_000
        assert abs(clock.mono_of(PtsNs(pts_ns)) - taken_ns) <= 30 * NS_PER_MS


@given(st.lists(st.integers(0, 40), min_size=1, max_size=200))
def test_remembers_no_more_than_its_window(steps_s: list[int]) -> None:
    clock, at_ns = MediaClock(), 0
    for step_s in steps_s:
        at_ns += step_s * NS_PER_S
        clock = clock.observed(PtsNs(at_ns), MonoNs(at_ns))
        assert len(clock.buckets) <= WINDOW_NS // BUCKET_NS + 1
        assert at_ns - clock.buckets[0][0] <= WINDOW_NS
