"""Whole sessions of other senders than this folder's own."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.lab.clips import ClipSpec, cached
from holdfast.lab.nal import Codec, split_length_prefixed
from holdfast.lab.rtp import PreparedFrame, rtp_time
from holdfast.rtsp.video import VideoReceiver
from tests.rtsp.packets import H264, H265, SSRC, track


def spans_of(data: bytes, channel: int) -> list[tuple[int, int]]:
    """Where the packets of a channel lie in interleaved data."""
    spans = []
    at = 0
    while at < len(data):
        begin = at + 4
        at = begin + int.from_bytes(data[begin - 2 : begin], "big")
        if data[begin - 3] == channel:
            spans.append((begin, at))
    return spans


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_what_the_laboratorys_camera_sends_comes_out_as_it_was_encoded(codec: Codec, bframes: int) -> None:
    clip = cached(ClipSpec(codec=codec, width=320, height=240, bframes=bframes, seconds=1.0))
    receiver = VideoReceiver(track(codec.upper()))
    sequence, units = 65_530, []
    for unit in clip.access_units:
        sei = H264.message if codec == "h264" else H265.message
        frame = PreparedFrame(codec, unit.nals, SSRC, is_key=unit.is_key, aggregate=True)
        data = frame.render(sequence, rtp_time(2**32 - 9000, unit.pts_frames, clip.fps), sei)
        sequence += frame.packets
        units += receiver.receive(data, spans_of(data, 0))
    assert len(units) == len(clip.access_units)
    for got, unit in zip(units, clip.access_units, strict=True):
        assert [nal for nal in split_length_prefixed(got.data) if nal != sei] == list(unit.nals)
        assert got.is_key == unit.is_key
        assert got.ticks == rtp_time(0, unit.pts_frames - clip.access_units[0].pts_frames, clip.fps)
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 0)


def test_a_whole_session_of_a_foreign_server() -> None:
    """BigBuckBunny as Wowza sent it; it is read from the folder that HOLDFAST_FOOTAGE names."""
    path = Path(os.environ.get("HOLDFAST_FOOTAGE", "")) / "bunny.rtsp"
    if not path.is_file():
        pytest.skip("needs bunny.rtsp in the folder HOLDFAST_FOOTAGE")
    data = path.read_bytes()
    spans = spans_of(data, 2)
    receiver = VideoReceiver(replace(track("H264"), payload_type=97))
    units = receiver.receive(data, spans)
    # As ffprobe counts them, too: 6 IDR pictures, and 7 others that have nothing but I slices.
    instant = [unit for unit in units if any(nal[0] & 31 == 5 for nal in split_length_prefixed(unit.data))]
    assert (len(units), len(instant), sum(unit.is_key for unit in units)) == (245, 6, 13)
    assert (receiver.take_lost(), receiver.take_damaged()) == (0, 0)
    assert (units[0].parameters.width, units[0].parameters.height) == (240, 160)
