"""Cleaning: another program fills the disk while cameras are recorded; the recorder is killed in the middle of it.

Every finished file is copied as soon as it is there, so that the frames of those that are deleted are known: what is
in no file and in no copy was lost. What is in no file any more must be a gap of the ledger that says "deleted".
"""

import contextlib
import json
import os
import random
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from holdfast.catalog.queries import CatalogReader
from holdfast.lab import reader
from holdfast.lab.camera import CameraSpec
from holdfast.lab.scenarios.accounts import camera_name, exit_problems, is_final, problems
from holdfast.lab.scenarios.stand import NS_PER_S, Row, Stand, small, stand
from holdfast.lab.storage.disks import LoopDisk, TmpfsDisk
from holdfast.lab.storage.needs import demand

CAMERAS = 4
KBPS = 2000
DISK_BYTES = 600 << 20
MIN_FREE = "20%"
OPTIONS = ("--segment", "2s", "--min-free", MIN_FREE)
BURST_BYTES = 4 << 20
BYTES_PER_S = 200_000_000
FULL_S = 3.0
CALM_S = 3.0
EDGE_NS = NS_PER_S
"""The ledger has the times of the frames, and the camera those at which it sent them."""
HELD_S = 4.0
END_NS = 2 * NS_PER_S
MANY_FILES = 60


@dataclass(slots=True)
class Watcher:
    """Copies every file that is final, and remembers which were ever there."""

    roots: Sequence[Path]
    copies: Path
    seen: dict[Path, bool] = field(default_factory=dict)
    """Whether it was final when it was last looked at."""
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        while not self.stop.wait(0.1):
            self.look()

    def look(self) -> None:
        for file in _files(self.roots):
            with contextlib.suppress(FileNotFoundError):
                if not self.seen.get(file) and is_final(file):
                    copy = self.copies / f"{len(self.seen)}_{file.name}"
                    shutil.copyfile(file, copy)
                    # One that was taken away while it was copied may be half of it.
                    self.seen[file] = is_final(copy)
                else:
                    self.seen.setdefault(file, False)

    @property
    def gone(self) -> list[Path]:
        """Files that were there and are not any more."""
        return [file for file in list(self.seen) if not file.exists()]


@contextlib.contextmanager
def watching(roots: Sequence[Path], place: Path) -> Iterator[Watcher]:
    """A watcher that runs in a thread of its own."""
    place.mkdir(parents=True)
    made = Watcher(roots, place)
    thread = threading.Thread(target=made.run, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.stop.set()
        thread.join()


def beside_another_program(root: Path, *, rounds: int, seed: int, has_second: bool) -> list[Row]:
    """Another program writes 200 MB/s to the disk, deletes its file, and begins again."""
    demand("loop", "ext4")
    place = root.parent
    name = "disk filled by another program" + (", a second volume" if has_second else "")
    with (
        LoopDisk(place / "first", "ext4", DISK_BYTES) as disk,
        TmpfsDisk(place / "second", DISK_BYTES) as other,
    ):
        roots = [disk.folder / "recordings", *([other.folder / "recordings"] if has_second else [])]
        more = ("--to", str(roots[1])) if has_second else ()
        with (
            stand([_camera() for _ in range(CAMERAS)], roots[0], *OPTIONS, *more, seed=seed) as made,
            watching(roots, place / "copies") as watcher,
        ):
            state = place / "state"
            state.mkdir()
            made.start(env=os.environ | {"STATE_DIRECTORY": str(state)} if has_second else os.environ)
            made.await_recording(range(CAMERAS))
            time.sleep(HELD_S)
            held = _hold(made)
            slowest = min(_fill(disk.folder / "foreign", is_to_the_end=has_second) for _ in range(rounds))
            if has_second:
                # A recorder that ends while a file comes home goes on with that in its next life.
                _await(lambda: not any(roots[1].rglob("*.mp4")), 60)
            found = exit_problems(made.stop())
            watcher.look()
            lost, unexplained = _account(made, roots, watcher)
            # Where the disk was full to the end, what was open is cut, and written again elsewhere.
            found += _not_allowed(roots[0], watcher, held, is_cut=has_second)
            found += unexplained
            found += _checked(made)
            was_elsewhere = not has_second or any(roots[1] in file.parents for file in watcher.seen)
    print(f"{name}: the other program wrote {slowest:.0f} MB/s at least", flush=True)
    return [
        Row(name, "lost", lost, 0, "frames"),
        problems(name, "deleted that may not be, not in the ledger, catalog and files", found),
        problems(name, "never cleaned", [] if watcher.gone else ["no file was deleted"]),
        problems(name, "never on the second volume", [] if was_elsewhere else ["no file is there"]),
    ]


def killed_while_cleaning(root: Path, *, times: int, seed: int) -> list[Row]:
    """`kill -9` as soon as files begin to go; then it starts again."""
    demand("loop", "ext4")
    place, chance = root.parent, random.Random(f"{seed} killed while cleaning")
    name = "killed while cleaning"
    found: list[str] = []
    lefts = 0
    with LoopDisk(place / "first", "ext4", DISK_BYTES) as disk:
        roots = [disk.folder / "recordings"]
        with (
            stand([_camera() for _ in range(CAMERAS)], roots[0], "--segment", "1s", *OPTIONS[2:], seed=seed) as made,
            watching(roots, place / "copies") as watcher,
        ):
            for number in range(times):
                lefts += _killed(made, disk.folder, roots, watcher, chance.uniform(0, 0.05))
                said = [*_checked(made), *_account(made, roots, watcher)[1]]
                found += [f"life {number + 1}: {text}" for text in said]
    print(f"{name}: {lefts} files were let go by the catalog and not removed yet when it was killed", flush=True)
    return [problems(name, "catalog, ledger and files that do not agree", found)]


def _killed(made: Stand, disk: Path, roots: Sequence[Path], watcher: Watcher, after_s: float) -> int:
    """A life that ends in the middle of cleaning, and one that ends in order; how many files were left in between."""
    made.start()
    made.await_recording(range(CAMERAS))
    _await(lambda: len(list(_files(roots))) >= MANY_FILES, 120)
    before = len(watcher.gone)
    with (disk / "foreign").open("wb") as file:
        _take_all_but(file.fileno(), disk, 0.18)
    _await(lambda: len(watcher.gone) > before, 20)
    time.sleep(after_s)
    made.kill_everything()
    left, unfinished = len(_leftovers(made)), _open(made)
    (disk / "foreign").unlink()
    made.start()
    made.await_recording(range(CAMERAS))
    # What was open when it was killed is made final, too.
    _await(lambda: not _leftovers(made) and not unfinished & _open(made), 60)
    assert made.stop() == 0
    watcher.look()
    return left


# ------------------------------------------------------------------ what is done


def _camera() -> CameraSpec:
    spec = small()
    return replace(spec, clip=replace(spec.clip, bitrate_kbps=KBPS))


def _fill(file: Path, *, is_to_the_end: bool) -> float:
    """Write up to 200 MB/s, to the end of the disk or to less than what is to stay free; megabytes a second."""
    block, written, begun_s = os.urandom(BURST_BYTES), 0, time.monotonic()
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as opened:
        while is_to_the_end or _free_share(file.parent) > 0.12:
            written += opened.write(block)
            ahead_s = written / BYTES_PER_S - (time.monotonic() - begun_s)
            time.sleep(max(0.0, ahead_s))
    rate = written / 1e6 / (time.monotonic() - begun_s)
    time.sleep(FULL_S)
    file.unlink()
    time.sleep(CALM_S)
    return rate


def _free_share(folder: Path) -> float:
    found = os.statvfs(folder)
    return found.f_bavail / found.f_blocks


def _take_all_but(fd: int, folder: Path, share: float) -> None:
    """Use up the space at once, but for this share of it."""
    found = os.statvfs(folder)
    size = found.f_bavail * found.f_frsize - round(found.f_blocks * found.f_frsize * share)
    if size > 0:
        os.posix_fallocate(fd, 0, size)


def _hold(made: Stand) -> tuple[int, int]:
    """Hold what the first camera has so far; from when to when, in nanoseconds."""
    now_ns = time.time_ns()
    begin, end = (_local(at_ns) for at_ns in (now_ns - 3600 * NS_PER_S, now_ns))
    words = ("hold", camera_name(0), "--from", begin, "--to", end, "--reason", "kept by the lab")
    said = made.ask(*words, "--in", str(made.root))
    assert said.returncode == 0, said.stderr
    return now_ns - 3600 * NS_PER_S, now_ns


def _local(at_ns: int) -> str:
    return datetime.fromtimestamp(at_ns / NS_PER_S, tz=UTC).isoformat(timespec="milliseconds")


def _await(condition: Any, patience_s: float) -> None:
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {patience_s} s in vain")
        time.sleep(0.01)


def _files(roots: Sequence[Path]) -> Iterator[Path]:
    for root in roots:
        yield from sorted(root.rglob("*.mp4"))


# ------------------------------------------------------------------ what came of it


def _account(made: Stand, roots: Sequence[Path], watcher: Watcher) -> tuple[int, list[str]]:
    """Frames that are nowhere, and what is in no file any more without a gap that says it was deleted."""
    lost, found = 0, []
    gaps = _deleted(made)
    for number in range(len(made.specs)):
        name = camera_name(number)
        there, copied = _numbers(_files(roots), name), _numbers(sorted(watcher.copies.iterdir()), name)
        served = made.served(number)
        first = next((frame.frame for frame in served if frame.is_key), 0)
        last = max(there | copied, default=0)
        due = [frame for frame in served if first <= frame.frame <= last]
        lost += sum(frame.frame not in there | copied for frame in due)
        missing = [frame for frame in due if frame.frame not in there and frame.frame in copied]
        spans = gaps.get(name, [])
        bare = [
            frame.frame
            for frame in missing
            if not any(begin - EDGE_NS <= frame.wall_ns <= end + EDGE_NS for begin, end in spans)
        ]
        found += [f"{name}: deleted, and not in the ledger: {str(bare)[:200]}"] if bare else []
    return lost, found


def _numbers(files: Iterator[Path] | Sequence[Path], name: str) -> set[int]:
    found: set[int] = set()
    for file in files:
        if f"{name}_" in file.name:
            with contextlib.suppress(reader.NotReadable, FileNotFoundError):
                found |= {frame.frame for frame in reader.read(file).frames}
    return found


def _deleted(made: Stand) -> dict[str, list[tuple[int, int]]]:
    found: dict[str, list[tuple[int, int]]] = {}
    for line in made.ask("gaps", str(made.root), "--json").stdout.splitlines():
        gap = json.loads(line)
        if gap.get("cause") == "deleted":
            found.setdefault(gap["camera"], []).append((gap["from_ns"], gap["to_ns"]))
    return found


def _not_allowed(root: Path, watcher: Watcher, held: tuple[int, int], *, is_cut: bool) -> list[str]:
    """Files that went and had to stay: held ones, ones that were not final, ones younger than others that stayed."""
    on_first = [file for file in watcher.seen if root in file.parents]
    gone = [file for file in on_first if not file.exists()]
    begin, end = (_stamp(at_ns) for at_ns in held)
    is_held = {file: camera_name(0) in file.parts and begin <= _moment(file) < end for file in on_first}
    found = [f"{file.name} was held, and is gone" for file in gone if is_held[file]]
    found += [f"{file.name} was not final, and is gone" for file in gone if not watcher.seen[file] and not is_cut]
    gone = [file for file in gone if watcher.seen[file]]
    # One that began in the very second in which the hold ends may be held or not.
    is_of_it = {file: is_held[file] or (camera_name(0) in file.parts and _moment(file) == end) for file in on_first}
    stayed = [file for file in on_first if file.exists() and not is_of_it[file]]
    youngest = max(map(_moment, gone), default="")
    # Those that are as old as one another go by their cameras.
    found += [f"{file.name} stayed, and {youngest} went" for file in stayed if _moment(file) < youngest]
    return found


def _moment(file: Path) -> str:
    return "_".join(file.stem.removeprefix(f"{file.parts[-3]}_").split("_")[:2])


def _stamp(at_ns: int) -> str:
    return f"{datetime.fromtimestamp(at_ns / NS_PER_S, tz=UTC).astimezone():%Y%m%d_%H%M%S}"


def _checked(made: Stand) -> list[str]:
    """What `holdfast check` finds, rows without a file, and files without a row."""
    said = made.ask("check", str(made.root), "--json").stdout.splitlines()
    return [str(json.loads(line)["sentence"]) for line in said]


def _open(made: Stand) -> set[str]:
    return {str(row["path"]) for row in made.segments() if row["state"] == "open"}


def _leftovers(made: Stand) -> tuple[str, ...]:
    return CatalogReader(made.root / ".holdfast" / "catalog.db").leftovers("main")
