"""What is wrong with the recordings of a camera, as sentences: they are shown, and their number is measured."""

import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from holdfast.fmp4 import HEAD_BYTES, Fmp4Error, SegmentSummary, read_summary
from holdfast.lab import reader
from holdfast.lab.scenarios.stand import Row, Stand

_NAME = re.compile(r"(?P<camera>.+)_(?P<date>\d{8})_\d{6}(_\d+)?\.mp4")
_SHOWN = 20


def camera_name(number: int) -> str:
    """The id of the camera at this place, counted from 0."""
    return f"cam_{number + 1:02d}"


def problems(scenario: str, what: str, sentences: Sequence[str]) -> Row:
    """A row about what must not happen at all; the sentences go to standard error."""
    for sentence in sentences[:_SHOWN]:
        print(f"{scenario}: {sentence}", file=sys.stderr)
    return Row(scenario, what, len(sentences), 0, "problems")


def account_problems(made: Stand, camera: int) -> list[str]:
    """Frames lost, repeated, unknown or at a wrong time, from the first key frame served to the last one recorded."""
    served = made.served(camera)
    first = next((frame.frame for frame in served if frame.is_key), None)
    settled = reader.compare(served, made.recorded(camera), fps=made.specs[camera].clip.fps, first=first)
    name = camera_name(camera)
    found = [f"{name}: {text}" for text in settled.wrong_times]
    for what, frames in (("lost", settled.lost), ("repeated", settled.repeated), ("unknown", settled.unknown)):
        found += [f"{name}: {what}: {str(frames)[:200]}"] if frames else []
    if not settled.recorded:
        found.append(f"{name}: nothing was recorded")
    return found


def file_problems(root: Path, name: str) -> list[str]:
    """Files of a camera that do not play, are not final, have pictures of several sizes, or a wrong name."""
    found = []
    for path in sorted((root / name).rglob("*.mp4")):
        played = reader.playable(path)
        found += [f"{path.name}: {error}" for error in played.errors[:3]]
        if not played.frames:
            found.append(f"{path.name} has no picture")
        if len(played.sizes) > 1:
            found.append(f"{path.name} has pictures of several sizes: {played.sizes}")
        if not is_final(path):
            found.append(f"{path.name} is not final")
        match = _NAME.fullmatch(path.name)
        if match is None or match["camera"] != name or path.parent != root / name / _day(match["date"]):
            found.append(f"{path} is not named as required")
    return found


def all_file_problems(made: Stand) -> list[str]:
    """The same for all cameras."""
    return [problem for number in range(len(made.specs)) for problem in file_problems(made.root, camera_name(number))]


def exit_problems(exit_code: int) -> list[str]:
    """A recorder that was told to end says 0."""
    return [] if exit_code == 0 else [f"exit code {exit_code}"]


def summary(path: Path) -> SegmentSummary:
    """What a file's two ends say. Raises Fmp4Error."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - HEAD_BYTES))
        tail = file.read(HEAD_BYTES)
        file.seek(0)
        return read_summary(file.read(HEAD_BYTES), tail, size)


def is_final(path: Path) -> bool:
    """Whether a file was finished; one that is no segment was not."""
    try:
        return summary(path).is_final
    except Fmp4Error:
        return False


def numbers(made: Stand, camera: int) -> list[int]:
    """The numbers of the recorded frames, in order, each once."""
    return sorted({frame.frame for recording in made.recorded(camera) for frame in recording.frames})


def missing(made: Stand, camera: int) -> int:
    """Frames that a camera made between the first and the last one recorded, and that are in no file."""
    kept = numbers(made, camera)
    return kept[-1] - kept[0] + 1 - len(kept) if kept else 0


def _day(date: str) -> str:
    return f"{date[:4]}-{date[4:6]}-{date[6:]}"
