"""Backups to disks that are pulled, full, broken or hung, of files that change, killed at any moment; and deletions.

What counts as saved is read again, and its frames are counted against what the cameras sent.
"""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any

from holdfast.lab import processes, reader
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.scenarios.accounts import camera_name, problems
from holdfast.lab.scenarios.stand import HOLDFAST, Row, Stand, await_that, stand
from holdfast.lab.storage.disks import LoopDisk, TmpfsDisk
from holdfast.lab.storage.fuse_disk import FuseDisk
from holdfast.lab.storage.needs import demand

CAMERAS = 2
KBPS = 2400
SEGMENT = ("--segment", "2s")
RATE = "1M"
RECORDED_S = 12.0
TARGET_BYTES = 256 << 20
HUNG_S = 180.0
"""A disk that does not answer is given up within it."""
OK, INCOMPLETE = 0, 1


def pulled(root: Path, *, times: int, seed: int) -> list[Row]:
    """The target is pulled out while it is written to, and put back, again and again."""
    demand("loop", "ext4")
    name, chance = "backup, target pulled and put back", random.Random(seed)
    wrong: list[str] = []
    with footage(root, seed) as made, LoopDisk(root.parent / "target", "ext4", TARGET_BYTES) as disk:
        target, codes = disk.folder / "backup", []
        for number in range(times):
            running = _begin(made, target)
            await_that(partial(_is_known, made, target), 30)
            time.sleep(chance.uniform(0.0, 4.0))
            disk.pull()
            code = processes.end(running, with_signal=0, timeout_s=60)
            codes.append(code)
            if code == OK:
                # All was saved already: a new one begins.
                disk.put_back()
                target = disk.folder / f"backup{number}"
                continue
            wrong += [f"exit code {code} when it was pulled"] if code not in (INCOMPLETE, 4) else []
            refused = made.ask("backup", str(made.root), "--to", str(target))
            wrong += ["it was not refused while the target was away"] if refused.returncode != 4 else []
            disk.put_back()
            wrong += verified(made, target, "after it was put back")
        wrong += [] if INCOMPLETE in codes else [f"it was never in the middle: exit codes {codes}"]
        rows = _to_the_end(name, made, target, wrong)
        strays = [str(path) for path in disk.strays]
    return [*rows, problems(name, "below the empty mount point", strays)]


def killed(root: Path, *, times: int, seed: int, removes: bool = False) -> list[Row]:
    """It and its helper are killed with SIGKILL at random moments."""
    demand("loop", "ext4")
    name, chance = f"backup killed{', removing what it saved' * removes}", random.Random(seed)
    wrong: list[str] = []
    with footage(root, seed) as made, LoopDisk(root.parent / "target", "ext4", TARGET_BYTES) as disk:
        target, options, cut_off = disk.folder / "backup", ["--remove"] * removes, 0
        for number in range(times):
            running = _begin(made, target, *options)
            if not cut_off:
                # One of them is sure to have begun, however long that takes here.
                await_that(partial(_has_record, target), 30)
            time.sleep(chance.uniform(0.3, 4.0))
            cut_off += running.poll() is None and _has_record(target)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            code = processes.end(running, with_signal=0)
            wrong += verified(made, target, "after a kill")
            if code == OK and not removes:
                # All was saved already: a new one begins.
                target = disk.folder / f"backup{number}"
        wrong += [] if cut_off else ["it was never in the middle when it was killed"]
        rows = _to_the_end(name, made, target, wrong, *options)
        left = len(made.segments()) if removes else 0
        checked = made.ask("check", str(made.root), "--repair")
        wrong = [checked.stdout] if checked.returncode else []
    return [*rows, Row(name, "left where it was", left, 0, "files"), problems(name, "catalog and files", wrong)]


def full(root: Path, *, seed: int) -> list[Row]:
    """The target is too small; then there is space."""
    demand()
    name = "backup to a full target"
    with footage(root, seed) as made:
        size_bytes = sum(one["size_bytes"] for one in made.segments())
        with TmpfsDisk(root.parent / "small", size_bytes // 2) as disk:
            target = disk.folder / "backup"
            ended = made.ask("backup", str(made.root), "--to", str(target), "--rate", "1G", "--json")
            said = summary(ended.stdout)
            wrong = [] if ended.returncode == INCOMPLETE and said["is_full"] else [ended.stdout + ended.stderr]
            counted = said["files"] + said["left"] == len(made.segments()) and said["files"] > 0 and said["left"] > 0
            wrong += [] if counted else [f"it does not add up: {said}"]
            wrong += verified(made, target, "when it was full")
            command = ["mount", "-o", f"remount,size={2 * size_bytes}", str(disk.folder)]
            subprocess.run(command, check=True)
            return _to_the_end(name, made, target, wrong)


def flipped(root: Path, *, times: int, seed: int) -> list[Row]:
    """A bit of a saved file flips; a file is gone: both are found, saved again, and whole."""
    demand("loop", "ext4")
    name, chance = "backup whose disk forgets", random.Random(seed)
    wrong: list[str] = []
    with footage(root, seed) as made, LoopDisk(root.parent / "target", "ext4", TARGET_BYTES) as disk:
        target = disk.folder / "backup"
        made.ask("backup", str(made.root), "--to", str(target), "--rate", "1G")
        harmed: set[Path] = set()
        for number in range(times):
            file = chance.choice(sorted(set(target.rglob("*.mp4")) - harmed))
            harmed.add(file)
            path = file.relative_to(target).as_posix()
            file.unlink() if number % 3 == 2 else _flip(file, chance)
            found = made.ask("backup", "--verify", str(target), "--json")
            bad = [json.loads(line) for line in found.stdout.splitlines()[:-1]]
            named = {one["path"] for one in bad if not one.get("is_replaced", True)}
            # Earlier copies of the same segment are then missed, too.
            known = {one.relative_to(target).as_posix() for one in harmed}
            if found.returncode != INCOMPLETE or path not in named or named - known:
                wrong.append(f"{path} is not what was found: {found.stdout[-500:]}")
            made.ask("backup", str(made.root), "--to", str(target), "--rate", "1G")
            again = made.ask("backup", "--verify", str(target))
            wrong += [f"it was not saved again: {again.stdout}"] if again.returncode else []
    return [problems(name, "found, and saved again", wrong)]


def changing(root: Path, *, times: int, seed: int) -> list[Row]:
    """A file is written to while it is copied."""
    demand("loop", "ext4")
    name, chance = "backup of a file that changes", random.Random(seed)
    wrong: list[str] = []
    with footage(root, seed) as made, LoopDisk(root.parent / "target", "ext4", TARGET_BYTES) as disk:
        for number in range(times):
            target = disk.folder / f"backup{number}"
            running = _begin(made, target, rate="1M")
            file = _in_work(made, running)
            time.sleep(chance.uniform(0.0, 0.2))
            before = file.read_bytes()
            at = chance.randrange(len(before))
            with file.open("r+b", buffering=0) as opened:
                os.pwrite(opened.fileno(), bytes([before[at] ^ 1]), at)
            code = processes.end(running, with_signal=0, timeout_s=120)
            wrong += verified(made, target, "after one was written to")
            kept = target / file.relative_to(made.root)
            if kept.exists() and kept.read_bytes() not in (before, file.read_bytes()):
                wrong.append(f"{kept.name} is a mixture of two states (exit code {code})")
            with file.open("r+b", buffering=0) as opened:
                os.pwrite(opened.fileno(), before[at : at + 1], at)
    return [problems(name, "a mixture counts as saved", wrong)]


def hung(root: Path, *, seed: int) -> list[Row]:
    """The target does not answer any more while it is written to."""
    demand("fuse")
    name = "backup to a disk that hangs"
    with footage(root, seed) as made, FuseDisk(root.parent / "target") as disk:
        target = disk.folder / "backup"
        running = _begin(made, target)
        await_that(lambda: _has_record(target), 30)
        disk.trouble("hang")
        begun_s = time.monotonic()
        try:
            code = processes.end(running, with_signal=0, timeout_s=HUNG_S)
            took_s = time.monotonic() - begun_s
        finally:
            disk.heal()
        wrong = [] if code == INCOMPLETE else [f"exit code {code}"]
        time.sleep(1.0)
        rows = _to_the_end(name, made, target, [*wrong, *verified(made, target, "when it answered again")])
    return [*rows, Row(name, "until it was given up", took_s, HUNG_S, "s")]


def deleted(root: Path, *, times: int, seed: int) -> list[Row]:
    """A range is deleted by hand and killed at random moments: files, catalog and ledger agree in the end."""
    name, chance = "deletion killed", random.Random(seed)
    wrong: list[str] = []
    with footage(root, seed) as made:
        before = {one["path"]: one for one in made.segments() if one["camera"] == camera_name(0)}
        command = ["delete", camera_name(0), "--from", "1h", "--to", "0s", "--in", str(made.root), "--yes"]
        for _ in range(times):
            running = _started(*command)
            time.sleep(chance.uniform(0.05, 0.8))
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGKILL)
            processes.end(running, with_signal=0)
            wrong += _account_problems(made, before)
        made.ask(*command)
        wrong += _account_problems(made, before)
        checked = made.ask("check", str(made.root), "--repair")
        wrong += [checked.stdout] if checked.returncode else []
        left = [path for path in before if (made.root / path).exists()]
    return [
        Row(name, "files left", len(left), 0, "files"),
        problems(name, "files, catalog and ledger", wrong),
    ]


# ------------------------------------------------------------------ inside


@contextlib.contextmanager
def footage(root: Path, seed: int) -> Iterator[Stand]:
    """Cameras whose recorder has ended, on a disk of their own where there is one."""
    clip = ClipSpec(width=320, height=240, fps=Fraction(15), gop=15, bitrate_kbps=KBPS)
    with (
        LoopDisk(root.parent / "source", "ext4", TARGET_BYTES) as disk,
        stand([CameraSpec(clip=clip)] * CAMERAS, disk.folder / root.name, *SEGMENT, seed=seed) as made,
    ):
        made.start()
        made.await_recording(range(CAMERAS))
        time.sleep(RECORDED_S)
        made.stop()
        yield made


def _started(*words: str) -> "subprocess.Popen[bytes]":
    quiet = subprocess.DEVNULL
    return processes.start([*HOLDFAST, *words], stdout=quiet, stderr=quiet)


def _begin(made: Stand, target: Path, *options: str, rate: str = RATE) -> "subprocess.Popen[bytes]":
    return _started("backup", str(made.root), "--to", str(target), "--rate", rate, *options)


def summary(text: str) -> dict[str, Any]:
    """The last line of what a command said as JSON; empty when there is none."""
    lines = text.splitlines()
    found = json.loads(lines[-1]) if lines else {}
    return found if isinstance(found, dict) else {}


def verified(made: Stand, target: Path, when: str) -> list[str]:
    """What of that which counts as saved is not whole, or is there twice."""
    if not _has_record(target):
        # It had not come so far.
        return []
    found = made.ask("backup", "--verify", str(target), "--json")
    bad = [line for line in found.stdout.splitlines()[:-1] if '"unknown"' not in line]
    wrong = [f"{when}: {line}" for line in bad] + ([] if found.returncode == OK else [f"{when}: {found.stderr}"])
    entries = [json.loads(line) for line in _record(target) if line.strip()]
    keys = [(one["run_id"], one["ordinal"]) for one in entries if one.get("kind") == "segment"]
    return wrong + [f"{when}: segment {key} is there twice" for key in {key for key in keys if keys.count(key) > 1}]


def _is_known(made: Stand, target: Path) -> bool:
    """Whether the recorder remembers the target: before that, nobody can say that it is missing."""
    file = made.root / ".holdfast/backups.json"
    return file.exists() and json.dumps(str(target)) in file.read_text(encoding="utf-8")


def _has_record(target: Path) -> bool:
    return (target / ".holdfast/backup.jsonl").exists()


def _record(target: Path) -> Iterator[str]:
    for line in (target / ".holdfast/backup.jsonl").read_text(encoding="utf-8").splitlines():
        with contextlib.suppress(ValueError):
            json.loads(line)
            yield line


def _to_the_end(name: str, made: Stand, target: Path, wrong: Sequence[str], *options: str) -> list[Row]:
    """The last backup, and the account of every frame in it."""
    ended = made.ask("backup", str(made.root), "--to", str(target), "--rate", "1G", "--json", *options)
    found = list(wrong) + ([] if ended.returncode == OK else [f"at last: {ended.stdout[-300:]} {ended.stderr}"])
    found += verified(made, target, "at last")
    lost = repeated = 0
    for camera, spec in enumerate(made.specs):
        served = made.served(camera)
        first = next((frame.frame for frame in served if frame.is_key), None)
        recorded = [reader.read(file) for file in sorted((target / camera_name(camera)).rglob("*.mp4"))]
        settled = reader.compare(served, recorded, fps=spec.clip.fps, first=first)
        lost += settled.lost_frames
        repeated += len(settled.repeated)
        found += [*settled.wrong_times, *([f"unknown frames {settled.unknown}"] if settled.unknown else [])]
        found += [] if settled.recorded else [f"nothing of {camera_name(camera)} was saved"]
    left = [str(part) for part in (target / ".holdfast/moving").glob("*")]
    return [
        Row(name, "frames lost in the backup", lost, 0, "frames"),
        Row(name, "frames in it twice", repeated, 0, "frames"),
        problems(name, "record, files, exit codes", [*found, *left]),
    ]


def _flip(file: Path, chance: random.Random) -> None:
    with file.open("r+b", buffering=0) as opened:
        at = chance.randrange(file.stat().st_size)
        byte = os.pread(opened.fileno(), 1, at)
        os.pwrite(opened.fileno(), bytes([byte[0] ^ 1 << chance.randrange(8)]), at)
        os.fsync(opened.fileno())


def _in_work(made: Stand, running: "subprocess.Popen[bytes]") -> Path:
    """A file that is being copied at this moment, as the table of open files of the helper has it."""
    found: list[Path] = []

    def is_open() -> bool:
        found.extend(file for helper in _children(running.pid) for file in _open_files(helper, made.root))
        return bool(found)

    await_that(is_open, 30)
    return found[0]


def _open_files(pid: int, root: Path) -> Iterator[Path]:
    """Footage below the folder that a process has open."""
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        with contextlib.suppress(OSError):
            file = link.readlink()
            if file.suffix == ".mp4" and file.is_relative_to(root):
                yield file


def _children(pid: int) -> list[int]:
    try:
        return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []


def _account_problems(made: Stand, before: dict[str, dict[str, Any]]) -> list[str]:
    """Every segment of before is either in the catalog with its file, or in the ledger as deleted (invariant I1)."""
    rows = {one["path"] for one in made.segments()}
    gaps = [json.loads(line) for line in made.ask("gaps", str(made.root), "--json").stdout.splitlines()]
    spans = [(one["from_ns"], one["to_ns"]) for one in gaps if one.get("cause") == "deleted"]
    wrong = []
    for path, one in before.items():
        begin_ns, end_ns = one["wall_start_ns"], one["wall_start_ns"] + one["duration_ns"]
        is_told = any(from_ns <= begin_ns and end_ns <= to_ns for from_ns, to_ns in spans)
        if (path in rows) == is_told:
            wrong.append(f"{path}: in the catalog {path in rows}, in the ledger {is_told}")
        if path in rows and not (made.root / path).exists():
            wrong.append(f"{path} is catalogued, and its file is gone")
    return wrong
