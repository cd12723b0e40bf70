"""What is compared: Holdfast in two forms, bare GStreamer, and FFmpeg. Each as the commands that start it."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

SEGMENT_S = 3600
"""Long files, so that none ends within a measurement."""

Commands = Callable[[Sequence[str], Path], list[list[str]]]


@dataclass(frozen=True, slots=True)
class Variant:
    """One way to take in some cameras. `commands(urls, folder)`: the processes to start."""

    key: str
    title: str
    commands: Commands
    records: bool = True
    """Writes files: those of camera n (from 1) below `folder / camera_folder(n)`."""
    is_holdfast: bool = False


def camera_folder(number: int) -> str:
    """Where the files of the n-th camera are, counted from 1."""
    return f"cam_{number:02d}"


def holdfast(*arguments: str) -> list[str]:
    """A command line of Holdfast, with this Python."""
    return [sys.executable, "-m", "holdfast.app.cli", *arguments]


def _holdfast(cameras_per_worker: int, source: str = "native") -> Commands:
    def commands(urls: Sequence[str], folder: Path) -> list[list[str]]:
        options = ["--to", str(folder), "--segment", f"{SEGMENT_S}s", "--cameras-per-worker", str(cameras_per_worker)]
        return [holdfast("record", *urls, *options, "--source", source, "--plain")]

    return commands


def _bare(urls: Sequence[str], _folder: Path) -> list[list[str]]:
    source = "rtspsrc location={url} protocols=tcp latency=0 buffer-mode=none"
    chains = [f"{source.format(url=url)} ! rtph264depay ! h264parse ! fakesink" for url in urls]
    return [["gst-launch-1.0", "--quiet", *" ".join(chains).split()]]


def _ffmpeg(urls: Sequence[str], folder: Path) -> list[list[str]]:
    options = ["-nostdin", "-v", "error", "-rtsp_transport", "tcp"]
    output = ["-c", "copy", "-f", "segment", "-segment_time", str(SEGMENT_S), "-segment_format", "mp4"]
    commands = []
    for number, url in enumerate(urls, 1):
        (folder / camera_folder(number)).mkdir(parents=True)
        name = str(folder / camera_folder(number) / "%03d.mp4")
        commands.append(["ffmpeg", *options, "-i", url, *output, "-reset_timestamps", "1", name])
    return commands


ONE = Variant("one", "Holdfast, one camera per worker", _holdfast(1), is_holdfast=True)
EIGHT = Variant("eight", "Holdfast, eight per worker", _holdfast(8), is_holdfast=True)
RTSPSRC = Variant("rtspsrc", "Holdfast with `rtspsrc`, eight per worker", _holdfast(8, "rtspsrc"), is_holdfast=True)
BARE = Variant("bare", "bare `rtspsrc ! depay ! parse ! fakesink`", _bare, records=False)
FFMPEG = Variant("ffmpeg", "`ffmpeg -c copy -f segment`, a process each", _ffmpeg)

VARIANTS = (ONE, EIGHT, RTSPSRC, BARE, FFMPEG)
