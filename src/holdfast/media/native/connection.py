"""One session over one connection: bytes to the client, its events to the source, and when to read.

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
from collections.abc import Callable, Sequence
from typing import Protocol

from holdfast.domain.faults import RTSP_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import StreamAddress
from holdfast.media.native.dialling import Call, Line, OtherCertificate, dial
from holdfast.media.native.reactor import HUNG_UP, Reactor
from holdfast.media.native.stream import HungUp, Stream, own
from holdfast.media.turns import TURN_S, next_turn_s
from holdfast.policy.addresses import certificate_place
from holdfast.rtsp import events
from holdfast.rtsp.audio import AudioReceiver, AudioUnit
from holdfast.rtsp.auth import Credentials
from holdfast.rtsp.client import Client
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.receiving import TrackReceivers
from holdfast.rtsp.rtcp import SenderReport
from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.video import AccessUnit

AGENT = "Holdfast"
YOUNG_S = 10.0
"""As long as the recorder's clock of a session gets better with every frame."""
SOUNDING_S = 0.02
AT_ONCE_S = 0.03
"""How often a socket is read when there is sound, which some cameras date by arrivals only, and when somebody looks;
otherwise at each turn."""
GATHERED_BYTES = 256 * 1024
"""So much is not left in the kernel until then: the camera must never find its window shut."""
LEAVING_S = 0.3
"""How long the answer to TEARDOWN is waited for. A camera that has one session needs to hear of its end."""
MOST_REDIRECTS = 5
NEVER_S = float("inf")


class Heard(Protocol):
    """Who owns the connection. Called on the reactor's thread; `ended` once, and nothing after it."""

    def certificate(self, fingerprint: str) -> None:
        """The camera that the address names showed this certificate (SHA-256, in hexadecimal)."""

    def ready(self, video: MediaTrack, sound: MediaTrack | None, config: bytes) -> None:
        """The camera sends from now on. `config`: the sound's AudioSpecificConfig, if it is AAC."""

    def units(self, units: Sequence[AccessUnit]) -> None:
        """Pictures arrived."""

    def without_sound(self, text: str) -> None:
        """Sound was wanted, the camera has some, and it cannot be had."""

    def sound(self, units: Sequence[AudioUnit]) -> None:
        """Sound arrived."""

    def clocks(self, video: SenderReport, sound: SenderReport) -> None:
        """What the camera's clock was at two moments, one of each track."""

    def lost(self, packets: int) -> None:
        """Packets of the picture did not arrive."""

    def ended(self, error: ErrorReport) -> None:
        """No more comes."""


class Connection:
    """Implements `reactor.Channel`."""

    def __init__(
        self, address: StreamAddress, reactor: Reactor, heard: Heard, scratch: memoryview, *, wants_sound: bool
    ) -> None:
        """Nothing is sent before `start`. `scratch`: see Stream."""
        self._wants_sound = wants_sound
        self._senders: tuple[SenderReport, SenderReport] | None = None
        self.due_s = NEVER_S
        self._address, self._reactor, self._heard, self._scratch = address, reactor, heard, scratch
        self._url, self._redirects = address.url, 0
        self._client: Client | None = None
        self._stream: Stream | None = None
        self._plays = False
        self._interval_s = SOUNDING_S if wants_sound else TURN_S
        self._read_at_s = self._young_until_s = NEVER_S
        self._is_over = self._is_certificate_told = False
        self._leaves_at_s: float | None = None

    # ------------------------------------------------------------ from any thread

    def start(self) -> None:
        """Connect, and go on from there."""
        # Whoever the camera sends us on to has a certificate of its own.
        pin = self._address.pin if self._is_at_home else ""
        call = Call(self._url, verify=self._address.verify, pin=pin)

        def run() -> None:
            try:
                line = dial(call)
            except OSError as error:
                report = _not_connected(error)
                self._reactor.call(lambda: self._end(report))
            else:
                self._reactor.call(lambda: self._connected(line))

        threading.Thread(target=run, name="dial", daemon=True).start()

    def set_pace(self, *, watched: bool) -> None:
        """Read more often while somebody looks."""

        def set_interval() -> None:
            unwatched_s = SOUNDING_S if self._wants_sound else TURN_S
            self._interval_s = AT_ONCE_S if watched else unwatched_s
            self._plan(time.monotonic())

        self._reactor.call(set_interval)

    def drain(self, patience_s: float) -> None:
        """Hand on what has arrived; returns when that is done."""
        done = threading.Event()

        def drain() -> None:
            self._read(time.monotonic())
            done.set()

        self._reactor.call(drain)
        done.wait(patience_s)

    def leave(self) -> None:
        """Take leave of the camera; nothing is told any more."""
        self._reactor.call(self._leave)

    # ------------------------------------------------------------ Channel

    def ready(self, seen: int, now_s: float) -> None:
        """See Channel."""
        if seen & select.EPOLLOUT:
            self._guarded(lambda _: (), now_s)
        if seen & (select.EPOLLIN | HUNG_UP):
            self._read(now_s)

    def wake(self, now_s: float) -> None:
        """See Channel."""
        if self._leaves_at_s is not None:
            self._close()
            return
        if now_s >= self._read_at_s:
            self._read(now_s)
        self._guarded(lambda client: client.tick(now_s), now_s)

    # ------------------------------------------------------------ inside

    @property
    def _is_at_home(self) -> bool:
        """Whether the camera that is called is the one that the address names."""
        return certificate_place(self._url) == certificate_place(self._address.url)

    def _connected(self, line: Line) -> None:
        if self._is_over or self._leaves_at_s is not None:
            line.socket.close()
            self._is_over = True
            return
        if line.fingerprint and self._is_at_home and not self._is_certificate_told:
            self._is_certificate_told = True
            self._heard.certificate(line.fingerprint)
        now_s = time.monotonic()
        self._stream = Stream(line.socket, self._reactor, self, self._scratch)
        self._client = Client(
            self._url,
            receivers=TrackReceivers(),
            credentials=Credentials(self._address.user, self._address.password),
            agent=AGENT,
            cnonce=lambda: os.urandom(8).hex(),
            ssrc=int.from_bytes(os.urandom(4)),
            wants_sound=self._wants_sound,
        )
        self._reactor.add(self)
        self._client.start(now_s)
        self._guarded(lambda _: (), now_s)

    def _read(self, now_s: float) -> None:
        stream = self._stream
        if stream is None:
            return
        try:
            for data in stream.read():
                if self._leaves_at_s is None:
                    self._guarded(lambda client, data=data: client.receive(data, now_s), now_s)  # type: ignore[misc] # mypy knows no lambda with a default
                if self._stream is not stream:
                    return
            self._tell_clocks()
        except HungUp as end:
            self._guarded(lambda client: client.end(), now_s)
            self._end(end.error)
        self._plan(now_s)

    def _tell_clocks(self) -> None:
        senders = self._client.senders if self._wants_sound and self._client is not None else None
        if senders is not None and senders != self._senders and self._leaves_at_s is None:
            self._senders = senders
            self._heard.clocks(*senders)

    def _plan(self, now_s: float) -> None:
        """When something is to be done again."""
        if self._plays:
            self._read_at_s = next_turn_s(now_s, every_s=self._interval_s)
            if now_s >= self._young_until_s and self._stream is not None:
                self._young_until_s = NEVER_S
                self._stream.tell_from(GATHERED_BYTES)
        if self._leaves_at_s is not None:
            self.due_s = self._leaves_at_s
        elif self._client is not None:
            self.due_s = min(self._client.due_s, self._read_at_s)

    def _guarded(self, what: Callable[[Client], Sequence[events.Event]], now_s: float) -> None:
        """Do something with the client, and what follows from it."""
        client = self._client
        if client is None or self._is_over:
            return
        try:
            for event in what(client):
                self._on_event(event, now_s)
            if self._client is client and self._stream is not None:
                self._stream.send(client.take_output())
                self._plan(now_s)
        except RtspError as error:
            self._end(own(OwnError.BAD_DATA if self._plays else OwnError.BAD_ANSWER, str(error)))
        except HungUp as end:
            self._end(end.error)

    def _on_event(self, event: events.Event, now_s: float) -> None:
        if self._leaves_at_s is not None:
            return
        match event:
            case events.Units(units, lost, damaged):
                if units:
                    self._heard.units(units)
                if lost or damaged:
                    self._heard.lost(max(lost, damaged))
            case events.Ready(video, sound, silence):
                self._plays, self._young_until_s = True, now_s + YOUNG_S
                self._heard.ready(video, sound, b"" if sound is None else AudioReceiver(sound).config)
                if silence:
                    self._heard.without_sound(silence)
            case events.Sound(units):
                self._heard.sound(units)
            case events.Redirected(url):
                self._redirect(url)
            case _:
                self._end(_report(event))

    def _redirect(self, url: str) -> None:
        self._redirects += 1
        self._drop()
        if self._redirects > MOST_REDIRECTS:
            self._end(own(OwnError.BAD_ANSWER, f"the camera sent us on {self._redirects} times, now to {url}"))
            return
        if self._url.startswith("rtsps:") and not url.startswith("rtsps:"):
            self._end(own(OwnError.TLS, "the camera sent us on to a place without encryption"))
            return
        self._url = url
        self.start()

    def _leave(self) -> None:
        if self._is_over or self._leaves_at_s is not None:
            return
        now_s = time.monotonic()
        self._leaves_at_s = now_s + LEAVING_S
        if self._client is None or self._stream is None:
            return
        with contextlib.suppress(HungUp):
            self._client.stop(now_s)
            self._stream.send(self._client.take_output())
        self._stream.tell_from(1)
        self._plan(now_s)

    def _end(self, error: ErrorReport) -> None:
        """It is over by itself."""
        if not self._is_over:
            self._close()
            if self._leaves_at_s is None:
                self._heard.ended(error)

    def _close(self) -> None:
        self._is_over = True
        self._drop()

    def _drop(self) -> None:
        self._reactor.remove(self)
        self._client, self._plays = None, False
        self._read_at_s = self._young_until_s = self.due_s = NEVER_S
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()


def _report(event: events.Event) -> ErrorReport:
    match event:
        case events.Refused(status, reason, method):
            text = f"{method} was answered with {status} {reason}"
            return ErrorReport(Branch.SOURCE, RTSP_DOMAIN, status, "source", text)
        case events.NoVideo(text):
            return own(OwnError.NO_VIDEO_TRACK, text)
        case events.Unsupported(text):
            return own(OwnError.UNSUPPORTED_HERE, text)
        case events.TimedOut(text):
            return own(OwnError.ANSWERLESS, text)
        case events.Ended(text):
            return own(OwnError.CAMERA_CLOSED, text)
        case _:
            raise AssertionError(f"{event} ends nothing")


def _not_connected(error: OSError) -> ErrorReport:
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
    return own(code, str(error) or "no answer")
