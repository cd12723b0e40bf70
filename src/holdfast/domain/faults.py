"""Faults: classified trouble. A kind the program reacts to, and a sentence a person can act on."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class FaultKind(StrEnum):
    """What went wrong, as far as the reaction to it differs (requirement B4)."""

    RTSP_NETWORK = "rtsp_network"
    REFUSED = "refused"
    UNREACHABLE = "unreachable"
    NAME_NOT_FOUND = "name_not_found"
    TLS = "tls"
    CERTIFICATE_CHANGED = "certificate_changed"
    BUSY = "busy"
    SERVER_ERROR = "server_error"
    AUTHENTICATION = "authentication"
    NOT_FOUND = "not_found"
    BAD_ADDRESS = "bad_address"
    CAMERA_CLOSED = "camera_closed"
    STALLED = "stalled"
    NO_VIDEO = "no_video"
    NOT_UNDERSTOOD = "not_understood"
    TRANSPORT = "transport"
    NO_KEY_FRAME = "no_key_frame"
    BAD_STREAM = "bad_stream"
    NO_TIMES = "no_times"
    PACKETS_LOST = "packets_lost"
    STORAGE_DISCONNECTED = "storage_disconnected"
    DISK_FULL = "disk_full"
    FOOTAGE_DROPPED = "footage_dropped"
    DECODER = "decoder"
    SOUND = "sound"
    VIDEO_SINK = "video_sink"
    MUX = "mux"
    ELEMENT_MISSING = "element_missing"
    WORKER_DIED = "worker_died"
    WORKER_HUNG = "worker_hung"
    WORKER_MEMORY = "worker_memory"


class Branch(StrEnum):
    """The part of a session's pipeline an error came from, found by ancestry (requirement B2)."""

    SOURCE = "source"
    RECORDING = "recording"
    STREAMING = "streaming"
    SOUND = "sound"


@dataclass(frozen=True, slots=True)
class ErrorReport:
    """An error as the capture worker saw it, with GStreamer's types stripped off."""

    branch: Branch
    domain: str
    """GStreamer's error domain, such as "gst-resource-error-quark", or "holdfast" for our own."""
    code: int
    element: str
    """Name of the element that raised it, such as "source"."""
    text: str
    debug: str = ""


@dataclass(frozen=True, slots=True)
class Fault:
    """Classified trouble of one stream."""

    kind: FaultKind
    sentence: str
    """For a person: what happened, where, and what to do about it. Holds no secret."""
    detail: str = ""
    """For an engineer: element, code and GStreamer's own text. Holds no secret."""


OWN_DOMAIN = "holdfast"
"""`ErrorReport.domain` of errors that Holdfast itself reports."""
RTSP_DOMAIN = "rtsp"
"""`ErrorReport.domain` of answers of a camera; the code is the status (RFC 2326 section 11)."""


class OwnError(IntEnum):
    """Codes of `OWN_DOMAIN`."""

    CAMERA_CLOSED = 1
    NO_VIDEO_TRACK = 2
    UNSUPPORTED_CODEC = 3
    ELEMENT_MISSING = 4
    WORKER_DIED = 5
    WORKER_HUNG = 6
    WORKER_MEMORY = 7
    STALLED = 8
    NEVER_DELIVERED = 9
    BAD_FRAGMENT = 10
    NO_TIMES = 11
    REFUSED = 12
    UNREACHABLE = 13
    NAME_NOT_FOUND = 14
    TLS = 15
    CONNECTION_LOST = 16
    BAD_ANSWER = 17
    """Before anything was delivered, something came that this client cannot understand."""
    BAD_DATA = 18
    """The same later: damage, rather than a way to speak."""
    ANSWERLESS = 19
    UNSUPPORTED_HERE = 20
    """Nothing that this client can record; another one may."""
    OTHER_CERTIFICATE = 21
    STUCK = 22
