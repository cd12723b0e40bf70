"""What is captured: a camera's streams, and what a stream is captured for."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """Which branches of a session's tee are open (requirement A3)."""

    STREAMING_ONLY = "streaming_only"
    RECORDING_ONLY = "recording_only"
    BOTH = "both"

    @property
    def records(self) -> bool:
        """Whether the recording valve is open."""
        return self is not Mode.STREAMING_ONLY

    @property
    def streams(self) -> bool:
        """Whether the streaming valve is open."""
        return self is not Mode.RECORDING_ONLY


class Track(StrEnum):
    """What a take of a session carries."""

    VIDEO = "video"
    SOUND = "sound"


@dataclass(frozen=True, slots=True, order=True)
class StreamId:
    """One RTSP URL of one camera: an ONVIF media profile such as "main" or "sub"."""

    camera: str
    stream: str = "main"

    def __str__(self) -> str:
        return self.camera if self.stream == "main" else f"{self.camera}/{self.stream}"


SOURCES = ("auto", "native", "rtspsrc")
"""Which client fetches a stream. "auto": the native one wherever it can, GStreamer's rtspsrc otherwise."""


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where a stream is and how to get it. `password` never appears in `repr`."""

    url: str
    """Without user and password."""
    user: str = ""
    password: str = ""
    source: str = "auto"
    """One of SOURCES."""
    transport: str = "tcp"
    verify: bool = False
    """Of rtsps: the certificate must be signed by somebody whom this machine trusts, for this name."""
    pin: str = ""
    """Of rtsps: SHA-256 of the only certificate that is taken, in hexadecimal; empty: any."""
    pins: bool = True
    """Of rtsps: the first certificate that is seen is pinned, unless it is verified."""

    @property
    def chosen_source(self) -> str:
        """The client that is used: the native one speaks TCP only."""
        if self.source != "auto":
            return self.source
        return "native" if self.transport == "tcp" else "rtspsrc"

    def __repr__(self) -> str:
        return f"StreamAddress(url={self.url!r}, user={self.user!r}, source={self.source!r})"
