"""The power is cut while cameras are recorded: what the disk has afterwards plays, is in the catalog, and is enough."""

import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.lab import reader
from holdfast.lab.account import ServedFrame
from holdfast.lab.camera import CameraSpec
from holdfast.lab.scenarios.accounts import camera_name, file_problems, problems
from holdfast.lab.scenarios.outages import REPAIRED_S
from holdfast.lab.scenarios.stand import NS_PER_S, Row, Stand, await_that, small, stand
from holdfast.lab.storage.mounts import DiskError, Kind
from holdfast.lab.storage.needs import demand
from holdfast.lab.storage.power import LoggedDisk

LOST_S = 2.0
"""Requirement E4, on a device whose syncs take at most `SYNC_S`."""
SYNC_S = 0.2
"""As long may a flush of the disk take. When a machine is so busy that one takes longer, the run says nothing of E4."""
FLUSH_S = SYNC_S / 2
"""A sync of a file makes ext4 and xfs flush twice: the data, and the journal."""
SEGMENT = ("--segment", "4s")
RECORDED_S = 10.0
"""A run is half as long up to half as long again: a few segments, one of them open."""
YOUNG_S = 1.0
"""The earliest moment of a run: so long after all its cameras were recorded."""
SECTORS = (512, 4096)
MOMENTS_PER_RUN = 5
LOST = "lost before the cut, worst"
FLUSHED = "flush of the disk itself, slowest"


@dataclass(frozen=True, slots=True)
class _Plan:
    """One run."""

    moments: int
    recorded_s: float
    is_followed_by_a_recorder: bool


@dataclass(slots=True)
class _Found:
    """What is wrong after the cuts of all runs, and how much was lost at the worst."""

    mounts: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    catalog: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    lost_s: list[float] = field(default_factory=list)
    flush_s: list[float] = field(default_factory=list)


def power(root: Path, *, kind: Kind, moments: int, seed: int, is_short: bool = False) -> list[Row]:
    """The power goes at so many random moments. Of each run, one is its end, and the others lie before it.

    After the end a new recorder works on what is left, unless it shall be short; else `holdfast check --repair`.
    """
    demand("loop", "fuse", kind)
    chance = random.Random(seed)
    found = _Found()
    for turn, first in enumerate(range(0, moments, MOMENTS_PER_RUN)):
        plan = _Plan(min(MOMENTS_PER_RUN, moments - first), RECORDED_S / (2 if is_short else 1), not is_short)
        _run(root.parent / f"run {turn}", kind, plan, chance, found)
    name = f"power cut, {kind}, {moments} moments"
    lost = sorted(found.lost_s)
    return [
        problems(name, "file systems that could not be mounted", found.mounts),
        problems(name, "files do not play, are not final, or not named right", found.files),
        problems(name, "catalog not in line after a repair or a new recorder", found.catalog),
        problems(name, "frames repeated, unknown, or at a wrong time", found.frames),
        Row(name, FLUSHED, max(found.flush_s), SYNC_S, "s"),
        Row(name, LOST, lost[-1], LOST_S, "s"),
        Row(name, "lost before the cut, median", lost[len(lost) // 2], LOST_S, "s"),
    ]


def _run(place: Path, kind: Kind, plan: _Plan, chance: random.Random, found: _Found) -> None:
    specs = [small(), small(25, 25), small(10, 10, bframes=2)]
    seed = chance.randrange(1 << 31)
    with (
        LoggedDisk(place, kind, sector_bytes=chance.choice(SECTORS), flush_s=FLUSH_S, seed=seed) as disk,
        stand(specs, disk.folder / "recordings", *SEGMENT, seed=seed) as made,
    ):
        made.start()
        made.await_recording(range(len(specs)))
        time.sleep(YOUNG_S)
        begun_ns = time.time_ns()
        time.sleep(plan.recorded_s * chance.uniform(0.5, 1.5))
        cut_ns = disk.cut()
        made.kill_everything()
        found.flush_s.append(disk.slowest_flush_s())
        before = [chance.randrange(begun_ns, cut_ns) for _ in range(plan.moments - 1)]
        for moment_ns in (cut_ns, *before):
            is_end = moment_ns == cut_ns
            look = _record_again if is_end and plan.is_followed_by_a_recorder else _repair
            _after(disk, made, moment_ns, chance, found, look)


def _after(
    disk: LoggedDisk,
    made: Stand,
    moment_ns: int,
    chance: random.Random,
    found: _Found,
    bring_in_line: Callable[[Stand], list[str]],
) -> None:
    """One moment: what is on the disk is brought in line, and judged."""
    try:
        with disk.after(moment_ns, chance):
            found.catalog += bring_in_line(made)
            for camera, spec in enumerate(made.specs):
                served = [frame for frame in made.served(camera) if frame.wall_ns <= moment_ns]
                found.lost_s.append(_lost_s(made, camera, served, moment_ns))
                found.frames += _frame_problems(made, camera, spec)
                found.files += file_problems(made.root, camera_name(camera))
            found.catalog += _complaints(made.ask("check", str(made.root)))
    except DiskError as error:
        found.mounts.append(str(error))


def _repair(made: Stand) -> list[str]:
    return _complaints(made.ask("check", str(made.root), "--repair"))


def _record_again(made: Stand) -> list[str]:
    """A new recorder repairs beside its work what the old one left."""
    before = [set(made.files(camera)) for camera in range(len(made.specs))]
    made.start()
    await_that(lambda: all(made.has_new_file(camera, files) for camera, files in enumerate(before)), 30)
    time.sleep(REPAIRED_S)
    exit_code = made.stop()
    return [] if exit_code == 0 else [f"the new recorder ended with {exit_code}"]


def _complaints(answer: "subprocess.CompletedProcess[str]") -> list[str]:
    return [] if answer.returncode == 0 else [f"{' '.join(answer.args[-3:])}: {answer.stdout}{answer.stderr}"]


def _lost_s(made: Stand, camera: int, served: list[ServedFrame], moment_ns: int) -> float:
    """How long before the moment the first frame was served that is in no file. A hole further back counts to here."""
    kept = {frame.frame for recording in made.recorded(camera) for frame in recording.frames}
    first_key = next((at for at, frame in enumerate(served) if frame.is_key), len(served))
    missing_ns = [frame.wall_ns for frame in served[first_key:] if frame.frame not in kept]
    return (moment_ns - min(missing_ns)) / NS_PER_S if missing_ns else 0.0


def _frame_problems(made: Stand, camera: int, spec: CameraSpec) -> list[str]:
    settled = reader.compare(made.served(camera), made.recorded(camera), fps=spec.clip.fps)
    found = [f"{camera_name(camera)}: {text}" for text in settled.wrong_times]
    for what, frames in (("repeated", settled.repeated), ("unknown", settled.unknown)):
        found += [f"{camera_name(camera)}: {what}: {str(frames)[:200]}"] if frames else []
    return found
