"""Alarms: what a person should know, raised once and cleared once (docs/design/alarms.md)."""

from dataclasses import dataclass
from enum import StrEnum

from holdfast.domain.segments import LOCAL_NODE
from holdfast.domain.times import WallNs


class AlarmKind(StrEnum):
    """What an alarm is about, as far as programs may react to it differently."""

    NOT_SAVED = "not_saved"
    """A camera is to be recorded, and nothing of it reaches a disk."""
    CAMERA_ERROR = "camera_error"
    """A camera that is to be recorded is in the state ERROR."""
    VOLUME_SLOW = "volume_slow"
    VOLUME_FULL = "volume_full"
    VOLUME_READ_ONLY = "volume_read_only"
    VOLUME_GONE = "volume_gone"
    VOLUME_HUNG = "volume_hung"
    VOLUME_REFUSED = "volume_refused"
    NO_VOLUME = "no_volume"
    """No volume can be written."""
    RETENTION = "retention"
    """A limit of what is kept cannot be kept itself: nothing that may go is left."""
    MEMORY = "memory"
    """Much of the memory for footage is in use."""
    CATALOG = "catalog"
    """The catalog cannot be written."""
    CATALOG_MISMATCH = "catalog_mismatch"
    """The catalog and the files differ in something that a person has to look at."""
    BACKUP = "backup"
    """The last backup by the schedule failed, or is not complete."""


class Severity(StrEnum):
    """How much it matters."""

    WARNING = "warning"
    """Recording goes on; somebody should have a look."""
    CRITICAL = "critical"
    """Footage is lost or soon will be, or nobody is warned of it any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmRecord:
    """One alarm. `(node, alarm_id)` names it; a later record of the same name replaces it."""

    alarm_id: str
    """A UUID."""
    kind: str
    """The value of an AlarmKind."""
    severity: str
    """The value of a Severity."""
    subject: str
    """A camera (`cam_01`, `cam_01/sub`) or the name of a volume; empty when it is about the recorder as a whole."""
    sentence: str
    """For a person, in English. Holds no secret."""
    raised_wall_ns: WallNs
    cleared_wall_ns: WallNs | None = None
    """None while it is open."""
    node: str = LOCAL_NODE
