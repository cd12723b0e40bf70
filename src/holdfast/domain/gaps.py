"""Gaps: missing time with a cause (requirement F4). What the ledger says of it, as frozen values."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.domain.faults import FaultKind
from holdfast.domain.segments import LOCAL_NODE, Json
from holdfast.domain.times import WallNs


class GapCause(StrEnum):
    """Why footage is missing, where no fault is the reason. Every FaultKind is a cause, too."""

    STARTING = "starting"
    """Recording was switched on and no key frame had come yet; no fault was said."""
    SILENT = "silent"
    """The camera sent nothing, and no fault was said."""
    STREAMING_ONLY = "streaming_only"
    """The user shut the recording valve."""
    RECORDER_STOPPED = "recorder_stopped"
    """In order: by the user, or with the machine."""
    RECORDER_KILLED = "recorder_killed"
    """Without an orderly end while the machine went on: killed, or crashed."""
    POWER_LOST = "power_lost"
    """Without an orderly end, and the machine has booted since: the power went, or it was reset."""
    DELETED = "deleted"
    VOLUME_AWAY = "volume_away"


Cause = FaultKind | GapCause


def cause_of(text: str) -> Cause:
    """The cause of this name. Raises ValueError when there is none."""
    try:
        return FaultKind(text)
    except ValueError:
        return GapCause(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRecord:
    """Missing time of one stream. `(node, gap_id)` names it; a later record of the same name replaces it."""

    gap_id: str
    """A UUID."""
    camera: str
    stream: str
    cause: str
    """The value of a Cause."""
    sentence: str
    """For a person. Holds no secret."""
    from_wall_ns: WallNs
    to_wall_ns: WallNs | None = None
    """None while frames are still missing."""
    session: int | None = None
    """The camera session that failed, if one did."""
    detail: Mapping[str, Json] = field(default_factory=dict, hash=False)
    """`text`: what the camera, the socket or the system said; `also`: further faults while it lasted. No secrets."""
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class GapRemoved:
    """A gap that turned out to be none, because its footage came late."""

    gap_id: str
    node: str = LOCAL_NODE
