"""The service's side of the process that makes thumbnails: starts it, asks it, and ends it when it takes too long."""

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import IO

COMMAND = (sys.executable, "-m", "holdfast.app.thumbnail_process")
PATIENCE_S = 15.0
"""For one answer, the start of the process included."""
MOST_LINE_BYTES = 64 << 10
MOST_PICTURE_BYTES = 8 << 20
ENDED_S = 0.2
_BLOCK_BYTES = 256 << 10

Answer = tuple[Mapping[str, object], bytes]


class MakerDied(Exception):
    """The process died of what it was asked, or was ended because it did not answer. The text says which."""


class Maker:
    """One process, started when it is needed. Not for several threads at once."""

    def __init__(self, command: Sequence[str] = COMMAND, patience_s: float = PATIENCE_S) -> None:
        """Nothing is started yet."""
        self._command, self._patience_s = tuple(command), patience_s
        self._process: subprocess.Popen[bytes] | None = None
        self._dying: list[subprocess.Popen[bytes]] = []

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None else self._process.pid

    def ask(self, request: Mapping[str, object]) -> Answer:
        """Have something done: the answer, and the bytes that belong to it.

        Raises MakerDied; the next call starts another process.
        """
        deadline_s = time.monotonic() + self._patience_s
        line = json.dumps(request).encode() + b"\n"
        for _ in range(2):
            process = self._running()
            try:
                return _asked(process, line, deadline_s)
            except TimeoutError:
                self.close()
                raise MakerDied(
                    f"the process that makes pictures did not answer within {self._patience_s:.0f} s and was ended"
                ) from None
            except (OSError, ValueError, RecursionError):
                code = self._ended(process)
                if code != 0:
                    raise MakerDied(f"the process that makes pictures died of it ({_how(code)})") from None
                # Nobody had asked for a while, and it ended just now.
        raise MakerDied("the process that makes pictures ends as soon as it is started")

    def close(self) -> None:
        """End it, whatever it is doing. One that a disk holds is not waited for."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            self._let_go(process)

    def _running(self) -> subprocess.Popen[bytes]:
        """Raises MakerDied when none can be started."""
        self._dying = [one for one in self._dying if one.poll() is None]
        if self._process is not None and self._process.poll() is not None:
            self._let_go(self._process)
            self._process = None
        if self._process is None:
            pipe = subprocess.PIPE
            try:
                self._process = subprocess.Popen(
                    self._command, bufsize=0, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, cwd="/"
                )
            except OSError as error:
                raise MakerDied(f"the process that makes pictures cannot be started ({error})") from error
            assert self._process.stdout is not None
            os.set_blocking(self._process.stdout.fileno(), False)
        return self._process

    def _ended(self, process: subprocess.Popen[bytes]) -> int | None:
        """How it ended; None when it had to be killed, as it said what makes no sense."""
        self._process = None
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(ENDED_S)
        code = process.poll()
        if code is None:
            process.kill()
        self._let_go(process)
        return code

    def _let_go(self, process: subprocess.Popen[bytes]) -> None:
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        try:
            process.wait(ENDED_S)
        except subprocess.TimeoutExpired:
            self._dying.append(process)


def _asked(process: subprocess.Popen[bytes], line: bytes, deadline_s: float) -> Answer:
    """Raises OSError, ValueError, and TimeoutError when it takes longer."""
    assert process.stdin is not None
    assert process.stdout is not None
    # A request is shorter than what a pipe takes at once (pipe(7)): it is written whole, or the process is dead.
    process.stdin.write(line)
    data = b""
    while b"\n" not in data[:MOST_LINE_BYTES]:
        if len(data) >= MOST_LINE_BYTES:
            raise ValueError("the answer has no end")
        data += _more(process.stdout, deadline_s)
    head, _, body = data.partition(b"\n")
    said = json.loads(head)
    size = said.get("jpeg_bytes") if isinstance(said, dict) else None
    if not isinstance(size, int) or not 0 <= size <= MOST_PICTURE_BYTES:
        raise ValueError("the answer makes no sense")
    parts, have = [body], len(body)
    while have < size:
        parts.append(_more(process.stdout, deadline_s))
        have += len(parts[-1])
    if have > size:
        raise ValueError("the answer is longer than it says")
    return said, b"".join(parts)


def _more(pipe: IO[bytes], deadline_s: float) -> bytes:
    left_s = deadline_s - time.monotonic()
    if left_s <= 0 or not select.select([pipe], [], [], left_s)[0]:
        raise TimeoutError
    data = os.read(pipe.fileno(), _BLOCK_BYTES)
    if not data:
        raise ConnectionResetError
    return data


def _how(code: int | None) -> str:
    if code is None:
        return "it said what makes no sense"
    return f"signal {-code}" if code < 0 else f"exit code {code}"
