"""What frames tell: B-frames, breaks in media time, the least delayed of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.media.frames import FIRST_FRAMES, JUMP_NS, REORDER_NS, FrameClock, Verdict

MS = 1_000_000
SECOND = 1_000 * MS
FRAME = 40 * MS


class Frames:
    """Feeds a clock frames that arrive 5 ms after they were taken."""

    def __init__(self, *, reorders: bool = False) -> None:
        self.clock = FrameClock()
        self.reorders = reorders
        self.number = -1

    def at(self, pts_ns: int, arrival_ns: int | None = None, *, is_key: bool = False, unseen: int = 0) -> Verdict:
        arrived_ns = pts_ns + 5 * MS if arrival_ns is None else arrival_ns
        self.number += 1 + unseen
        return self.clock.frame(pts_ns, arrived_ns, number=self.number, is_key=is_key, reorders=self.reorders)


@pytest.fixture
def frames() -> Frames:
    made = Frames()
    for number in range(10):
        assert made.at(number * FRAME, is_key=number == 0) is Verdict.GOES_ON
    return made


def test_counts_what_it_sees(frames: Frames) -> None:
    assert (frames.clock.frames_seen, frames.clock.key_frames) == (10, 1)


def test_a_frame_shown_before_the_one_that_came_before_it_is_a_b_frame(frames: Frames) -> None:
    assert frames.at(12 * FRAME) is Verdict.GOES_ON
    assert frames.at(11 * FRAME, 12 * FRAME) is Verdict.REORDERED


def test_b_frames_are_no_news_once_they_are_known() -> None:
    frames = Frames(reorders=True)
    for pts in (0, 3, 1, 2, 6, 4, 5):
        assert frames.at(pts * FRAME, 10 * FRAME, is_key=pts == 0) is Verdict.GOES_ON


def test_leading_pictures_of_an_open_group_are_b_frames_too() -> None:
    frames = Frames(reorders=True)
    order = [(0, True), (3, False), (1, False), (2, False), (6, True), (4, False), (5, False), (7, False)]
    verdicts = {frames.at(pts * FRAME, 10 * FRAME, is_key=is_key) for pts, is_key in order}
    assert verdicts == {Verdict.GOES_ON}


@pytest.mark.parametrize("is_key", [False, True])
def test_media_time_that_goes_back_far_is_a_break(frames: Frames, *, is_key: bool) -> None:
    arrived_ns = 10 * FRAME
    assert frames.at(9 * FRAME - REORDER_NS, arrived_ns, is_key=is_key) is Verdict.BROKEN
    assert frames.at(10 * FRAME - REORDER_NS, arrived_ns + FRAME) is Verdict.GOES_ON


def test_a_key_frame_that_goes_back_at_all_is_a_break(frames: Frames) -> None:
    assert frames.at(9 * FRAME - 1, 10 * FRAME, is_key=True) is Verdict.BROKEN


def test_media_time_that_comes_long_before_it_can_is_a_break(frames: Frames) -> None:
    assert frames.at(10 * FRAME + JUMP_NS + MS, 10 * FRAME + 5 * MS) is Verdict.BROKEN
    assert frames.at(11 * FRAME + JUMP_NS + MS, 11 * FRAME + 5 * MS) is Verdict.GOES_ON


def test_a_burst_of_late_frames_is_no_break_even_where_nobody_looked() -> None:
    frames = Frames()
    burst_ns = 20 * SECOND
    for number in range(60):
        assert frames.at(number * FRAME, burst_ns, is_key=number == 0) is Verdict.GOES_ON
    assert frames.at(500 * FRAME, burst_ns, unseen=440) is Verdict.GOES_ON
    assert frames.at(501 * FRAME, burst_ns) is Verdict.GOES_ON


def test_a_clock_that_jumps_where_nobody_looked_is_a_break() -> None:
    frames = Frames()
    for number in range(60):
        frames.at(number * FRAME, is_key=number == 0)
    assert frames.at(110 * FRAME, unseen=50) is Verdict.GOES_ON
    assert frames.at(160 * FRAME + 3 * SECOND, 160 * FRAME, unseen=49) is Verdict.BROKEN


def test_frames_that_come_late_or_not_at_all_are_no_break(frames: Frames) -> None:
    assert frames.at(10 * FRAME, 30 * SECOND) is Verdict.GOES_ON
    assert frames.at(60 * SECOND) is Verdict.GOES_ON
    assert frames.at(60 * SECOND) is Verdict.GOES_ON


def test_the_sample_is_the_least_delayed_frame_since_the_last_one(frames: Frames) -> None:
    frames.clock.take_sample()
    assert frames.clock.take_sample() is None
    frames.at(10 * FRAME, 10 * FRAME + 90 * MS)
    frames.at(11 * FRAME, 11 * FRAME + 7 * MS)
    frames.at(12 * FRAME, 12 * FRAME + 8 * MS)
    assert frames.clock.take_sample() == (11 * FRAME, 11 * FRAME + 7 * MS)
    frames.at(13 * FRAME, 13 * FRAME + 50 * MS)
    assert frames.clock.take_sample() == (13 * FRAME, 13 * FRAME + 50 * MS)


def test_a_break_forgets_the_samples_of_before(frames: Frames) -> None:
    frames.at(9 * FRAME - 60 * SECOND, 10 * FRAME + 90 * MS)
    assert frames.clock.take_sample() == (9 * FRAME - 60 * SECOND, 10 * FRAME + 90 * MS)


@given(
    drift_ppm=st.integers(-500, 500),
    late_ms=st.lists(st.integers(0, 1400), min_size=10, max_size=60),
    step_s=st.integers(2, 1000),
)
def test_a_clock_that_drifts_and_a_network_that_is_late_never_break_it(
    drift_ppm: int, late_ms: list[int], step_s: int
) -> None:
    clock = FrameClock()
    for number, late in enumerate(late_ms):
        taken_ns = number * step_s * SECOND
        pts_ns = taken_ns + taken_ns * drift_ppm // 1_000_000
        assert clock.frame(pts_ns, taken_ns + late * MS, number=number, is_key=True, reorders=False) is Verdict.GOES_ON


@pytest.mark.parametrize("begins_at", range(30))
def test_looks_that_keep_step_with_the_groups_of_pictures_still_see_the_least_delayed_frame(begins_at: int) -> None:
    """Two seconds of 15 fps, always the same place in the group: two B-frames between the frames they refer to."""
    frames = Frames(reorders=True)
    shown = [0, *(n for third in range(3, 3000, 3) for n in (third, third - 2, third - 1))]
    late_ns = []
    number = 0
    while number + 30 < len(shown):
        frames.number = number - 1
        frames.at(shown[number] * FRAME, (number + 2) * FRAME + 5 * MS)
        number += 1
        if not frames.clock.looks_on(reorders=True):
            number += 30 - (number - begins_at) % 30
            sample = frames.clock.take_sample()
            assert sample is not None
            late_ns.append(sample[1] - sample[0])
    assert len(late_ns) > 50
    assert set(late_ns) == {5 * MS}


def test_every_look_but_the_first_is_short() -> None:
    frames = Frames()
    seen = 0
    for number in range(FIRST_FRAMES):
        assert frames.clock.looks_on(reorders=False)
        frames.at(number * FRAME)
    assert not frames.clock.looks_on(reorders=False)
    frames.at(100 * FRAME, unseen=30)
    while frames.clock.looks_on(reorders=False):
        seen += 1
        frames.at((100 + seen) * FRAME)
    assert seen == 1
