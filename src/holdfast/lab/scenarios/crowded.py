"""A recorder that starts in a folder with a long past: recording does not wait for what is put in order beside it."""

import os
import shutil
import time
from functools import partial
from pathlib import Path

from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, PtsNs, WallNs
from holdfast.lab.scenarios.accounts import exit_problems, missing, problems
from holdfast.lab.scenarios.stand import Row, Stand, await_that, small, stand

GOP_S = 1.0
FIRST_FRAME_S = 2.0
END_S = 5.0
"""An orderly end while the repair is at work."""
SEGMENT_S = 900
PER_FOLDER = 96
AGE_S = 3600
_CATALOGUED, _LEFT = "long_ago", "left_open"


def crowded_start(root: Path, *, files: int, segments: int, seconds: float, seed: int) -> list[Row]:
    """A catalog of so many segments whose files are gone, and so many files that were left open and nobody knows."""
    name = f"start beside {files} open files and {segments} segments"
    with stand([small()], root, seed=seed) as made:
        made.start()
        made.await_recording([0])
        time.sleep(2)
        made.kill_everything()
        _leave_open(made, files)
        _catalogue(root, segments)
        before = set(made.files(0))
        begun_s = time.monotonic()
        made.start()
        await_that(partial(made.has_new_file, 0, before), 60)
        first_s = time.monotonic() - begun_s
        time.sleep(seconds)
        ended_s = time.monotonic()
        found = exit_problems(made.stop())
        ended_s = time.monotonic() - ended_s
        for file in before:
            # What was recorded before the kill has an account of its own, in other scenarios.
            file.unlink()
        lost = missing(made, 0)
    return [
        Row(name, "first frame after the command begins", first_s, FIRST_FRAME_S + GOP_S, "s"),
        Row(name, "orderly end", ended_s, END_S, "s"),
        Row(name, "frames lost beside the repair", lost, 0, "frames"),
        problems(name, "exit code", found),
    ]


def _leave_open(made: Stand, files: int) -> None:
    """Copies of a file that was left open, as old as if they had been left long ago."""
    (left,) = made.files(0)
    old_s = time.time() - AGE_S
    for number in range(files):
        folder = made.root / _LEFT / f"2020-01-{number // PER_FOLDER % 28 + 1:02d}"
        folder.mkdir(parents=True, exist_ok=True)
        copy = folder / f"{_LEFT}_{number:06d}.mp4"
        shutil.copyfile(left, copy)
        os.utime(copy, (old_s, old_s))


def _catalogue(root: Path, segments: int) -> None:
    catalog = Catalog.open(root / ".holdfast" / "catalog.db")
    for number in range(segments):
        day = number // PER_FOLDER
        catalog.post(
            SegmentRecord(
                path=f"{_CATALOGUED}/{2000 + day // 336}-{day // 28 % 12 + 1:02d}-{day % 28 + 1:02d}/{number:06d}.mp4",
                camera=_CATALOGUED,
                stream="main",
                run_id=f"run {day}",
                session=day + 1,
                ordinal=number % PER_FOLDER,
                wall_start_ns=WallNs(number * SEGMENT_S * NS_PER_S),
                duration_ns=SEGMENT_S * NS_PER_S,
                pts_start_ns=PtsNs(0),
                size_bytes=1 << 28,
                codec="avc1.64001f",
                width=1920,
                height=1080,
                frames=SEGMENT_S * 15,
                state=SegmentState.FINAL,
            )
        )
        if number % 2_000 == 0:
            catalog.flush(60)
    if not catalog.close(60):
        raise OSError("the catalog of the scenario could not be written")
