"""The service's side of being supervised: ready, alive while its loop turns, reloading, ending."""

import asyncio
import contextlib
import logging
import os
from collections.abc import Callable, Iterator, Sequence

from holdfast.app.notify import ALIVE, READY, STOPPING, Notifier, reloading
from holdfast.recorder.status import RecordingState, StreamStatus

LOG = logging.getLogger("holdfast.recorder")
TOLD_EVERY_S = 5.0
"""How often the status is told when no watchdog asks for pings."""
MOST_NAMED = 5


class Pulse:
    """Speaks for a recorder. Without a guard it says nothing."""

    def __init__(self, notifier: Notifier | None = None) -> None:
        """Nothing is told before `run`."""
        self._notifier = notifier or Notifier()
        watchdog_s = self._notifier.watchdog_s
        self._every_s = TOLD_EVERY_S if watchdog_s is None else watchdog_s / 2
        self._has_ticked = asyncio.Event()
        self._is_ready = self._is_stopping = False
        self._is_ready_told = True
        self._status = ""

    def ticked(self) -> None:
        """The recorder's loop has turned."""
        self._has_ticked.set()

    def reloading(self, *, begins: bool) -> None:
        """The configuration is read again, or was read."""
        if self._is_ready and not self._is_stopping:
            self._notifier.tell(*(reloading() if begins else (READY,)))

    def stopping(self) -> None:
        """An orderly end begins. It has limits of its own: pings go on as long as the loop turns."""
        self._is_stopping = True
        self._notifier.tell(STOPPING, "STATUS=ending: the files are made final")

    async def run(self, statuses: Callable[[], Sequence[StreamStatus]], listening: asyncio.Future[None]) -> None:
        """Until cancelled. `listening` ends when the control socket listens, or cannot."""
        if not self._notifier.is_heard:
            return
        with _watching_parent():
            await asyncio.wait({listening})
            await self._has_ticked.wait()
            self._is_ready = True
            self._is_ready_told = False
            while True:
                self._beat(statuses)
                await asyncio.sleep(self._every_s)

    def _beat(self, statuses: Callable[[], Sequence[StreamStatus]]) -> None:
        lines = [] if self._is_ready_told or self._is_stopping else [READY]
        if self._has_ticked.is_set() or self._is_stopping:
            self._has_ticked.clear()
            lines += [ALIVE] if self._notifier.watchdog_s is not None else []
        status = self._status if self._is_stopping else status_line(statuses())
        if status != self._status:
            lines.append(f"STATUS={status}")
        if lines and self._notifier.tell(*lines):
            self._is_ready_told, self._status = True, status


def status_line(statuses: Sequence[StreamStatus]) -> str:
    """How the recorder is, in one line, as `systemctl status` shows it."""
    wanted = [status for status in statuses if status.recording is not RecordingState.OFF]
    lacking = [
        f"{_name(status)} {status.fault_kind or status.phase.value.lower()}"
        for status in wanted
        if status.recording is not RecordingState.RECORDING
    ]
    line = f"recording {len(wanted) - len(lacking)} of {len(wanted)} streams"
    more = f", and {len(lacking) - MOST_NAMED} more" if len(lacking) > MOST_NAMED else ""
    return line + (f"; not: {', '.join(lacking[:MOST_NAMED])}{more}" if lacking else "")


def _name(status: StreamStatus) -> str:
    return status.camera if status.stream == "main" else f"{status.camera}/{status.stream}"


@contextlib.contextmanager
def _watching_parent() -> Iterator[None]:
    """Say when the process that started us is gone: recording does not end for that, but nobody watches over it."""
    loop, parent = asyncio.get_running_loop(), os.getppid()
    try:
        pidfd = os.pidfd_open(parent)
    except OSError:
        yield
        return

    def gone() -> None:
        loop.remove_reader(pidfd)
        LOG.warning("process %d, which watched over the recorder, is gone; recording goes on without", parent)

    loop.add_reader(pidfd, gone)
    try:
        yield
    finally:
        loop.remove_reader(pidfd)
        os.close(pidfd)
