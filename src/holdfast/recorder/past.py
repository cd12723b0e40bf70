"""What the catalog knows from before: session numbers, certificates, and what the user switched by hand.

Read once, before the first camera is captured: later questions must not wait for a disk.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.certificates import CertificateRecord
from holdfast.domain.gaps import GapCause, GapRecord
from holdfast.domain.segments import IntentRecord, StreamExtent
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogError, CatalogWrites, LastLife

LOG = logging.getLogger("holdfast.catalog")


class Remembers(Protocol):
    """What is asked of the catalog. Raises CatalogError."""

    def cameras(self) -> tuple[StreamExtent, ...]:
        """Every stream ever seen."""

    def last_session(self, camera: str, stream: str) -> int:
        """The highest session number ever used for the stream; 0 when none."""

    def intents(self) -> tuple[IntentRecord, ...]:
        """What the user switched on and off."""

    def certificates(self) -> tuple[CertificateRecord, ...]:
        """The certificates that are pinned."""

    def last_life(self) -> LastLife | None:
        """When and how the last recorder ended; None when none ever ran."""

    def open_gaps(self) -> tuple[GapRecord, ...]:
        """Gaps that have no end."""

    def alarms(self, *, open_only: bool = False) -> tuple[AlarmRecord, ...]:
        """Alarms; or those that are open."""

    def footage_end(self, camera: str, stream: str, *, before_ns: WallNs | None = None) -> WallNs | None:
        """The latest end of the stream's segments that began before."""


@dataclass(frozen=True, slots=True)
class End:
    """How the last life of the recorder ended for one stream."""

    footage_wall_ns: WallNs
    """Where its footage ends, as far as the catalog knows; files that were left open may reach further."""
    alive_wall_ns: WallNs
    """When the recorder was last known to be alive."""
    cause: str
    open_gap: GapRecord | None


@dataclass(slots=True)
class Past:
    """Kept up to date while the recorder runs, so that a stream that comes back goes on where it ended."""

    sessions: dict[StreamId, int] = field(default_factory=dict)
    switched: dict[StreamId, bool] = field(default_factory=dict)
    """Only what the user switched; what is not in here is as it was configured."""
    certificates: dict[str, str] = field(default_factory=dict)
    """Fingerprints of those that are pinned, by place, when the recorder began."""
    alarms: tuple[AlarmRecord, ...] = ()
    """What was wrong when the recorder ended."""
    ends: dict[StreamId, End] = field(default_factory=dict)
    """Streams that have footage, or lacked some when the recorder ended."""

    @classmethod
    def recall(cls, catalog: Remembers, boot_id: str = "") -> Self:
        """What the catalog tells. When it tells nothing, recording begins all the same, as configured.

        `boot_id`: of the machine's boot in which this recorder runs; empty when that is not known.
        """
        past = cls()
        try:
            past.certificates = {pinned.place: pinned.fingerprint for pinned in catalog.certificates()}
            for intent in catalog.intents():
                past.switched[StreamId(intent.camera, intent.stream)] = intent.wanted
            for seen in catalog.cameras():
                stream = StreamId(seen.camera, seen.stream)
                past.sessions[stream] = catalog.last_session(stream.camera, stream.stream)
            past.alarms = catalog.alarms(open_only=True)
            past.ends = _ends(catalog, past.sessions, boot_id)
        except CatalogError as error:
            LOG.warning("what was switched on and off by hand is not known; cameras are as configured: %s", error)
        return past

    def wanted(self, stream: StreamId, *, configured: bool) -> bool:
        """Whether a stream is to be recorded."""
        return self.switched.get(stream, configured)

    def forget_end(self, stream: StreamId) -> None:
        """What follows the last life is told, or nobody wanted it."""
        # Another thread may be looking at the ends.
        self.ends = {one: end for one, end in self.ends.items() if one != stream}

    def end_unwanted(self, stream: StreamId, catalog: CatalogWrites) -> None:
        """Nobody wants the stream now: what was missing when the last life ended was missing up to then."""
        end = self.ends.get(stream)
        self.forget_end(stream)
        if end is not None and end.open_gap is not None:
            to_ns = max(end.open_gap.from_wall_ns, end.alive_wall_ns)
            catalog.post(replace(end.open_gap, to_wall_ns=to_ns))


def _ends(catalog: Remembers, streams: Iterable[StreamId], boot_id: str) -> dict[StreamId, End]:
    life = catalog.last_life()
    if life is None:
        return {}
    cause = _cause(life, boot_id)
    gaps = {StreamId(gap.camera, gap.stream): gap for gap in catalog.open_gaps()}
    ends = {}
    for stream in streams:
        gap = gaps.get(stream)
        footage_ns = catalog.footage_end(stream.camera, stream.stream)
        if footage_ns is None and gap is not None:
            footage_ns = gap.from_wall_ns
        if footage_ns is not None:
            ends[stream] = End(footage_ns, life.wall_ns, cause, gap)
    return ends


def _cause(life: LastLife, boot_id: str) -> GapCause:
    """Why a recorder is not there any more. Of a boot that is not known nothing is guessed."""
    if life.stopped_in_order:
        return GapCause.RECORDER_STOPPED
    has_booted = "" not in (life.boot_id, boot_id) and life.boot_id != boot_id
    return GapCause.POWER_LOST if has_booted else GapCause.RECORDER_KILLED
