"""All capture workers: which stream is in which, who is alive, and who has to be replaced."""

import asyncio
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import Mode, StreamId
from holdfast.media.host import WORKER_COMMAND, WorkerHost, close_all
from holdfast.media.pipes import PipeReader, SessionPipes
from holdfast.ports.capture import (
    BranchFailed,
    CertificateSeen,
    CloseSession,
    DumpGraph,
    Event,
    Graph,
    Heartbeat,
    OpenSession,
    PoolEvent,
    Progress,
    SessionBegun,
    SessionEnded,
    SessionFailed,
    SetMode,
    TakeOpened,
    WorkerLost,
    WorkerReady,
)


@dataclass(frozen=True, slots=True)
class PoolSettings:
    """Limits of the workers."""

    streams_per_worker: int = 1
    memory_limit_bytes: int = 768 * 1024 * 1024
    pulse_s: float = 5.0
    """A worker that says nothing for this long is hung."""
    start_s: float = 30.0
    check_every_s: float = 0.5
    command: Sequence[str] = WORKER_COMMAND


@dataclass(slots=True, eq=False)
class Member:
    """A worker and its sessions."""

    host: WorkerHost
    sessions: dict[tuple[StreamId, int], SessionPipes] = field(default_factory=dict)
    waiting: list[OpenSession] = field(default_factory=list)
    """Sessions to open as soon as the worker is ready."""
    loss: ErrorReport | None = None
    """Why it was killed, when it was the pool that did it."""


Listener = Callable[[PoolEvent], None]


class WorkerPool:
    """Implements `ports.capture.Capture`. `listener` is called on the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, settings: PoolSettings, listener: Listener) -> None:
        """No worker is started before the first session."""
        self._loop, self._settings, self._listener = loop, settings, listener
        self._reader = PipeReader(loop)
        self._members: list[Member] = []
        self._homes: dict[StreamId, Member] = {}
        self._graphs: dict[int, asyncio.Future[str]] = {}
        self._graph_count = 0
        self._last_check_s = loop.time()
        self._checks = loop.call_later(settings.check_every_s, self._check)

    @property
    def pids(self) -> dict[int, tuple[StreamId, ...]]:
        """Process ids of the workers and the streams that live there."""
        return {
            m.host.pid: tuple(stream for stream, home in self._homes.items() if home is m)
            for m in self._members
            if not m.host.is_gone
        }

    def open(self, command: OpenSession) -> None:
        """Open a session in the stream's worker, in one with room, or in a new one."""
        member = self._homes.get(command.stream) or self._with_room()
        if member is None:
            try:
                member = self._start()
            except OSError as error:
                text = f"no capture worker can be started: {error}"
                self._listener(WorkerLost(command.stream, command.session, _own(OwnError.WORKER_DIED, text)))
                return
        self._homes[command.stream] = member
        member.sessions[command.stream, command.session] = SessionPipes(self._reader, self._listener)
        if member.host.is_ready:
            self._send(member, command)
        else:
            member.waiting.append(command)

    def close(self, stream: StreamId, session: int) -> None:
        """Close a session."""
        member = self._homes.get(stream)
        if member is None or (stream, session) not in member.sessions:
            return
        opening = [c for c in member.waiting if (c.stream, c.session) == (stream, session)]
        if opening:
            member.waiting.remove(opening[0])
            self._ended(member, SessionEnded(stream, session))
        else:
            member.host.send(CloseSession(stream, session))

    def set_mode(self, stream: StreamId, session: int, mode: Mode) -> None:
        """Switch the valves of a session."""
        member = self._homes.get(stream)
        if member is None:
            return
        # One that is still to be opened is opened in the new mode.
        member.waiting = [
            replace(c, mode=mode) if (c.stream, c.session) == (stream, session) else c for c in member.waiting
        ]
        if member.host.is_ready:
            member.host.send(SetMode(stream, session, mode))

    def release(self, stream: StreamId) -> None:
        """End the stream's worker, if no other stream lives there."""
        member = self._homes.pop(stream, None)
        if member is not None and member not in self._homes.values():
            member.host.kill()

    async def graph(self, stream: StreamId, session: int) -> str:
        """The session's pipeline as DOT text. Raises LookupError when there is none, TimeoutError."""
        member = self._homes.get(stream)
        if member is None or (stream, session) not in member.sessions:
            raise LookupError(f"{stream} has no running pipeline")
        self._graph_count += 1
        answer: asyncio.Future[str] = self._loop.create_future()
        request = self._graph_count
        self._graphs[request] = answer
        member.host.send(DumpGraph(stream, session, request))
        try:
            async with asyncio.timeout(5):
                dot = await answer
        finally:
            del self._graphs[request]
        if not dot:
            raise LookupError(f"{stream} has no running pipeline")
        return dot

    def shut_down(self) -> None:
        """End all workers; what is in their pipes is delivered first."""
        self._checks.cancel()
        for member in list(self._members):
            member.host.close_control()
        self._reader.close()

    # ------------------------------------------------------------ workers

    def _with_room(self) -> Member | None:
        limit = self._settings.streams_per_worker
        for member in self._members:
            used = sum(home is member for home in self._homes.values())
            if not member.host.is_gone and member.loss is None and used < limit:
                return member
        return None

    def _start(self) -> Member:
        host = WorkerHost(self._loop, self._on_event, self._on_gone, self._settings.command)
        member = Member(host)
        self._members.append(member)
        return member

    def _tell(self, *told: Sequence[PoolEvent]) -> None:
        for events in told:
            for event in events:
                self._listener(event)

    def _send(self, member: Member, command: OpenSession) -> None:
        member.host.send(command)
        # Not at once: whoever asks for a session is still deciding.
        self._loop.call_soon(self._listener, SessionBegun(command.stream, command.session))

    def _member(self, host: WorkerHost) -> Member:
        return next(m for m in self._members if m.host is host)

    def _on_event(self, host: WorkerHost, event: Event, fds: list[int]) -> None:
        member = self._member(host)
        match event:
            case WorkerReady():
                host.is_ready = True
                waiting, member.waiting = member.waiting, []
                for command in waiting:
                    self._send(member, command)
            case Heartbeat(progress, clock, losses):
                self._tell(clock, progress, losses)
            case TakeOpened(stream, session):
                pipes = member.sessions.get((stream, session))
                if pipes is not None and fds:
                    pipes.opened(event, fds.pop(0))
            case Graph(_, request, size):
                self._graph_arrived(request, size, fds)
            case SessionEnded():
                self._ended(member, event)
            case CertificateSeen() | SessionFailed() | BranchFailed() | Progress():
                self._listener(event)
        close_all(fds)

    def _ended(self, member: Member, event: SessionEnded) -> None:
        pipes = member.sessions.pop((event.stream, event.session), None)
        if pipes is not None:
            pipes.drain()
            self._listener(event)

    def _graph_arrived(self, request: int, size: int, fds: list[int]) -> None:
        answer = self._graphs.get(request)
        if answer is not None and not answer.done() and fds:
            answer.set_result(os.pread(fds[0], size, 0).decode(errors="replace"))

    def _on_gone(self, host: WorkerHost) -> None:
        member = self._member(host)
        self._members.remove(member)
        for stream in [s for s, home in self._homes.items() if home is member]:
            del self._homes[stream]
        loss = member.loss or _own(OwnError.WORKER_DIED, _last_words(host))
        for (stream, session), pipes in list(member.sessions.items()):
            pipes.drain()
            self._listener(WorkerLost(stream, session, loss))
        member.sessions.clear()

    # ------------------------------------------------------------ pulse and memory

    def _check(self) -> None:
        settings, now_s = self._settings, self._loop.time()
        # When the recorder itself did not run, the workers' words are still unread: that is not their fault.
        late_s = now_s - self._last_check_s - settings.check_every_s
        self._last_check_s = now_s
        self._checks = self._loop.call_later(settings.check_every_s, self._check)
        for member in list(self._members):
            host = member.host
            if late_s > 1:
                host.last_pulse_s = min(host.last_pulse_s + late_s, now_s)
            silent_s = now_s - host.last_pulse_s
            rss_bytes = host.rss_bytes()
            if silent_s > (settings.pulse_s if host.is_ready else settings.start_s):
                self._replace(member, OwnError.WORKER_HUNG, f"no sign of life for {silent_s:.1f} s")
            elif rss_bytes > settings.memory_limit_bytes:
                text = f"{rss_bytes >> 20} MiB in use, {settings.memory_limit_bytes >> 20} MiB allowed"
                self._replace(member, OwnError.WORKER_MEMORY, text)

    def _replace(self, member: Member, code: OwnError, text: str) -> None:
        member.loss = _own(code, f"worker {member.host.pid}: {text}")
        member.host.kill()


def _own(code: OwnError, text: str) -> ErrorReport:
    return ErrorReport(Branch.SOURCE, OWN_DOMAIN, code, "worker", text)


def _last_words(host: WorkerHost) -> str:
    words = " | ".join(list(host.last_words)[-3:])
    return f"worker {host.pid} ended" + (f": {words}" if words else "")
