"""One thread for all sockets: it is told of what happens, in time, and goes on."""

import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial

import pytest

from holdfast.media.native.reactor import HUNG_UP, Reactor

PATIENCE_S = 20.0


@dataclass(eq=False)
class Noting:
    """A channel that notes what it is told, and on which thread."""

    due_s: float = float("inf")
    seen: list[int] = field(default_factory=list)
    woken: list[float] = field(default_factory=list)
    threads: set[int] = field(default_factory=set)
    news: threading.Event = field(default_factory=threading.Event)

    def ready(self, seen: int, now_s: float) -> None:
        self.seen.append(seen)
        self.threads.add(threading.get_ident())
        self.news.set()

    def wake(self, now_s: float) -> None:
        self.woken.append(now_s)
        self.threads.add(threading.get_ident())
        self.due_s = float("inf")
        self.news.set()


@pytest.fixture(scope="module")
def reactor() -> Reactor:
    return Reactor()


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def on(reactor: Reactor, what: object) -> None:
    """Have it done on the thread, and wait until it is."""
    done = threading.Event()

    def call() -> None:
        assert callable(what)
        what()
        done.set()

    reactor.call(call)
    assert done.wait(PATIENCE_S)


def test_a_channel_is_told_of_data_and_of_the_end(reactor: Reactor, pair: tuple[socket.socket, socket.socket]) -> None:
    ours, theirs = pair
    channel = Noting()
    on(reactor, lambda: reactor.watch(ours.fileno(), channel, select.EPOLLIN))
    theirs.send(b"x")
    assert channel.news.wait(PATIENCE_S)
    assert channel.seen[0] & select.EPOLLIN
    on(reactor, lambda: reactor.watch(ours.fileno(), channel, 0))
    channel.news.clear()
    channel.seen.clear()
    theirs.send(b"y")
    theirs.shutdown(socket.SHUT_WR)
    assert channel.news.wait(PATIENCE_S), "an end is always told"
    assert channel.seen[0] & HUNG_UP
    assert not channel.seen[0] & select.EPOLLIN, "data were not asked for"
    on(reactor, lambda: reactor.unwatch(ours.fileno()))
    on(reactor, lambda: reactor.unwatch(ours.fileno()))
    assert channel.threads.isdisjoint({threading.get_ident()})


def test_a_channel_is_woken_when_it_is_due_and_not_when_it_was_removed(reactor: Reactor) -> None:
    due, removed = Noting(), Noting()
    now_s = time.monotonic()
    due.due_s = removed.due_s = now_s + 0.5
    for channel in (due, removed):
        on(reactor, partial(reactor.add, channel))
    on(reactor, partial(reactor.remove, removed))
    assert due.news.wait(PATIENCE_S)
    assert due.woken[0] >= now_s + 0.5
    on(reactor, lambda: reactor.remove(due))
    assert removed.woken == []
