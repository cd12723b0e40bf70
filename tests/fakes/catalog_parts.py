"""Parts of the catalog in memory: gaps, alarms and lives; volumes; what is kept and what may go."""

import threading
from collections.abc import Mapping
from dataclasses import replace

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.certificates import CertificateRecord
from holdfast.domain.footage import Span, StreamFootage
from holdfast.domain.gaps import GapRecord
from holdfast.domain.keeping import HoldRecord, SegmentDeleted, StreamUsage
from holdfast.domain.segments import (
    RunRecord,
    SegmentMoved,
    SegmentRecord,
    SegmentState,
    SessionRecord,
    VolumeRecord,
)
from holdfast.domain.times import WallNs
from holdfast.policy.coverage import joined
from holdfast.ports.catalog import LastLife

EVER, EVER_AGO = (1 << 63) - 1, -(1 << 63)
AT_REST = frozenset({SegmentState.FINAL, SegmentState.DAMAGED})


class FakeLedger:
    """The part about gaps, alarms and lives of the recorder."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.RLock()
        self._gaps: dict[str, GapRecord] = {}
        self._alarms: dict[str, AlarmRecord] = {}
        self._last_life: LastLife | None = None
        self._certificates: dict[str, CertificateRecord] = {}

    def certificates(self) -> tuple[CertificateRecord, ...]:
        return tuple(self._certificates[place] for place in sorted(self._certificates))

    def heartbeat(self) -> WallNs | None:
        return None if self._last_life is None else self._last_life.wall_ns

    def last_life(self) -> LastLife | None:
        return self._last_life

    def gaps(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> tuple[GapRecord, ...]:
        begin, end = range_of(from_ns, to_ns)
        with self._lock:
            found = [
                gap
                for gap in self._gaps.values()
                if camera in (None, gap.camera)
                and stream in (None, gap.stream)
                and gap.from_wall_ns < end
                and (gap.to_wall_ns is None or gap.to_wall_ns > begin)
            ]
        return tuple(sorted(found, key=lambda gap: (gap.from_wall_ns, gap.camera, gap.stream, gap.gap_id)))

    def alarms(
        self, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None, open_only: bool = False
    ) -> tuple[AlarmRecord, ...]:
        begin, end = range_of(from_ns, to_ns)
        with self._lock:
            found = [
                alarm
                for alarm in self._alarms.values()
                if alarm.raised_wall_ns < end
                and (alarm.cleared_wall_ns is None or (not open_only and alarm.cleared_wall_ns > begin))
            ]
        return tuple(sorted(found, key=lambda one: (one.raised_wall_ns, one.kind, one.subject, one.alarm_id)))

    def open_gaps(self) -> tuple[GapRecord, ...]:
        found = [gap for gap in self.gaps() if gap.to_wall_ns is None]
        return tuple(sorted(found, key=lambda gap: (gap.camera, gap.stream)))


class FakeVolumes:
    """The part about volumes, and what is on another one than it should be."""

    def __init__(self) -> None:
        super().__init__()
        self._segments: dict[tuple[str, str], SegmentRecord] = {}
        self._volumes: dict[str, VolumeRecord] = {}
        self._leftovers: set[tuple[str, str]] = set()

    def volumes(self) -> tuple[VolumeRecord, ...]:
        return tuple(self._volumes[name] for name in sorted(self._volumes))

    def uncut(self, volume: str) -> tuple[SegmentRecord, ...]:
        found = [one for one in self._segments.values() if one.volume == volume and one.keep_bytes is not None]
        return tuple(sorted(found, key=lambda one: one.path))

    def leftovers(self, volume: str) -> tuple[str, ...]:
        return tuple(sorted(path for where, path in self._leftovers if where == volume))

    def away_from(self, home: str, *, limit: int = 1000) -> tuple[SegmentRecord, ...]:
        found = [
            one
            for one in self._segments.values()
            if home and one.home == home and one.state is SegmentState.FINAL and one.keep_bytes is None
        ]
        return tuple(sorted(found, key=lambda one: one.wall_start_ns)[:limit])

    def _move(self, moved: SegmentMoved) -> None:
        self._leftovers.add((moved.volume, moved.path))
        segment = self._segments.pop((moved.volume, moved.path), None)
        if segment is not None:
            there = replace(segment, volume=moved.to_volume, path=moved.to_path, home="")
            self._segments[there.volume, there.path] = there

    def _forget(self, name: str) -> None:
        self._volumes.pop(name, None)
        self._leftovers = {one for one in self._leftovers if one[0] != name}
        for key, segment in self._segments.items():
            if segment.volume == name:
                self._segments[key] = replace(segment, state=SegmentState.MISSING, keep_bytes=None)
            elif segment.home == name:
                self._segments[key] = replace(segment, home="")


class FakeMoments(FakeLedger, FakeVolumes):
    """The part about moments, and what is left of a run."""

    def footage_begin(self, camera: str, stream: str, *, after_ns: WallNs) -> WallNs | None:
        with self._lock:
            found = [one.wall_start_ns for one in self._segments.values() if stream_of(one) == (camera, stream)]
        return min((begin for begin in found if begin >= after_ns), default=None)

    def ordinals(self, run_id: str) -> frozenset[int]:
        with self._lock:
            found = [one for one in self._segments.values() if one.run_id == run_id]
        return frozenset(one.ordinal for one in found if one.state is not SegmentState.MISSING)


class FakeKeeping(FakeMoments):
    """The part about what is kept and what may go."""

    def __init__(self) -> None:
        super().__init__()
        self._holds: dict[str, HoldRecord] = {}
        self._names: dict[tuple[str, str], str] = {}

    def holds(
        self, camera: str | None = None, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None
    ) -> tuple[HoldRecord, ...]:
        begin, end = range_of(from_ns, to_ns)
        with self._lock:
            found = [
                one
                for one in self._holds.values()
                if camera in (None, one.camera) and one.from_wall_ns < end and one.to_wall_ns > begin
            ]
        return tuple(sorted(found, key=lambda one: (one.from_wall_ns, one.camera, one.hold_id)))

    def footage(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> tuple[StreamFootage, ...]:
        begin, end = range_of(from_ns, to_ns)
        with self._lock:
            names = [key for key in sorted(self._names) if camera in (None, key[0]) and stream in (None, key[1])]
            found = [one for one in self._segments.values() if overlaps(one, begin, end)]
        return tuple(footage_of(*name, [one for one in found if stream_of(one) == name]) for name in names)

    def usage(self) -> tuple[StreamUsage, ...]:
        with self._lock:
            found: dict[tuple[str, str, str], list[SegmentRecord]] = {}
            for one in self._segments.values():
                if one.state in AT_REST:
                    found.setdefault((one.camera, one.stream, one.volume), []).append(one)
        return tuple(
            StreamUsage(
                camera=camera,
                stream=stream,
                volume=volume,
                segments=len(rows),
                size_bytes=sum(row.size_bytes for row in rows),
                duration_ns=sum(row.duration_ns for row in rows),
            )
            for (camera, stream, volume), rows in sorted(found.items())
        )

    def deletable(
        self,
        *,
        volume: str | None = None,
        stream: tuple[str, str] | None = None,
        before_ns: WallNs | Mapping[str, WallNs] | None = None,
        limit: int = 1000,
    ) -> tuple[SegmentRecord, ...]:
        def ended(one: SegmentRecord) -> bool:
            before = before_ns.get(one.camera, EVER_AGO) if isinstance(before_ns, Mapping) else before_ns
            return before is None or reach_of(one) <= before

        with self._lock:
            found = [
                one
                for one in self._segments.values()
                if one.state in AT_REST
                and volume in (None, one.volume)
                and stream in (None, stream_of(one))
                and ended(one)
                and self._may_go(one)
            ]
        return tuple(
            sorted(found, key=lambda one: (one.wall_start_ns, one.camera, one.stream, one.path, one.volume))[:limit]
        )

    def last_deleted(self, camera: str, stream: str, *, before_ns: WallNs) -> GapRecord | None:
        with self._lock:
            found = [
                gap
                for gap in self._gaps.values()
                if (gap.camera, gap.stream, gap.cause) == (camera, stream, "deleted")
                and gap.to_wall_ns is not None
                and gap.to_wall_ns <= before_ns
            ]
        return max(found, key=lambda gap: gap.to_wall_ns or 0, default=None)

    def _may_go(self, one: SegmentRecord) -> bool:
        held = self.holds(one.camera, from_ns=one.wall_start_ns, to_ns=reach_of(one))
        return one.state is not SegmentState.OPEN and one.keep_bytes is None and not held

    def _delete(self, deleted: SegmentDeleted) -> None:
        segment = self._segments.get((deleted.volume, deleted.path))
        if segment is None or not self._may_go(segment):
            return
        del self._segments[deleted.volume, deleted.path]
        self._leftovers.add((deleted.volume, deleted.path))
        if deleted.gap is not None:
            self._gaps[deleted.gap.gap_id] = deleted.gap


def reach_of(one: SegmentRecord) -> WallNs:
    """Where it ends as far as holds are concerned: one of no length is there, too."""
    return max(one.wall_end_ns, WallNs(one.wall_start_ns + 1))


def footage_of(camera: str, stream: str, found: list[SegmentRecord]) -> StreamFootage:
    def spans(state: SegmentState) -> list[Span]:
        return sorted((one.wall_start_ns, one.wall_end_ns) for one in found if one.state is state)

    return StreamFootage(
        camera=camera,
        stream=stream,
        recorded=tuple(joined(spans(SegmentState.FINAL))),
        open=tuple(spans(SegmentState.OPEN)),
    )


def stream_of(record: SegmentRecord | RunRecord | SessionRecord) -> tuple[str, str]:
    return record.camera, record.stream


def range_of(from_ns: WallNs | None, to_ns: WallNs | None) -> tuple[int, int]:
    return 0 if from_ns is None else from_ns, EVER if to_ns is None else to_ns


def overlaps(segment: SegmentRecord, begin: int, end: int) -> bool:
    reaches = segment.state is SegmentState.OPEN or segment.wall_start_ns >= begin or segment.wall_end_ns > begin
    return segment.wall_start_ns < end and reaches
