"""The capture worker: `python -m holdfast.media.worker FD`, with one end of a socket pair as its control socket.

It may be killed at any time. It ends by itself when the control socket closes, whatever GStreamer is doing.
"""

import contextlib
import ctypes
import gc
import os
import signal
import socket
import sys
import threading
import time
from types import TracebackType

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import StreamId
from holdfast.media.elements import ElementMissing
from holdfast.media.graphs import GraphFolder, graph_of

GRAPHS = GraphFolder.take_over()

from holdfast.media import gi  # noqa: E402 - the environment is cleaned before GStreamer sees it
from holdfast.media.gi import GLib, Gst  # noqa: E402
from holdfast.media.session import Session  # noqa: E402
from holdfast.ports.capture import (  # noqa: E402
    MAX_MESSAGE_BYTES,
    ClockSample,
    CloseSession,
    Command,
    DumpGraph,
    Event,
    Graph,
    Heartbeat,
    OpenSession,
    PacketsLost,
    Progress,
    ProtocolError,
    SessionEnded,
    SessionFailed,
    SetMode,
    TakeOpened,
    WorkerReady,
    decode,
    encode,
)

HEARTBEAT_MS = 2000
TEARDOWN_DEADLINE_S = 5.0
PR_SET_PDEATHSIG = 1
EXIT_HUNG, EXIT_BUG = 70, 71


class Worker:
    """Holds the sessions of one process."""

    def __init__(self, control: socket.socket) -> None:
        """Take over the control socket."""
        self._control = control
        self._send_lock = threading.Lock()
        self._sessions: dict[tuple[StreamId, int], Session] = {}
        self._loop = GLib.MainLoop()

    def run(self) -> None:
        """Serve until the control socket closes; then the process ends at once."""
        threading.Thread(target=self._read_commands, name="control", daemon=True).start()
        GLib.timeout_add(HEARTBEAT_MS, self._beat)
        self._emit(WorkerReady(os.getpid(), Gst.version_string()), ())
        self._loop.run()

    def _read_commands(self) -> None:
        while True:
            try:
                datagram = self._control.recv(MAX_MESSAGE_BYTES)
            except OSError:
                datagram = b""
            if not datagram:
                # The recorder is gone. The main loop may be stuck in GStreamer, so nothing is asked of it.
                os._exit(0)
            GLib.idle_add(self._obey, decode(datagram))

    def _obey(self, command: Command | Event) -> bool:
        match command:
            case OpenSession():
                self._open(command)
            case CloseSession(stream, number):
                session = self._sessions.get((stream, number))
                if session is None:
                    self._emit(SessionEnded(stream, number), ())
                else:
                    session.close()
            case SetMode(stream, number, mode):
                session = self._sessions.get((stream, number))
                if session is not None:
                    session.set_mode(mode)
            case DumpGraph():
                self._send_graph(command)
            case _:
                raise ProtocolError(f"the recorder sent {type(command).__name__}, which is no command")
        return False

    def _open(self, command: OpenSession) -> None:
        try:
            session = Session(command, self._emit, self._session_ended)
        except ElementMissing as missing:
            error = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.ELEMENT_MISSING, missing.factory, str(missing))
            self._emit(SessionFailed(command.stream, command.session, error), ())
            self._emit(SessionEnded(command.stream, command.session), ())
            return
        self._sessions[command.stream, command.session] = session
        session.start()

    def _session_ended(self, session: Session) -> None:
        self._sessions.pop((session.stream, session.number), None)

    def _send_graph(self, command: DumpGraph) -> None:
        session = self._sessions.get((command.stream, command.session))
        dot = graph_of(session.pipeline).encode() if session is not None else b""
        memory = os.memfd_create("graph")
        try:
            with os.fdopen(os.dup(memory), "wb") as file:
                file.write(dot)
            self._emit(Graph(command.stream, command.request, len(dot)), (memory,))
        finally:
            os.close(memory)

    def _beat(self) -> bool:
        sessions = list(self._sessions.values())
        news = [told for session in sessions for told in session.news()]
        progress = tuple(told for told in news if isinstance(told, Progress))
        clock = tuple(told for told in news if isinstance(told, ClockSample))
        losses = tuple(told for told in news if isinstance(told, PacketsLost))
        self._emit(Heartbeat(progress, clock, losses), ())
        now = time.monotonic()
        for session in sessions:
            session.look()
            if session.closing_since is not None and now - session.closing_since > TEARDOWN_DEADLINE_S:
                # GStreamer does not come back from a state change. Only a new process helps.
                os._exit(EXIT_HUNG)
        return True

    def _emit(self, event: Event, fds: tuple[int, ...]) -> None:
        with self._send_lock, contextlib.suppress(OSError):
            socket.send_fds(self._control, [encode(event)], fds)
        if isinstance(event, TakeOpened):
            GLib.idle_add(self._draw, (event.stream, event.session), f"take-{event.take}")

    def _draw(self, key: tuple[StreamId, int], occasion: str) -> bool:
        session = self._sessions.get(key)
        if session is not None:
            GRAPHS.write(session.pipeline, occasion)
        return False


def _end_at_bug(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """An error that nobody expected in a callback: better a new process than one that only seems to work."""
    sys.__excepthook__(kind, error, traceback)
    os._exit(EXIT_BUG)


def main() -> None:
    """Entry point."""
    sys.excepthook = _end_at_bug
    # Dies with the recorder even when it is stopped (SIGSTOP) and cannot read its socket.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # A thread that wakes another for each packet shall not lose the processor to it each time: the packets are then
    # handled in batches, for a quarter less of a core. Needs no privilege; before any thread, so that all inherit it.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    control = socket.socket(fileno=int(sys.argv[1]))
    gi.init()
    # Nothing that was loaded so far will ever be garbage: do not walk it again and again.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    Worker(control).run()


if __name__ == "__main__":
    main()
