"""One disk, and no other: it fails while cameras are recorded, and is back after a while; or it is slow.

Footage waits in memory. Nothing is lost, nothing is written twice, and nothing lands below an empty mount point.
"""

import contextlib
import math
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.lab import reader
from holdfast.lab.scenarios.accounts import all_file_problems, camera_name, exit_problems, problems
from holdfast.lab.scenarios.stand import NS_PER_S, Row, Stand, await_that, small, stand
from holdfast.lab.storage.fuse_disk import FuseDisk
from holdfast.lab.storage.needs import demand
from holdfast.lab.storage.ways import WAYS, Fault

AWAY_S = 20.0
BACK_S = 2.0
GOP_S = 1.0
PATIENCE_S = 40.0
SEGMENT = ("--segment", "5s")
AFTERWARDS_S = 4.0
END_S = 2.0
"""What was sent so shortly before the end may be lost with it."""
BACK = "until recording is back on it, worst"
SAYS_SLOW = "the status never says slow"


@dataclass(frozen=True, slots=True)
class Account:
    """Of all cameras together, from the first key frame that was served on."""

    lost: int
    repeated: int
    unfinished_s: float
    """Between the last frame recorded and the last one served; of the camera for which it is longest."""
    wrong: tuple[str, ...]


def lost_and_back(root: Path, *, fault: Fault, ways: Sequence[str], seed: int, away_s: float = AWAY_S) -> list[Row]:
    """The disk is lost in these ways, one after the other, each for so long."""
    return [row for way in ways for row in _back(root.parent / way, fault, way, random.Random(f"{seed} {way}"), away_s)]


def _back(place: Path, fault: Fault, way: str, chance: random.Random, away_s: float) -> list[Row]:
    demand(*WAYS[fault][way].needs)
    specs = [small(), small(25, 25)]
    with (
        WAYS[fault][way].make(place, 0) as disk,
        stand(specs, disk.folder / "recordings", *SEGMENT, seed=chance.randrange(1 << 31)) as made,
        disk.mended_at_last(),
    ):
        made.start()
        made.await_recording(range(len(specs)))
        time.sleep(chance.uniform(2, 6))
        disk.fail()
        time.sleep(away_s)
        disk.mend()
        back_s = until(_growing(made), PATIENCE_S)
        time.sleep(AFTERWARDS_S)
        found = exit_problems(made.stop()) + all_file_problems(made)
        settled = account(made)
    name = f"disk lost and back: {fault} ({way})"
    return [
        Row(name, "lost", settled.lost, 0, "frames"),
        Row(name, "repeated", settled.repeated, 0, "frames"),
        Row(name, "not recorded at the end", settled.unfinished_s, END_S, "s"),
        Row(name, BACK, back_s, BACK_S + GOP_S, "s"),
        problems(name, "below the empty mount point", [f"{path} was written" for path in disk.strays]),
        problems(name, "files, times, exit code", [*found, *settled.wrong]),
    ]


def _growing(made: Stand) -> Callable[[], bool]:
    """Whether the footage of every camera is more than now."""
    sizes = [_size(made, camera) for camera in range(len(made.specs))]
    return lambda: all(_size(made, camera) > size for camera, size in enumerate(sizes))


def until(condition: Callable[[], bool], patience_s: float) -> float:
    """How long it takes, in seconds; infinite when it does not come."""
    begun_s = time.monotonic()
    try:
        await_that(condition, patience_s)
    except TimeoutError:
        return math.inf
    return time.monotonic() - begun_s


def slow(root: Path, *, sync_s: float, seconds: float, seed: int) -> list[Row]:
    """Every sync takes so long, for this long."""
    demand("fuse")
    specs = [small(), small(25, 25)]
    says_slow = False
    with (
        FuseDisk(root.parent / "slow") as disk,
        stand(specs, disk.folder / "recordings", *SEGMENT, seed=seed) as made,
    ):
        made.start()
        made.await_recording(range(len(specs)))
        disk.slow(sync_s)
        try:
            until_s = time.monotonic() + seconds
            while time.monotonic() < until_s:
                says_slow = says_slow or '"slow"' in made.ask("status", str(made.root), "--json").stdout
                time.sleep(1)
        finally:
            disk.heal()
        time.sleep(AFTERWARDS_S)
        found = exit_problems(made.stop()) + all_file_problems(made)
        settled = account(made)
    name = f"disk whose syncs take {sync_s:g} s"
    return [
        Row(name, "lost", settled.lost, 0, "frames"),
        Row(name, "repeated", settled.repeated, 0, "frames"),
        Row(name, "not recorded at the end", settled.unfinished_s, END_S, "s"),
        Row(name, SAYS_SLOW, float(not says_slow), 0, ""),
        problems(name, "files, times, exit code", [*found, *settled.wrong]),
    ]


def account(made: Stand) -> Account:
    """What became of everything that was served."""
    lost, repeated, unfinished_s, wrong = 0, 0, 0.0, []
    for camera, spec in enumerate(made.specs):
        served, recorded = made.served(camera), made.recorded(camera)
        first = next((frame.frame for frame in served if frame.is_key), None)
        settled = reader.compare(served, recorded, fps=spec.clip.fps, first=first)
        lost += settled.lost_frames
        repeated += len(settled.repeated)
        kept = max((frame.wall_ns for one in recorded for frame in one.frames), default=0)
        unfinished_s = max(unfinished_s, (served[-1].wall_ns - kept) / NS_PER_S)
        name = camera_name(camera)
        wrong += [f"{name}: {text}" for text in settled.wrong_times]
        wrong += [f"{name}: unknown: {str(settled.unknown)[:200]}"] if settled.unknown else []
        wrong += [f"{name}: lost: {str(settled.lost)[:200]}"] if settled.lost else []
    return Account(lost, repeated, unfinished_s, tuple(wrong))


def _size(made: Stand, camera: int) -> int:
    """Bytes of the camera's footage."""
    size = 0
    for file in made.files(camera):
        # One may be removed just now: of what is written again elsewhere.
        with contextlib.suppress(FileNotFoundError):
            size += file.stat().st_size
    return size
