"""One picture of a film as a JPEG: the only importer of FFmpeg in the product, in a process that may be killed.

Why FFmpeg, and not GStreamer: docs/decisions/0010-thumbnails-by-ffmpeg.md.
"""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

import av
from av.codec.context import CodecContext
from av.packet import Packet
from av.video.frame import VideoFrame

MAX_SIDE = 8192
"""Pixels in width and height. More is refused before memory is taken for it."""
MOST_STRETCHED = 8
_DECODERS = {"h264": "h264", "h265": "hevc"}
_QUALITY = "4"
"""Of 1 (best) to 31, as FFmpeg's qscale counts."""


class NoStill(Exception):
    """The picture cannot be made; the text says why."""


@dataclass(frozen=True, slots=True)
class Coded:
    """A key frame as it is recorded."""

    codec: str
    """`h264` or `h265`."""
    configuration: bytes
    """Of the decoder: the contents of avcC or hvcC."""
    data: bytes
    """NAL units with their lengths before them."""
    pixel: Fraction = Fraction(1)
    """Width of a pixel by its height, unless the picture itself says."""
    turned: int = 0
    """Degrees clockwise to turn it by."""


@dataclass(frozen=True, slots=True)
class Still:
    """A JPEG, its width and height in pixels, and those of the picture that it was made from."""

    jpeg: bytes
    width: int
    height: int
    coded_width: int
    coded_height: int


def still(coded: Coded, width: int) -> Still:
    """The picture upright and in its true shape, at most `width` pixels wide and never larger than it is.

    Raises NoStill.
    """
    try:
        picture, pixel = _decoded(coded)
        turned = (coded.turned or -int(picture.rotation)) % 360
        wide, high = _shape(picture, pixel, width, sideways=turned in (90, 270))
        scaled = _turned(picture.reformat(wide, high, "yuvj420p", interpolation="AREA"), turned)
        return Still(_jpeg(scaled), scaled.width, scaled.height, picture.width, picture.height)
    except (av.error.FFmpegError, ValueError, MemoryError) as error:
        raise NoStill(f"it cannot be decoded ({_words(error)})") from error


def _decoded(coded: Coded) -> tuple[VideoFrame, Fraction]:
    decoder: Any = CodecContext.create(_DECODERS[coded.codec], "r")
    decoder.extradata = coded.configuration
    decoder.thread_count = 1
    decoder.options = {"max_pixels": str(MAX_SIDE * MAX_SIDE)}
    pictures = [*decoder.decode(Packet(coded.data)), *decoder.decode(None)]
    if not pictures:
        raise NoStill("there is no whole picture in it")
    picture = pictures[0]
    if max(picture.width, picture.height) > MAX_SIDE:
        raise NoStill(f"it is larger than {MAX_SIDE}×{MAX_SIDE} pixels")
    if picture.is_corrupt:
        raise NoStill("a part of it is damaged")
    said = decoder.sample_aspect_ratio
    return picture, Fraction(said) if said else coded.pixel


def _shape(picture: VideoFrame, pixel: Fraction, most: int, *, sideways: bool) -> tuple[int, int]:
    """Width and height before it is turned. Raises NoStill for a shape that no picture has."""
    if not Fraction(1, MOST_STRETCHED) <= pixel <= MOST_STRETCHED:
        pixel = Fraction(1)
    wide, high = picture.width * max(pixel, Fraction(1)), picture.height / min(pixel, Fraction(1))
    across = high if sideways else wide
    factor = min(Fraction(1), Fraction(most) / across)
    return max(1, round(wide * factor)), max(1, round(high * factor))


def _turned(picture: VideoFrame, degrees: int) -> VideoFrame:
    steps = {90: ["clock"], 180: ["clock", "clock"], 270: ["cclock"]}.get(degrees)
    if steps is None:
        return picture
    graph: Any = av.filter.Graph()
    chain = [
        graph.add_buffer(width=picture.width, height=picture.height, format=picture.format, time_base=Fraction(1, 1))
    ]
    chain += [graph.add("transpose", step) for step in steps]
    chain.append(graph.add("buffersink"))
    for before, after in pairwise(chain):
        before.link_to(after)
    graph.configure()
    picture.pts = 0
    graph.push(picture)
    found: VideoFrame = graph.pull()
    return found


def _jpeg(picture: VideoFrame) -> bytes:
    encoder: Any = CodecContext.create("mjpeg", "w")
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "yuvj420p"
    encoder.time_base = Fraction(1, 1)
    encoder.thread_count = 1
    encoder.options = {"qmin": _QUALITY, "qmax": _QUALITY}
    picture.pts, picture.time_base = 0, Fraction(1, 1)
    return b"".join(bytes(packet) for packet in [*encoder.encode(picture), *encoder.encode(None)])


def _words(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "it takes more memory than it may"
    return getattr(error, "strerror", None) or str(error)
