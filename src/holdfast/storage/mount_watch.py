"""Says when something was mounted, unmounted or mounted otherwise."""

import contextlib
import logging
import os
import select
import threading
from collections.abc import Callable
from pathlib import Path

from holdfast.storage.mounts import TABLE, Mount, parse, read_table

LOG = logging.getLogger("holdfast.storage")

LOOK_EVERY_MS = 5_000
"""A file system that the kernel turns read-only after an error changes the table, and nobody is told (ext4(5))."""

Changed = Callable[[tuple[Mount, ...]], None]


class MountWatch:
    """Calls `changed` with the whole table after each change, on a thread of its own; `close` ends it."""

    def __init__(self, changed: Changed, table: Path = TABLE) -> None:
        """Watch from now on; the table as it is already is not told. Raises OSError when there is no such table."""
        self._changed, self._table = changed, table
        self._stop = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        with contextlib.ExitStack() as undo:
            undo.callback(os.close, self._stop)
            self._file = undo.enter_context(table.open("rb", buffering=0))
            self._last = read_table(table)
            undo.pop_all()
        self._thread = threading.Thread(target=self._run, name="mounts", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread; nothing is told afterwards. Not from within `changed`."""
        if self._stop < 0:
            return
        os.eventfd_write(self._stop, 1)
        self._thread.join()
        os.close(self._stop)
        self._stop = -1
        self._file.close()

    def _run(self) -> None:
        poll = select.poll()
        # The kernel notes which change each open table was told of: polling tells of the next (proc_pid_mounts(5)).
        poll.register(self._file, select.POLLPRI)
        poll.register(self._stop, select.POLLIN)
        while True:
            ready = [descriptor for descriptor, _ in poll.poll(LOOK_EVERY_MS)]
            if self._stop in ready:
                return
            with contextlib.suppress(OSError):
                self._look(is_told=bool(ready))

    def _look(self, *, is_told: bool) -> None:
        """Read the table. What was told is passed on even if it looks the same: it may have changed to and fro."""
        table = read_table(self._table)
        if table == self._last and not is_told:
            return
        self._last = table
        try:
            self._changed(parse(table))
        except Exception:  # the thread's boundary: a mistake of whoever listens must not end the watching
            LOG.exception("a change of what is mounted was not understood")
