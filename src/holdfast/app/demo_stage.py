"""The demo while it runs: provokes one trouble after another, and watches what the recorder does about it."""

import asyncio
import contextlib
import os
import signal
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast.app.demo_account import Outcome, Span, missing_in, outcome
from holdfast.app.demo_disk import DemoDisk
from holdfast.app.demo_script import LAST_BEFORE_END_S, Scene, Trouble
from holdfast.app.demo_words import DiskOutcome, announcement, disk_words, outcome_words
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.lab import reader
from holdfast.lab.clips import ClipSpec
from holdfast.lab.remote import LabError, LabServer
from holdfast.lab.scenarios.film import Film
from holdfast.lab.storage.mounts import DiskError
from holdfast.media.pool import WorkerPool
from holdfast.policy.connecting import Phase
from holdfast.recorder.recorder import Recorder
from holdfast.recorder.status import RecordingState, StreamStatus

LOOK_S = 0.05
ON_DISK_S = 1.5
"""After so long what was recorded can be read in the files."""
UNNOTICED_S = 4.0
"""What was not noticed for so long was nothing to be noticed."""
BUSY = 503
PROVOKED, COPED = "bold yellow", "green"
"""Styles of what is said."""


@dataclass(slots=True)
class Stage:
    """The simulated cameras with all that was done to them. `cameras` are their ids, in the lab's order."""

    lab: LabServer
    root: Path
    cameras: tuple[str, ...]
    clips: tuple[ClipSpec, ...]
    announce: Callable[[str, str], None]
    """Text and style."""
    before: frozenset[Path]
    """Files of earlier demos."""
    disk: DemoDisk | None = None
    """The one that is pulled, if there can be one."""
    disk_out: Span | None = None
    """From pulling it until recording was on it again."""
    away: list[tuple[str, Span]] = field(default_factory=list)
    """When which camera could not be had."""
    ended_ns: int = 0
    """When the end of the recording was ordered; 0 before."""
    failure: str = ""
    """Why the lab or its disk could not go on, if it could not."""

    async def play(self, scenes: Iterable[Scene], for_s: float, recorder: Recorder, pool: WorkerPool) -> None:
        """Provoke what the scenes say, until the recording ends. What there is no time for is left out."""
        began_s = time.monotonic()
        try:
            for scene in scenes:
                await asyncio.sleep(max(0.0, began_s + scene.at_s - time.monotonic()))
                if began_s + for_s - time.monotonic() < scene.needs_s + LAST_BEFORE_END_S - 1:
                    break
                if scene.camera is not None:
                    await _Watch(self, scene, scene.camera, recorder, pool).run()
                elif self.disk is not None:
                    await _DiskWatch(self, scene, self.disk, recorder).run()
            await asyncio.Event().wait()
        except (LabError, DiskError, OSError) as error:
            self.failure = str(error)
        finally:
            self.ended_ns = time.time_ns()

    def recorded(self, camera: int) -> list[reader.Recording]:
        """What is in this demo's files of a camera; they can be read while they are written."""
        while True:
            files, found = self.files(camera), []
            for file in files:
                with contextlib.suppress(reader.NotReadable, OSError):
                    found.append(reader.read(file))
            # One that came home meanwhile is on the disk now, and was perhaps not there yet when that was looked at.
            if all(file.exists() for file in files):
                return found

    def files(self, camera: int) -> list[Path]:
        """This demo's files of a camera, in the folder and on the disk."""
        roots = [self.root] if self.disk is None else [self.root, self.disk.folder]
        return sorted({file for root in roots for file in (root / self.cameras[camera]).rglob("*.mp4")} - self.before)

    def film(self, camera: int) -> Film:
        """A camera's frames in this demo's files. Raises ValueError when there are none."""
        return Film.of(self.recorded(camera), self.clips[camera].fps)


@dataclass(slots=True)
class _Watch:
    """One trouble, from its begin until it is told what became of it."""

    stage: Stage
    scene: Scene
    number: int
    """Of its camera, in the lab's order."""
    recorder: Recorder
    pool: WorkerPool
    noticed_s: float | None = None

    @property
    def camera(self) -> str:
        return self.stage.cameras[self.number]

    async def run(self) -> None:
        """All of it."""
        session = self._status().session
        await asyncio.to_thread(self.stage.announce, announcement(self.scene, self.camera), PROVOKED)
        began_s, began_ns = time.monotonic(), time.time_ns()
        span = Span(began_ns, began_ns + round(self.scene.lasts_s * NS_PER_S))
        if self.scene.is_away:
            # Noted before it begins: a demo that is interrupted counts right, too.
            self.stage.away.append((self.camera, span))
        over_ns = await self._provoke()
        if over_ns > span.to_ns:
            span = replace(span, to_ns=over_ns)
            self.stage.away[-1] = (self.camera, span)
        back = asyncio.create_task(self._end_later())
        try:
            await self._until_recorded(session, began_s)
        finally:
            back.cancel()
        found = await asyncio.to_thread(self._outcome, span)
        words = outcome_words(self.scene, self.camera, self.noticed_s, found)
        await asyncio.to_thread(self.stage.announce, words, COPED)

    async def _provoke(self) -> int:
        """Do it; the wall time at which it will be over, when the lab says so."""
        lab, number, lasts_s = self.stage.lab, self.number, self.scene.lasts_s
        match self.scene.trouble:
            case Trouble.RESET:
                await asyncio.to_thread(lab.close_clients, number, reset=True)
            case Trouble.HELD:
                await asyncio.to_thread(lab.hold, number, lasts_s, whole_path=True)
            case Trouble.CABLE:
                await asyncio.to_thread(lab.unreachable, number, lasts_s)
            case Trouble.DEAD:
                await asyncio.to_thread(lab.vanish, number)
            case Trouble.BUSY:
                await asyncio.to_thread(lab.status, number, BUSY)
                await asyncio.to_thread(lab.close_clients, number)
            case Trouble.KILLED:
                self._kill()
            case Trouble.RESTART:
                half_s = lasts_s / 2
                return await asyncio.to_thread(lab.boot, number, refuse_s=half_s, not_found_s=half_s)
            case Trouble.DISK:
                raise ValueError("the disk is not of one camera")
        return 0

    async def _end_later(self) -> None:
        """What does not end by itself."""
        if self.scene.trouble is Trouble.BUSY:
            await asyncio.sleep(self.scene.lasts_s)
            await asyncio.to_thread(self.stage.lab.status, self.number, 0)

    def _kill(self) -> None:
        stream = StreamId(self.camera)
        for pid in [pid for pid, streams in self.pool.pids.items() if stream in streams]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    async def _until_recorded(self, session: int, began_s: float) -> None:
        """Until it is over and frames reach the disk again, or there is no time left to wait for that."""
        over_s = began_s + self.scene.lasts_s
        until_s = began_s + self.scene.needs_s - ON_DISK_S - 0.5
        while (now_s := time.monotonic()) < until_s:
            status = self._status()
            is_well = status.phase is Phase.CONNECTED and status.recording is RecordingState.RECORDING
            if self.noticed_s is None and (status.phase is not Phase.CONNECTED or status.session != session):
                self.noticed_s = now_s - began_s
            if is_well and now_s > over_s and (self.noticed_s is not None or now_s > over_s + UNNOTICED_S):
                break
            await asyncio.sleep(LOOK_S)
        await asyncio.sleep(ON_DISK_S)

    def _status(self) -> StreamStatus:
        return self.recorder.status_of(StreamId(self.camera))

    def _outcome(self, span: Span) -> Outcome | None:
        try:
            film = self.stage.film(self.number)
        except ValueError:
            return None
        return outcome(film, span, is_away=self.scene.is_away)


@dataclass(slots=True)
class _DiskWatch:
    """The disk, from pulling it until it is told what became of all cameras."""

    stage: Stage
    scene: Scene
    disk: DemoDisk
    recorder: Recorder

    async def run(self) -> None:
        """All of it."""
        await asyncio.to_thread(self.stage.announce, announcement(self.scene, ""), PROVOKED)
        began_s, began_ns = time.monotonic(), time.time_ns()
        # Noted before it begins: a demo that is interrupted counts it, too.
        self.stage.disk_out = Span(began_ns, sys.maxsize)
        await asyncio.to_thread(self.disk.pull)
        elsewhere_s = await self._recorded_in(self.stage.root, began_s, began_s + self.scene.lasts_s)
        await asyncio.sleep(max(0.0, began_s + self.scene.lasts_s - time.monotonic()))
        await asyncio.to_thread(self.disk.put_back)
        back_s, until_s = time.monotonic(), began_s + self.scene.needs_s - ON_DISK_S - 0.5
        home_s = await self._recorded_in(self.disk.folder, back_s, until_s)
        self.stage.disk_out = span = Span(began_ns, time.time_ns())
        await asyncio.sleep(ON_DISK_S)
        lost = await asyncio.to_thread(self._lost, span)
        await asyncio.to_thread(self.stage.announce, disk_words(DiskOutcome(elsewhere_s, home_s, lost)), COPED)

    async def _recorded_in(self, root: Path, since_s: float, until_s: float) -> float | None:
        """After how long every camera's open file was below this folder; None when it was not by then."""
        while time.monotonic() < until_s:
            files = [self.recorder.status_of(StreamId(camera)).file for camera in self.stage.cameras]
            if all(files) and await asyncio.to_thread(_are_all_in, root, files):
                return time.monotonic() - since_s
            await asyncio.sleep(LOOK_S)
        return None

    def _lost(self, span: Span) -> int:
        lost = 0
        for number in range(len(self.stage.cameras)):
            with contextlib.suppress(ValueError):
                film = self.stage.film(number)
                lost += missing_in(film, (min(film.recorded), max(film.recorded)), span)
        return lost


def _are_all_in(root: Path, files: Iterable[str]) -> bool:
    return all((root / file).exists() for file in files)
