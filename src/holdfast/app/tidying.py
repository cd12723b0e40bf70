"""Brings files and catalog in line that an earlier recorder left behind. Recording goes on beside it."""

import asyncio
import contextlib
import logging
import os
import queue
import threading
import time
from collections.abc import Collection
from functools import partial
from pathlib import Path

from holdfast.app.check import CheckSettings, check
from holdfast.app.recording_root import CheckError
from holdfast.catalog.store import Catalog
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogError
from holdfast.recorder.recorder import Recorder
from holdfast.storage.marker import MarkerError, read_marker

LOG = logging.getLogger("holdfast.recorder")
FLUSH_S = 10.0


class Tidying:
    """Looks at each volume once, when it is open for the first time; again if it was lost before all was looked at.

    A disk that hangs holds up nobody else's end.
    """

    def __init__(
        self,
        catalog: Catalog,
        recorder: Recorder,
        loop: asyncio.AbstractEventLoop,
        volumes: Collection[str],
        writing: contextlib.AbstractContextManager[object] | None = None,
    ) -> None:
        """Nothing is looked at yet. `volumes`: all there are, by name. `writing`: held by who deletes, for a moment."""
        self._writing = contextlib.nullcontext() if writing is None else writing
        self._catalog, self._recorder, self._loop = catalog, recorder, loop
        self._is_stopped = False
        self._began_ns = WallNs(time.time_ns())
        self._asked: set[str] = set()
        self._left = set(volumes)
        """Volumes that were not looked at as a whole yet."""
        self._unresolved = 0
        self._opened: queue.SimpleQueue[tuple[str, Path, str]] = queue.SimpleQueue()
        threading.Thread(target=self._run, name="tidying", daemon=True).start()

    def opened(self, volume: str, root: Path, volume_id: str) -> None:
        """A volume is open. On the event loop."""
        if volume not in self._asked:
            self._asked.add(volume)
            self._opened.put((volume, root, volume_id))

    def stop(self) -> None:
        """Do not go on."""
        self._is_stopped = True

    def _run(self) -> None:
        while not self._is_stopped:
            volume, root, volume_id = self._opened.get()
            if self._look_at(volume, root, volume_id):
                self._correct_gaps()

    def _look_at(self, volume: str, root: Path, volume_id: str) -> bool:
        settings = CheckSettings(
            live_paths=self._recorder.open_paths,
            should_stop=lambda: self._is_stopped,
            volume=volume,
            is_last=self._left <= {volume},
            is_there=partial(_is_volume, root, volume_id),
            writing=self._writing,
        )
        try:
            report = check(root, repair=True, catalog=self._catalog, settings=settings)
        except (CheckError, CatalogError, OSError) as error:
            self._asked.discard(volume)
            LOG.warning("files that an earlier recorder left behind were not checked: %s", error)
            return False
        for finding in report.findings:
            LOG.info("%s", finding.sentence)
        if not report.was_stopped:
            self._left.discard(volume)
            self._unresolved += report.unresolved
            self._recorder.alarms.unresolved = self._unresolved
        return not self._is_stopped

    def _correct_gaps(self) -> None:
        """What was left open is dated by its files now: so is the time that the recorder was away."""
        self._catalog.flush(FLUSH_S)
        try:
            ends = {
                stream: self._catalog.footage_end(stream.camera, stream.stream, before_ns=self._began_ns)
                for stream in self._recorder.past.ends
            }
        except CatalogError as error:
            LOG.warning("when the recorder was away is known by its catalog only: %s", error)
            return
        found = {stream: end_ns for stream, end_ns in ends.items() if end_ns is not None}
        with contextlib.suppress(RuntimeError):
            # The loop may be closed already.
            self._loop.call_soon_threadsafe(self._recorder.repaired, found)


def _is_volume(root: Path, volume_id: str) -> bool:
    """Whether the volume is there, by its marker."""
    try:
        folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            found = read_marker(folder)
        finally:
            os.close(folder)
    except (OSError, MarkerError):
        return False
    return found is not None and found.volume_id == volume_id
