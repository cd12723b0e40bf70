"""Sound: AAC as cameras packetise and describe it, and G.711."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.rtsp.audio import AudioReceiver, AudioUnit
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.rtp import Reception
from tests.rtsp.packets import SSRC, Stream, track

AAC = {"mode": "AAC-hbr", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3", "config": "1408"}
RATE = 16_000


def aac(**changes: str) -> AudioReceiver:
    return AudioReceiver(track("MPEG4-GENERIC", AAC | changes, RATE))


def payload(*units: bytes, sizes: list[int] | None = None) -> bytes:
    """An AU header of 16 bits each, and the units (RFC 3640 section 3.2)."""
    sizes = [len(unit) for unit in units] if sizes is None else sizes
    headers = b"".join((size << 3).to_bytes(2, "big") for size in sizes)
    return (8 * len(headers)).to_bytes(2, "big") + headers + b"".join(units)


def fragments(unit: bytes, size: int) -> list[bytes]:
    return [payload(unit[at : at + size], sizes=[len(unit)]) for at in range(0, len(unit), size)]


def received(receiver: AudioReceiver, *payloads: bytes, step: int = 1024) -> list[AudioUnit]:
    stream = Stream()
    for number, each in enumerate(payloads):
        stream.add(each, number * step, marker=True)
    return receiver.receive(*stream.take())


# ---------------------------------------------------------------- AAC


def test_a_packet_may_have_one_access_unit_or_several() -> None:
    units = received(aac(), payload(b"abc"), payload(b"d", b"ef", b"ghi"), step=1024)
    assert units == [
        AudioUnit(b"abc", 0, 1024),
        AudioUnit(b"d", 1024, 1024),
        AudioUnit(b"ef", 2048, 1024),
        AudioUnit(b"ghi", 3072, 1024),
    ]


def test_an_access_unit_may_come_in_fragments() -> None:
    receiver = aac()
    stream = Stream()
    unit = bytes(range(250)) * 20
    for number, size in enumerate((1400, 4999, 5000)):
        for part in fragments(unit, size):
            stream.add(part, number * 1024)
    assert [each.data for each in receiver.receive(*stream.take())] == [unit] * 3
    assert receiver.end() == []
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 0)


@pytest.mark.parametrize("missing", [0, 1, 2, 3])
def test_an_access_unit_of_which_a_fragment_is_missing_is_left_out(missing: int) -> None:
    receiver = aac()
    stream = Stream()
    for number in range(3):
        for part in fragments(bytes(5000), 1400):
            stream.add(part, number * 1024)
    del stream.spans[4 + missing]
    stream.add(payload(b"abc"), 3072)
    assert [each.ticks for each in receiver.receive(*stream.take())] == [0, 2048, 3072]
    assert (receiver.take_lost(), receiver.take_damaged()) == (1, 1)


def test_broken_payloads_cost_their_access_units() -> None:
    receiver = aac()
    whole = payload(b"abc", b"defg")
    units = received(receiver, b"", b"\0", b"\0\0abc", b"\0\x0fabc", b"\xff\xffabc", whole[:-1], whole)
    assert [unit.data for unit in units] == [b"abc", b"abc", b"defg"]
    assert receiver.take_damaged() == 6


def test_access_units_without_bytes_are_left_out_but_take_their_time() -> None:
    units = received(aac(), payload(b""), payload(b"ab", b"", b"c"))
    assert [(unit.data, unit.ticks) for unit in units] == [(b"ab", 0), (b"c", 2048)]


def test_a_header_of_adts_inside_is_left_out() -> None:
    def adts(data: bytes, *, checksum: bytes = b"", size: int | None = None) -> bytes:
        size = 7 + len(checksum) + len(data) if size is None else size
        head = bytes(
            (0xFF, 0xF0 if checksum else 0xF1, 0x60, 0x40 | size >> 11, size >> 3 & 0xFF, size << 5 & 0xE0, 0xFC)
        )
        return head + checksum + data

    wrong = adts(b"abc", size=11)
    units = received(
        aac(), payload(adts(b"abc")), payload(adts(b"abc", checksum=b"cr")), payload(wrong), payload(adts(b""))
    )
    assert [unit.data for unit in units] == [b"abc", b"abc", wrong, adts(b"")]


@pytest.mark.parametrize(
    ("config", "clock_rate", "channels", "expected"),
    [
        ("1408", 16_000, 1, (16_000, 1, 1024)),
        ("1490", 12_000, 2, (12_000, 2, 1024)),
        ("1188", 48_000, 1, (48_000, 1, 1024)),
        ("140C", 16_000, 1, (16_000, 1, 960)),
        ("14 08 56 e5 00", 16_000, 1, (16_000, 1, 1024)),
        ("1400", 16_000, 2, (16_000, 2, 1024)),
        ("1438", 16_000, 1, (16_000, 8, 1024)),
        # Spectral replication, with the rate of the core first.
        ("2B8A0800", 44_100, 2, (22_050, 1, 1024)),
        # A rate that is not in the table.
        ("1780 3E80 10", 16_000, 2, (32_000, 2, 1024)),
    ],
)
def test_a_configuration_is_read(config: str, clock_rate: int, channels: int, expected: tuple[int, int, int]) -> None:
    receiver = AudioReceiver(track("MPEG4-GENERIC", AAC | {"config": config}, clock_rate, channels))
    (unit,) = received(receiver, payload(b"abc"))
    assert (receiver.rate, receiver.channels, unit.samples) == expected
    assert receiver.config == bytes.fromhex(config)


def test_a_track_whose_clock_is_not_its_sampling_rate_keeps_its_time() -> None:
    receiver = AudioReceiver(track("MPEG4-GENERIC", AAC, 90_000))
    assert [unit.ticks for unit in received(receiver, payload(b"a", b"b"))] == [0, 1024 * 90_000 // 16_000]


@pytest.mark.parametrize("config", ["", "no hex", "140", "F", "0000", "1688", "1450", "3208", "14" * 70, "é"])
@pytest.mark.parametrize(
    ("clock_rate", "channels", "made_up"),
    [
        (16_000, 1, "1408"),
        (48_000, 2, "1190"),
        (16_000, 8, "1438"),
        (44_100, 7, "1200"),
        (20_000, 1, "1780271008"),
    ],
)
def test_a_configuration_that_makes_no_sense_is_made_up(
    config: str, clock_rate: int, channels: int, made_up: str
) -> None:
    receiver = AudioReceiver(track("MPEG4-GENERIC", AAC | {"config": config}, clock_rate, channels))
    assert (receiver.rate, receiver.channels) == (clock_rate, channels)
    assert receiver.config.hex() == made_up
    again = AudioReceiver(track("MPEG4-GENERIC", AAC | {"config": made_up}, clock_rate, channels))
    assert (again.rate, again.channels, again.config) == (clock_rate, channels, receiver.config)


def test_a_description_without_lengths_is_that_of_its_mode() -> None:
    receiver = AudioReceiver(track("MPEG4-GENERIC", {"config": "1408"}, RATE))
    assert [unit.data for unit in received(receiver, payload(b"abc"))] == [b"abc"]
    low = AudioReceiver(track("MPEG4-GENERIC", {"mode": "aac-lbr", "indexlength": "x", "sizelength": "99999"}, RATE))
    assert [unit.data for unit in received(low, b"\0\x10\x0c\x08abcde")] == [b"abc", b"de"]


def test_headers_of_any_lengths_are_read() -> None:
    receiver = aac(sizelength="7", indexlength="0", indexdeltalength="2")
    # Sizes of 3 and 2: 0000011, and 0000010 before 00.
    assert [unit.data for unit in received(receiver, b"\0\x10\x06\x08abcde")] == [b"abc", b"de"]


@pytest.mark.parametrize(
    "changes",
    [
        {"mode": "CELP-cbr"},
        {"sizelength": "0"},
        {"sizelength": "17"},
        {"indexlength": "17"},
        {"indexdeltalength": "99"},
        {"ctsdeltalength": "3"},
        {"auxiliarydatasizelength": "8"},
        {"config": "B98C00"},
        {"config": "F8EC2000"},
    ],
)
def test_what_is_not_supported_is_refused(changes: dict[str, str]) -> None:
    with pytest.raises(RtspError, match="not supported"):
        aac(**changes)


@pytest.mark.parametrize(
    ("encoding", "clock_rate", "channels"),
    [("MP4A-LATM", 16_000, 1), ("G726-32", 8000, 1), ("PCMU", 0, 1), ("PCMU", 8000, 0), ("PCMA", 10**9, 1)],
)
def test_other_formats_are_refused(encoding: str, clock_rate: int, channels: int) -> None:
    with pytest.raises(RtspError, match="not supported"):
        AudioReceiver(track(encoding, {}, clock_rate, channels))


# ---------------------------------------------------------------- G.711


@pytest.mark.parametrize("encoding", ["PCMU", "PCMA"])
def test_packets_of_g711_may_have_any_length(encoding: str) -> None:
    receiver = AudioReceiver(track(encoding, {}, 8000))
    units = received(receiver, bytes(160), b"", bytes(321), bytes(1), step=160)
    assert [(len(unit.data), unit.ticks, unit.samples) for unit in units] == [
        (160, 0, 160),
        (321, 320, 321),
        (1, 480, 1),
    ]
    assert (receiver.config, receiver.rate, receiver.channels) == (b"", 8000, 1)


def test_two_channels_of_g711_are_two_bytes_a_sample() -> None:
    receiver = AudioReceiver(track("PCMA", {}, 8000, 2))
    assert [(unit.data, unit.samples) for unit in received(receiver, b"abcde", b"x")] == [(b"abcd", 2)]


def test_lost_packets_are_counted_and_time_goes_on() -> None:
    receiver = AudioReceiver(track("PCMU", {}, 8000))
    stream = Stream()
    for number in range(5):
        stream.add(bytes(160), number * 160)
        stream.add(b"beside it", kind=99)
    stream.spans[4:6] = stream.spans[2:4]
    seen = [(receiver.reception, receiver.ticks_of(5))]
    assert [unit.ticks for unit in receiver.receive(*stream.take())] == [0, 160, 480, 640]
    assert receiver.take_lost() == 2
    seen.append((receiver.reception, receiver.ticks_of(800)))
    assert seen == [(None, None), (Reception(SSRC, 1009, 10, 2), 800)]


def test_another_source_goes_on_one_step_later() -> None:
    receiver = AudioReceiver(track("PCMU", {}, 8000))
    stream = Stream()
    for number in range(2):
        stream.add(bytes(160), number * 160)
    stream.ssrc = 4
    stream.add(bytes(160), 999_999)
    assert [unit.ticks for unit in receiver.receive(*stream.take())] == [0, 160, 320]


# ---------------------------------------------------------------- anything


@given(
    st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20),
    st.lists(st.tuples(st.integers(1, 5), st.integers(1, 100)), min_size=20, max_size=20),
)
def test_any_packets_give_back_their_access_units(units: list[bytes], ways: list[tuple[int, int]]) -> None:
    stream, left, at = Stream(), list(units), 0
    for count, size in ways:
        if count == 1 and left and size < len(left[0]):
            for part in fragments(left[0], size):
                stream.add(part, at * 1024)
        elif left:
            stream.add(payload(*left[:count]), at * 1024)
        at += len(left[:count])
        del left[:count]
    receiver = aac()
    got = receiver.receive(*stream.take())
    assert [unit.data for unit in got] == units
    assert [unit.ticks for unit in got] == [number * 1024 for number in range(len(units))]


@pytest.mark.parametrize("encoding", ["MPEG4-GENERIC", "PCMU"])
def test_garbage_never_becomes_more_than_it_was(encoding: str, seed: int) -> None:
    chance = Random(seed)
    for _ in range(300):
        stream = Stream()
        for number in range(20):
            whole = bytearray(chance.choice((payload(b"abc", bytes(50)), payload(bytes(90), sizes=[180]))))
            if chance.randrange(2):
                whole[chance.randrange(len(whole))] ^= 1 << chance.randrange(8)
            stream.add(
                bytes(whole[: chance.randrange(len(whole) + 1)]), number // 2, flags=chance.choice((0x80, 0xA0, 0x90))
            )
        data, spans = stream.take()
        chance.shuffle(spans)
        receiver = AudioReceiver(track(encoding, AAC, RATE))
        units = receiver.receive(data, spans)
        assert sum(len(unit.data) for unit in units) <= len(data)
        assert 0 <= receiver.take_damaged() <= 2 * len(spans)
