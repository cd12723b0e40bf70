"""Asks the process that a backup's files go through (`storage.backup_process`). A disk that hangs holds only it."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self

COMMAND = (sys.executable, "-m", "holdfast.storage.backup_process")
SILENT_S = 120.0
"""It says at least so often how far it is, or it hangs."""
ENDED_S = 1.0
READ_BYTES = 1 << 16
Said = dict[str, Any]
Hear = Callable[[Said], None]


class HelperError(Exception):
    """The process hangs or has died."""


class Helper:
    """The process, from the block's begin to its end."""

    def __init__(self) -> None:
        """Start it. Raises OSError."""
        pipe = subprocess.PIPE
        # Not in a folder of its own: it would keep the file system there from being unmounted.
        self._process = subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, cwd="/")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._given, self._said = self._process.stdin, self._process.stdout
        self._rest = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End it, whatever it is doing. One that a disk holds is not waited for."""
        self._process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(ENDED_S)
        with contextlib.suppress(OSError):
            self._given.close()
        self._said.close()

    def ask(self, request: Mapping[str, object], hear: Hear = lambda _: None) -> Said:
        """Have something done; `hear` gets what is told meanwhile. Raises HelperError."""
        try:
            self._given.write(json.dumps(request).encode() + b"\n")
            self._given.flush()
            while True:
                said = json.loads(self._line())
                if said.pop("done", False):
                    return dict(said)
                hear(said)
        except (OSError, ValueError) as error:
            raise HelperError("the process that copies the files has ended") from error

    def _line(self) -> bytes:
        deadline_s = time.monotonic() + SILENT_S
        while b"\n" not in self._rest:
            patience_s = deadline_s - time.monotonic()
            if patience_s <= 0 or not select.select([self._said], [], [], patience_s)[0]:
                raise HelperError("a disk does not answer any more")
            data = os.read(self._said.fileno(), READ_BYTES)
            if not data:
                raise HelperError("the process that copies the files has ended")
            self._rest += data
        line, _, self._rest = self._rest.partition(b"\n")
        return line
