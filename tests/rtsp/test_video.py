"""Packets of a video track: what their headers and payloads may be."""

import pytest

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.rtp import Reception
from holdfast.rtsp.video import VideoReceiver
from tests.rtsp.packets import H264, SSRC, Codec, Stream, fu_a, track, with_lengths
from tests.rtsp.receiving import CODECS, closed, nals_of, receiver_of

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


def test_a_packet_without_a_payload_in_the_middle_of_fragments_is_no_exception() -> None:
    first, *rest = fu_a(H264.slice(500), 100)
    stream = Stream()
    for payload in (first, b"", *rest[:-1]):
        stream.add(payload)
    stream.add(rest[-1], marker=True)
    assert nals_of(closed(H264, stream)) == [with_lengths([H264.slice(500)])]
