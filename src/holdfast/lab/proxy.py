"""The network between a camera and its clients, which can be made to fail: a TCP proxy in the lab's own loop.

The proxy always reads what the camera writes, so that it counts as served (see `holdfast.lab.account`), whatever the
path then does to it:

| fault | what was served meanwhile |
|---|---|
| hold, late, drip | arrives, in order and whole, only later |
| vanish | is lost with the connection; whoever wants it must have it from another one |
| half_close, reset | is lost, but no more than was on its way |
| garble, garble_framing | arrives damaged |
| drop_calls (of the listener) | concerns new connections only |

Only `vanish(whole_path=True)` and `drop_calls` keep new connections from the camera.
"""

import asyncio
import enum
import socket
import struct
from collections import deque
from dataclasses import dataclass, field
from random import Random

from holdfast.lab.framing import garbled, is_rtp, misframed, take_unit

CAMERA_NOTICES_S = 60.0
"""After so long a camera ends a session of which it hears nothing, as its session timeout says (RFC 2326 12.37)."""
_MAX_WAITING_BYTES = 64_000_000
_DRIPS_PER_S = 20


class End(enum.Enum):
    """How a connection ends, as the client sees it."""

    CLOSE = "close"
    HALF_CLOSE = "half close"
    RESET = "reset"


@dataclass(slots=True)
class Conditions:
    """What the path does to everything on it. Times are those of the event loop."""

    chance: Random
    raw: bool = False
    """The bytes are encrypted: packets cannot be told apart."""
    held_until_s: float = 0.0
    dark_until_s: float = 0.0
    late_s: float = 0.0
    """New connections get every byte so much later."""
    drip_bytes_per_s: float = 0.0
    drip_until_s: float = 0.0
    garbled_share: float = 0.0
    garbled_until_s: float = 0.0


class NetworkPath:
    """All connections through one proxy, and the faults they share."""

    def __init__(self, port: int, chance: Random, *, raw: bool = False) -> None:
        self.camera_port = port
        self.conditions = Conditions(chance, raw=raw)
        self.links: list[Link] = []

    def connection(self) -> "Link":
        """A client's side of a new connection."""
        return Link(self)

    def hold(self, seconds: float, *, whole_path: bool = False) -> int:
        """Deliver nothing from the camera for a while, then all of it; returns how many connections that concerns.

        With `whole_path` connections that are made meanwhile are held, too.
        """
        until_s = _now_s() + seconds
        if whole_path:
            self.conditions.held_until_s = until_s
        for link in self.links:
            link.hold(until_s)
        return len(self.links)

    def vanish(
        self, *, whole_path: bool = False, seconds: float = 0.0, camera_notices_s: float = CAMERA_NOTICES_S
    ) -> int:
        """Let the connections die without a word; returns how many there were.

        Nothing passes any more either way, and neither side is told: the camera's side is read on for
        `camera_notices_s`. With `whole_path` connections that are made within `seconds` are dead from the start.
        """
        if whole_path:
            self.conditions.dark_until_s = _now_s() + seconds
        links = [link for link in self.links if not link.is_dead]
        for link in links:
            link.vanish(camera_notices_s)
        return len(links)

    def drip(self, bytes_per_s: float, seconds: float) -> None:
        """Let bytes through slowly; what still waits at the end comes at once."""
        self.conditions.drip_bytes_per_s = bytes_per_s
        self.conditions.drip_until_s = _now_s() + seconds

    def late(self, delay_s: float) -> None:
        """Let everything from the camera be late on connections that are made from now on; 0: no more."""
        self.conditions.late_s = delay_s

    def garble(self, share: float, seconds: float) -> None:
        """Flip a bit in this share of the RTP packets, whose framing stays right."""
        self.conditions.garbled_share = share
        self.conditions.garbled_until_s = _now_s() + seconds

    def garble_framing(self) -> int:
        """Give the next packet of each connection a wrong length; returns how many connections there are."""
        for link in self.links:
            link.breaks_framing = True
        return len(self.links)

    def end(self, how: End) -> int:
        """End the connections as the camera would, though it knows nothing of it; returns how many there were."""
        links = [link for link in self.links if not link.is_dead]
        for link in links:
            link.end(how)
        return len(links)


@dataclass(slots=True)
class _Waiting:
    """Bytes, or the end, on their way to the client, not before a time."""

    due_s: float
    what: bytes | End


@dataclass(slots=True)
class _Line:
    """What is on its way to one client, in order."""

    waiting: deque[_Waiting] = field(default_factory=deque)
    size_bytes: int = 0
    last_due_s: float = 0.0
    held_until_s: float = 0.0

    def put(self, what: bytes | End, due_s: float) -> None:
        """Nothing overtakes what was put before."""
        self.last_due_s = max(self.last_due_s, due_s)
        self.waiting.append(_Waiting(self.last_due_s, what))
        self.size_bytes += len(what) if isinstance(what, bytes) else 0

    def take(self) -> bytes | End:
        """The first."""
        what = self.waiting.popleft().what
        self.size_bytes -= len(what) if isinstance(what, bytes) else 0
        return what

    def clear(self) -> None:
        """All of it is lost."""
        self.waiting.clear()
        self.size_bytes = 0


class Link(asyncio.Protocol):
    """One connection: this is the client's side of it, and `_CameraSide` the other."""

    def __init__(self, path: NetworkPath) -> None:
        self._path = path
        self._conditions = path.conditions
        self._late_s = path.conditions.late_s
        self._line = _Line()
        self._units = bytearray()
        self._requests = bytearray()
        self._client: asyncio.Transport | None = None
        self._camera: asyncio.Transport | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._is_deaf = False
        """The client was told that nothing more comes."""
        self.is_dead = False
        """It vanished."""
        self.breaks_framing = False

    # ------------------------------------------------------------ the client's side

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client called."""
        assert isinstance(transport, asyncio.Transport)
        self._client = transport
        self._path.links.append(self)
        if _now_s() < self._conditions.dark_until_s:
            self.is_dead = True
            return
        self._connecting = asyncio.ensure_future(self._connect())

    def data_received(self, data: bytes) -> None:
        """The client asks."""
        if self.is_dead:
            return
        if self._camera is None:
            self._requests += data
        else:
            self._camera.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone. A camera behind a dead connection does not hear of it."""
        self._client = None
        self._line.clear()
        self._path.links.remove(self)
        if not self.is_dead:
            self._end_camera(reset=exc is not None)

    # ------------------------------------------------------------ the camera's side

    async def _connect(self) -> None:
        try:
            transport, _ = await asyncio.get_running_loop().create_connection(
                lambda: _CameraSide(self), "127.0.0.1", self._path.camera_port
            )
        except OSError:
            self._put(End.RESET)
            return
        if self._client is None:
            transport.abort()
            return
        self._camera = transport
        transport.write(bytes(self._requests))

    def from_camera(self, data: bytes) -> None:
        """Bytes of the camera; they are read at any time."""
        if self.is_dead or self._is_deaf or self._client is None:
            return
        if self._conditions.raw:
            self._put(data)
            return
        self._units += data
        while (unit := take_unit(self._units)) is not None:
            self._put(self._spoilt(unit))

    def camera_lost(self, *, reset: bool) -> None:
        """The camera ended the connection."""
        self._camera = None
        if not self.is_dead and self._client is not None:
            self._put(bytes(self._units))
            self._units.clear()
            self._put(End.RESET if reset else End.CLOSE)

    def _end_camera(self, *, reset: bool = False) -> None:
        if self._connecting is not None:
            self._connecting.cancel()
        if self._camera is None:
            return
        if reset:
            _reset(self._camera)
        else:
            self._camera.close()

    # ------------------------------------------------------------ faults

    def hold(self, until_s: float) -> None:
        """Deliver nothing before this time."""
        self._line.held_until_s = max(self._line.held_until_s, until_s)

    def vanish(self, camera_notices_s: float) -> None:
        """Nothing passes any more; the camera's side is read for a while and dropped then."""
        self.is_dead = True
        self._line.clear()
        asyncio.get_running_loop().call_later(camera_notices_s, self._end_camera)

    def end(self, how: End) -> None:
        """End it behind what is on its way; for the camera it goes on when only half of it is closed."""
        self._put(how)
        if how is not End.HALF_CLOSE:
            self._end_camera(reset=how is End.RESET)

    def _spoilt(self, unit: bytes) -> bytes:
        now = self._conditions
        if self.breaks_framing and is_rtp(unit):
            self.breaks_framing = False
            return misframed(unit)
        if _now_s() < now.garbled_until_s and is_rtp(unit) and now.chance.random() < now.garbled_share:
            return garbled(unit, now.chance)
        return unit

    # ------------------------------------------------------------ the line to the client

    def _put(self, what: bytes | End) -> None:
        now = self._conditions
        now_s = _now_s()
        due_s = now_s + self._late_s
        if isinstance(what, bytes) and now_s < now.drip_until_s:
            step = max(1, int(now.drip_bytes_per_s / _DRIPS_PER_S))
            for at in range(0, len(what), step):
                part = what[at : at + step]
                next_s = max(self._line.last_due_s, due_s) + len(part) / now.drip_bytes_per_s
                self._line.put(part, min(next_s, max(now.drip_until_s, due_s)))
        else:
            self._line.put(what, due_s)
        if self._line.size_bytes > _MAX_WAITING_BYTES:
            self._line.clear()
            self._line.put(End.RESET, 0.0)
        self._flow()

    def _flow(self) -> None:
        """Deliver what is due, and come back for the rest."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        held_until_s = max(self._line.held_until_s, self._conditions.held_until_s)
        while self._line.waiting and self._client is not None:
            due_s = max(self._line.waiting[0].due_s, held_until_s)
            if due_s > _now_s():
                self._timer = asyncio.get_running_loop().call_at(due_s, self._flow)
                return
            self._deliver(self._client, self._line.take())

    def _deliver(self, client: asyncio.Transport, what: bytes | End) -> None:
        if self._is_deaf:
            return
        match what:
            case bytes():
                client.write(what)
            case End.CLOSE:
                client.close()
            case End.HALF_CLOSE:
                client.write_eof()
            case End.RESET:
                _reset(client)
        self._is_deaf = isinstance(what, End)


class _CameraSide(asyncio.Protocol):
    """The proxy's connection to the camera."""

    def __init__(self, link: Link) -> None:
        self._link = link

    def data_received(self, data: bytes) -> None:
        """The camera wrote."""
        self._link.from_camera(data)

    def connection_lost(self, exc: Exception | None) -> None:
        """The camera closed (None) or reset."""
        self._link.camera_lost(reset=exc is not None)


def _reset(transport: asyncio.Transport) -> None:
    """Close so that the other side sees a reset, and drop what waits."""
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()


def _now_s() -> float:
    return asyncio.get_running_loop().time()
