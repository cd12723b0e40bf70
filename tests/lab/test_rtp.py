from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.lab import rtp
from holdfast.lab.nal import Codec

NALS = {"h264": b"\x65" + bytes(range(256)) * 20, "h265": b"\x26\x01" + bytes(range(256)) * 20}


def packets(data: bytes) -> list[tuple[int, bytes]]:
    found, at = [], 0
    while at < len(data):
        assert data[at : at + 1] == b"$"
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        found.append((data[at + 1], data[at + 4 : at + 4 + size]))
        at += 4 + size
    return found


@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_fragments_put_together_are_the_nal_unit(codec: Codec) -> None:
    parts = rtp.payloads(codec, [NALS[codec]])
    assert len(parts) > 2
    assert all(len(part) <= rtp.MTU - 12 for part in parts)
    skip = 2 if codec == "h264" else 3
    flags = [part[skip - 1] for part in parts]
    assert [flag & 0xC0 for flag in flags] == [0x80, *[0] * (len(parts) - 2), 0x40]
    if codec == "h264":
        header = bytes((parts[0][0] & 0xE0 | flags[0] & 0x1F,))
    else:
        header = bytes((parts[0][0] & 0x81 | (flags[0] & 0x3F) << 1, parts[0][1]))
    assert header + b"".join(part[skip:] for part in parts) == NALS[codec]


def test_a_nal_unit_that_fits_travels_alone() -> None:
    assert rtp.payloads("h264", [b"\x67abc", b"\x65def"]) == [b"\x67abc", b"\x65def"]


def test_parameter_sets_travel_together_when_asked() -> None:
    parts = rtp.payloads("h264", [b"\x67abc", b"\x68d", b"\x65ef"], aggregate=True)
    assert parts == [b"\x78\x00\x04\x67abc\x00\x02\x68d", b"\x65ef"]


@given(st.integers(0, 65535), st.integers(0, 2**32 - 1))
def test_a_frame_counts_its_packets_and_marks_the_last(seq: int, when: int) -> None:
    frame = rtp.PreparedFrame("h264", [b"\x67abc", b"\x68d", NALS["h264"]], 7, is_key=True, aggregate=False)
    sent = [packet for channel, packet in packets(frame.render(seq, when, b"\x06stamp")) if channel == 0]
    assert len(sent) == frame.packets
    assert [int.from_bytes(p[2:4], "big") for p in sent] == [(seq + i) & 0xFFFF for i in range(len(sent))]
    assert {int.from_bytes(p[4:8], "big") for p in sent} == {when}
    assert {int.from_bytes(p[8:12], "big") for p in sent} == {7}
    assert [p[1] >> 7 for p in sent] == [0] * (len(sent) - 1) + [1]
    assert [p[12:] for p in sent[:3]] == [b"\x67abc", b"\x68d", b"\x06stamp"]
    assert sum(len(p) - 12 for p in sent) == frame.payload_bytes + len(b"\x06stamp")


def test_packets_move_to_the_channel_that_the_client_chose() -> None:
    frame = rtp.PreparedFrame("h265", [NALS["h265"]], 7, is_key=True, aggregate=False)
    data = frame.render(1, 2, b"\x4e\x01stamp")
    moved = rtp.on_channel(data, 6)
    assert {channel for channel, _ in packets(moved)} == {6}
    assert [packet for _, packet in packets(moved)] == [packet for _, packet in packets(data)]


def test_rtp_time_does_not_drift_and_wraps() -> None:
    fps = Fraction(30000, 1001)
    assert rtp.rtp_time(0, 30000, fps) == 1001 * 90_000
    assert rtp.rtp_time(2**32 - 1, 1, Fraction(15)) == 5999


def test_a_sender_report_says_which_wall_time_an_rtp_time_is() -> None:
    report = rtp.sender_report(9, 1_500_000_000, 1234, 5, 600)
    assert report[:2] == b"\x80\xc8"
    assert int.from_bytes(report[8:12], "big") == 2_208_988_800 + 1
    assert int.from_bytes(report[12:16], "big") == 1 << 31
    assert [int.from_bytes(report[at : at + 4], "big") for at in (16, 20, 24)] == [1234, 5, 600]
    assert len(report) % 4 == 0
    assert len(report) == 28 + 4 * (int.from_bytes(report[30:32], "big") + 1)
