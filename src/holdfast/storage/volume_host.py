"""The process of a volume, seen from the recorder.

Everything happens on the event loop, and nothing waits for the process: what the socket does not take is kept as the
objects that it was given in, which the ring holds anyway.
"""

import asyncio
import contextlib
import socket
import sys
from collections.abc import Callable, Iterable, Sequence

from holdfast.domain.faults import FaultKind
from holdfast.ports.volumes import (
    CreateSegment,
    CutFailed,
    CutSegment,
    OpenVolume,
    Order,
    SegmentFailed,
    VolumeEvent,
    VolumeExited,
    VolumeLost,
    VolumeReady,
    VolumeRefused,
    VolumeSeen,
)
from holdfast.storage.child import Child
from holdfast.storage.unsent import Unsent
from holdfast.storage.volume_pending import Pending
from holdfast.storage.volume_wire import AnswerReader, ProcessAnswer, ProcessOrder, WireError, encode_order

PROCESS_COMMAND = (sys.executable, "-m", "holdfast.storage.volume_process")
SOCKET_BYTES = 1 << 20
"""As far as net.core.wmem_max allows: the more fits, the less often both sides wait for each other."""
READ_BYTES = 64 << 10
READS_AT_ONCE = 16
MAX_UNSENT_BYTES = 512 << 20
EXIT_PATIENCE_S = 5.0
"""How long a process that has closed its socket may take to end."""

Listener = Callable[[VolumeEvent], None]


class VolumeHost:
    """Implements `ports.volumes.Writer`. `listener` is called on the event loop, never from within a call to this."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        volume: OpenVolume,
        listener: Listener,
        *,
        max_unsent_bytes: int = MAX_UNSENT_BYTES,
        command: Sequence[str] = PROCESS_COMMAND,
    ) -> None:
        """Start the process and have it open the volume. Raises OSError when it cannot be started."""
        self._loop, self._listener, self._max_unsent_bytes = loop, listener, max_unsent_bytes
        self.root = volume.root
        self.is_ready = self.is_lost = False
        self._is_closing = self._is_watched = False
        self.heard_at_s = loop.time()
        """When the process said anything the last time, in monotonic seconds."""
        self._pending = Pending()
        self._opening_since_s: float | None = None
        self._reader = AnswerReader()
        self._ended: asyncio.Future[int] = loop.create_future()
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
        ours.settimeout(0)
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SOCKET_BYTES)
        try:
            self._child = Child(loop, command, theirs, f"the process that writes to {self.root}", self._exited)
        except BaseException:  # whatever it was: the descriptor must not leak
            ours.close()
            raise
        self._control, self._unsent = ours, Unsent(ours)
        loop.add_reader(ours.fileno(), self._read)
        self.open(volume)

    @property
    def pid(self) -> int:
        """Process id."""
        return self._child.pid

    @property
    def is_exited(self) -> bool:
        """Whether nothing is left of the process."""
        return self._child.is_exited

    @property
    def unsent_bytes(self) -> int:
        """What the process has not taken yet."""
        return self._unsent.size_bytes

    @property
    def waiting_since_s(self) -> float | None:
        """Since when, in monotonic seconds, the oldest order or sync waits to be answered; None when nothing does.

        Every answer of a segment begins its wait anew (`Pending.since_s`).
        """
        waits = (self._pending.since_s(), self._opening_since_s)
        return min((since_s for since_s in waits if since_s is not None), default=None)

    def open(self, volume: OpenVolume) -> None:
        """Have it open the volume; again after `VolumeRefused`."""
        assert volume.root == self.root, "a process is for one volume"
        if self._opening_since_s is None and not self.is_ready and not self.is_lost:
            self._opening_since_s = self._loop.time()
            self._send(None, volume)

    def order(self, order: Order) -> None:
        """Give an order. Never blocks, never raises.

        When the volume is not open, or so much is unsent that no more is kept, the segment fails at once.
        """
        if not self.is_ready or self.is_lost or self._is_closing:
            self._refuse(order, f"{self.root} is not open for writing.")
        elif self._pending.accepts(order):
            try:
                self._send(order.key, order)
            except WireError:
                self._refuse(order, _too_slow(self.root))

    async def close(self, timeout_s: float) -> bool:
        """Have everything carried out, then end the process. False when that did not come about in time."""
        self._is_closing = True
        self._shut_down_when_sent()
        await asyncio.wait({self._ended}, timeout=timeout_s)
        if not self._ended.done():
            self.abandon(f"{self.root} did not finish its work in time. Check the disk.")
        return not self.is_lost

    def abandon(self, sentence: str) -> None:
        """End it at once, whatever it is doing, and wait for nothing. Its segments fail with `sentence`.

        It may take long to die; `VolumeExited` comes when it is dead.
        """
        if not self.is_exited:
            self._child.kill()
            self._lose(sentence)

    # ------------------------------------------------------------ to the process

    def _send(self, key: int | None, order: ProcessOrder) -> None:
        """Send it, or keep it until it can be sent. Raises WireError when that is too much."""
        parts = encode_order(order)
        size_bytes, waiting_bytes = sum(map(len, parts)), self._unsent.size_bytes
        if waiting_bytes + size_bytes > self._max_unsent_bytes and not isinstance(order, CutSegment):
            raise WireError(f"{waiting_bytes} bytes wait already")
        if not isinstance(order, OpenVolume):
            self._pending.ordered(order, self._loop.time())
        self._unsent.add(key, parts, size_bytes)
        if not waiting_bytes:
            self._send_some()

    def _send_some(self) -> None:
        try:
            self._unsent.send()
        except OSError:
            # The process is dead. What that means is said when its end is seen.
            self._unsent.clear()
        waits = self._unsent.size_bytes > 0
        if waits != self._is_watched:
            self._is_watched = waits
            if waits:
                self._loop.add_writer(self._control.fileno(), self._send_some)
            else:
                self._loop.remove_writer(self._control.fileno())
        if self._is_closing and not waits:
            self._shut_down_when_sent()

    def _shut_down_when_sent(self) -> None:
        if not self._unsent.size_bytes:
            with contextlib.suppress(OSError):
                # It may be gone already.
                self._control.shutdown(socket.SHUT_WR)

    def _refuse(self, order: Order, sentence: str) -> None:
        match order:
            case CreateSegment(key):
                self._tell_later([SegmentFailed(key, FaultKind.STORAGE_DISCONNECTED, sentence, "")])
            case CutSegment(key):
                self._tell_later([CutFailed(key, sentence)])
            case _:
                self._tell_later(self._pending.give_up(order.key, sentence))

    # ------------------------------------------------------------ from the process

    def _read(self) -> None:
        for _ in range(READS_AT_ONCE):
            try:
                data = self._control.recv(READ_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._loop.remove_reader(self._control.fileno())
                mute = f"The process that writes to {self.root} does not end. It is started again."
                self._loop.call_later(EXIT_PATIENCE_S, self.abandon, mute)
                return
            self.heard_at_s = self._loop.time()
            try:
                for answer in self._reader.feed(data):
                    self._answered(answer)
            except WireError as error:
                self._child.last_words.append(str(error))
                self.abandon(f"The process that writes to {self.root} talked nonsense. It is started again.")
            if self.is_lost:
                return

    def _answered(self, answer: ProcessAnswer) -> None:
        match answer:
            case VolumeReady():
                self.is_ready, self._opening_since_s = True, None
            case VolumeRefused():
                self._opening_since_s = None
            case VolumeSeen():
                pass
            case _:
                if not self._pending.answered(answer, self.heard_at_s):
                    return
        self._listener(answer)

    def _exited(self, exit_code: int) -> None:
        if not self.is_lost:
            self._read()
        if exit_code or not self._is_closing:
            how = f"exit code {exit_code}" if exit_code >= 0 else f"signal {-exit_code}"
            self._lose(f"The process that writes to {self.root} ended unexpectedly ({how}). It is started again.")
        self._disconnect()
        self._tell_later([VolumeExited(exit_code)])
        self._ended.set_result(exit_code)

    def _lose(self, sentence: str) -> None:
        if not self.is_lost:
            self.is_lost = True
            self._opening_since_s = None
            self._disconnect()
            self._tell_later([*self._pending.give_up_all(sentence), VolumeLost(sentence)])

    def _disconnect(self) -> None:
        if self._control.fileno() >= 0:
            self._loop.remove_reader(self._control.fileno())
            self._loop.remove_writer(self._control.fileno())
            self._control.close()
            self._unsent.clear()

    def _tell_later(self, events: Iterable[VolumeEvent]) -> None:
        for event in events:
            self._loop.call_soon(self._listener, event)


def _too_slow(root: str) -> str:
    return f"{root} does not take footage as fast as it comes. Check the disk."
