"""A disk that is full: said in a sentence, footage waits in memory, and recording goes on when there is space."""

import contextlib
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from holdfast.lab import reader
from holdfast.lab.camera import CameraSpec
from holdfast.lab.scenarios.accounts import account_problems, all_file_problems, exit_problems, numbers, problems
from holdfast.lab.scenarios.stand import Row, Stand, await_that, small, stand

DISK = "6m"
"""The catalog and its log lie there, too: about a megabyte."""
KBPS = 2000
HELD_S = 3.0
FILLED_S = 60.0
SEGMENT = ("--segment", "2s")


def full(root: Path, *, times: int, seed: int) -> list[Row]:
    """A recorder on a disk that becomes full `times` times, another one on another disk. Needs root, to mount."""
    name = "disk full"
    spec = _camera()
    with (
        _mounted(root.parent / "small") as disk,
        stand([small()], root, *SEGMENT, seed=seed) as other,
        stand([spec], disk / "recordings", *SEGMENT, seed=seed) as made,
    ):
        other.start()
        made.start()
        made.await_recording([0])
        deleted: set[int] = set()
        found: list[str] = []
        for _ in range(times):
            await_that(lambda: _state(made)["recording"] == "held", FILLED_S)
            time.sleep(HELD_S)
            state = _state(made)
            if "disk is full" not in state["fault"] or "Free some space" not in state["fault"]:
                found.append(f"the sentence is {state['fault']!r}")
            deleted |= _free(made)
            await_that(lambda: _state(made)["recording"] == "recording", 20)
        time.sleep(1)
        found += exit_problems(made.stop()) + exit_problems(other.stop())
        found += all_file_problems(made) + all_file_problems(other) + account_problems(other, 0)
        kept = numbers(made, 0)
        missing = [n for a, b in pairwise(sorted({*kept, *deleted})) for n in range(a + 1, b)]
        frames = [frame.frame for recording in made.recorded(0) for frame in recording.frames]
        repeated = len(frames) - len(set(frames))
    return [
        Row(name, "lost while it was full", len(missing), 0, "frames"),
        Row(name, "repeated", repeated, 0, "frames"),
        problems(name, "sentence, files, exit code; the other recorder", found),
    ]


def _camera() -> CameraSpec:
    spec = small()
    return replace(spec, clip=replace(spec.clip, bitrate_kbps=KBPS))


def _state(made: Stand) -> dict[str, Any]:
    return next(iter(made.status()), {"recording": "", "fault": ""})


def _free(made: Stand) -> set[int]:
    """Delete all final files but the newest; the numbers of the frames in them."""
    final = [made.root / row["path"] for row in made.segments() if row["state"] == "final"]
    gone: set[int] = set()
    for path in final[:-1]:
        if path.exists():
            gone |= {frame.frame for frame in reader.read(path).frames}
            path.unlink()
    return gone


@contextlib.contextmanager
def _mounted(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK},mode=755", "tmpfs", str(folder)], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
