"""The catalog as the recorder and the user interfaces need it. Recording never waits for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.certificates import CertificateForgotten, CertificateRecord
from holdfast.domain.footage import StreamFootage
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.keeping import HoldRecord, HoldReleased, SegmentDeleted, StreamUsage
from holdfast.domain.segments import (
    MAIN_VOLUME,
    FaultRecord,
    Heartbeat,
    IntentRecord,
    LeftoverRemoved,
    RebuildDone,
    RecorderStopped,
    RunRecord,
    SegmentMoved,
    SegmentRecord,
    SessionRecord,
    StreamExtent,
    StreamRecord,
    VolumeForgotten,
    VolumeRecord,
)
from holdfast.domain.times import WallNs

Change = (
    SegmentRecord
    | SegmentMoved
    | SegmentDeleted
    | LeftoverRemoved
    | VolumeRecord
    | VolumeForgotten
    | RunRecord
    | SessionRecord
    | FaultRecord
    | GapRecord
    | GapRemoved
    | AlarmRecord
    | HoldRecord
    | HoldReleased
    | IntentRecord
    | CertificateRecord
    | CertificateForgotten
    | StreamRecord
    | Heartbeat
    | RecorderStopped
    | RebuildDone
)
"""What may be written. Each is stored under its name; a later one of the same name replaces it. Faults are added."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LastLife:
    """The last that is known of a recorder that ran here."""

    wall_ns: WallNs
    """When it was last known to be alive."""
    stopped_in_order: bool
    """It said that it ends; otherwise it was killed, crashed, or the power failed."""
    boot_id: str = ""
    """Of the machine's boot in which it ran; empty when that is not known, or when it stopped in order."""


class CatalogError(Exception):
    """The catalog cannot be used; the text says where and what to do."""


class CatalogMissingError(CatalogError):
    """There is no catalog at this place."""


class CatalogTooNewError(CatalogError):
    """A newer program wrote the catalog; this one leaves it untouched."""


class CatalogUnreadableError(CatalogError):
    """The catalog is there and cannot be read: damaged, locked, or not permitted."""


class CatalogTooOldError(CatalogUnreadableError):
    """The catalog is of an older schema; opening it for writing brings it up to date."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogCondition:
    """How the catalog is doing."""

    waiting: int
    """Changes posted and not yet written."""
    dropped: int
    """Changes given up since the start, because too many waited or the database refused them."""
    trouble: str | None
    """Why nothing can be written at present, as a sentence; None while all is well."""
    rebuild_needed: bool
    """The catalog is new or lost its past: compare it with the files (`holdfast check DIR --repair`)."""


class CatalogWrites(Protocol):
    """Putting things in. Thread-safe."""

    def post(self, change: Change) -> None:
        """Hand over a change; returns at once, whatever the database does."""

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was posted before is written; False when that took longer than `timeout_s`."""

    def close(self, timeout_s: float = 5.0) -> bool:
        """Write what waits and let go; False when something could not be written in time."""

    @property
    def condition(self) -> CatalogCondition:
        """How it is doing now; never blocks."""


class VolumeReads(Protocol):
    """Looking up volumes, and segments that are not on theirs. As CatalogReads."""

    def volumes(self) -> tuple[VolumeRecord, ...]:
        """Every volume ever used, by name."""

    def uncut(self, volume: str) -> tuple[SegmentRecord, ...]:
        """Segments of the volume whose files are still to be cut, by path."""

    def leftovers(self, volume: str) -> tuple[str, ...]:
        """Paths of copies on the volume whose segments came home."""

    def away_from(self, home: str, *, limit: int = 1000) -> tuple[SegmentRecord, ...]:
        """Final segments that belong on this volume and are on another one, oldest first."""


class KeepingReads(Protocol):
    """Looking up what is kept and what may go. As CatalogReads."""

    def holds(
        self, camera: str | None = None, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None
    ) -> tuple[HoldRecord, ...]:
        """Holds that overlap the range, by begin."""

    def usage(self) -> tuple[StreamUsage, ...]:
        """How much there is, by camera, stream and volume."""

    def deletable(
        self,
        *,
        volume: str | None = None,
        stream: tuple[str, str] | None = None,
        before_ns: WallNs | Mapping[str, WallNs] | None = None,
        limit: int = 1000,
    ) -> tuple[SegmentRecord, ...]:
        """Segments that may be deleted, oldest first: neither open, nor still to be cut, nor overlapping a hold.

        `stream`: (camera, stream), only of this one. `before_ns`: only what ended by then; a moment for each camera
        leaves the others out.
        """

    def last_deleted(self, camera: str, stream: str, *, before_ns: WallNs) -> GapRecord | None:
        """The last gap of deleted footage that ended by then; None when there is none."""


class MomentReads(Protocol):
    """Looking up what is near a moment, and what is left of a run. As CatalogReads."""

    def footage_begin(self, camera: str, stream: str, *, after_ns: WallNs) -> WallNs | None:
        """When the first of the stream's segments began that began at that moment or later; None when there is none."""

    def ordinals(self, run_id: str) -> frozenset[int]:
        """Which segments of a run there are, by their places in it; those that are missing are not."""


class TimelineReads(Protocol):
    """Looking up when there is footage. As CatalogReads."""

    def footage(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> tuple[StreamFootage, ...]:
        """When each stream ever seen has footage that can be played, of segments that overlap the range.

        By camera and stream, those without any included. Open segments count as reaching to the present.
        """


class CatalogReads(KeepingReads, MomentReads, TimelineReads, VolumeReads, Protocol):
    """Looking things up. Thread-safe; sees what has been written, not what waits. Raises CatalogError.

    Ranges are half-open, `from_ns <= t < to_ns`; None means without end.
    """

    def segments(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> Iterator[SegmentRecord]:
        """Segments that overlap the range, by camera and stream, then by run and media time.

        Runs come in the order in which they began, even when the wall clock jumped back between them.
        Open segments count as reaching to the present.
        """

    def segment(self, path: str, *, volume: str = MAIN_VOLUME) -> SegmentRecord | None:
        """The segment with this path, or None."""

    def folders(self, *, volume: str = MAIN_VOLUME) -> tuple[str, ...]:
        """All folders that hold segments, relative to the volume's root, in order."""

    def segments_in(self, folder: str, *, volume: str = MAIN_VOLUME) -> tuple[SegmentRecord, ...]:
        """All segments below a folder of the volume, by path."""

    def runs(self, camera: str | None = None) -> tuple[RunRecord, ...]:
        """All runs, by camera, stream and the order in which they began."""

    def sessions(
        self, camera: str | None = None, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None
    ) -> tuple[SessionRecord, ...]:
        """Sessions that overlap the range, by start."""

    def faults(
        self,
        camera: str | None = None,
        *,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
        limit: int = 10_000,
    ) -> tuple[FaultRecord, ...]:
        """The latest `limit` faults in the range, oldest first."""

    def cameras(self) -> tuple[StreamExtent, ...]:
        """Every stream ever seen, by camera and stream."""

    def last_session(self, camera: str, stream: str) -> int:
        """The highest session number ever used for the stream; 0 when none, so that numbering can go on."""

    def intents(self) -> tuple[IntentRecord, ...]:
        """What the user wants recorded, by camera and stream."""

    def certificates(self) -> tuple[CertificateRecord, ...]:
        """The certificates that are pinned, by place."""

    def heartbeat(self) -> WallNs | None:
        """When the recorder was last known to be alive."""

    def last_life(self) -> LastLife | None:
        """When and how the last recorder ended; None when none ever ran. Ask before the first heartbeat is posted."""

    def gaps(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> tuple[GapRecord, ...]:
        """Gaps that overlap the range, by begin. Open ones count as reaching to the present."""

    def open_gaps(self) -> tuple[GapRecord, ...]:
        """Gaps that have no end, by camera, stream and begin; after an unorderly end they are the next life's."""

    def alarms(
        self, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None, open_only: bool = False
    ) -> tuple[AlarmRecord, ...]:
        """Alarms that overlap the range, by the moment at which they were raised. Open ones reach to the present."""

    def footage_end(self, camera: str, stream: str, *, before_ns: WallNs | None = None) -> WallNs | None:
        """The latest end of the stream's segments that began before; of open ones as far as the catalog knows it."""


class CatalogPort(CatalogWrites, CatalogReads, Protocol):
    """The whole catalog."""
