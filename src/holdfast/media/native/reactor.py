"""One thread that serves all sockets of a worker.

It waits for the next moment at which a channel wants something, or for the operating system to say that a channel's
socket needs a look at once: that is the point of it. What arrives in order can wait for its batch; a connection that
ends cannot.
"""

import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

HUNG_UP = select.EPOLLRDHUP | select.EPOLLHUP | select.EPOLLERR
LONGEST_WAIT_S = 5.0


class Channel(Protocol):
    """Somebody with a socket. All calls come on the reactor's thread."""

    due_s: float
    """`time.monotonic()` at which `wake` is wanted."""

    def ready(self, seen: int, now_s: float) -> None:
        """The socket needs a look (EPOLLIN, EPOLLOUT, HUNG_UP)."""

    def wake(self, now_s: float) -> None:
        """It is `due_s`, or a little later."""


class Reactor:
    """Owns the thread. `call` may be used from any thread, everything else only from a call."""

    def __init__(self) -> None:
        """Start the thread. It ends with the process."""
        self._epoll = select.epoll()
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._epoll.register(self._bell, select.EPOLLIN)
        self._calls: deque[Callable[[], None]] = deque()
        self._channels: set[Channel] = set()
        self._by_fd: dict[int, tuple[Channel, int]] = {}
        threading.Thread(target=self._run, name="sockets", daemon=True).start()

    def call(self, what: Callable[[], None]) -> None:
        """Have this called on the thread, soon."""
        self._calls.append(what)
        os.eventfd_write(self._bell, 1)

    def add(self, channel: Channel) -> None:
        """Wake it when it is due."""
        self._channels.add(channel)

    def remove(self, channel: Channel) -> None:
        """Forget it. Its socket must have been unwatched."""
        self._channels.discard(channel)

    def watch(self, fd: int, channel: Channel, events: int) -> None:
        """Tell the channel of these events of its socket, and always when the connection ends."""
        known = self._by_fd.get(fd)
        if known is None:
            self._epoll.register(fd, events | HUNG_UP)
        elif known[1] != events:
            self._epoll.modify(fd, events | HUNG_UP)
        self._by_fd[fd] = channel, events

    def unwatch(self, fd: int) -> None:
        """Before the socket is closed."""
        if self._by_fd.pop(fd, None) is not None:
            self._epoll.unregister(fd)

    def _run(self) -> None:
        while True:
            now_s = time.monotonic()
            due_s = min((channel.due_s for channel in self._channels), default=now_s + LONGEST_WAIT_S)
            wait_s = 0.0 if self._calls else min(LONGEST_WAIT_S, max(0.0, due_s - now_s))
            seen = self._epoll.poll(wait_s)
            now_s = time.monotonic()
            for fd, events in seen:
                known = self._by_fd.get(fd)
                if known is not None:
                    known[0].ready(events, now_s)
                elif fd == self._bell:
                    os.eventfd_read(self._bell)
            for _ in range(len(self._calls)):
                self._calls.popleft()()
            for channel in [one for one in self._channels if one.due_s <= now_s]:
                channel.wake(now_s)
