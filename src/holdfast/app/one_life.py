"""One life of a supervised service: what it told, what is waited for, and its end when that does not come."""

import logging
import os
import signal
import subprocess
import time
from dataclasses import dataclass
from typing import Self

from holdfast.app.notify import ALIVE, READY, STOPPING

LOG = logging.getLogger("holdfast.recorder")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what is waited for, in seconds. The same as in the unit for systemd (app/unit.py)."""

    watchdog_s: float = 15.0
    start_s: float = 60.0
    stop_s: float = 45.0
    abort_s: float = 2.0
    """From SIGABRT, at which the service says where it stood, to SIGKILL."""


class OneLife:
    """The service from its start to its end: what it told, and how long what is waited for."""

    def __init__(self, process: subprocess.Popen[bytes], patience: Patience) -> None:
        self.process, self._patience = process, patience
        self._pidfd = os.pidfd_open(process.pid)
        self._ready_at_s: float | None = None
        self._due_s = time.monotonic() + patience.start_s
        self._why = f"it was not ready within {patience.start_s:g} s"
        self._is_stopping = self._is_killed = False
        self._reason = ""
        self._hangup_waits = False
        self.exit_code: int | None = None
        self.ready_s: float | None = None
        self.is_given_up = False
        """It is in uninterruptible sleep, and does not even end when killed."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._pidfd)

    def fileno(self) -> int:
        """Readable when the process has ended."""
        return self._pidfd

    @property
    def cause(self) -> str:
        """Why it ended, for the log."""
        code = self.exit_code or 0
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"{self._reason} ({how})" if self._reason else how

    def patience_s(self) -> float | None:
        """How long to wait for something to happen."""
        return None if self.is_given_up else max(0.0, self._due_s - time.monotonic())

    def told(self, line: str) -> None:
        """The service said this."""
        now_s = time.monotonic()
        if line == STOPPING:
            self._stop(now_s)
        elif line == READY and self._ready_at_s is None:
            self._ready_at_s = now_s
            LOG.info("the recorder is ready, process %d", self.process.pid)
            if self._hangup_waits:
                self.process.send_signal(signal.SIGHUP)
        if line in (READY, ALIVE) and not self._is_stopping and not self._reason:
            self._due_s = now_s + self._patience.watchdog_s
            self._why = f"watchdog: its event loop stood still for {self._patience.watchdog_s:g} s"

    def pass_on(self, number: int) -> None:
        """Somebody sent us this signal."""
        if number == signal.SIGHUP and self._ready_at_s is None:
            # It would die of it; what it reads at its start may be older, though.
            self._hangup_waits = True
            return
        self.process.send_signal(number)
        if number != signal.SIGHUP and not self._is_stopping:
            self._stop(time.monotonic())

    def look(self) -> None:
        """See whether it has ended, or must be ended because it does not do what is waited for."""
        now_s = time.monotonic()
        self.exit_code = self.process.poll()
        if self.exit_code is not None:
            self.ready_s = None if self._ready_at_s is None else now_s - self._ready_at_s
        elif now_s >= self._due_s and not self.is_given_up:
            self._end(now_s)

    def _stop(self, now_s: float) -> None:
        self._is_stopping = True
        self._due_s = now_s + self._patience.stop_s
        self._why = f"it did not end within {self._patience.stop_s:g} s"

    def _end(self, now_s: float) -> None:
        if not self._reason:
            self._reason = self._why
            LOG.error("the recorder, process %d, is ended: %s", self.process.pid, self._reason)
            self.process.send_signal(signal.SIGABRT)
            self._due_s = now_s + self._patience.abort_s
            return
        self._due_s = now_s + self._patience.abort_s
        if not self._is_killed:
            self._is_killed = True
            self.process.kill()
            return
        # From now on there is nothing but to wait: it holds what the next one needs.
        self.is_given_up = True
        LOG.error("process %d does not even end when killed; it will when its disk answers", self.process.pid)
