"""A catalog in memory. It writes at once, loses nothing, and never has trouble unless it is told to."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.certificates import CertificateForgotten, CertificateRecord
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.keeping import HoldRecord, HoldReleased, SegmentDeleted
from holdfast.domain.segments import (
    LOCAL_NODE,
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
from holdfast.ports.catalog import CatalogCondition, Change, LastLife
from tests.fakes.catalog_parts import FakeKeeping, overlaps, range_of, stream_of


@dataclass(frozen=True)
class _Run:
    record: RunRecord
    order_ns: int
    first_ordinal: int


class FakeCatalog(FakeKeeping):
    """Passes tests/contracts/test_catalog_contract.py; `trouble` is what `condition` shows."""

    def __init__(self, *, node: str = LOCAL_NODE) -> None:
        super().__init__()
        self.trouble: str | None = None
        self.posted: list[Change] = []
        self.flushes = 0
        self._node = node
        self._rebuilt = False
        self._runs: dict[str, _Run] = {}
        self._sessions: dict[tuple[str, str, int, WallNs], SessionRecord] = {}
        self._faults: list[FaultRecord] = []
        self._intents: dict[tuple[str, str], IntentRecord] = {}

    def post(self, change: Change) -> None:
        with self._lock:
            self.posted.append(change)
            if change.node == self._node:
                self._store(change)

    def _store(self, change: Change) -> None:
        if isinstance(change, SegmentRecord | RunRecord | SessionRecord | IntentRecord | GapRecord):
            self._names.setdefault((change.camera, change.stream), "")
        match change:
            case SegmentRecord():
                self._imply_run(change)
                self._segments[change.volume, change.path] = change
            case SegmentMoved():
                self._move(change)
            case SegmentDeleted():
                self._delete(change)
            case HoldRecord():
                self._holds[change.hold_id] = change
            case HoldReleased():
                self._holds.pop(change.hold_id, None)
            case LeftoverRemoved():
                self._leftovers.discard((change.volume, change.path))
            case VolumeRecord():
                self._volumes[change.name] = change
            case VolumeForgotten():
                self._forget(change.name)
            case RunRecord():
                self._put_run(change)
            case SessionRecord():
                self._sessions[change.camera, change.stream, change.number, change.started_wall_ns] = change
            case FaultRecord():
                self._faults.append(replace(change, detail=json.loads(json.dumps(dict(change.detail)))))
            case IntentRecord():
                self._intents[change.camera, change.stream] = change
            case CertificateRecord():
                self._certificates[change.place] = change
            case CertificateForgotten():
                self._certificates.pop(change.place, None)
            case StreamRecord():
                self._names[change.camera, change.stream] = change.display_name
            case GapRecord():
                self._gaps[change.gap_id] = replace(change, detail=json.loads(json.dumps(dict(change.detail))))
            case AlarmRecord():
                self._alarms[change.alarm_id] = change
            case GapRemoved():
                self._gaps.pop(change.gap_id, None)
            case Heartbeat() | RecorderStopped():
                boot_id = change.boot_id if isinstance(change, Heartbeat) else ""
                in_order = isinstance(change, RecorderStopped)
                self._last_life = LastLife(wall_ns=change.wall_ns, stopped_in_order=in_order, boot_id=boot_id)
            case RebuildDone():
                self._rebuilt = True

    def _imply_run(self, segment: SegmentRecord) -> None:
        known = self._runs.get(segment.run_id)
        if known is not None and known.first_ordinal <= segment.ordinal:
            return
        fresh = RunRecord(
            run_id=segment.run_id,
            camera=segment.camera,
            stream=segment.stream,
            session=segment.session,
            started_wall_ns=segment.wall_start_ns,
        )
        record = fresh if known is None else replace(known.record, started_wall_ns=segment.wall_start_ns)
        self._runs[segment.run_id] = _Run(record, segment.wall_start_ns, segment.ordinal)

    def _put_run(self, record: RunRecord) -> None:
        known = self._runs.get(record.run_id)
        if known is not None:
            self._runs[record.run_id] = _Run(record, known.order_ns, 0)
            return
        others = [run.order_ns + 1 for run in self._runs.values() if stream_of(run.record) == stream_of(record)]
        self._runs[record.run_id] = _Run(record, max([record.started_wall_ns, *others]), 0)

    def flush(self, timeout_s: float) -> bool:
        self.flushes += 1
        return self.trouble is None

    def close(self, timeout_s: float = 5.0) -> bool:
        return self.trouble is None

    @property
    def condition(self) -> CatalogCondition:
        return CatalogCondition(waiting=0, dropped=0, trouble=self.trouble, rebuild_needed=not self._rebuilt)

    def segments(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> Iterator[SegmentRecord]:
        begin, end = range_of(from_ns, to_ns)
        whole = from_ns is None and to_ns is None
        with self._lock:
            found = [
                segment
                for segment in self._segments.values()
                if camera in (None, segment.camera)
                and stream in (None, segment.stream)
                and (whole or overlaps(segment, begin, end))
            ]
            order = {run_id: (run.order_ns, run_id) for run_id, run in self._runs.items()}
            found.sort(key=lambda one: (*stream_of(one), *order[one.run_id], one.pts_start_ns, one.ordinal))
        yield from found

    def segment(self, path: str, *, volume: str = MAIN_VOLUME) -> SegmentRecord | None:
        return self._segments.get((volume, path))

    def folders(self, *, volume: str = MAIN_VOLUME) -> tuple[str, ...]:
        with self._lock:
            return tuple(sorted({path.rpartition("/")[0] for where, path in self._segments if where == volume}))

    def segments_in(self, folder: str, *, volume: str = MAIN_VOLUME) -> tuple[SegmentRecord, ...]:
        with self._lock:
            found = [
                segment
                for (where, path), segment in self._segments.items()
                if where == volume and path.startswith(folder + "/")
            ]
        return tuple(sorted(found, key=lambda segment: segment.path))

    def runs(self, camera: str | None = None) -> tuple[RunRecord, ...]:
        with self._lock:
            found = [run for run in self._runs.values() if camera in (None, run.record.camera)]
        found.sort(key=lambda run: (*stream_of(run.record), run.order_ns, run.record.run_id))
        return tuple(run.record for run in found)

    def sessions(
        self, camera: str | None = None, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None
    ) -> tuple[SessionRecord, ...]:
        begin, end = range_of(from_ns, to_ns)
        with self._lock:
            found = [
                session
                for session in self._sessions.values()
                if camera in (None, session.camera)
                and session.started_wall_ns < end
                and (session.ended_wall_ns is None or session.ended_wall_ns > begin)
            ]
        return tuple(sorted(found, key=lambda one: (one.started_wall_ns, one.camera, one.stream, one.number)))

    def faults(
        self,
        camera: str | None = None,
        *,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
        limit: int = 10_000,
    ) -> tuple[FaultRecord, ...]:
        begin, end = range_of(from_ns, to_ns)
        with self._lock:
            found = [fault for fault in self._faults if camera in (None, fault.camera) and begin <= fault.wall_ns < end]
        found.sort(key=lambda fault: fault.wall_ns)
        return tuple(found[max(0, len(found) - limit) :])

    def cameras(self) -> tuple[StreamExtent, ...]:
        with self._lock:
            return tuple(self._extent(camera, stream) for camera, stream in sorted(self._names))

    def _extent(self, camera: str, stream: str) -> StreamExtent:
        starts = [one.wall_start_ns for one in self._segments.values() if stream_of(one) == (camera, stream)]
        return StreamExtent(
            camera=camera,
            stream=stream,
            display_name=self._names[camera, stream],
            first_wall_ns=min(starts, default=None),
            last_wall_ns=max(starts, default=None),
        )

    def last_session(self, camera: str, stream: str) -> int:
        with self._lock:
            sessions = [one.number for one in self._sessions.values() if stream_of(one) == (camera, stream)]
            runs = [run.record.session for run in self._runs.values() if stream_of(run.record) == (camera, stream)]
        return max([0, *sessions, *runs])

    def intents(self) -> tuple[IntentRecord, ...]:
        with self._lock:
            return tuple(self._intents[key] for key in sorted(self._intents))

    def footage_end(self, camera: str, stream: str, *, before_ns: WallNs | None = None) -> WallNs | None:
        with self._lock:
            found = [one for one in self._segments.values() if stream_of(one) == (camera, stream)]
        early = [one for one in found if before_ns is None or one.wall_start_ns < before_ns]
        return max((one.wall_end_ns for one in early), default=None)
