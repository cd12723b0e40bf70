"""One capture worker, seen from the recorder: its process, its control socket, its pulse."""

import asyncio
import contextlib
import os
import socket
import subprocess
import sys
from collections import deque
from collections.abc import Callable, Sequence

from holdfast.ports.capture import MAX_MESSAGE_BYTES, Command, Event, ProtocolError, decode, encode

WORKER_COMMAND = (sys.executable, "-m", "holdfast.media.worker")
MAX_FDS = 4
MALLOC = {
    # Few arenas for many threads, and memory of freed frames is used again instead of being given back and faulted in
    # anew for each fragment (glibc's mallopt(3)).
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(4 << 20),
}
STDERR_LINES = 20

OnEvent = Callable[["WorkerHost", Event, list[int]], None]
OnGone = Callable[["WorkerHost"], None]

PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class WorkerHost:
    """Starts a worker and speaks with it. Everything happens on the event loop; nothing waits for the worker."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        on_event: OnEvent,
        on_gone: OnGone,
        command: Sequence[str] = WORKER_COMMAND,
    ) -> None:
        """Start the process. Raises OSError when it cannot be started."""
        self._loop, self._on_event, self._on_gone = loop, on_event, on_gone
        self.is_ready = False
        self.is_gone = False
        self.started_at_s = self.last_pulse_s = loop.time()
        self.last_words: deque[str] = deque(maxlen=STDERR_LINES)
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._process = _start(command, theirs)
        except BaseException:  # whatever it was: the descriptor must not leak
            ours.close()
            raise
        ours.setblocking(False)
        self._control = ours
        self._pidfd = os.pidfd_open(self._process.pid)
        loop.add_reader(ours.fileno(), self._read)
        loop.add_reader(self._pidfd, self._reap)
        if self._process.stderr is not None:
            os.set_blocking(self._process.stderr.fileno(), False)
            loop.add_reader(self._process.stderr.fileno(), self._read_stderr)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def send(self, command: Command) -> None:
        """Send a command. A worker that does not read is about to be found hung: nothing is kept for it."""
        with contextlib.suppress(OSError):
            self._control.send(encode(command))

    def kill(self) -> None:
        """End it at once, whatever it is doing. `on_gone` follows."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._gone()

    def rss_bytes(self) -> int:
        """Resident memory; 0 when it is gone."""
        # This is asked often: a Path, and a file with buffers, would cost five times as much.
        try:
            fd = os.open(f"/proc/{self.pid}/statm", os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            return 0
        try:
            return int(os.read(fd, 256).split()[1]) * PAGE_BYTES
        except (OSError, IndexError, ValueError):
            return 0
        finally:
            os.close(fd)

    def close_control(self) -> None:
        """Ask it to end by itself: it does when its control socket closes."""
        self._gone()

    def _read(self) -> None:
        # A few datagrams per turn; more are read at the next one.
        for _ in range(64):
            try:
                datagram, fds, _, _ = socket.recv_fds(self._control, MAX_MESSAGE_BYTES, MAX_FDS)
            except BlockingIOError:
                return
            except OSError:
                datagram, fds = b"", []
            if not datagram:
                self.kill()
                return
            self.last_pulse_s = self._loop.time()
            try:
                event = decode(datagram)
            except ProtocolError as error:
                self.last_words.append(str(error))
                close_all(fds)
                self.kill()
                return
            self._on_event(self, event, fds)  # type: ignore[arg-type] # commands never come from a worker
            if self.is_gone:
                return

    def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        try:
            text = os.read(self._process.stderr.fileno(), 65536)
        except BlockingIOError:
            return
        if not text:
            self._loop.remove_reader(self._process.stderr.fileno())
        self.last_words.extend(line for line in text.decode(errors="replace").splitlines() if line.strip())

    def _reap(self) -> None:
        self._process.poll()
        self._loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        self._gone()
        if self._process.stderr is not None:
            self._loop.remove_reader(self._process.stderr.fileno())
            self._process.stderr.close()

    def _gone(self) -> None:
        if self.is_gone:
            return
        self.is_gone = True
        if self._process.stderr is not None and not self._process.stderr.closed:
            self._read_stderr()
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        self._on_gone(self)


def _start(command: Sequence[str], control: socket.socket) -> subprocess.Popen[bytes]:
    with control:
        return subprocess.Popen(
            [*command, str(control.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=None if os.environ.get("GST_DEBUG") else subprocess.PIPE,
            pass_fds=[control.fileno()],
            # A Ctrl-C in the terminal is for the recorder, which then ends its workers in order.
            start_new_session=True,
            env={**os.environ, **MALLOC},
        )


def close_all(fds: Sequence[int]) -> None:
    """Close descriptors that came with a message and that nobody wants."""
    for fd in fds:
        os.close(fd)
