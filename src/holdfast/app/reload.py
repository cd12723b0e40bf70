"""The configuration while the service runs: read again when it changes; a bad one changes nothing.

Polling costs one look per file and second, works on every file system, and does not care how an editor replaces a file.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Protocol

from holdfast.app.daemon import in_daemon
from holdfast.app.plans import needs_restart, plans_from, retention_from
from holdfast.config.problems import ConfigError
from holdfast.config.reading import read
from holdfast.config.settings import AlarmSettings, BackupSettings, LoggingSettings, Settings
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.policy.retention import RetentionRules
from holdfast.recorder.recorder import Recorder
from holdfast.recorder.supervisor import StreamPlan

LOG = logging.getLogger("holdfast.config")

LOOK_EVERY_S = 1.0

Seen = dict[Path, tuple[int, int, int, int] | None]
"""What a change of a file changes, for each file; None for one that is not there."""


@dataclass(frozen=True, slots=True)
class ConfigState:
    """What is known of the configuration, for whoever asks."""

    path: Path
    loaded_ns: WallNs
    """When the one that is in force was read."""
    error: tuple[str, ...] = ()
    """What is wrong with the file as it is now; empty when it is the one in force."""
    pending: tuple[str, ...] = ()
    """Keys whose new values wait for the next start."""

    def as_json(self) -> dict[str, object]:
        """For the API."""
        loaded_s = self.loaded_ns / 1e9
        return {"path": str(self.path), "loaded_s": loaded_s, "error": list(self.error), "pending": list(self.pending)}


class OnReload(Protocol):
    """Hears of a reload."""

    def __call__(self, *, begins: bool) -> None:
        """It begins, or has ended."""


def _nobody_hears(*, begins: bool) -> None:
    _ = begins


class Configured:
    """Keeps a recorder at what the file says."""

    def __init__(
        self,
        path: Path,
        settings: Settings,
        wall_ns: Callable[[], WallNs],
        apply_logging: Callable[[LoggingSettings], None],
    ) -> None:
        """`settings`: what was read already, and what the recorder begins with."""
        self.follow_alarms: Callable[[AlarmSettings], None] = lambda _: None
        """Called with what the file says of alarms, whenever it is read."""
        self.follow_backup: Callable[[BackupSettings | None], None] = lambda _: None
        """Called with what the file says of backups, whenever it is read."""
        self.follow_retention: Callable[[RetentionRules], None] = lambda _: None
        self.examine: Callable[[Path, Settings], None] = lambda _, __: None
        """Called with what was read, in a thread: whether the machine can do it. Raises ConfigError."""
        self._settings = self._started_with = settings
        self._wall_ns, self._apply_logging = wall_ns, apply_logging
        self._files = settings.files
        self._state = ConfigState(path, wall_ns())
        self._asked = asyncio.Event()
        self.on_reload: OnReload = _nobody_hears
        self._lock = asyncio.Lock()

    @property
    def state(self) -> ConfigState:
        """What is in force, and what is wrong."""
        return self._state

    def request(self) -> None:
        """Read the file at once, whether it has changed or not (SIGHUP)."""
        self._asked.set()

    async def run(self, recorder: Recorder) -> None:
        """Look for changes, until cancelled."""
        loaded = before = await self._look()
        while True:
            asked = await self._wait()
            now = await self._look()
            # Somebody may be writing: what still changes is not read yet.
            if asked or (now != loaded and now == before):
                await self._follow(recorder)
                # What changed since that look is a change that is still to be read.
                loaded = await self._look()
                loaded |= {file: now[file] for file in now if file in loaded}
            before = now

    async def reload(self, recorder: Recorder) -> ConfigState:
        """Read the file, and do what it says if it is good."""
        async with self._lock:
            self.on_reload(begins=True)
            try:
                settings = await in_daemon(self._read)
            except ConfigError as error:
                self._refused(error)
            else:
                self._accepted(settings, recorder)
            finally:
                self.on_reload(begins=False)
            return self._state

    def _read(self) -> Settings:
        settings = read(self._state.path)
        self.examine(self._state.path, settings)
        return settings

    async def _look(self) -> Seen:
        return await in_daemon(partial(seen, self._files))

    async def _follow(self, recorder: Recorder) -> None:
        try:
            await self.reload(recorder)
        except Exception:  # the boundary of the loop: a mistake of ours must not end the following of the file
            LOG.exception("the configuration was read and could not be followed; the next change is tried")

    async def _wait(self) -> bool:
        """Until it is time to look; True when somebody asked."""
        try:
            async with asyncio.timeout(LOOK_EVERY_S):
                await self._asked.wait()
        except TimeoutError:
            return False
        self._asked.clear()
        return True

    def _refused(self, error: ConfigError) -> None:
        self._files = error.files
        lines = tuple(error.lines())
        if lines != self._state.error:
            LOG.warning("the configuration cannot be used, the last good one goes on: %s", "; ".join(lines))
        self._state = replace(self._state, error=lines)

    def _accepted(self, settings: Settings, recorder: Recorder) -> None:
        if self._state.error:
            LOG.info("the configuration can be used again")
        self._files = settings.files
        before = {plan.stream: plan for plan in plans_from(self._settings)}
        after = {plan.stream: plan for plan in plans_from(settings)}
        self._apply_logging(settings.logging)
        self.follow_alarms(settings.alarms)
        self.follow_backup(settings.backup)
        self.follow_retention(retention_from(settings))
        pending = needs_restart(self._started_with, settings)
        if pending and pending != self._state.pending:
            LOG.warning("these changes take effect with the next start: %s", ", ".join(pending))
        self._state = replace(self._state, loaded_ns=self._wall_ns(), error=(), pending=pending)
        apply(before, after, recorder)
        self._settings = settings


Plans = Mapping[StreamId, StreamPlan]


def apply(before: Plans, after: Plans, recorder: Recorder) -> None:
    """Bring the recorder from one set of plans to another, touching only what differs."""
    removed = [stream for stream in before if stream not in after]
    added = [plan for stream, plan in after.items() if stream not in before]
    changed = [plan for stream, plan in after.items() if stream in before and before[stream] != plan]
    # Those that go first: a camera that only gets another id is free for its successor sooner.
    for stream in removed:
        recorder.remove(stream)
    for plan in changed:
        recorder.change(plan)
    for plan in added:
        recorder.add(plan)
    for what, streams in (
        ("removed", removed),
        ("changed", [plan.stream for plan in changed]),
        ("added", [plan.stream for plan in added]),
    ):
        if streams:
            LOG.info("%s by the configuration: %s", what, ", ".join(map(str, streams)))


def seen(files: Sequence[Path]) -> Seen:
    """What the files look like from outside."""
    return {file: _seen(file) for file in files}


def _seen(file: Path) -> tuple[int, int, int, int] | None:
    try:
        found = file.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size, found.st_mode
