"""What is to be seen in pictures, by decoders that have nothing to do with the code under test."""

import subprocess
from pathlib import Path

import av

WIDTH, HEIGHT = 80, 45


def shown_by_ffmpeg(film: Path) -> list[bytes]:
    """Every picture of a film in the order in which they are shown, small and grey; by Debian's ffmpeg."""
    command = ["ffmpeg", "-v", "error", "-i", str(film), "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area,format=gray"]
    done = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True, timeout=60)
    size = WIDTH * HEIGHT
    return [done.stdout[at : at + size] for at in range(0, len(done.stdout), size)]


def seen(jpeg: bytes) -> bytes:
    """A JPEG, small and grey."""
    decoder = av.CodecContext.create("mjpeg", "r")
    (picture,) = decoder.decode(av.Packet(jpeg))
    plane = picture.reformat(WIDTH, HEIGHT, "gray", interpolation="AREA").planes[0]
    data, line = bytes(plane), plane.line_size
    return b"".join(data[at : at + WIDTH] for at in range(0, line * HEIGHT, line))


def most_like(jpeg: bytes, pictures: list[bytes]) -> int:
    """Which of the pictures this is: much more like it than any other."""
    grey = seen(jpeg)
    off = sorted((sum(abs(a - b) for a, b in zip(grey, one, strict=True)), n) for n, one in enumerate(pictures))
    assert off[0][0] * 2 < off[1][0], off[:3]
    return off[0][1]


def size_of(jpeg: bytes) -> tuple[int, int]:
    decoder = av.CodecContext.create("mjpeg", "r")
    (picture,) = decoder.decode(av.Packet(jpeg))
    return picture.width, picture.height
