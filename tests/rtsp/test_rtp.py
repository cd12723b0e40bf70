"""RTP: headers, sequence numbers, time stamps."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.rtsp.rtp import (
    MAX_LATE_IN_A_ROW,
    MAX_LOST,
    Arrival,
    Reception,
    SequenceCounter,
    Timeline,
    payload_of,
)

SSRC = 7


def packet(flags: int, rest: bytes) -> bytes:
    return struct.pack(">BBHII", flags, 96, 1, 2, 3) + rest


# ---------------------------------------------------------------- headers


@pytest.mark.parametrize(
    ("flags", "rest", "payload"),
    [
        (0x80, b"abc", b"abc"),
        (0x80, b"", b""),
        (0x82, bytes(8) + b"abc", b"abc"),
        (0x90, b"\xbe\xde\x00\x02" + bytes(8) + b"abc", b"abc"),
        (0x90, b"\xbe\xde\x00\x00abc", b"abc"),
        (0xA0, b"abc\x00\x02", b"abc"),
        (0xA0, b"\x01", b""),
        (0xB1, bytes(4) + b"\xbe\xde\x00\x01" + bytes(4) + b"abc\x00\x00\x03", b"abc"),
        # Padding that counts more than there is, or nothing, is none.
        (0xA0, b"abc\xff", b"abc\xff"),
        (0xA0, b"abc\x00", b"abc\x00"),
    ],
)
def test_a_payload_stands_between_extension_and_padding(flags: int, rest: bytes, payload: bytes) -> None:
    data = b"before" + packet(flags, rest)
    begin, end = payload_of(data + b"after", 6, len(data))
    assert data[begin:end] == payload
    assert begin >= 18


@pytest.mark.parametrize(
    ("flags", "rest"),
    [
        (0x40, b"abc"),
        (0xC0, b"abc"),
        (0x00, b"abc"),
        (0x81, b"abc"),
        (0x90, b"\xbe\xde\x00"),
        (0x90, b"\xbe\xde\0\1ab"),
    ],
)
def test_what_is_no_packet_has_no_payload(flags: int, rest: bytes) -> None:
    data = packet(flags, rest)
    assert payload_of(data + b"\0\0\0\0after", 0, len(data)) == (0, 0)


# ---------------------------------------------------------------- sequence numbers


def arrivals(counter: SequenceCounter, *sequences: int, ssrc: int = SSRC) -> list[Arrival]:
    return [counter.arrive(sequence, ssrc) for sequence in sequences]


def begun(sequence: int) -> SequenceCounter:
    counter = SequenceCounter()
    assert arrivals(counter, sequence) == [Arrival.ANOTHER_SOURCE]
    return counter


def test_numbers_follow_one_another_through_their_wrap() -> None:
    counter = begun(65_534)
    assert arrivals(counter, 65_535, 0, 1) == [Arrival.NEXT] * 3
    assert counter.take_lost() == 0
    assert counter.reception == Reception(SSRC, highest=65_537, expected=4, lost=0)


def test_missing_packets_are_counted_once() -> None:
    counter = begun(65_530)
    assert arrivals(counter, 65_533, 4) == [Arrival.AFTER_LOSS] * 2
    assert counter.take_lost() == 2 + 6
    assert counter.take_lost() == 0
    assert counter.reception == Reception(SSRC, highest=65_540, expected=11, lost=8)


def test_repeated_and_late_packets_change_nothing() -> None:
    counter = begun(10)
    assert arrivals(counter, 12, 11, 12, 10, 65_530) == [Arrival.AFTER_LOSS, *[Arrival.LATE] * 4]
    assert arrivals(counter, 13) == [Arrival.NEXT]
    assert counter.take_lost() == 1


@pytest.mark.parametrize("jump", [MAX_LOST + 1, 30_000, -MAX_LOST - 1])
def test_a_jump_is_a_camera_that_counts_anew(jump: int) -> None:
    counter = begun(20_000)
    sequence = 20_001 + jump
    assert arrivals(counter, sequence, sequence + 1) == [Arrival.AFTER_LOSS, Arrival.NEXT]
    assert counter.take_lost() == 1
    assert counter.reception == Reception(SSRC, highest=sequence + 1, expected=2, lost=0)


def test_a_jump_back_that_could_be_late_packets_is_believed_when_it_goes_on() -> None:
    counter = begun(500)
    late = arrivals(counter, *range(MAX_LATE_IN_A_ROW + 2))
    assert late == [*[Arrival.LATE] * MAX_LATE_IN_A_ROW, Arrival.AFTER_LOSS, Arrival.NEXT]
    assert counter.take_lost() == 1


def test_another_source_is_a_new_begin_without_a_loss() -> None:
    counter = begun(500)
    assert arrivals(counter, 40_000, 40_001, ssrc=8) == [Arrival.ANOTHER_SOURCE, Arrival.NEXT]
    assert counter.take_lost() == 0
    assert counter.reception == Reception(8, highest=40_001, expected=2, lost=0)


def test_a_packet_for_somebody_else_may_be_counted_with_the_others() -> None:
    counter = begun(65_535)
    counter.skip(0, SSRC)
    counter.skip(9, SSRC)
    counter.skip(1, 8)
    assert arrivals(counter, 1) == [Arrival.NEXT]
    assert counter.reception == Reception(SSRC, highest=65_537, expected=3, lost=0)


def test_before_the_first_packet_there_is_nothing_to_report() -> None:
    counter = SequenceCounter()
    counter.skip(65_535, 0)
    assert counter.reception is None
    assert arrivals(counter, 5) == [Arrival.ANOTHER_SOURCE]


# ---------------------------------------------------------------- times


def ticks(timeline: Timeline, *stamps: int) -> list[int]:
    result = []
    for stamp in stamps:
        timeline.move_to(stamp)
        result.append(timeline.now())
    return result


def test_time_never_wraps_and_may_go_back() -> None:
    assert ticks(Timeline(), 2**32 - 5, 3000, 0, 2**31 - 1, 10, 2**32 - 10) == [0, 3005, 5, 2**31 + 4, 15, -5]


def test_the_first_one_that_is_asked_for_is_the_origin() -> None:
    timeline = Timeline()
    timeline.move_to(100)
    timeline.move_to(2**32 - 100)
    assert ticks(timeline, 0) == [0]


@given(st.integers(0, 2**32 - 1), st.lists(st.integers(-(2**31), 2**31 - 1), max_size=30))
def test_steps_of_any_length_add_up(first: int, steps: list[int]) -> None:
    timeline = Timeline()
    assert ticks(timeline, first) == [0]
    total = 0
    for step in steps:
        total += step
        assert ticks(timeline, (first + total) % 2**32) == [total]


def test_another_source_goes_on_one_step_after_the_last_one() -> None:
    timeline = Timeline()
    timeline.rebase(5)
    assert ticks(timeline, 1000, 4000) == [0, 3000]
    timeline.rebase(77)
    assert ticks(timeline, 77, 3077) == [6000, 9000]
    timeline.move_to(77)
    timeline.rebase(500)
    assert ticks(timeline, 500) == [6000]


def test_any_stamp_near_the_last_one_has_its_ticks() -> None:
    timeline = Timeline()
    assert timeline.ticks_of(5) is None
    timeline.move_to(5)
    assert timeline.ticks_of(5) is None
    assert ticks(timeline, 3000, 6000) == [0, 3000]
    assert [timeline.ticks_of(stamp) for stamp in (3000, 9000, 2**32 - 1)] == [0, 6000, -3001]
