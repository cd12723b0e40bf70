"""Counts the frames of simulated cameras in recordings, with FFmpeg's demuxers and nothing of the recorder's own."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.logging
from av.container import InputContainer

from holdfast.lab import sei
from holdfast.lab.account import ServedFrame
from holdfast.lab.nal import Codec, split_annex_b, split_length_prefixed

PTS_TOLERANCE_S = 0.002
CODECS: dict[str, Codec] = {"h264": "h264", "hevc": "h265"}
"""By FFmpeg's name."""
_RAW_TIMES = {"ignore_editlist": "1"}
"""Edit lists may hide samples from a demuxer; here every sample counts."""


class NotReadable(ValueError):
    """A file has no video that can be counted; the message says why."""


@dataclass(frozen=True, slots=True)
class RecordedFrame:
    """A frame in a file, in decoding order; `frame` and `wall_ns` are what the camera stamped on it."""

    frame: int
    wall_ns: int
    tag: bytes
    pts_s: float
    dts_s: float
    duration_s: float
    is_key: bool


@dataclass(frozen=True, slots=True)
class Recording:
    """The stamped frames of one file, and how many of its video packets had no stamp."""

    path: Path
    codec: Codec
    frames: tuple[RecordedFrame, ...]
    unstamped: int


@dataclass(frozen=True, slots=True)
class Playable:
    """Result of decoding a whole file."""

    frames: int
    sizes: tuple[tuple[int, int], ...]
    """Widths and heights in the order in which they appear."""
    duration_s: float
    """From the first picture shown to the end of the last one."""
    errors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """Frames served against frames recorded."""

    served: int
    """Served frames inside the window."""
    recorded: int
    """Different frames inside the window that are in the files."""
    lost: tuple[tuple[int, int], ...]
    """Ranges (first, last) of frames served and not recorded, in order of serving."""
    repeated: tuple[int, ...]
    """Frames that are in the files more than once."""
    unknown: tuple[int, ...]
    """Frames in the files that the account of the camera does not have."""
    wrong_times: tuple[str, ...]
    """Sentences about presentation times that do not fit the frame numbers."""

    @property
    def lost_frames(self) -> int:
        """How many frames are missing."""
        return self.served - self.recorded

    @property
    def is_complete(self) -> bool:
        """Nothing lost, repeated or at a wrong time."""
        return not (self.lost or self.repeated or self.unknown or self.wrong_times)


def read(path: Path) -> Recording:
    """The frames of a file's first video track. Raises NotReadable (also for an empty or damaged file)."""
    try:
        with av.open(str(path), options=_RAW_TIMES if path.suffix in {".mp4", ".mov", ".m4v"} else {}) as container:
            return _read(path, container)
    except av.error.FFmpegError as error:
        raise NotReadable(f"{path.name}: {error}") from error


def compare(
    served: Sequence[ServedFrame],
    recorded: Iterable[Path | Recording],
    *,
    fps: Fraction | None = None,
    first: int | None = None,
    last: int | None = None,
) -> Account:
    """Settle the account of one camera.

    The window goes, in order of serving, from the first recorded frame (or frame `first`) to the last (or `last`).
    With `fps`, presentation times are compared with frame numbers within each file (leave it out when fps changed).
    `served` may hold several sessions that follow one another; of two at the same time, pass one.
    """
    recordings = [item if isinstance(item, Recording) else read(item) for item in recorded]
    counts: dict[int, int] = {}
    for recording in recordings:
        for frame in recording.frames:
            counts[frame.frame] = counts.get(frame.frame, 0) + 1
    order = list(dict.fromkeys(frame.frame for frame in served))
    place = {frame: index for index, frame in enumerate(order)}
    places = [place[frame] for frame in counts if frame in place]
    begin = place[first] if first is not None else min(places, default=0)
    end = place[last] if last is not None else max(places, default=-1)
    window = order[begin : end + 1]
    return Account(
        served=len(window),
        recorded=sum(frame in counts for frame in window),
        lost=_ranges([index for index in range(begin, end + 1) if order[index] not in counts], order),
        repeated=tuple(sorted(frame for frame, count in counts.items() if count > 1)),
        unknown=tuple(sorted(frame for frame in counts if frame not in place)),
        wrong_times=tuple(text for item in recordings for text in wrong_times(item, fps)) if fps else (),
    )


def wrong_times(recording: Recording, fps: Fraction) -> list[str]:
    """A sentence if presentation times do not fit frame numbers, counted from the file's first frame; else nothing."""
    frames = recording.frames
    wrong: list[tuple[RecordedFrame, float]] = []
    for frame in frames:
        off_s = frame.pts_s - frames[0].pts_s - float((frame.frame - frames[0].frame) / fps)
        if abs(off_s) > PTS_TOLERANCE_S:
            wrong.append((frame, off_s))
    if not wrong:
        return []
    worst = max(wrong, key=lambda item: abs(item[1]))
    name, first = recording.path.name, wrong[0][0].frame
    said = f"{name}: {len(wrong)} of {len(frames)} frames are shown at a wrong time, from frame {first} on"
    return [f"{said}; the worst, frame {worst[0].frame}, by {worst[1]:+.4f} s"]


def playable(path: Path) -> Playable:
    """Decode a whole file as a player would; what FFmpeg complains about is in `errors`."""
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    errors: list[str] = []
    sizes: dict[tuple[int, int], None] = {}
    times: list[tuple[float, float]] = []
    try:
        with av.logging.Capture() as logs:
            _decode(path, sizes, times, errors)
        errors += [f"{name}: {text.strip()}" for _, name, text in logs]
    finally:
        av.logging.set_level(level)
    duration_s = max(end for _, end in times) - min(begin for begin, _ in times) if times else 0.0
    return Playable(len(times), tuple(sizes), duration_s, tuple(errors))


def _decode(
    path: Path, sizes: dict[tuple[int, int], None], times: list[tuple[float, float]], errors: list[str]
) -> None:
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                errors.append("no video track")
                return
            stream = container.streams.video[0]
            # Complaints of other threads are not captured.
            stream.codec_context.thread_count = 1
            default_s = float(1 / stream.average_rate) if stream.average_rate else 0.0
            for picture in container.decode(stream):
                sizes.setdefault((picture.width, picture.height))
                begin_s = picture.time or 0.0
                base = picture.time_base
                length_s = float(picture.duration * base) if picture.duration and base else default_s
                times.append((begin_s, begin_s + length_s))
    except av.error.FFmpegError as error:
        errors.append(f"{type(error).__name__}: {error}")


def _read(path: Path, container: InputContainer) -> Recording:
    if not container.streams.video:
        raise NotReadable(f"{path.name} has no video track")
    stream = container.streams.video[0]
    codec = CODECS.get(stream.codec_context.name)
    if codec is None:
        raise NotReadable(f"{path.name} has {stream.codec_context.name} video")
    prefix_bytes = length_size(codec, stream.codec_context.extradata or b"")
    frames = []
    unstamped = 0
    for packet in container.demux(stream):
        if not packet.size:
            continue
        data = bytes(packet)
        nals = split_length_prefixed(data, prefix_bytes) if prefix_bytes else split_annex_b(data)
        stamp = sei.find(codec, nals)
        if stamp is None:
            unstamped += 1
            continue
        frames.append(_recorded(stamp, packet))
    return Recording(path, codec, tuple(frames), unstamped)


def _recorded(stamp: sei.Stamp, packet: Any) -> RecordedFrame:
    base = packet.time_base
    return RecordedFrame(
        frame=stamp.frame,
        wall_ns=stamp.wall_ns,
        tag=stamp.tag,
        pts_s=float((packet.pts or 0) * base),
        dts_s=float((packet.dts or 0) * base),
        duration_s=float((packet.duration or 0) * base),
        is_key=packet.is_keyframe,
    )


def length_size(codec: Codec, extradata: bytes) -> int:
    """Bytes of a NAL unit's length in a sample (avcC, hvcC: ISO/IEC 14496-15 5.3.3, 8.3.3); 0 for a byte stream."""
    at = {"h264": 4, "h265": 21}[codec]
    if len(extradata) <= at or extradata[0] != 1:
        return 0
    return (extradata[at] & 3) + 1


def _ranges(indexes: Sequence[int], order: Sequence[int]) -> tuple[tuple[int, int], ...]:
    ranges: list[list[int]] = []
    for index in indexes:
        if ranges and ranges[-1][1] == index - 1:
            ranges[-1][1] = index
        else:
            ranges.append([index, index])
    return tuple((order[begin], order[end]) for begin, end in ranges)
