"""One measurement: start a variant, let it settle, look before and after a window, end it, count what it recorded."""

import contextlib
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from holdfast.lab import processes, reader
from holdfast.lab.bench import proc
from holdfast.lab.bench.variants import Variant, camera_folder, holdfast
from holdfast.lab.remote import LabServer

CONNECT_TIMEOUT_S = 90.0
END_TIMEOUT_S = 40.0
STATUS_TIMEOUT_S = 30.0
POLL_S = 0.2
ENOUGH = 0.8
"""Less than this part of the frames or bytes that are due in a window, and the figures stand for nothing."""


class MeasurementError(RuntimeError):
    """A variant did not work at all; the message says how."""


@dataclass(frozen=True, slots=True)
class Window:
    """How long, in seconds: to settle after all cameras are connected, and to measure."""

    settle_s: float
    measure_s: float


@dataclass(frozen=True, slots=True)
class Sample:
    """Figures of one variant in one round. CPU is in percent of one core."""

    variant: str
    cameras: int
    round: int
    wall_s: float
    cpu_percent: float
    """Per camera: all processes of the variant."""
    first_process_percent: float
    """Per camera, the part of it of the process that was started first: of Holdfast, the recorder without workers."""
    cameras_percent: float
    """Per camera: the simulated cameras."""
    others_percent: float
    """All else that the machine did in the window: not divided by the number of cameras."""
    processes: int
    threads: int
    voluntary_per_s: float
    """Context switches per camera and second."""
    involuntary_per_s: float
    pss_bytes: int
    """Of all processes, with the ring."""
    ring_bytes: int
    """Footage held in RAM, as the recorder says."""
    lost_frames: int | None
    """None: nothing is recorded, or it is not counted."""
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Moment:
    """What can be read at once."""

    at_s: float
    cpu_s: dict[int, float]
    lab_cpu_s: float
    busy_s: float
    switches: proc.Switches
    switches_at_s: float
    frames: list[int]
    sizes: list[int]


class Measurement:
    """One variant with `cameras` cameras, in one round."""

    def __init__(self, lab: LabServer, variant: Variant, cameras: int, folder: Path, fps: Fraction) -> None:
        """Nothing runs yet. `folder` must not exist."""
        self._lab, self._variant, self._folder, self._fps = lab, variant, folder, fps
        self._cameras = cameras
        self._running: list[subprocess.Popen[bytes]] = []
        self._sessions_before = [len(lab.sessions(n)) for n in range(cameras)]

    def run(self, number: int, window: Window) -> Sample:
        """Measure; `number` is the round's. Raises MeasurementError."""
        self._folder.mkdir(parents=True)
        with self._started():
            self._wait_until("connected", self._all_connected)
            self._wait_until("recording", self._all_recording)
            time.sleep(window.settle_s)
            before = self._look(switches_first=True)
            time.sleep(max(0.0, window.measure_s - (time.monotonic() - before.at_s)))
            after = self._look(switches_first=False)
            tree = self._tree()
            pss_bytes = proc.pss_bytes(tree)
            ring_bytes = self._ring_bytes()
        problems = self._problems(before, after)
        lost = self._lost_frames(problems) if self._variant.is_holdfast else None
        wall_s = after.at_s - before.at_s
        per_camera = 100 / wall_s / self._cameras
        cpu_s = {pid: after.cpu_s[pid] - before.cpu_s.get(pid, 0.0) for pid in after.cpu_s}
        lab_s = after.lab_cpu_s - before.lab_cpu_s
        switches_s = (after.switches_at_s - before.switches_at_s) * self._cameras
        return Sample(
            variant=self._variant.key,
            cameras=self._cameras,
            round=number,
            wall_s=wall_s,
            cpu_percent=sum(cpu_s.values()) * per_camera,
            first_process_percent=cpu_s.get(self._running[0].pid, 0.0) * per_camera,
            cameras_percent=lab_s * per_camera,
            others_percent=max(0.0, after.busy_s - before.busy_s - lab_s - sum(cpu_s.values())) * 100 / wall_s,
            processes=len(tree),
            threads=sum(stat.threads for stat in tree.values()),
            voluntary_per_s=(after.switches.voluntary - before.switches.voluntary) / switches_s,
            involuntary_per_s=(after.switches.involuntary - before.switches.involuntary) / switches_s,
            pss_bytes=pss_bytes,
            ring_bytes=ring_bytes,
            lost_frames=lost,
            problems=tuple(problems),
        )

    # ------------------------------------------------------------ the variant's processes

    @contextlib.contextmanager
    def _started(self) -> Iterator[None]:
        commands = self._variant.commands(self._lab.urls[: self._cameras], self._folder)
        self._log = self._folder.with_suffix(".log")
        with self._log.open("wb") as log:
            for command in commands:
                options: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}
                self._running.append(processes.start(command, **options))
            try:
                yield
            finally:
                self._end()

    def _end(self) -> None:
        """Each is told once, all together: a second signal would make ffmpeg leave its file without an index."""
        for process in self._running:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
        for process in self._running:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(END_TIMEOUT_S)
            processes.end(process)

    def _tree(self) -> dict[int, proc.Stat]:
        return proc.tree(process.pid for process in self._running)

    def _wait_until(self, what: str, done: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + CONNECT_TIMEOUT_S
        while not done():
            ended = [process for process in self._running if process.poll() is not None]
            if ended or time.monotonic() > deadline_s:
                how = f"ended with {ended[0].returncode}" if ended else f"is not {what} after {CONNECT_TIMEOUT_S:.0f} s"
                raise MeasurementError(f"{self._variant.title}, {self._cameras} cameras: {how}. {self._last_words()}")
            time.sleep(POLL_S)

    def _last_words(self) -> str:
        lines = self._log.read_text(encoding="utf-8", errors="replace").splitlines()
        return " | ".join(lines[-3:])

    # ------------------------------------------------------------ what is seen

    def _sessions(self, camera: int) -> list[dict[str, Any]]:
        return self._lab.sessions(camera)[self._sessions_before[camera] :]

    def _frames(self) -> list[int]:
        """Frames served to this variant, by camera."""
        return [sum(session["frames"] for session in self._sessions(n)) for n in range(self._cameras)]

    def _all_connected(self) -> bool:
        return all(
            any(session["frames"] and session["ended_ns"] is None for session in self._sessions(camera))
            for camera in range(self._cameras)
        )

    def _all_recording(self) -> bool:
        return not self._variant.records or all(self._sizes())

    def _files(self, camera: int) -> list[Path]:
        return sorted((self._folder / camera_folder(camera + 1)).rglob("*.mp4"))

    def _sizes(self) -> list[int]:
        return [sum(path.stat().st_size for path in self._files(n)) for n in range(self._cameras)]

    def _look(self, *, switches_first: bool) -> _Moment:
        """CPU times are read last before the window and first after it: the looking itself is not in the window."""
        pids = list(self._tree())
        switches_at_s, switches = time.monotonic(), proc.Switches(0, 0)
        if switches_first:
            frames, sizes, switches = self._frames(), self._sizes(), proc.switches(pids)
        at_s, busy_s = time.monotonic(), proc.busy_s()
        stats = proc.tree([*(process.pid for process in self._running), self._lab.pid])
        if not switches_first:
            switches_at_s, switches = time.monotonic(), proc.switches(pids)
            frames, sizes = self._frames(), self._sizes()
        cpu_s = {pid: stat.cpu_s for pid, stat in stats.items() if pid != self._lab.pid}
        return _Moment(at_s, cpu_s, stats[self._lab.pid].cpu_s, busy_s, switches, switches_at_s, frames, sizes)

    def _ring_bytes(self) -> int:
        if not self._variant.is_holdfast:
            return 0
        command = holdfast("status", str(self._folder), "--json")
        asked = subprocess.run(command, capture_output=True, text=True, timeout=STATUS_TIMEOUT_S, check=False)
        try:
            return sum(int(json.loads(line)["held_bytes"]) for line in asked.stdout.splitlines())
        except (ValueError, KeyError) as error:
            raise MeasurementError(f"`holdfast status` does not say what is held: {asked.stderr}") from error

    # ------------------------------------------------------------ whether it did its work

    def _problems(self, before: _Moment, after: _Moment) -> list[str]:
        due = float(self._fps) * (after.at_s - before.at_s) * ENOUGH
        found = []
        for camera in range(self._cameras):
            served = after.frames[camera] - before.frames[camera]
            if served < due:
                found.append(f"camera {camera + 1} was served {served} frames in {after.at_s - before.at_s:.1f} s")
            if self._variant.records and after.sizes[camera] <= before.sizes[camera]:
                found.append(f"the files of camera {camera + 1} do not grow")
        if set(before.cpu_s) != set(after.cpu_s):
            found.append("a process was replaced in the window")
        return found

    def _lost_frames(self, problems: list[str]) -> int:
        """Frames that were served between the first and the last one recorded, and are not in the files."""
        lost = 0
        for camera in range(self._cameras):
            mine = range(self._sessions_before[camera] + 1, len(self._lab.sessions(camera)) + 1)
            served = [frame for frame in self._lab.served(camera) if frame.session in mine]
            try:
                account = reader.compare(served, self._files(camera), fps=self._fps)
            except reader.NotReadable as error:
                problems.append(f"camera {camera + 1}: {error}")
                continue
            lost += account.lost_frames
            if account.lost or account.repeated or account.wrong_times or not account.recorded:
                problems.append(f"camera {camera + 1}: {_words(account, len(served))}")
        return lost


def _words(account: reader.Account, served: int) -> str:
    said = [
        f"{account.recorded} of {served} frames recorded",
        f"lost {_ranges(account.lost)}" if account.lost else "",
        f"{len(account.repeated)} repeated" if account.repeated else "",
        account.wrong_times[0] if account.wrong_times else "",
    ]
    return ", ".join(part for part in said if part)


def _ranges(ranges: Sequence[tuple[int, int]]) -> str:
    return " ".join(f"{first}-{last}" for first, last in ranges[:5])
