"""Backups by the schedule of the configuration: one at a time, each a process of its own, beside recording."""

import asyncio
import contextlib
import json
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from holdfast.app.backup_state import remember, remembered
from holdfast.app.daemon import in_daemon
from holdfast.app.unit import program
from holdfast.config.settings import BackupSettings
from holdfast.domain.secrets import one_line
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.alarms import BackupFacts
from holdfast.policy.backups import BackupTimes, LastBackup, LocalMoment, begun, is_due, last_at_first

LOG = logging.getLogger("holdfast.storage")
LOOK_EVERY_S = 5.0
NICE = 10
REFUSED = "holdfast: "
MOST_LINE_BYTES = 1 << 20
LONGEST_SENTENCE = 500
ENGLISH = {"HOLDFAST_LANG": "en"}
"""What the process says goes into the log and the catalog."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How one backup ended."""

    exit_code: int
    summary: dict[str, Any]
    """Its last line; empty when there is none."""
    complaint: str

    @property
    def trouble(self) -> str:
        """Why it is not complete, as a sentence; empty when it is."""
        if self.exit_code == 0:
            return ""
        said = str(self.summary.get("error") or self.complaint)
        left = self.summary.get("left")
        return one_line(said or f"{left} files are not saved." if left else said, LONGEST_SENTENCE) or "It was killed."


@dataclass(slots=True)
class BackupSchedule:
    """Begins backups when they are due. All calls come on the event loop."""

    root: Path
    """Folder of the catalog."""
    tell: Callable[[BackupFacts | None], None]
    """Hears how the last backup ended; None: there is no schedule."""
    wall_ns: Callable[[], WallNs]
    command: Sequence[str] = field(default_factory=program)
    _settings: BackupSettings | None = None
    _last: LastBackup | None = None
    _running: asyncio.Task[None] | None = None
    _process: asyncio.subprocess.Process | None = None

    def follow(self, settings: BackupSettings | None) -> None:
        """Go by these settings from now on; what runs goes on as it was begun."""
        if settings == self._settings:
            return
        if self._settings is None or settings is None or _times(settings) != _times(self._settings):
            self._last = None
        self._settings = settings
        # How the last one ended is known again when the next one has.
        self.tell(None if settings is None else BackupFacts())

    async def run(self) -> None:
        """Until cancelled; a backup that runs is ended with it, and goes on where it was."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                try:
                    await self.look()
                except Exception:  # the boundary of the loop: recording goes on, and so does the schedule
                    LOG.exception("a mistake of the recorder itself: the backup of the schedule was not begun")
        finally:
            if self._running is not None:
                self._running.cancel()
            if self._process is not None:
                with contextlib.suppress(ProcessLookupError):
                    self._process.kill()

    async def look(self) -> None:
        """Begin a backup if one is due and none runs."""
        settings = self._settings
        if settings is None:
            return
        now = local_moment(self.wall_ns())
        if self._last is None:
            self._last = await in_daemon(partial(_first, self.root, _times(settings), now))
        is_running = self._running is not None and not self._running.done()
        if is_running or not is_due(_times(settings), self._last, now):
            return
        self._last = begun(_times(settings), now)
        await in_daemon(partial(_note, self.root, _times(settings), self._last))
        self._running = asyncio.get_running_loop().create_task(self._back_up(settings))

    async def _back_up(self, settings: BackupSettings) -> None:
        LOG.info("the backup to %s begins", settings.to)
        try:
            ended = await self._carried_out(settings)
        except OSError as error:
            ended = Ended(1, {}, f"The process cannot be started ({error}).")
        if ended.trouble:
            LOG.warning("the backup to %s is not complete: %s", settings.to, ended.trouble)
        else:
            files, size_bytes = ended.summary.get("files"), ended.summary.get("bytes")
            LOG.info("the backup to %s is complete: %s files, %s bytes are new", settings.to, files, size_bytes)
        if self._settings is not None:
            self.tell(BackupFacts(ended.trouble))

    async def _carried_out(self, settings: BackupSettings) -> Ended:
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *self.command,
            *_arguments(self.root, settings),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=pipe,
            stderr=pipe,
            env={**os.environ, **ENGLISH},
            cwd="/",
            limit=MOST_LINE_BYTES,
        )
        self._process = process
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        assert process.stdout is not None
        assert process.stderr is not None
        last, complaint = await asyncio.gather(_last_line(process.stdout), _passed_on(process.stderr))
        exit_code = await process.wait()
        self._process = None
        return Ended(exit_code, _summary(last), complaint)


def local_moment(wall_ns: WallNs) -> LocalMoment:
    """The moment by the clocks on the wall."""
    local = datetime.fromtimestamp(wall_ns / NS_PER_S).astimezone()
    return LocalMoment(wall_ns, local.date().toordinal(), local.hour * 60 + local.minute)


def _times(settings: BackupSettings) -> BackupTimes:
    return BackupTimes(settings.at_minute, settings.every_s)


def _arguments(root: Path, settings: BackupSettings) -> list[str]:
    cameras = [word for camera in settings.cameras for word in ("--camera", camera)]
    remove = ["--remove"] if settings.remove else []
    rate = ("--rate", str(settings.rate_bytes))
    return ["backup", str(root), "--to", str(settings.to.absolute()), *rate, *cameras, *remove, "--json"]


def _first(root: Path, times: BackupTimes, now: LocalMoment) -> LastBackup:
    """What counts as the last one. Remembered, so that one that is missed from now on is made up for."""
    memory = remembered(root)
    is_same = memory.times == times or (times.every_s is not None and memory.times is not None)
    last = last_at_first(times, memory.last if is_same else None, now)
    _note(root, times, last)
    return last


def _note(root: Path, times: BackupTimes, last: LastBackup) -> None:
    try:
        remember(root, replace(remembered(root), last=last, times=times))
    except OSError as error:
        LOG.warning("when the last backup was begun cannot be noted: %s", error)


async def _last_line(stream: asyncio.StreamReader) -> bytes:
    last = b""
    while line := await stream.readline():
        last = line
    return last


async def _passed_on(stream: asyncio.StreamReader) -> str:
    """Log what it says; its last words without the name of the program."""
    last = ""
    while line := await stream.readline():
        last = line.decode(errors="replace").strip()
        if not last.startswith(REFUSED):
            # What it was refused for is told with the outcome.
            LOG.info("backup: %s", last)
    return last.removeprefix(REFUSED)


def _summary(line: bytes) -> dict[str, Any]:
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}
