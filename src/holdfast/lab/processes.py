"""Subprocesses of tests: started, waited for, and ended by process id."""

import contextlib
import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Sequence
from typing import Any


class ProcessError(RuntimeError):
    """A process did not do what it should; the message has its standard error."""


def start(command: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Start a process of its own group, so that it and what it starts can be ended together."""
    return subprocess.Popen(list(command), start_new_session=True, **options)


def end(process: subprocess.Popen[bytes], *, with_signal: int = signal.SIGTERM, timeout_s: float = 10.0) -> int:
    """End a process that `start` began, with SIGKILL when it does not listen; returns its exit code."""
    if process.poll() is None:
        process.send_signal(with_signal)
    try:
        return process.wait(timeout_s)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        return process.wait(timeout_s)
    finally:
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def read_json_line(process: subprocess.Popen[bytes], timeout_s: float) -> Any:
    """The next line of the process's standard output, which must be unbuffered (bufsize=0).

    Raises ProcessError when it ends, says something else, or is silent for too long.
    """
    if process.stdout is None:
        raise ProcessError("the process was started without a pipe for its output")
    line = b""
    deadline_s = time.monotonic() + timeout_s
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline_s - time.monotonic()))
        part = os.read(process.stdout.fileno(), 1 << 16) if ready else b""
        if not part:
            raise ProcessError(f"process {process.pid} {'ended' if ready else f'was silent for {timeout_s} s'}")
        line += part
    try:
        return json.loads(line)
    except ValueError as error:
        raise ProcessError(f"process {process.pid} said {line[:200]!r}") from error
