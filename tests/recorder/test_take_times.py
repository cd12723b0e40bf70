from holdfast.domain.streams import StreamId
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.ports.capture import TakeOpened
from holdfast.recorder.takes import OpenTake
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
