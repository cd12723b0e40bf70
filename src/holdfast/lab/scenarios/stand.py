"""A test stand: simulated cameras, and a recorder in a process of its own."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from holdfast.lab import processes, reader
from holdfast.lab.account import ServedFrame
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabServer

HOLDFAST = (sys.executable, "-m", "holdfast.app.cli")
NS_PER_S = 1_000_000_000
SETTLED_S = 6.0
"""After so long without a fault the next one counts as the first, and is answered at once (requirement C4)."""


@dataclass(frozen=True, slots=True)
class Row:
    """One figure against its bar: at most `bar` is a pass."""

    scenario: str
    what: str
    measured: float
    bar: float
    unit: str

    @property
    def passed(self) -> bool:
        """Whether the bar was kept."""
        return self.measured <= self.bar


def small(fps: float = 15, gop: int = 15, codec: Any = "h264", bframes: int = 0) -> CameraSpec:
    """A camera with a small picture, which costs little."""
    clip = ClipSpec(codec=codec, width=320, height=240, fps=Fraction(fps), gop=gop, bframes=bframes)
    return CameraSpec(clip=clip)


class Stand:
    """Cameras and a recorder. The recorder may be ended and started again."""

    def __init__(self, lab: LabServer, specs: Sequence[CameraSpec], root: Path, *options: str) -> None:
        self.lab, self.specs, self.root = lab, specs, root
        self.options = options
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, program: Sequence[str] = HOLDFAST, **popen: Any) -> None:
        """Start the recorder, with its log beside the folder. `program`: `holdfast`, or what runs it."""
        command = [*program, "record", *self.lab.urls, "--to", str(self.root), "--plain", "--verbose", *self.options]
        beside = self.root.parent
        beside.mkdir(parents=True, exist_ok=True)
        # Not on a disk that is to be filled or taken away.
        with (beside.parent if beside.is_mount() else beside).joinpath(f"{self.root.name}.log").open("ab") as log:
            quiet = subprocess.DEVNULL
            self.process = subprocess.Popen(command, stdout=quiet, stderr=log, start_new_session=True, **popen)

    def stop(self, with_signal: int = signal.SIGINT) -> int:
        """End the recorder; its exit code."""
        assert self.process is not None
        process, self.process = self.process, None
        return processes.end(process, with_signal=with_signal, timeout_s=30)

    def kill_everything(self) -> None:
        """`kill -9` of the recorder and all its workers."""
        assert self.process is not None
        for pid in (self.process.pid, *self.workers()):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait()
        self.process = None

    def workers(self) -> list[int]:
        """Process ids of the capture workers, in the order in which they were started."""
        assert self.process is not None
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [pid for pid in map(int, children.split()) if b"holdfast.media.worker" in _command_line(pid)]

    def ask(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run a `holdfast` command to its end."""
        return subprocess.run([*HOLDFAST, *words], capture_output=True, text=True, check=False, timeout=60)

    def status(self) -> list[dict[str, Any]]:
        """What the recorder says of its cameras; empty while it does not answer yet."""
        answer = self.ask("status", str(self.root), "--json")
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def segments(self) -> list[dict[str, Any]]:
        """The catalog's rows."""
        answer = self.ask("segments", str(self.root), "--json")
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def files(self, camera: int) -> list[Path]:
        """The files of a camera (counted from 0), by name."""
        return sorted((self.root / f"cam_{camera + 1:02d}").rglob("*.mp4"))

    def has_new_file(self, camera: int, before: set[Path]) -> bool:
        """Whether a file that was not there before has a fragment in it."""
        return any(has_fragment(file) for file in set(self.files(camera)) - before)

    def recorded(self, camera: int) -> list[reader.Recording]:
        """The frames of a camera's files; files without any are left out."""
        found = []
        for file in self.files(camera):
            with contextlib.suppress(reader.NotReadable):
                found.append(reader.read(file))
        return found

    def served(self, camera: int) -> list[ServedFrame]:
        """The frames that the camera sent."""
        return self.lab.served(camera)

    def await_recording(self, cameras: Sequence[int], patience_s: float = 30) -> None:
        """Wait until each of these cameras has a file with a fragment in it. Raises TimeoutError."""
        await_that(lambda: all(self.has_new_file(c, set()) for c in cameras), patience_s)


@contextlib.contextmanager
def stand(specs: Sequence[CameraSpec], root: Path, *options: str, seed: int = 0) -> Iterator[Stand]:
    """Cameras that run, and a recorder that is not started yet; both end with the block."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with LabServer(specs, seed=seed) as lab:
        made = Stand(lab, specs, root, *options)
        try:
            yield made
        finally:
            if made.process is not None:
                made.kill_everything()


def await_that(condition: Callable[[], bool], patience_s: float) -> None:
    """Wait for something. Raises TimeoutError."""
    deadline_s = time.monotonic() + patience_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"waited {patience_s} s in vain")
        time.sleep(0.05)


def unplayable(made: Stand, camera: int) -> int:
    """Files that do not decode without an error."""
    return sum(_has_errors(file) for file in made.files(camera))


def _has_errors(file: Path) -> bool:
    try:
        return bool(reader.playable(file).errors)
    except reader.NotReadable:
        return True


def has_fragment(file: Path) -> bool:
    """Whether there is a picture in the file."""
    with file.open("rb") as opened:
        return b"moof" in opened.read(4096)


def _command_line(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")
    except OSError:
        return b""
