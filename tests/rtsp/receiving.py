"""Receivers with their parameter sets, and what they give for packets."""

from base64 import b64encode

import pytest

from holdfast.rtsp.pictures import AccessUnit
from holdfast.rtsp.video import VideoReceiver
from tests.rtsp.packets import H264, H265, Codec, Stream, track

CODECS = pytest.mark.parametrize("codec", [H264, H265], ids=["h264", "h265"])


def receiver_of(codec: Codec) -> VideoReceiver:
    """With its parameter sets from the description."""
    return VideoReceiver(track(codec.encoding, {"sprop-sps": ",".join(b64encode(nal).decode() for nal in codec.sets)}))


def closed(codec: Codec, stream: Stream, receiver: VideoReceiver | None = None) -> list[AccessUnit]:
    """What comes out of the packets and one more picture, which shows the end of the last."""
    stream.add(codec.slice(3), 1 << 30)
    return (receiver or receiver_of(codec)).receive(*stream.take())


def nals_of(units: list[AccessUnit]) -> list[bytes]:
    return [unit.data for unit in units]
