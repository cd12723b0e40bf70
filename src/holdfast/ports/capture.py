"""Capture: what the recorder tells capture workers, and what they tell the recorder.

The messages are frozen values. `encode` and `decode` turn them into single datagrams (JSON) and back;
docs/design/worker-protocol.md describes the conversation.
"""

import json
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, Protocol, get_args, get_type_hints

from holdfast.domain.faults import Branch, ErrorReport
from holdfast.domain.streams import Mode, StreamAddress, StreamId, Track
from holdfast.domain.times import MonoNs, PtsNs

MAX_MESSAGE_BYTES = 64 * 1024


class ProtocolError(ValueError):
    """A datagram on the control socket that is no message."""


# ------------------------------------------------------------------ recorder -> worker


@dataclass(frozen=True, slots=True)
class OpenSession:
    """Connect to the camera and capture until told otherwise."""

    stream: StreamId
    session: int
    address: StreamAddress
    mode: Mode
    reorders: bool
    """The stream is known to have B-frames (from an earlier session)."""
    fragment_ms: int = 500
    sound: bool = False
    """Take the camera's sound as well, as takes of their own."""


@dataclass(frozen=True, slots=True)
class CloseSession:
    """End the session: what the muxer holds is flushed, then `SessionEnded` follows."""

    stream: StreamId
    session: int


@dataclass(frozen=True, slots=True)
class SetMode:
    """Open and close the valves; the session goes on."""

    stream: StreamId
    session: int
    mode: Mode


@dataclass(frozen=True, slots=True)
class DumpGraph:
    """Answer with `Graph`."""

    stream: StreamId
    session: int
    request: int


Command = OpenSession | CloseSession | SetMode | DumpGraph


# ------------------------------------------------------------------ worker -> recorder


@dataclass(frozen=True, slots=True)
class WorkerReady:
    """GStreamer is loaded; sessions can be opened."""

    pid: int
    gstreamer: str


@dataclass(frozen=True, slots=True)
class Progress:
    """What one session did since the last heartbeat."""

    stream: StreamId
    session: int
    frames: int
    """Frames that left the source since the session began."""
    key_frames: int
    """Key frames among those that were looked at: more than 0 when there was one."""
    streamed_frames: int
    """Frames that passed the streaming valve."""
    overruns: int
    """How often the recorder did not read in time, so that the recording branch was closed for a while."""


@dataclass(frozen=True, slots=True)
class ClockSample:
    """The frame that was looked at lately and came with the least delay: media time against arrival."""

    stream: StreamId
    session: int
    pts_ns: PtsNs
    arrival_ns: MonoNs


@dataclass(frozen=True, slots=True)
class PacketsLost:
    """RTP packets that did not arrive, by their sequence numbers; when the next ones came."""

    stream: StreamId
    session: int
    from_ns: MonoNs
    to_ns: MonoNs
    packets: int
    """At least so many."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The worker's main loop is alive: sent every two seconds."""

    progress: tuple[Progress, ...]
    clock: tuple[ClockSample, ...]
    losses: tuple[PacketsLost, ...] = ()


@dataclass(frozen=True, slots=True)
class TakeOpened:
    """The recording branch was (re)built: fragments come through the pipe that arrives with this message.

    A take begins with a key frame and has one set of parameters (codec, resolution) for its whole life. Those of sound
    are counted apart; `first_pts_ns` is when their first frame was made by the media time of the video.
    """

    stream: StreamId
    session: int
    take: int
    first_pts_ns: PtsNs
    arrival_ns: MonoNs
    reorders: bool
    reason: str
    track: Track = Track.VIDEO


@dataclass(frozen=True, slots=True)
class CertificateSeen:
    """An encrypted connection came about: the camera showed this certificate. Said once in a session."""

    stream: StreamId
    session: int
    fingerprint: str
    """SHA-256, in hexadecimal."""


@dataclass(frozen=True, slots=True)
class SessionFailed:
    """The session cannot go on. The first error in time (requirement B5). The worker has ended it."""

    stream: StreamId
    session: int
    error: ErrorReport


@dataclass(frozen=True, slots=True)
class BranchFailed:
    """One branch failed and was rebuilt; the session goes on (requirement A4)."""

    stream: StreamId
    session: int
    error: ErrorReport


@dataclass(frozen=True, slots=True)
class SessionEnded:
    """The session is closed and all that it held was flushed."""

    stream: StreamId
    session: int


@dataclass(frozen=True, slots=True)
class Graph:
    """The answer to `DumpGraph`; a memory file with GStreamer's DOT text arrives with it, secrets redacted."""

    stream: StreamId
    request: int
    size: int


Event = (
    WorkerReady
    | Heartbeat
    | Progress
    | CertificateSeen
    | TakeOpened
    | SessionFailed
    | BranchFailed
    | SessionEnded
    | Graph
)

# ------------------------------------------------------------------ from the pool of workers


@dataclass(frozen=True, slots=True)
class TakeBytes:
    """The next bytes of a take's fragmented MP4, in any portion. One take of a track after the other."""

    stream: StreamId
    session: int
    take: int
    data: bytes | memoryview
    """A view is valid only until the listener returns."""
    track: Track = Track.VIDEO


@dataclass(frozen=True, slots=True)
class TakeClosed:
    """All bytes of the take were delivered. Comes before its session's `SessionEnded` or `WorkerLost`."""

    stream: StreamId
    session: int
    take: int
    track: Track = Track.VIDEO


@dataclass(frozen=True, slots=True)
class SessionBegun:
    """A worker that is ready was told to open the session."""

    stream: StreamId
    session: int


@dataclass(frozen=True, slots=True)
class WorkerLost:
    """The worker that held this session is gone."""

    stream: StreamId
    session: int
    error: ErrorReport


PoolEvent = (
    SessionBegun
    | CertificateSeen
    | TakeOpened
    | TakeBytes
    | TakeClosed
    | SessionFailed
    | BranchFailed
    | SessionEnded
    | WorkerLost
    | Progress
    | PacketsLost
    | ClockSample
)
"""What the recorder hears of a stream, one event at a time."""


class Capture(Protocol):
    """Opens sessions somewhere outside this process. Calls never block and never raise."""

    def open(self, command: OpenSession) -> None:
        """Open a session; its events follow."""

    def close(self, stream: StreamId, session: int) -> None:
        """Close a session; `SessionEnded` or `WorkerLost` follows if it was open."""

    def set_mode(self, stream: StreamId, session: int, mode: Mode) -> None:
        """Switch the valves of a session."""

    def release(self, stream: StreamId) -> None:
        """Nothing is opened of this stream any more, for now: what is kept ready for it may go."""


_MESSAGES: dict[str, type] = {m.__name__: m for alias in (Command, Event) for m in get_args(alias)}
_HINTS: dict[type, dict[str, Any]] = {}


def encode(message: Command | Event) -> bytes:
    """One datagram for one message."""
    return json.dumps({"is": type(message).__name__, **_plain(message)}, separators=(",", ":")).encode()


def decode(datagram: bytes) -> Command | Event:
    """The message in a datagram. Raises ProtocolError when there is none."""
    try:
        values = json.loads(datagram)
        kind = _MESSAGES[values.pop("is")]
        message: Command | Event = _build(kind, values)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ProtocolError(f"no message of the worker protocol: {datagram[:80]!r} ({error})") from error
    return message


def _plain(value: Any) -> Any:  # noqa: ANN401 - any value of a message
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, tuple):
        return [_plain(v) for v in value]
    return value


def _build(kind: Any, value: Any) -> Any:  # noqa: ANN401 - any type of a field, any value of JSON
    if is_dataclass(kind) and isinstance(kind, type):
        if kind not in _HINTS:
            _HINTS[kind] = get_type_hints(kind)
        return kind(**{name: _build(_HINTS[kind][name], v) for name, v in value.items()})
    if getattr(kind, "__origin__", None) is tuple:
        return tuple(_build(get_args(kind)[0], v) for v in value)
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return kind(value)
    # The times are ints under a name of their own.
    if type(value) is not getattr(kind, "__supertype__", kind):
        raise TypeError(f"{value!r} is no {kind}")
    return value


__all__ = [
    "MAX_MESSAGE_BYTES",
    "Branch",
    "BranchFailed",
    "Capture",
    "CertificateSeen",
    "ClockSample",
    "CloseSession",
    "Command",
    "DumpGraph",
    "Event",
    "Graph",
    "Heartbeat",
    "OpenSession",
    "PacketsLost",
    "PoolEvent",
    "Progress",
    "ProtocolError",
    "SessionBegun",
    "SessionEnded",
    "SessionFailed",
    "SetMode",
    "TakeBytes",
    "TakeClosed",
    "TakeOpened",
    "WorkerLost",
    "WorkerReady",
    "decode",
    "encode",
]
