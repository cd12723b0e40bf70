"""A process of ours whose end nobody waits for."""

import asyncio
import contextlib
import logging
import os
import signal
import socket
import subprocess
from collections import deque
from collections.abc import Callable, Sequence

LOG = logging.getLogger("holdfast.storage")

MALLOC = {"MALLOC_ARENA_MAX": "1"}
"""Its threads wait in system calls and need no memory of their own (glibc's mallopt(3))."""
STDERR_BYTES = 64 << 10
STDERR_LINES = 20


class Child:
    """Starts a process, logs what it complains about, and reaps it whenever it ends."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        command: Sequence[str],
        control: socket.socket,
        name: str,
        on_exit: Callable[[int], None],
    ) -> None:
        """Start it with the number of its control socket as the last argument, and close that one here.

        `name` stands in the log; `on_exit` gets the exit code, negative for a signal. Raises OSError.
        """
        self._loop, self._name, self._on_exit = loop, name, on_exit
        self.last_words: deque[str] = deque(maxlen=STDERR_LINES)
        self.is_exited = False
        self._process = _start(command, control)
        assert self._process.stderr is not None
        self._stderr = self._process.stderr
        os.set_blocking(self._stderr.fileno(), False)
        self._pidfd = os.pidfd_open(self._process.pid)
        loop.add_reader(self._stderr.fileno(), self._hear)
        loop.add_reader(self._pidfd, self._reap)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def kill(self) -> None:
        """End it as soon as the kernel lets it end."""
        if not self.is_exited:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._pidfd, signal.SIGKILL)

    def _hear(self) -> None:
        try:
            data = os.read(self._stderr.fileno(), STDERR_BYTES)
        except BlockingIOError:
            return
        if not data:
            self._loop.remove_reader(self._stderr.fileno())
        text = data.decode(errors="replace").strip()
        if text:
            self.last_words.extend(text.splitlines())
            LOG.error("%s: %s", self._name, text)

    def _reap(self) -> None:
        exit_code = self._process.wait()
        self._hear()
        self.is_exited = True
        self._loop.remove_reader(self._stderr.fileno())
        self._loop.remove_reader(self._pidfd)
        self._stderr.close()
        os.close(self._pidfd)
        self._on_exit(exit_code)


def _start(command: Sequence[str], control: socket.socket) -> subprocess.Popen[bytes]:
    with control:
        return subprocess.Popen(
            [*command, str(control.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            pass_fds=[control.fileno()],
            # A process keeps the file system that it was started in from being unmounted.
            cwd="/",
            # A Ctrl-C in the terminal is for the recorder, which then ends its processes in order.
            start_new_session=True,
            env={**os.environ, **MALLOC},
        )
