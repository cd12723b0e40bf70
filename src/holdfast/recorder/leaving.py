"""Streams that are wanted no more: the session ends, the files are made final, then the stream is forgotten."""

from collections.abc import Iterator
from functools import partial

from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.ports.capture import PoolEvent
from holdfast.recorder.alone import Alone
from holdfast.recorder.supervisor import StreamSupervisor

END_PATIENCE_S = 4.0
"""A session that does not end within this is not waited for; the files are made final with what there is."""


class Leaving:
    """One life of a stream that ends. The same stream may have another one meanwhile."""

    def __init__(self, supervisor: StreamSupervisor, now_ns: int) -> None:
        """Nothing is ended before `begin`. `now_ns`: monotonic."""
        self.supervisor = supervisor
        self.is_down = False
        """Nobody is connected to the camera for this life any more."""
        self._until_ns = now_ns + int(END_PATIENCE_S * NS_PER_S)
        self._is_settled = False

    def begin(self) -> None:
        """End the session."""
        self.supervisor.disable()

    def owns(self, stream: StreamId, session: int) -> bool:
        """Whether a session is one of this life of the stream."""
        return stream == self.supervisor.stream and session <= self.supervisor.connection.session

    def look(self, now_ns: int) -> None:
        """Make the files final as soon as the session has ended."""
        self._is_settled = now_ns >= self._until_ns
        if not self.is_down and (self.supervisor.is_down() or now_ns >= self._until_ns):
            self.is_down = True
            self.supervisor.recording.shut_down()

    @property
    def is_gone(self) -> bool:
        """Whether every file is final, and what was missing is told, as it is when nothing more can come.

        A disk that takes nothing is tried again and again before.
        """
        return self.is_down and self._is_settled and self.supervisor.recording.is_idle


class Leavers:
    """All of them."""

    def __init__(self, alone: Alone) -> None:
        """None."""
        self._alone = alone
        self._all: list[Leaving] = []

    def __iter__(self) -> Iterator[StreamSupervisor]:
        """Their supervisors. May be used from any thread."""
        return (leaving.supervisor for leaving in self._all.copy())

    def add(self, supervisor: StreamSupervisor, now_ns: int) -> None:
        """One more is to end."""
        leaving = Leaving(supervisor, now_ns)
        self._all.append(leaving)
        # Only now: the end of a session that never began is told at once, while this is still being asked for.
        self._alone.do(supervisor.stream, leaving.begin)
        self.look(now_ns)

    def handle(self, event: PoolEvent) -> bool:
        """An event of a capture worker; False when it is for none of these."""
        for leaving in self._all:
            if leaving.owns(event.stream, event.session):
                self._alone.do(event.stream, partial(leaving.supervisor.handle, event))
                return True
        return False

    def hold(self, stream: StreamId) -> bool:
        """Whether one of them is connected to this stream still: cameras often admit one session only."""
        return any(leaving.supervisor.stream == stream and not leaving.is_down for leaving in self._all)

    def look(self, now_ns: int) -> set[StreamId]:
        """Go on with all of them, and forget those that are gone. Streams of which nothing is left here."""
        for leaving in self._all:
            self._alone.do(leaving.supervisor.stream, partial(leaving.look, now_ns))
        before = {supervisor.stream for supervisor in self}
        self._all = [leaving for leaving in self._all if not leaving.is_gone]
        return before - {supervisor.stream for supervisor in self}
