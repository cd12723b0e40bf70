from holdfast.domain.streams import StreamId
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.ports.capture import TakeOpened
from holdfast.recorder.takes import OpenTake, SessionClock
from tests.fakes.clock import FakeClock
from tests.fmp4.builder import FTYP, Sample, fragment, moov

MS = 1_000_000
FIRST_MS = 70_000
FRAME = 3600
"""Ticks of a frame at 25 fps: 40 ms."""


def take_of(key_is_shown_later: int) -> tuple[OpenTake, list[tuple[int, int]]]:
    """A take of two groups of four frames, and the times of its fragments in milliseconds after its first frame."""
    opened = TakeOpened(StreamId("cam"), 1, 1, PtsNs(FIRST_MS * MS), MonoNs(0), reorders=True, reason="session began")
    take = OpenTake(opened)
    group = (Sample(300, FRAME, sync=True, later=key_is_shown_later), *(Sample(50, FRAME) for _ in range(3)))
    data = FTYP + moov() + fragment(0, group, number=1) + fragment(4 * FRAME, group, number=2)
    times = [take.times_ns(one) for one in take.feed(data)]
    return take, [(begin // MS - FIRST_MS, end // MS - FIRST_MS) for begin, end in times]


def test_a_take_begins_when_its_first_frame_is_shown() -> None:
    _, times = take_of(0)
    assert times == [(0, 160), (160, 320)]


def test_with_b_frames_every_key_frame_counts_from_when_it_is_shown() -> None:
    take, times = take_of(2 * FRAME)
    assert times == [(0, 160), (160, 320)]
    assert take.reorder_ns == 80 * MS


def test_a_key_frame_that_the_muxer_hid_in_its_last_fragment_is_seen() -> None:
    opened = TakeOpened(StreamId("cam"), 1, 1, PtsNs(0), MonoNs(0), reorders=False, reason="session began")
    group = (Sample(300, FRAME, sync=True), Sample(50, FRAME), Sample(310, FRAME, sync=True))
    assert [one.starts_with_sync for one in OpenTake(opened).feed(FTYP + moov() + fragment(0, group))] == [True, True]


class SlowClock(FakeClock):
    """A process that is preempted for a while after each of its next looks at a clock."""

    pauses_s: tuple[float, ...] = ()

    def mono_ns(self) -> MonoNs:
        read = super().mono_ns()
        pause_s, self.pauses_s = (self.pauses_s[0], self.pauses_s[1:]) if self.pauses_s else (0.0, ())
        self.advance(pause_s)
        return read


def test_a_process_that_is_preempted_between_two_clocks_reads_them_again() -> None:
    clock = SlowClock()
    clock.pauses_s = (0.2, 0, 0.05)
    assert SessionClock(clock).wall_offset_ns() == clock.wall_ahead_ns


def test_clocks_that_can_never_be_read_at_once_give_the_best_of_several_readings() -> None:
    clock = SlowClock()
    clock.pauses_s = (0.2, 0) * 7 + (0.01, 0) + (0.2, 0) * 20
    assert abs(SessionClock(clock).wall_offset_ns() - clock.wall_ahead_ns) <= 5 * MS
