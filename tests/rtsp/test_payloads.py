"""Payloads of H.264 and H.265: single NAL units, aggregates, fragments, and what else cameras put into packets."""

import pytest

from holdfast.rtsp.video import VideoReceiver
from tests.rtsp.packets import H264, H265, Codec, Stream, track, with_lengths
from tests.rtsp.receiving import CODECS, closed, nals_of, receiver_of

START = b"\0\0\0\1"


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


def test_what_cannot_be_read_is_no_part_of_the_picture_before_it() -> None:
    stream = Stream()
    for number in range(3):
        stream.add(H264.slice(40 + number), number * 3000)
    for number in (3, 4):
        stream.add(b"\x79abc", number * 3000)
        stream.add(H264.slice(40, first=False), number * 3000)
    receiver = receiver_of(H264)
    assert [len(unit.data) - 4 for unit in closed(H264, stream, receiver)] == [40, 41, 42]
    assert receiver.take_damaged() == 2


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
