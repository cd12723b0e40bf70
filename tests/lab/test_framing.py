"""Units of a camera's bytes, whatever pieces they arrive in, and how they are spoilt."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.lab.framing import garbled, is_rtp, misframed, take_unit
from holdfast.lab.sei import STAMP_UUID

ANSWER = b"RTSP/1.0 200 OK\r\nCSeq: 1\r\n\r\n"
DESCRIPTION = b"RTSP/1.0 200 OK\r\nCSeq: 2\r\ncontent-length: 6\r\n\r\nv=0\r\n$"
RTP = b"$\x00\x00\x14" + bytes(range(20))
REPORT = b"$\x01\x00\x04abcd"


@given(
    units=st.lists(st.sampled_from([ANSWER, DESCRIPTION, RTP, REPORT]), max_size=6),
    cuts=st.lists(st.integers(1, 40), max_size=20),
)
def test_units_come_out_whole_in_order_and_without_a_rest(units: list[bytes], cuts: list[int]) -> None:
    stream, buffer, seen = b"".join(units), bytearray(), []
    for size in [*cuts, len(stream)]:
        buffer += stream[:size]
        stream = stream[size:]
        while (unit := take_unit(buffer)) is not None:
            seen.append(unit)
    assert seen == units
    assert not buffer


def test_a_packet_is_spoilt_in_one_bit_of_its_payload(seed: int) -> None:
    chance = Random(seed)
    for _ in range(50):
        spoilt = garbled(RTP, chance)
        assert spoilt[:16] == RTP[:16]
        assert sum((a ^ b).bit_count() for a, b in zip(spoilt, RTP, strict=True)) == 1


@pytest.mark.parametrize("unit", [ANSWER, REPORT, RTP[:4] + bytes(12) + STAMP_UUID])
def test_messages_reports_and_stamps_are_spared(unit: bytes, seed: int) -> None:
    assert garbled(unit, Random(seed)) == unit


def test_a_wrong_length_changes_no_other_byte() -> None:
    assert misframed(RTP) == b"$\x00\x00\x0d" + RTP[4:]
    assert is_rtp(RTP)
    assert not is_rtp(REPORT)
