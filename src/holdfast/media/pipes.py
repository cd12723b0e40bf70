"""Reading takes on the recorder's side: many pipes, few wake-ups, one take of a stream after the other."""

import asyncio
import os
import select
from collections import deque
from collections.abc import Callable

from holdfast.domain.streams import Track
from holdfast.media.turns import BEHIND_S, next_turn_s
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened

READ_BYTES = 1024 * 1024
OLDER_TAKE_PATIENCE_S = 3.0

Deliver = Callable[[TakeOpened | TakeBytes | TakeClosed], None]


class SessionPipes:
    """The takes of one session, those of each track by themselves: the picture never waits for sound."""

    def __init__(self, reader: "PipeReader", deliver: Deliver) -> None:
        """Nothing was opened yet."""
        self._tracks = {track: TrackPipes(reader, deliver) for track in (Track.SOUND, Track.VIDEO)}

    def opened(self, event: TakeOpened, fd: int) -> None:
        """A take and the reading end of its pipe, which is closed here."""
        self._tracks[event.track].opened(event, fd)

    def drain(self) -> None:
        """Deliver everything that is in the pipes and close them: the session has ended."""
        for pipes in self._tracks.values():
            pipes.drain()


class TrackPipes:
    """The takes of one track, oldest first. Only the oldest is delivered, the others wait in their pipes."""

    def __init__(self, reader: "PipeReader", deliver: Deliver) -> None:
        """Nothing was opened yet."""
        self._reader = reader
        self._deliver = deliver
        self._takes: deque[tuple[TakeOpened, int]] = deque()

    def opened(self, event: TakeOpened, fd: int) -> None:
        """A take and the reading end of its pipe, which is closed here."""
        os.set_blocking(fd, False)
        self._takes.append((event, fd))
        if len(self._takes) == 1:
            self._begin()
        else:
            self._reader.later(OLDER_TAKE_PATIENCE_S, lambda: self._give_up_before(event))

    def drain(self) -> None:
        """Deliver everything that is in the pipes and close them: the session has ended."""
        while self._takes:
            if self.read() and self._takes:
                self._close_oldest()

    def read(self) -> bool:
        """Deliver what the oldest take has. True when nothing more is there at present."""
        if not self._takes:
            return True
        event, fd = self._takes[0]
        # One buffer for all pipes: fresh memory for each read would cost more than the copy.
        try:
            size = os.readv(fd, [self._reader.buffer])
        except BlockingIOError:
            return True
        if size:
            data = memoryview(self._reader.buffer)[:size]
            self._deliver(TakeBytes(event.stream, event.session, event.take, data, event.track))
            return False
        self._close_oldest()
        return not self._takes

    def _begin(self) -> None:
        event, fd = self._takes[0]
        self._deliver(event)
        self._reader.watch(fd, self)

    def _close_oldest(self) -> None:
        event, fd = self._takes.popleft()
        self._reader.forget(fd)
        os.close(fd)
        self._deliver(TakeClosed(event.stream, event.session, event.take, event.track))
        if self._takes:
            self._begin()

    def _give_up_before(self, event: TakeOpened) -> None:
        """A take that does not end although a newer one waits is cut off: the newer one's pipe must not fill."""
        while self._takes and self._takes[0][0].take < event.take and any(t[0] is event for t in self._takes):
            while not self.read():
                pass
            if self._takes and self._takes[0][0].take < event.take:
                self._close_oldest()


class PipeReader:
    """Watches all pipes of the recorder with one epoll instance."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Begin to watch."""
        self._loop = loop
        self.buffer = bytearray(READ_BYTES)
        self._epoll = select.epoll()
        self._sessions: dict[int, TrackPipes] = {}
        self._is_closed = False
        loop.add_reader(self._epoll.fileno(), self._gather)

    def watch(self, fd: int, session: TrackPipes) -> None:
        """Tell `session` when `fd` has data."""
        self._sessions[fd] = session
        self._epoll.register(fd, select.EPOLLIN)

    def forget(self, fd: int) -> None:
        """Do not watch any more."""
        if self._sessions.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call on the loop after a while, unless closed by then."""
        self._loop.call_later(delay_s, lambda: None if self._is_closed else call())

    def close(self) -> None:
        """Stop watching."""
        if self._is_closed:
            return
        self._is_closed = True
        self._sessions.clear()
        self._loop.remove_reader(self._epoll.fileno())
        self._epoll.close()

    def _gather(self) -> None:
        self._loop.remove_reader(self._epoll.fileno())
        self._at_next_turn()

    def _at_next_turn(self) -> None:
        # A fragment comes in several writes, and many cameras send some at about the same time: all pipes are read at
        # once, rather than that each of them wakes the recorder.
        self._loop.call_at(next_turn_s(self._loop.time(), behind_s=BEHIND_S), self._read)

    def _read(self) -> None:
        if self._is_closed:
            return
        ready = self._epoll.poll(0)
        if ready:
            self._at_next_turn()
        else:
            self._loop.add_reader(self._epoll.fileno(), self._gather)
        for fd, _ in ready:
            session = self._sessions.get(fd)
            if session is not None:
                # One portion each, so that no stream makes the others wait; the rest is read at the next turn.
                session.read()
