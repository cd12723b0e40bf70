"""One session over one socket: bytes to the client, its events to the source, and when to read.

A socket is read as soon as something comes while a session is young: then the first frames tell exactly when they were
taken. From then on what came is gathered and read a few times a second; that is what makes it cheap. All of it happens
on the reactor's thread, but for the dialling.
"""

import contextlib
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Protocol

from holdfast.domain.faults import OWN_DOMAIN, RTSP_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import StreamAddress
from holdfast.media.native.dialling import Call, Line, OtherCertificate, dial
from holdfast.media.native.reactor import HUNG_UP, Reactor
from holdfast.rtsp import client as rtsp
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.video import AccessUnit

AGENT = "Holdfast"
YOUNG_S = 10.0
"""As long as the recorder's clock of a session gets better with every frame."""
SLOWLY_S = 0.2
AT_ONCE_S = 0.03
"""How often a socket is read: when nobody looks, and when somebody does."""
GATHERED_BYTES = 192 * 1024
"""So much is not left in the kernel until then: the camera must never find its window shut."""
READ_BYTES = 1 << 20
MOST_AT_ONCE_BYTES = 8 << 20
"""Of one socket, before the others have their turn."""
MOST_UNSENT_BYTES = 256 * 1024
LEAVING_S = 0.3
"""How long the answer to TEARDOWN is waited for. A camera that has one session needs to hear of its end."""
MOST_REDIRECTS = 5


class Heard(Protocol):
    """Who owns the connection. Called on the reactor's thread; `ended` once, and nothing after it."""

    def ready(self, video: MediaTrack) -> None:
        """The camera sends from now on."""

    def units(self, units: list[AccessUnit]) -> None:
        """Pictures arrived."""

    def lost(self, packets: int) -> None:
        """Packets of the picture did not arrive."""

    def ended(self, error: ErrorReport) -> None:
        """No more comes."""


class Connection:
    """Implements `reactor.Channel`."""

    def __init__(self, address: StreamAddress, reactor: Reactor, heard: Heard, scratch: bytearray) -> None:
        """Nothing is sent before `start`. `scratch`: READ_BYTES that all connections of the thread share."""
        self.due_s = 0.0
        self._address, self._reactor, self._heard = address, reactor, heard
        self._url, self._redirects = address.url, 0
        self._scratch = memoryview(scratch)
        self._client: rtsp.Client | None = None
        self._socket: socket.socket | None = None
        self._unsent = b""
        self._interval_s = SLOWLY_S
        self._young_until_s: float | None = None
        self._read_at_s = 0.0
        self._plays = False
        self._is_over = False
        self._leaves_at_s: float | None = None

    # ------------------------------------------------------------ from any thread

    def start(self) -> None:
        """Connect, and go on from there."""
        self._dial()

    def set_pace(self, *, watched: bool) -> None:
        """Read more often while somebody looks."""
        self._reactor.call(lambda: self._set_interval(AT_ONCE_S if watched else SLOWLY_S))

    def drain(self, patience_s: float) -> None:
        """Hand on what has arrived; returns when that is done."""
        done = threading.Event()

        def drain() -> None:
            if self._plays:
                self._read(time.monotonic())
            done.set()

        self._reactor.call(drain)
        done.wait(patience_s)

    def leave(self) -> None:
        """Take leave of the camera; nothing is told any more."""
        self._reactor.call(self._leave)

    # ------------------------------------------------------------ Channel

    def ready(self, events: int, now_s: float) -> None:
        """See Channel."""
        if events & select.EPOLLOUT:
            self._send()
        if events & (select.EPOLLIN | HUNG_UP):
            self._read(now_s)

    def wake(self, now_s: float) -> None:
        """See Channel."""
        if self._leaves_at_s is not None:
            if now_s >= self._leaves_at_s:
                self._close()
            return
        if self._plays and now_s >= self._read_at_s:
            self._read(now_s)
        self._guarded(lambda client: client.tick(now_s), now_s)

    # ------------------------------------------------------------ connecting

    def _dial(self) -> None:
        call = Call(self._url, verify=self._address.verify, pin=self._address.pin)

        def run() -> None:
            try:
                line = dial(call)
            except OSError as error:
                report = _not_connected(error)
                self._reactor.call(lambda: self._end(report))
            else:
                self._reactor.call(lambda: self._connected(line))

        threading.Thread(target=run, name="dial", daemon=True).start()

    def _connected(self, line: Line) -> None:
        if self._is_over or self._leaves_at_s is not None:
            line.socket.close()
            self._is_over = True
            return
        now_s = time.monotonic()
        self._socket = line.socket
        self._client = rtsp.Client(
            self._url,
            user=self._address.user,
            password=self._address.password,
            agent=AGENT,
            cnonce=lambda: os.urandom(8).hex(),
            ssrc=int.from_bytes(os.urandom(4)),
        )
        self._reactor.add(self)
        self._reactor.watch(line.socket.fileno(), self, select.EPOLLIN)
        self._client.start(now_s)
        self._guarded(lambda _: [], now_s)

    # ------------------------------------------------------------ reading

    def _read(self, now_s: float) -> None:
        self._read_at_s = now_s - now_s % self._interval_s + self._interval_s
        got = 0
        while self._socket is not None and got < MOST_AT_ONCE_BYTES:
            try:
                size = self._socket.recv_into(self._scratch)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError as error:
                self._hung_up(_broken(error), now_s)
                return
            if size == 0:
                self._hung_up(_own(OwnError.CAMERA_CLOSED, "the camera closed the connection"), now_s)
                return
            got += size
            if self._leaves_at_s is None:
                data = bytes(self._scratch[:size])
                self._guarded(lambda client, data=data: client.receive(data, now_s), now_s)  # type: ignore[misc]
        self._rest(now_s)

    def _rest(self, now_s: float) -> None:
        """When to read again."""
        if self._plays and self._young_until_s is not None and now_s >= self._young_until_s:
            self._young_until_s = None
            self._gather()
        self._set_due()

    def _gather(self) -> None:
        """From now on the kernel tells of data only when there are many of them."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, GATHERED_BYTES)

    def _set_interval(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._read_at_s = 0.0
        self._set_due()

    def _set_due(self) -> None:
        client = self._client
        due_s = client.due_s if client is not None else time.monotonic() + 60
        if self._plays:
            due_s = min(due_s, self._read_at_s)
        self.due_s = due_s if self._leaves_at_s is None else self._leaves_at_s

    # ------------------------------------------------------------ events of the client

    def _guarded(self, what: Callable[[rtsp.Client], list[rtsp.Event]], now_s: float) -> None:
        """Do something with the client, and what follows from it."""
        client = self._client
        if client is None or self._is_over:
            return
        try:
            for event in what(client):
                self._on_event(event, now_s)
        except RtspError as error:
            self._end(_own(OwnError.BAD_DATA if self._plays else OwnError.BAD_ANSWER, str(error)))
        if self._client is client:
            self._unsent += client.take_output()
            self._send()
            self._set_due()

    def _on_event(self, event: rtsp.Event, now_s: float) -> None:
        if self._leaves_at_s is not None:
            return
        match event:
            case rtsp.Units(units, lost, damaged):
                if units:
                    self._heard.units(units)
                if lost or damaged:
                    self._heard.lost(max(lost, damaged))
            case rtsp.Ready(video, _):
                self._plays, self._young_until_s = True, now_s + YOUNG_S
                self._heard.ready(video)
            case rtsp.Redirected(url):
                self._redirect(url)
            case rtsp.Refused(status, reason, method):
                text = f"{method} was answered with {status} {reason}"
                self._end(ErrorReport(Branch.SOURCE, RTSP_DOMAIN, status, "source", text))
            case rtsp.Ended(text):
                self._end(_own(OwnError.CAMERA_CLOSED, text))
            case rtsp.NoVideo(text):
                self._end(_own(OwnError.NO_VIDEO_TRACK, text))
            case rtsp.Unsupported(text):
                self._end(_own(OwnError.UNSUPPORTED_HERE, text))
            case rtsp.TimedOut(text):
                self._end(_own(OwnError.ANSWERLESS, text))
            case rtsp.Sound():
                pass

    def _redirect(self, url: str) -> None:
        self._redirects += 1
        self._drop()
        if self._redirects > MOST_REDIRECTS:
            self._end(_own(OwnError.BAD_ANSWER, f"the camera sent us on {self._redirects} times, now to {url}"))
            return
        self._url = url
        self._dial()

    # ------------------------------------------------------------ writing

    def _send(self) -> None:
        while self._unsent and self._socket is not None:
            try:
                sent = self._socket.send(self._unsent)
            except (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError):
                break
            except OSError:
                # Whoever reads is told what happened, after all that came before it.
                self._unsent = b""
                return
            self._unsent = self._unsent[sent:]
        if self._socket is None:
            return
        if len(self._unsent) > MOST_UNSENT_BYTES:
            self._end(_own(OwnError.BAD_ANSWER, "the camera asks without end and does not read the answers"))
            return
        events = select.EPOLLIN | (select.EPOLLOUT if self._unsent else 0)
        self._reactor.watch(self._socket.fileno(), self, events)

    # ------------------------------------------------------------ ends

    def _hung_up(self, error: ErrorReport, now_s: float) -> None:
        self._guarded(lambda client: client.end(), now_s)
        self._end(error)

    def _end(self, error: ErrorReport) -> None:
        """It is over by itself."""
        if not self._is_over:
            self._close()
            if self._leaves_at_s is None:
                self._heard.ended(error)

    def _leave(self) -> None:
        if self._is_over or self._leaves_at_s is not None:
            return
        self._leaves_at_s = time.monotonic() + LEAVING_S
        client = self._client
        if client is None:
            return
        with contextlib.suppress(RtspError):
            client.stop(time.monotonic())
            self._unsent += client.take_output()
        self._send()
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, 1)
        self._set_due()

    def _close(self) -> None:
        self._is_over = True
        self._plays = False
        self._drop()

    def _drop(self) -> None:
        self._reactor.remove(self)
        self._client, self._plays, self._unsent = None, False, b""
        if self._socket is not None:
            self._reactor.unwatch(self._socket.fileno())
            self._socket.close()
            self._socket = None


def _own(code: OwnError, text: str) -> ErrorReport:
    return ErrorReport(Branch.SOURCE, OWN_DOMAIN, code, "source", text)


def _not_connected(error: OSError) -> ErrorReport:
    text = str(error) or "no answer"
    match error:
        case OtherCertificate():
            code = OwnError.OTHER_CERTIFICATE
        case ssl.SSLError():
            code = OwnError.TLS
        case socket.gaierror():
            code = OwnError.NAME_NOT_FOUND
        case ConnectionRefusedError():
            code = OwnError.REFUSED
        case ConnectionError():
            code = OwnError.CONNECTION_LOST
        case _:
            code = OwnError.UNREACHABLE
    return _own(code, text)


def _broken(error: OSError) -> ErrorReport:
    return _own(OwnError.CONNECTION_LOST, f"the connection broke: {error}")
