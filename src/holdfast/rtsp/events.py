"""What a client tells whoever runs it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

from holdfast.rtsp.audio import AudioUnit
from holdfast.rtsp.pictures import AccessUnit
from holdfast.rtsp.sdp import MediaTrack


@dataclass(frozen=True, slots=True)
class Ready:
    """Tracks were chosen and set up; packets follow."""

    video: MediaTrack
    sound: MediaTrack | None
    silence: str = ""
    """Why there is no sound although it was wanted and the camera has some."""


@dataclass(frozen=True, slots=True)
class Units:
    """Pictures, and what did not arrive whole since the last ones: packets, and access units that were left out."""

    units: Sequence[AccessUnit]
    lost: int
    damaged: int


@dataclass(frozen=True, slots=True)
class Sound:
    """Pieces of sound."""

    units: Sequence[AudioUnit]


@dataclass(frozen=True, slots=True)
class Redirected:
    """The camera wants to be asked at this URL. It has no user part, and what follows `?` is for no log (`redact`)."""

    url: str


@dataclass(frozen=True, slots=True)
class Ended:
    """The camera ended the stream in words, not by closing the connection."""

    text: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The camera's answer, when it is not 200: status, its own phrase, and what was asked for."""

    status: int
    reason: str
    method: str


@dataclass(frozen=True, slots=True)
class NoVideo:
    """There is no video at this URL."""

    text: str


@dataclass(frozen=True, slots=True)
class Unsupported:
    """There is video, but none for this client; rtspsrc may know more."""

    text: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """The camera did not answer in time."""

    text: str


Event: TypeAlias = Ready | Units | Sound | Redirected | Ended | Refused | NoVideo | Unsupported | TimedOut
