"""Which frames of a simulated camera a player shows of a file: with its edit list, by FFmpeg's demuxer and decoder."""

from dataclasses import dataclass
from pathlib import Path

import av
import av.logging

from holdfast.lab import sei
from holdfast.lab.nal import split_annex_b, split_length_prefixed
from holdfast.lab.reader import CODECS, NotReadable, length_size


@dataclass(frozen=True, slots=True)
class Shown:
    """What is shown of a file. `frames` are the cameras' numbers and the times from the begin, in order of showing."""

    frames: tuple[tuple[int, float], ...]
    hidden: int
    """Frames in the file that are decoded and not shown."""
    decoded: int
    """Pictures that came out of the decoder."""
    first_s: float
    """When the first of them is shown."""
    end_s: float
    """When the film ends, by the file."""
    errors: tuple[str, ...]


def shown(path: Path, *, decodes: bool = True) -> Shown:
    """Demux a whole file as a player would, and decode it if `decodes`. Raises NotReadable."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as logs:
            frames, hidden, end_s = _demuxed(path)
            times = _decoded(path) if decodes else []
    except av.error.FFmpegError as error:
        raise NotReadable(f"{path.name}: {error}") from error
    finally:
        av.logging.set_level(level)
    errors = tuple(f"{name}: {text.strip()}" for _, name, text in logs)
    return Shown(tuple(frames), hidden, len(times), min(times, default=0.0), end_s, errors)


def _demuxed(path: Path) -> tuple[list[tuple[int, float]], int, float]:
    with av.open(str(path)) as container:
        if not container.streams.video:
            raise NotReadable(f"{path.name} has no video track")
        stream = container.streams.video[0]
        codec = CODECS[stream.codec_context.name]
        size = length_size(codec, stream.codec_context.extradata or b"")
        found: list[tuple[float, int]] = []
        hidden = 0
        for packet in container.demux(stream):
            if not packet.size:
                continue
            if packet.is_discard:
                hidden += 1
                continue
            data = bytes(packet)
            stamp = sei.find(codec, split_length_prefixed(data, size) if size else split_annex_b(data))
            if stamp is None:
                raise NotReadable(f"{path.name} has a frame without a number")
            found.append((float((packet.pts or 0) * packet.time_base), stamp.frame))
        end_s = float((stream.duration or 0) * stream.time_base) if stream.time_base else 0.0
    return [(frame, at_s) for at_s, frame in sorted(found)], hidden, end_s


def _decoded(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        return [picture.time or 0.0 for picture in container.decode(stream)]
