"""What the catalog knows: streams, sessions, runs, segments, faults, intents. Frozen values.

Wall times are nanoseconds since 1970-01-01T00:00:00Z, media times and durations are nanoseconds, sizes are bytes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from holdfast.domain.times import PtsNs, WallNs

LOCAL_NODE = "local"
"""The recorder's node while there is only one machine."""

MAIN_VOLUME = "main"
"""The volume of the recording root itself."""

Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
"""Any value JSON can hold."""


class SegmentState(StrEnum):
    """How far a segment's file can be relied on."""

    OPEN = "open"
    """Being written, or left behind by a recorder that was killed."""
    FINAL = "final"
    """Finished: the file says itself how long it is."""
    MISSING = "missing"
    """Catalogued, but the file was not there when it was last looked for."""
    DAMAGED = "damaged"
    """The file is there and could not be read as a segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentRecord:
    """One recorded file. `(node, volume, path)` names it; `path` is relative to the volume's root, with `/`."""

    path: str
    camera: str
    stream: str
    run_id: str
    session: int
    ordinal: int
    """Place in its run, counted from 0."""
    wall_start_ns: WallNs
    duration_ns: int
    pts_start_ns: PtsNs
    """Media time of the first frame, in its session."""
    size_bytes: int
    codec: str
    width: int
    height: int
    frames: int
    state: SegmentState
    end_reason: str | None = None
    """Why the segment ended, as a short word; None while it is open."""
    node: str = LOCAL_NODE
    volume: str = MAIN_VOLUME
    home: str = ""
    """Name of the volume that it belongs on while it is on another one; empty when it is where it belongs."""
    keep_bytes: int | None = None
    """So many bytes of the file count; what follows was written again elsewhere, and is still to be cut off."""

    @property
    def wall_end_ns(self) -> WallNs:
        """Wall time of the segment's end as its own media time counts it, whatever the clock did meanwhile."""
        return WallNs(self.wall_start_ns + self.duration_ns)


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentMoved:
    """A segment's file is on another volume now: its home. What else is known of it stays.

    The copy that it came from is a leftover until `LeftoverRemoved`.
    """

    volume: str
    path: str
    to_volume: str
    to_path: str
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftoverRemoved:
    """The copy of a segment that came home is gone."""

    volume: str
    path: str
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeRecord:
    """A volume as it was last seen. `(node, name)` names it; `volume_id` is that of its marker."""

    name: str
    volume_id: str
    path: str
    file_system: str
    source: str
    seen_wall_ns: WallNs
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class VolumeForgotten:
    """A volume is gone for good: what is still on it is missing, and what belonged on it belongs where it is.

    Posted when all that was posted before is written: it does not wait for segments.
    """

    name: str
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord:
    """One numbered life of a stream's pipeline; `(node, camera, stream, number, started_wall_ns)` names it."""

    camera: str
    stream: str
    number: int
    started_wall_ns: WallNs
    ended_wall_ns: WallNs | None = None
    end_reason: str | None = None
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class RunRecord:
    """Segments without a break; `run_id` (a UUID) names it everywhere."""

    run_id: str
    camera: str
    stream: str
    session: int
    started_wall_ns: WallNs
    ended_wall_ns: WallNs | None = None
    end_reason: str | None = None
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultRecord:
    """Classified trouble. `camera` is None for trouble of the recorder itself; `detail` holds no secrets."""

    kind: str
    sentence: str
    wall_ns: WallNs
    camera: str | None = None
    stream: str | None = None
    session: int | None = None
    detail: Mapping[str, Json] = field(default_factory=dict, hash=False)
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentRecord:
    """What the user wants recorded; only the user changes it."""

    camera: str
    stream: str
    wanted: bool
    since_wall_ns: WallNs
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamRecord:
    """A stream the catalog has seen, and the name people gave its camera (empty when none)."""

    camera: str
    stream: str
    display_name: str = ""
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamExtent:
    """From where to where a stream has segments; None while it has none."""

    camera: str
    stream: str
    display_name: str
    first_wall_ns: WallNs | None
    last_wall_ns: WallNs | None
    """Start of the latest segment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heartbeat:
    """The recorder was alive at this moment."""

    wall_ns: WallNs
    boot_id: str = ""
    """Of the machine's boot in which it runs; empty when that is not known."""
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class RecorderStopped:
    """The recorder ended in order at this moment. A later heartbeat says that another one began."""

    wall_ns: WallNs
    node: str = LOCAL_NODE


@dataclass(frozen=True, slots=True, kw_only=True)
class RebuildDone:
    """The catalog has been compared with every file of its root since it was made."""

    wall_ns: WallNs
    node: str = LOCAL_NODE
