"""One picture: its shape, its colours, the way up, and what is no picture."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import av
import pytest

from holdfast.media.stills import MAX_SIDE, Coded, NoStill, Still, still

RED, BLUE = (200, 30, 30), (30, 30, 200)


def coded(width: int, height: int, encoder: str = "libx264", form: str = "yuv420p", **options: str) -> Coded:
    """A key frame whose upper left quarter is red and all else blue."""
    stream: Any = av.CodecContext.create(encoder, "w")
    stream.width, stream.height, stream.pix_fmt, stream.time_base = width, height, form, Fraction(1, 25)
    stream.flags |= 1 << 22  # AV_CODEC_FLAG_GLOBAL_HEADER: the sets stand beside the picture, as in our files
    if "sar" in options:
        stream.sample_aspect_ratio = Fraction(options.pop("sar"))
    stream.options = {"crf": "12", "preset": "ultrafast", "x265-params": "log-level=none", **options}
    picture = av.VideoFrame(width, height, "rgb24")
    line = picture.planes[0].line_size
    rows = [
        (bytes(RED) * (width // 2) + bytes(BLUE) * (width - width // 2) if y < height // 2 else bytes(BLUE) * width)
        for y in range(height)
    ]
    picture.planes[0].update(b"".join(row.ljust(line, b"\0") for row in rows))
    picture.pts = 0
    packets = [*stream.encode(picture), *stream.encode(None)]
    data = b"".join(map(bytes, packets))
    # Both in Annex B, which the decoder takes as well.
    return Coded("h265" if encoder == "libx265" else "h264", stream.extradata, data)


def corners(made: Still) -> list[str]:
    """Which colour is where: upper left, upper right, lower left, lower right."""
    decoder: Any = av.CodecContext.create("mjpeg", "r")
    (picture,) = decoder.decode(av.Packet(made.jpeg))
    assert (picture.width, picture.height) == (made.width, made.height)
    shown = picture.reformat(format="rgb24")
    data, line = bytes(shown.planes[0]), shown.planes[0].line_size
    found = []
    for y in (made.height // 4, made.height * 3 // 4):
        for x in (made.width // 4, made.width * 3 // 4):
            pixel = data[y * line + 3 * x : y * line + 3 * x + 3]
            off = {name: max(abs(a - b) for a, b in zip(pixel, colour, strict=True)) for name, colour in NAMED.items()}
            name = min(off, key=lambda one: off[one])
            assert off[name] < 25, (name, tuple(pixel))
            found.append(name)
    return found


NAMED = {"red": RED, "blue": BLUE}
UPRIGHT = ["red", "blue", "blue", "blue"]


@pytest.mark.parametrize(
    ("encoder", "form", "options"),
    [
        ("libx264", "yuv420p", {}),
        ("libx264", "yuvj420p", {}),
        ("libx264", "yuv422p", {}),
        ("libx264", "yuv420p10le", {}),
        ("libx265", "yuv420p", {}),
        ("libx265", "yuv420p10le", {}),
    ],
)
def test_colours_are_those_of_the_film(encoder: str, form: str, options: dict[str, str]) -> None:
    made = still(coded(640, 360, encoder, form, **options), 320)
    assert corners(made) == UPRIGHT
    assert (made.width, made.height, made.coded_width, made.coded_height) == (320, 180, 640, 360)


def with_(one: Coded, **changes: Any) -> Coded:
    values = {"codec": one.codec, "configuration": one.configuration, "data": one.data, "pixel": one.pixel}
    return Coded(**{**values, **changes})


def test_a_picture_is_turned_as_its_file_says() -> None:
    one = coded(640, 360)
    turned = {degrees: still(with_(one, turned=degrees), 180) for degrees in (0, 90, 180, 270)}
    assert {degrees: (made.width, made.height) for degrees, made in turned.items()} == {
        0: (180, 101),
        90: (180, 320),
        180: (180, 101),
        270: (180, 320),
    }
    assert [corners(turned[degrees]).index("red") for degrees in (0, 90, 180, 270)] == [0, 1, 3, 2]


@pytest.mark.parametrize(
    ("pixel", "size"),
    [
        (Fraction(1), (320, 256)),
        (Fraction(16, 11), (320, 176)),
        (Fraction(1, 2), (320, 512)),
        (Fraction(100), (320, 256)),
    ],
)
def test_pixels_that_are_not_square_are_made_square(pixel: Fraction, size: tuple[int, int]) -> None:
    made = still(with_(coded(720, 576), pixel=pixel), 320)
    assert (made.width, made.height) == size
    assert corners(made) == UPRIGHT


def test_what_the_picture_itself_says_of_its_pixels_counts_more() -> None:
    made = still(with_(coded(720, 576, sar="12/11"), pixel=Fraction(3)), 1920)
    assert (made.width, made.height) == (785, 576)


def test_a_small_picture_is_not_made_larger_and_a_narrow_one_has_at_least_a_pixel() -> None:
    assert [(made.width, made.height) for made in (still(coded(64, 64), 1920), still(coded(2048, 16), 100))] == [
        (64, 64),
        (100, 1),
    ]


def test_a_picture_with_a_side_that_is_too_long_is_refused() -> None:
    assert still(coded(MAX_SIDE, 64), 320).width == 320
    with pytest.raises(NoStill, match="larger than 8192×8192"):
        still(coded(MAX_SIDE + 16, 64), 320)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda one: with_(one, data=b""),
        lambda one: with_(one, data=one.data[:40]),
        lambda one: with_(one, data=os.urandom(1000)),
        lambda one: with_(one, configuration=b"", data=one.data),
        lambda one: with_(one, configuration=b"\1" + os.urandom(40)),
        lambda one: with_(one, codec="h265"),
    ],
    ids=["empty", "cut", "garbage", "no configuration", "garbled configuration", "other codec"],
)
def test_what_is_no_picture_is_refused(spoil: Callable[[Coded], Coded]) -> None:
    with pytest.raises(NoStill):
        still(spoil(coded(320, 180)), 320)


LIMITED = """
import pickle, resource, sys
from holdfast.app.thumbnail_process import limit_process
from holdfast.media.stills import still
one = pickle.load(sys.stdin.buffer)
limit_process()
most = int(sys.argv[1])
if most:
    used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + most, used + most))
print(still(one, 320).width)
"""


def limited(one: Coded, most_bytes: int) -> "subprocess.CompletedProcess[bytes]":
    """Have a picture made in a process with limits, of which one may be set to so much more than it has."""
    command = [sys.executable, "-c", LIMITED, str(most_bytes)]
    return subprocess.run(command, input=pickle.dumps(one), capture_output=True, check=False, timeout=100)


def test_the_largest_picture_fits_into_the_memory_that_the_process_has() -> None:
    done = limited(coded(MAX_SIDE, MAX_SIDE), 0)
    assert done.stdout == b"320\n", done.stderr


def test_a_decoder_that_gets_no_memory_says_so() -> None:
    done = limited(coded(4096, 4096), 8 << 20)
    assert b"NoStill: it cannot be decoded (" in done.stderr, done.stderr
