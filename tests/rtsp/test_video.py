"""Packets of a video track: what their headers and payloads may be."""

import os
from base64 import b64encode
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.pictures import AccessUnit
from holdfast.rtsp.rtp import Reception
from holdfast.rtsp.video import VideoReceiver
from tests.rtsp.packets import H264, H265, SSRC, Codec, Stream, track, with_lengths

CODECS = pytest.mark.parametrize("codec", [H264, H265], ids=["h264", "h265"])
START = b"\0\0\0\1"


def receiver_of(codec: Codec) -> VideoReceiver:
    """With its parameter sets from the description."""
    return VideoReceiver(track(codec.encoding, {"sprop-sps": ",".join(b64encode(nal).decode() for nal in codec.sets)}))


def closed(codec: Codec, stream: Stream, receiver: VideoReceiver | None = None) -> list[AccessUnit]:
    """What comes out of the packets and one more picture, which shows the end of the last."""
    stream.add(codec.slice(3), 1 << 30)
    return (receiver or receiver_of(codec)).receive(*stream.take())


def nals_of(units: list[AccessUnit]) -> list[bytes]:
    return [unit.data for unit in units]


# ---------------------------------------------------------------- headers


@CODECS
def test_padding_extension_and_contributing_sources_are_left_out(codec: Codec) -> None:
    stream = Stream()
    nal = codec.slice(5000, fill=0x33)
    for number, payload in enumerate(codec.fragments(nal, 500)):
        match number % 4:
            case 0:
                stream.add(payload)
            case 1:
                stream.add(payload + b"\0\0\x03", flags=0xA0)
            case 2:
                stream.add(b"\xbe\xde\0\1abcd" + payload, flags=0x90)
            case _:
                stream.add(b"abcdefgh" + payload, flags=0x82)
    assert nals_of(closed(codec, stream)) == [with_lengths([nal])]


@CODECS
def test_packets_of_other_payload_types_are_ignored(codec: Codec) -> None:
    stream, other = Stream(), Stream(ssrc=99, payload_type=107)
    nal = codec.slice(5000)
    for number, payload in enumerate(codec.fragments(nal, 500)):
        stream.add(payload)
        if number % 2:
            stream.add(b"beside it", kind=107)
        else:
            other.add(b"by itself")
            stream.add_raw(other.take()[0][4:])
    receiver = receiver_of(codec)
    assert nals_of(closed(codec, stream, receiver)) == [with_lengths([nal])]
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 0)


@CODECS
def test_what_is_no_packet_is_ignored(codec: Codec) -> None:
    stream = Stream()
    nal = codec.slice(5000)
    for payload in codec.fragments(nal, 500):
        stream.add(payload)
        for junk in (b"", b"\x80", b"\x80\x60" + bytes(9), b"\x00" + bytes(30), b"\x40\x60" + bytes(30)):
            stream.add_raw(junk)
    receiver = receiver_of(codec)
    assert nals_of(closed(codec, stream, receiver)) == [with_lengths([nal])]
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 0)


@CODECS
def test_a_packet_without_a_payload_is_a_packet(codec: Codec) -> None:
    stream = Stream()
    stream.add(b"")
    stream.add(codec.slice(50))
    stream.add(b"", marker=True)
    receiver = receiver_of(codec)
    assert nals_of(closed(codec, stream, receiver)) == [with_lengths([codec.slice(50)])]
    assert receiver.reception == Reception(SSRC, highest=1003, expected=4, lost=0)


@CODECS
def test_repeated_packets_are_ignored(codec: Codec) -> None:
    stream = Stream()
    nal = codec.slice(5000)
    for payload in codec.fragments(nal, 500):
        stream.add(payload)
        stream.sequence -= 1
        stream.add(payload)
        if stream.sequence > 1003:
            stream.sequence -= 3
            stream.add(payload)
            stream.sequence += 2
    receiver = receiver_of(codec)
    assert nals_of(closed(codec, stream, receiver)) == [with_lengths([nal])]
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 0)


@CODECS
def test_the_sequence_may_wrap_anywhere(codec: Codec) -> None:
    for first in range(65_530, 65_537):
        stream = Stream(sequence=first)
        nal = codec.slice(5000)
        for payload in codec.fragments(nal, 1000):
            stream.add(payload)
        receiver = receiver_of(codec)
        assert nals_of(closed(codec, stream, receiver)) == [with_lengths([nal])]
        assert receiver.reception == Reception(SSRC, highest=first % 65_536 + 5, expected=6, lost=0)


@CODECS
def test_every_split_of_the_same_packets_into_batches_gives_the_same(codec: Codec) -> None:
    stream = Stream()
    for number in range(4):
        for payload in codec.fragments(codec.slice(3000 + number), 400):
            stream.add(payload, number * 3000)
    data, spans = stream.take()
    whole = receiver_of(codec).receive(data, spans)
    assert len(whole) == 3
    for size in (1, 2, 3, 7):
        receiver = receiver_of(codec)
        batches = [receiver.receive(data, spans[at : at + size]) for at in range(0, len(spans), size)]
        assert [unit for batch in batches for unit in batch] == whole
        assert receiver.take_lost() == 0


@CODECS
def test_another_source_begins_anew_one_step_later(codec: Codec) -> None:
    stream = Stream()
    stream.add(codec.slice(40), 0)
    stream.add(codec.slice(41), 3000)
    stream.add(codec.slice(42), 6000)
    stream.ssrc, stream.sequence = 5, 40
    stream.add(codec.slice(43), 1 << 29)
    receiver = receiver_of(codec)
    assert [unit.ticks for unit in closed(codec, stream, receiver)] == [0, 3000, 6000]
    assert receiver.reception == Reception(5, highest=41, expected=2, lost=0)
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 1)


# ---------------------------------------------------------------- payloads


@CODECS
def test_aggregates_are_taken_apart(codec: Codec) -> None:
    stream = Stream()
    nals = [*codec.sets, codec.message, codec.slice(50, key=True)]
    stream.add(codec.aggregate(*nals[:2], b"", *nals[2:]))
    stream.add(codec.aggregate(codec.slice(40), codec.slice(40, first=False)) + b"\0", 3000)
    receiver = VideoReceiver(track(codec.encoding))
    assert nals_of(closed(codec, stream, receiver)) == [
        with_lengths(nals),
        with_lengths([codec.slice(40), codec.slice(40, first=False)]),
    ]


@CODECS
@pytest.mark.parametrize("inner", ["cut off", "nested"])
def test_a_broken_aggregate_costs_its_picture(codec: Codec, inner: str) -> None:
    stream = Stream()
    stream.add(codec.slice(40))
    broken = codec.aggregate(codec.slice(50), codec.aggregate(codec.slice(50)))
    stream.add(broken[:-1] if inner == "cut off" else broken, 3000)
    receiver = receiver_of(codec)
    assert nals_of(closed(codec, stream, receiver)) == [with_lengths([codec.slice(40)])]
    assert receiver.take_damaged() == 1


@CODECS
def test_a_fragment_may_be_the_first_and_the_last(codec: Codec) -> None:
    stream = Stream()
    for payload in codec.fragments(codec.slice(50), 1000):
        stream.add(payload)
    for payload in codec.fragments(codec.slice(51), 1000):
        stream.add(payload, 3000)
    assert nals_of(closed(codec, stream)) == [with_lengths([codec.slice(50)]), with_lengths([codec.slice(51)])]


@CODECS
def test_a_fragment_may_be_empty(codec: Codec) -> None:
    stream = Stream()
    first, last = codec.fragments(codec.slice(100), 50)
    header = {"H264": 2, "H265": 3}[codec.encoding]
    stream.add(first)
    stream.add(first[: header - 1] + bytes((first[header - 1] & 0x3F,)))
    stream.add(last)
    assert nals_of(closed(codec, stream)) == [with_lengths([codec.slice(100)])]


@CODECS
@pytest.mark.parametrize("change", ["no start", "another type", "cut off", "an aggregate inside", "interrupted"])
def test_fragments_that_do_not_fit_together_cost_their_picture(codec: Codec, change: str) -> None:
    at = {"H264": 1, "H265": 2}[codec.encoding]
    stream = Stream()
    stream.add(codec.slice(40))
    fragments = codec.fragments(codec.slice(3000), 1000)
    odd = bytearray(fragments[1])
    match change:
        case "no start":
            fragments = fragments[1:]
        case "another type":
            odd[at] += 1
            fragments[1] = bytes(odd)
        case "cut off":
            fragments[1] = fragments[1][:at]
        case "an aggregate inside":
            odd[at] = {"H264": 24, "H265": 48}[codec.encoding]
            fragments[1] = bytes(odd)
        case _:
            fragments.insert(1, codec.slice(30, first=False))
    for ended in codec.fragments(codec.message * 100, 200):
        stream.add(ended, 3000)
    for payload in fragments:
        stream.add(payload, 3000)
    receiver = receiver_of(codec)
    assert nals_of(closed(codec, stream, receiver)) == [with_lengths([codec.slice(40)])]
    assert receiver.take_damaged() == 1


@CODECS
def test_a_camera_that_never_says_where_fragments_end_is_understood(codec: Codec) -> None:
    at = {"H264": 1, "H265": 2}[codec.encoding]
    stream = Stream()
    for number in range(3):
        for payload in codec.fragments(codec.slice(3000), 1000):
            endless = bytearray(payload)
            endless[at] &= 0xBF
            stream.add(bytes(endless), number * 3000, marker=payload[at] & 0x40 > 0)
    assert nals_of(closed(codec, stream)) == [with_lengths([codec.slice(3000)])] * 3


@pytest.mark.parametrize("payload", [b"\x79abc", b"\x7aabc", b"\x7babc", b"\x7dabc", b"\x78\0", b"\x7c"])
def test_h264_in_other_order_costs_its_picture(payload: bytes) -> None:
    stream = Stream()
    stream.add(H264.slice(40))
    stream.add(H264.slice(50), 3000)
    stream.add(payload, 3000)
    stream.add(H264.slice(50, first=False), 3000)
    receiver = receiver_of(H264)
    whole = payload == b"\x78\0"
    assert len(closed(H264, stream, receiver)) == 1 + whole
    assert receiver.take_damaged() == 1 - whole


@pytest.mark.parametrize("payload", [b"\x62\x01", b"\x64\x01\x00\x00", b"\x64\x01"])
def test_h265_with_extensions_of_the_payload_costs_its_picture(payload: bytes) -> None:
    stream = Stream()
    stream.add(H265.slice(40))
    stream.add(payload)
    receiver = receiver_of(H265)
    assert closed(H265, stream, receiver) == []
    assert receiver.take_damaged() == 1


@pytest.mark.parametrize(
    ("codec", "payload"), [(H264, b"\x7eabc"), (H264, b"\x7f"), (H265, b"\x66\1ab"), (H265, b"\x7e")]
)
def test_payloads_of_no_meaning_are_ignored(codec: Codec, payload: bytes) -> None:
    stream = Stream()
    stream.add(codec.slice(40))
    stream.add(payload)
    assert nals_of(closed(codec, stream)) == [with_lengths([codec.slice(40)])]


def test_partitions_of_a_slice_do_not_begin_a_picture() -> None:
    stream = Stream()
    nals = b"\x42\x9aaa", b"\x43\x9abb", b"\x44\x9acc"
    for nal in nals:
        stream.add(nal)
    assert nals_of(closed(H264, stream)) == [with_lengths(nals)]


def test_pictures_of_other_layers_do_not_begin_a_picture() -> None:
    stream = Stream()
    nals = H265.slice(40), b"\x03\x01\xa8ab", b"\x02\x09\xa8ab"
    for nal in nals:
        stream.add(nal)
    assert nals_of(closed(H265, stream)) == [with_lengths(nals)]


@pytest.mark.parametrize(
    ("codec", "nal", "is_key"),
    [(H264, b"\x65\x9aab", True), (H264, b"\x61\x9aab", False)]
    + [(H265, bytes((kind << 1, 1, 0xA8, 0x55)), 16 <= kind <= 23) for kind in (0, 9, 16, 19, 20, 21, 23, 24)],
)
def test_key_frames_are_told_by_their_type(codec: Codec, nal: bytes, *, is_key: bool) -> None:
    stream = Stream()
    stream.add(codec.sets[-1])
    stream.add(nal)
    assert [unit.is_key for unit in closed(codec, stream)] == [is_key]


def test_a_recovery_point_is_no_key_frame() -> None:
    stream = Stream()
    stream.add(b"\x06\x06\x01\xc4\x80")
    stream.add(H264.slice(50))
    assert [unit.is_key for unit in closed(H264, stream)] == [False]


# ---------------------------------------------------------------- start codes inside packets


@CODECS
@pytest.mark.parametrize("size", [100_000, 40])
def test_start_codes_inside_packets_separate_nal_units(codec: Codec, size: int) -> None:
    stream = Stream()
    pictures = [[*codec.sets, codec.slice(90, key=True), codec.slice(80, first=False)], [codec.slice(70)]]
    for number, nals in enumerate(pictures * 3):
        for payload in codec.payloads([b"".join(START + nal for nal in nals)[number == 5 :]], size):
            stream.add(payload, number * 3000)
    receiver = VideoReceiver(track(codec.encoding))
    assert nals_of(closed(codec, stream, receiver)) == [with_lengths(nals) for nals in pictures * 3]
    assert receiver.take_damaged() == 0


@CODECS
@pytest.mark.parametrize("size", [100_000, 40])
def test_start_codes_only_between_nal_units_separate_them_too(codec: Codec, size: int) -> None:
    stream = Stream()
    pictures = [[*codec.sets, codec.slice(90, key=True), codec.slice(80, key=True, first=False)], [codec.slice(70)]]
    pictures += [[codec.slice(50), codec.slice(60, first=False)]]
    for number, nals in enumerate(pictures * 2):
        for payload in codec.payloads([START.join(nals)], size):
            stream.add(payload, number * 3000, marker=True)
    receiver = VideoReceiver(track(codec.encoding))
    assert nals_of(closed(codec, stream, receiver)) == [with_lengths(nals) for nals in pictures * 2]
    assert receiver.take_damaged() == 0


@CODECS
def test_a_set_that_ends_in_a_start_code_is_understood(codec: Codec) -> None:
    stream = Stream()
    for nal in codec.sets:
        stream.add(nal + START)
    stream.add(codec.slice(50, key=True))
    (unit,) = closed(codec, stream, VideoReceiver(track(codec.encoding)))
    assert unit.data == with_lengths([*codec.sets, codec.slice(50, key=True)])
    assert unit.parameters.sps == codec.sets[-2:-1]


# ---------------------------------------------------------------- tracks


@pytest.mark.parametrize(
    ("encoding", "fmtp"),
    [
        ("JPEG", {}),
        ("H264", {"packetization-mode": "2"}),
        ("H265", {"sprop-max-don-diff": "1"}),
    ],
)
def test_a_track_that_cannot_be_understood_is_refused(encoding: str, fmtp: dict[str, str]) -> None:
    with pytest.raises(RtspError, match="not supported"):
        VideoReceiver(track(encoding, fmtp))


def test_sender_reports_can_ask_for_the_time() -> None:
    receiver = receiver_of(H264)
    assert receiver.reception is None
    assert receiver.ticks_of(8000) is None
    stream = Stream()
    stream.add(H264.slice(50), 5000)
    closed(H264, stream, receiver)
    assert receiver.ticks_of(8000) == 3000


def test_a_whole_session_of_a_foreign_server() -> None:
    """BigBuckBunny as Wowza sent it; it is read from the folder that HOLDFAST_FOOTAGE names."""
    path = Path(os.environ.get("HOLDFAST_FOOTAGE", "")) / "bunny.rtsp"
    if not path.is_file():
        pytest.skip("needs bunny.rtsp in the folder HOLDFAST_FOOTAGE")
    data = path.read_bytes()
    spans = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at + 2 : at + 4], "big")
        if data[at + 1] == 2:
            spans.append((at + 4, at + 4 + size))
        at += 4 + size
    receiver = VideoReceiver(replace(track("H264"), payload_type=97))
    units = receiver.receive(data, spans)
    assert (len(units), sum(unit.is_key for unit in units)) == (245, 6)
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 0)
    assert (units[0].parameters.width, units[0].parameters.height) == (240, 160)
