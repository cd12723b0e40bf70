"""FUSE file systems of the lab, each a process of its own: how one is run, and how it is spoken to.

A command is a line of JSON on its standard input, and its answer one on its standard output. When the input ends, so
does the file system: what forgot it, or was killed, leaves no mount behind.
"""

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from holdfast.lab import processes
from holdfast.lab.storage.mounts import DiskError, unmount

_THREADS = {"max_threads": 64, "max_idle_threads": 10}
"""So many calls may hang at once before others wait for them. Without the second, libfuse 3.14 complains of itself."""
_READY_S = 30.0
_ANSWER_S = 30.0


class FuseProcess:
    """A context manager around `python -m holdfast.lab.storage.<module>`."""

    def __init__(self, module: str, folder: Path, *arguments: str) -> None:
        """`folder`: where it is mounted; it exists."""
        self.folder = folder
        self._command = [sys.executable, "-m", f"holdfast.lab.storage.{module}", str(folder), *arguments]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        pipe = subprocess.PIPE
        self._process = processes.start(self._command, stdin=pipe, stdout=pipe, bufsize=0)
        try:
            processes.read_json_line(self._process, _READY_S)
        except processes.ProcessError as error:
            self.stop()
            raise DiskError(f"no FUSE file system at {self.folder}: {error}") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def ask(self, **order: Any) -> None:
        """Give a command, and wait until it is obeyed. Raises DiskError."""
        if self._process is None or self._process.stdin is None:
            raise DiskError(f"the file system at {self.folder} has ended")
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        answer = processes.read_json_line(self._process, _ANSWER_S)
        if "error" in answer:
            raise DiskError(answer["error"])

    def kill(self) -> None:
        """End it without a word: whoever waits for it gets an error, and so does everyone after."""
        if self._process is not None:
            self._process.kill()
            processes.end(self._process)
            self._process = None

    def stop(self) -> None:
        """End it, and take the mount away. Its death frees whatever waits for it, so that nothing can hang here."""
        self.kill()
        unmount(self.folder)


def serve(operations: object, folder: Path, obey: Callable[[dict[str, Any]], None], **options: Any) -> None:
    """Be the file system until the mount or the standard input ends. `operations`: see `mfusepy.Operations`.

    `obey` carries out a command; what it raises is the answer.
    """
    # Here, because the process that starts this one needs no libfuse, and the import fails without.
    import mfusepy  # noqa: PLC0415

    threading.Thread(target=_listen, args=(folder, obey), daemon=True).start()
    mfusepy.FUSE(operations, str(folder), foreground=True, subtype="lab", **_THREADS, **options)


def ready() -> None:
    """Say that the file system is mounted."""
    _say({"ready": True})


def _listen(folder: Path, obey: Callable[[dict[str, Any]], None]) -> None:
    for line in sys.stdin:
        answer = {}
        try:
            obey(json.loads(line))
        except Exception as error:  # noqa: BLE001 - the thread's boundary: whatever it is, the one who asked is told
            answer = {"error": f"{type(error).__name__}: {error}"}
        _say(answer)
    subprocess.run(["umount", "--lazy", str(folder)], capture_output=True, check=False)
    # The other threads may hang in what this file system was told to do.
    os._exit(0)


def _say(what: dict[str, Any]) -> None:
    with contextlib.suppress(BrokenPipeError):
        print(json.dumps(what), flush=True)
