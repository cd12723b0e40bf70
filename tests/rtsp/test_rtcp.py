"""Reports of the camera, and reports to it."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from holdfast.lab.rtp import sender_report as lab_report
from holdfast.rtsp.rtcp import Reports, SenderReport
from holdfast.rtsp.rtp import Reception

OWN = 0x1234_5678
CAMERA = 0xCAFE_F00D
UNIX_NS = 1_700_000_000_250_000_000
NTP = (1_700_000_000 + 2_208_988_800, 1 << 30)


def packet(kind: int, body: bytes, *, count: int = 0, words: int | None = None) -> bytes:
    return struct.pack(">BBH", 0x80 | count, kind, len(body) // 4 if words is None else words) + body


def sender(stamp: int, ntp: tuple[int, int] = NTP, *, words: int | None = None) -> bytes:
    return packet(200, struct.pack(">IIIIII", CAMERA, *ntp, stamp, 1, 2), words=words)


def reports() -> Reports:
    return Reports(OWN, lambda stamp: stamp - 1000)


def feed(receiver: Reports, *compounds: bytes, now_s: float = 0) -> Reports:
    data, spans = b"", []
    for compound in compounds:
        data += b"$\x01\0\0"
        spans.append((len(data), len(data) + len(compound)))
        data += compound
    receiver.receive(data, spans, now_s)
    return receiver


def test_a_sender_report_ties_wall_time_and_media_time() -> None:
    assert reports().sender is None
    assert feed(reports(), sender(5000)).sender == SenderReport(UNIX_NS, 4000)
    both = feed(reports(), sender(5000), sender(6000, (NTP[0] + 1, 0)))
    assert both.sender == SenderReport(1_700_000_001_000_000_000, 5000)


def test_the_laboratorys_report_is_understood() -> None:
    told = feed(reports(), lab_report(CAMERA, UNIX_NS, 5000, 1, 2)).sender
    assert told is not None
    assert told.ticks == 4000
    assert abs(told.ntp_ns - UNIX_NS) <= 1


def test_a_report_before_the_first_unit_waits_for_it() -> None:
    known: list[int] = []
    receiver = Reports(OWN, lambda stamp: stamp - known[0] if known else None)
    feed(receiver, sender(5000))
    seen = [receiver.sender]
    for origin in (4500, 0):
        known[:] = [origin]
        seen.append(receiver.sender)
    assert seen == [None, SenderReport(UNIX_NS, 500), SenderReport(UNIX_NS, 500)]


def test_a_camera_without_a_clock_ties_nothing() -> None:
    assert feed(reports(), sender(5000, (0, 0))).sender is None


def test_the_count_of_seconds_that_begins_again_in_2036_goes_on() -> None:
    told = feed(reports(), sender(5000, (10, 0))).sender
    assert told is not None
    assert told.ntp_ns == (2**32 - 2_208_988_800 + 10) * 10**9


def test_reports_are_found_in_any_company() -> None:
    others = packet(201, bytes(4)), packet(202, bytes(12), count=1), packet(204, b"abcdNAME"), packet(77, b"")
    assert feed(reports(), b"".join([*others, sender(5000), *others])).sender == SenderReport(UNIX_NS, 4000)


def test_wrong_lengths_end_a_compound_and_nothing_else() -> None:
    assert feed(reports(), sender(5000, words=600)).sender == SenderReport(UNIX_NS, 4000)
    assert feed(reports(), sender(5000)[:-8]).sender == SenderReport(UNIX_NS, 4000)
    assert feed(reports(), sender(5000)[:-9], b"", b"\x80\xc8", sender(1)[:18]).sender is None
    assert feed(reports(), packet(201, b"", words=9) + sender(5000)).sender is None
    assert feed(reports(), b"\x40\xc9\0\0" + sender(5000)).sender is None


def test_a_goodbye_ends_the_track() -> None:
    receiver = feed(reports(), sender(5000))
    assert not receiver.has_ended
    feed(receiver, packet(201, bytes(4)) + packet(203, bytes(4), count=1))
    assert receiver.has_ended


# ---------------------------------------------------------------- to the camera


def block(report: bytes) -> tuple[int, ...]:
    """Source, fraction lost, lost, highest, jitter, last report, delay."""
    ssrc, lost, *rest = struct.unpack_from(">6I", report, 8)
    return ssrc, lost >> 24, lost & 0xFFFFFF, *rest


def test_a_report_without_anything_received_has_no_block() -> None:
    report = reports().write(None, 0)
    assert report[:8] == struct.pack(">BBHI", 0x80, 201, 1, OWN)
    assert report[8:] == struct.pack(">BBHIBB", 0x81, 202, 4, OWN, 1, 8) + b"holdfast\0\0"


def test_a_name_always_ends_with_a_zero() -> None:
    for size in range(1, 9):
        report = Reports(OWN, lambda _stamp: None, name="x" * size).write(None, 0)[8:]
        assert len(report) == 4 + 4 * int.from_bytes(report[2:4], "big")
        assert report[8:] == b"\x01" + bytes((size,)) + b"x" * size + bytes(4 - (2 + size) % 4)


def test_a_report_says_what_was_lost_in_all_and_since_the_last() -> None:
    receiver = feed(reports(), sender(5000), now_s=10)
    first = receiver.write(Reception(CAMERA, 70_000, 1000, 250), 11.5)
    middle = (NTP[0] & 0xFFFF) << 16 | NTP[1] >> 16
    assert first[:8] == struct.pack(">BBHI", 0x81, 201, 7, OWN)
    assert block(first) == (CAMERA, 64, 250, 70_000, 0, middle, 98_304)
    assert block(receiver.write(Reception(CAMERA, 70_100, 1100, 250), 12))[1:3] == (0, 250)
    assert block(receiver.write(Reception(CAMERA, 70_200, 1200, 350), 12))[1:3] == (255, 350)
    assert block(receiver.write(Reception(CAMERA, 70_200, 1200, 350), 12))[1:3] == (0, 350)


def test_a_source_that_counts_anew_is_reported_anew() -> None:
    receiver = reports()
    receiver.write(Reception(CAMERA, 1000, 1000, 500), 0)
    assert block(receiver.write(Reception(CAMERA, 10, 10, 5), 0))[:3] == (CAMERA, 128, 5)
    assert block(receiver.write(Reception(7, 1000, 1000, 10), 0))[:3] == (7, 2, 10)


def test_numbers_stay_in_their_fields() -> None:
    receiver = feed(reports(), sender(5000), now_s=10)
    report = receiver.write(Reception(CAMERA, (1 << 40) + 5, 1 << 40, 1 << 30), 1e9)
    assert block(report)[2:4] == ((1 << 23) - 1, 5)
    assert block(report)[6] == (1 << 32) - 1
    assert block(receiver.write(Reception(CAMERA, 5, 1 << 41, 1 << 30), 0))[6] == 0


@given(st.lists(st.binary(max_size=60), max_size=5))
def test_garbage_is_ignored(compounds: list[bytes]) -> None:
    receiver = feed(reports(), *compounds)
    assert receiver.sender is None or receiver.sender.ticks >= -1000
    assert receiver.write(None, 0)
