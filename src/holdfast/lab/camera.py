"""A simulated camera: whom it serves, what it has sent, and which trouble it makes."""

import asyncio
import time
from dataclasses import asdict, dataclass, field, replace
from random import Random
from typing import Any, Literal, NamedTuple, Protocol, Self

from holdfast.lab import rtp, sei
from holdfast.lab.account import ServedFrame, SessionAccount
from holdfast.lab.clips import Clip, ClipSpec
from holdfast.lab.messages import AuthScheme
from holdfast.lab.sound import SOUND_CODECS, SoundCodec
from holdfast.lab.troubles import Troubles

StartMode = Literal["key", "at_once", "burst"]
"""How a client begins: with the next key frame, with the next frame, or with the whole group of pictures so far."""

REPORT_INTERVAL_S = 5.0
MAX_REQUESTS_NOTED = 100_000


@dataclass(frozen=True, slots=True)
class CameraSpec:
    """One simulated camera."""

    clip: ClipSpec = field(default_factory=ClipSpec)
    path: str = ""
    """Path of its URL, `/cam_01` and so on when empty."""
    port: int = 0
    auth: AuthScheme = "none"
    user: str = ""
    password: str = ""
    start: StartMode = "key"
    live: bool = False
    """Encode a moving picture with a burnt-in clock while it runs, instead of looping a clip."""
    aggregate: bool = True
    """H.264 parameter sets travel in one STAP-A."""
    buffer_limit_bytes: int = 8_000_000
    """A client that lets more than this pile up is dropped."""
    tag: str = ""
    """Four characters in the stamps, `c001` and so on when empty."""
    proxied: bool = False
    """Clients reach it through a network path that can be made to fail (see `holdfast.lab.proxy`)."""
    tls: bool = False
    """RTSP over TLS, with a certificate that nobody signed."""
    session_timeout_s: int = 60
    """What it tells its clients: they must be heard of so often."""
    sound: SoundCodec | None = None
    """None: it has no microphone."""
    reports: bool = True
    """Sender reports are sent."""

    def __post_init__(self) -> None:
        """Raises ValueError for a sound that is none, or a user name with a colon: it would end there (RFC 2617 2)."""
        if self.sound not in (None, *SOUND_CODECS):
            raise ValueError(f"no camera sounds like {self.sound!r}")
        if ":" in self.user:
            raise ValueError(f"a user name has no colon: {self.user!r}")

    def as_json(self) -> dict[str, Any]:
        """Values that `from_json` takes back."""
        return asdict(self) | {"clip": self.clip.as_json()}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> Self:
        """Raises TypeError for unknown fields, ValueError for impossible values."""
        return replace(cls(), **(values | {"clip": ClipSpec.from_json(values.get("clip", {}))}))


class Pipe(Protocol):
    """A client's connection, as a camera sees it."""

    def write(self, data: bytes) -> int:
        """Send or buffer; returns the offset of the end of the data in all that was ever written."""

    def written(self) -> int:
        """How many bytes the operating system has taken."""

    def pending(self) -> int:
        """How many bytes wait in this process."""

    def abort(self, *, reset: bool) -> None:
        """Close at once, dropping what waits; with `reset` the peer sees a connection reset."""


@dataclass(slots=True, eq=False)
class Client:
    """A playing client."""

    pipe: Pipe
    channel: int
    account: SessionAccount
    waits_for_key: bool
    sound_channel: int | None = None
    reported: bool = False
    sound_reported: bool = False


class _Packed(NamedTuple):
    """A frame as it goes out on channel 0."""

    data: bytes
    frame: int
    is_key: bool
    is_whole: bool
    """No packet of it is left out."""


class Camera:
    """Sends frames to clients and keeps the account. Single-threaded: everything happens in the event loop."""

    def __init__(self, spec: CameraSpec, clip: Clip, chance: Random) -> None:
        self.spec = spec
        self.clip = clip
        self.troubles = Troubles(chance)
        self.requests: list[tuple[int, str]] = []
        """When (wall time in ns) it was asked for what (RTSP method)."""
        self.ssrc = chance.getrandbits(32)
        self.rtp_base = chance.getrandbits(32)
        self.sessions: list[SessionAccount] = []
        self._clients: list[Client] = []
        self._tag = spec.tag.encode()
        self._seq = chance.getrandbits(16)
        self._packets = self._octets = 0
        self._group: list[_Packed] = []
        self._paused_until_s = 0.0
        self._held: list[_Packed] | None = None
        self._reported_at_s = 0.0

    def play(self, pipe: Pipe, channel: int, sound_channel: int | None = None) -> Client:
        """A client begins. Its session number counts up per camera, from 1."""
        account = SessionAccount(len(self.sessions) + 1, time.time_ns())
        self.sessions.append(account)
        client = Client(pipe, channel, account, self._begins_with_key(), sound_channel)
        self._clients.append(client)
        for packed in self._group:
            self._offer(client, packed, time.time_ns())
        return client

    def listeners(self) -> tuple[Client, ...]:
        """Who plays."""
        return tuple(self._clients)

    def admits(self, method: str) -> bool:
        """Whether somebody who does not play yet may go on with this method. Kicks who plays, if that is its way."""
        if not self._clients or self.troubles.admission == "any":
            return True
        if self.troubles.admission == "kick":
            if method == "PLAY":
                self.close_clients(reset=False, end="gave way to another session")
            return True
        return method != self.troubles.refuses_at

    def asked(self, method: str) -> None:
        """Note a request."""
        if len(self.requests) < MAX_REQUESTS_NOTED:
            self.requests.append((time.time_ns(), method))

    def leave(self, client: Client, end: str) -> None:
        """A client is gone, or torn down."""
        client.account.close(time.time_ns(), end)
        if client in self._clients:
            self._clients.remove(client)

    def send(self, prepared: rtp.PreparedFrame, frame: int, rtp_time: int, age_s: float) -> None:
        """Send a frame to everybody. `age_s`: how long ago its picture was taken."""
        self._settle()
        keeps_group = self.spec.start == "burst" and not self.troubles.no_keyframes
        if not (self._clients or keeps_group) or (prepared.is_key and self.troubles.no_keyframes):
            return
        paused = asyncio.get_running_loop().time() < self._paused_until_s
        if paused and self._held is None:
            self._wait_for_key()
            return
        stamp = sei.Stamp(frame, time.time_ns() - round(age_s * 1e9), self._tag)
        rtp_time = self.troubles.time_of(rtp_time)
        whole = prepared.render(self._seq, rtp_time, sei.build(self.clip.codec, stamp))
        data = self.troubles.thinned(whole, asyncio.get_running_loop().time())
        packed = _Packed(data, frame, prepared.is_key, len(data) == len(whole))
        self._seq = (self._seq + prepared.packets) & 0xFFFF
        self._packets += prepared.packets
        self._octets += prepared.payload_bytes
        if keeps_group:
            self._group = [*([] if prepared.is_key else self._group), packed]
        if paused and self._held is not None:
            self._held.append(packed)
            return
        self._report(rtp_time, age_s)
        for late in self._release():
            self._broadcast(late)
        self._broadcast(packed)

    def pause(self, seconds: float, *, deliver_late: bool = False) -> None:
        """Write no frames while connections stay open. Later: all of them at once, or go on at the next key frame."""
        self._paused_until_s = asyncio.get_running_loop().time() + seconds
        self._held = [] if deliver_late else None

    def close_clients(self, *, reset: bool, end: str = "closed by the camera") -> int:
        """Close all playing connections; returns how many there were."""
        clients = list(self._clients)
        for client in clients:
            self.leave(client, end)
            client.pipe.abort(reset=reset)
        return len(clients)

    def served(self) -> list[ServedFrame]:
        """All frames of all sessions, session by session."""
        self._settle()
        return [frame for account in self.sessions for frame in account.frames]

    def _settle(self) -> None:
        for client in self._clients:
            client.account.settle(client.pipe.written())

    def _begins_with_key(self) -> bool:
        return not (self.spec.start == "at_once" or self.troubles.no_keyframes or self._group)

    def _wait_for_key(self) -> None:
        self._group = []
        for client in self._clients:
            client.waits_for_key = self._begins_with_key()

    def _release(self) -> list[_Packed]:
        held, self._held = self._held or [], None
        return held

    def _broadcast(self, packed: _Packed) -> None:
        wall_ns = time.time_ns()
        for client in tuple(self._clients):
            client.waits_for_key = client.waits_for_key and not packed.is_key
            if not client.waits_for_key:
                self._offer(client, packed, wall_ns)

    def _offer(self, client: Client, packed: _Packed, wall_ns: int) -> None:
        data, frame, is_key, is_whole = packed
        served = ServedFrame(client.account.session, frame, wall_ns, is_key)
        pending = client.pipe.pending()
        if pending + len(data) > self.spec.buffer_limit_bytes:
            self.leave(client, f"too slow: {pending} bytes were waiting")
            client.pipe.abort(reset=True)
            return
        end_offset = client.pipe.write(rtp.on_channel(data, client.channel))
        if is_whole:
            client.account.sent(served, end_offset, client.pipe.written())

    def _report(self, rtp_time: int, age_s: float) -> None:
        """Sender reports, every few seconds and once before a client's first frame."""
        if not self.spec.reports:
            return
        now_s = asyncio.get_running_loop().time()
        due = now_s - self._reported_at_s >= REPORT_INTERVAL_S
        listeners = [client for client in self._clients if due or not client.reported]
        if not listeners:
            return
        self._reported_at_s = now_s if due else self._reported_at_s
        wall_ns = time.time_ns() - round(age_s * 1e9)
        report = rtp.sender_report(self.ssrc, wall_ns, rtp_time, self._packets, self._octets)
        for client in listeners:
            client.reported = True
            client.pipe.write(rtp.interleaved(client.channel + 1, report))
