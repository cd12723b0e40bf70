"""Listens to the sound in recordings, with FFmpeg's decoders, for the beeps of simulated cameras."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.logging

from holdfast.lab.reader import NotReadable, Recording

LOUD = 0.15
QUIET_S = 0.3
"""A beep has so much silence before it; where sound begins, nobody knows."""
GAP_S = 0.01


@dataclass(frozen=True, slots=True)
class Heard:
    """The sound of one file."""

    path: Path
    codec: str
    rate: int
    packets: int
    seconds: float
    """Of sound; pauses do not count."""
    begin_s: float
    end_s: float
    """Where the first sample is, and the end of the last, from the file's begin."""
    beeps_s: tuple[float, ...]
    errors: tuple[str, ...]


def has_sound(path: Path) -> bool:
    """Whether a file has a track of sound. Raises NotReadable."""
    try:
        with av.open(str(path)) as container:
            return bool(container.streams.audio)
    except av.error.FFmpegError as error:
        raise NotReadable(f"{path.name}: {error}") from error


def hear(path: Path) -> Heard:
    """Decode the sound of a file. Raises NotReadable when it has none."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    try:
        with av.logging.Capture() as logs:
            heard, errors = _hear(path)
    except av.error.FFmpegError as error:
        raise NotReadable(f"{path.name}: {error}") from error
    finally:
        av.logging.set_level(level)
    return replace(heard, errors=(*errors, *(f"{name}: {text.strip()}" for _, name, text in logs)))


def _hear(path: Path) -> tuple[Heard, list[str]]:
    errors: list[str] = []
    with av.open(str(path)) as container:
        if not container.streams.audio:
            raise NotReadable(f"{path.name} has no sound")
        stream = container.streams.audio[0]
        # Complaints of other threads are not captured.
        stream.codec_context.thread_count = 1
        packets = [packet for packet in container.demux(stream) if packet.size]
        pieces = [_Piece.of(frame) for frame in _decoded(packets, errors)]
        codec, rate = stream.codec_context.name, stream.codec_context.sample_rate
    begin_s, end_s = (pieces[0].begin_s, pieces[-1].end_s) if pieces else (0.0, 0.0)
    seconds = sum(piece.end_s - piece.begin_s for piece in pieces)
    return Heard(path, codec, rate, len(packets), seconds, begin_s, end_s, tuple(_beeps(pieces)), ()), errors


@dataclass(frozen=True, slots=True)
class _Piece:
    """Decoded samples of the first channel, from -1 to 1."""

    begin_s: float
    rate: int
    samples: Sequence[float]

    @classmethod
    def of(cls, frame: Any) -> "_Piece":
        kind = "f" if frame.format.name.startswith("flt") else "h"
        samples = array(kind)
        samples.frombytes(bytes(frame.planes[0])[: samples.itemsize * frame.samples])
        scale = 1.0 if kind == "f" else 1 / 32768
        return cls(float(frame.pts * frame.time_base), frame.sample_rate, [sample * scale for sample in samples])

    @property
    def end_s(self) -> float:
        return self.begin_s + len(self.samples) / self.rate

    def loud_s(self) -> Iterator[float]:
        for at, sample in enumerate(self.samples):
            if not -LOUD < sample < LOUD:
                yield self.begin_s + at / self.rate


def _beeps(pieces: Sequence[_Piece]) -> Iterator[float]:
    """What is loud after silence that was heard: behind a pause nobody knows what came before."""
    end_s = last_loud_s = float("-inf")
    for piece in pieces:
        if piece.begin_s - end_s > GAP_S:
            last_loud_s = piece.begin_s
        for at_s in piece.loud_s():
            if at_s - last_loud_s > QUIET_S:
                yield at_s
            last_loud_s = at_s
        end_s = piece.end_s


def apart_s(recording: Recording, heard: Heard, fps: Fraction) -> list[float]:
    """Of every beep: how much later it is heard than the frame of its moment is shown."""
    first = recording.frames[0].frame
    found = []
    for beep_s in heard.beeps_s:
        taken_s = beep_s + float(first / fps)
        found.append(taken_s - round(taken_s))
    return found


def _decoded(packets: Sequence[Any], errors: list[str]) -> Iterator[Any]:
    for packet in packets:
        try:
            yield from packet.decode()
        except av.error.FFmpegError as error:
            errors.append(f"{type(error).__name__}: {error}")
