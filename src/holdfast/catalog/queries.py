"""Reads the catalog through its own read-only connections, beside whoever writes it."""

from collections.abc import Iterator

from holdfast.catalog.alarm_queries import AlarmQueries
from holdfast.catalog.keeping_queries import KeepingQueries
from holdfast.catalog.moment_queries import MomentQueries
from holdfast.catalog.reading import EVER, given_range
from holdfast.catalog.rows import columns, fault_from, gap_from, intent_from, segment_from
from holdfast.catalog.timeline_queries import TimelineQueries
from holdfast.catalog.volume_queries import SEGMENT, VolumeReader
from holdfast.domain.certificates import CertificateRecord
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import (
    MAIN_VOLUME,
    FaultRecord,
    IntentRecord,
    RunRecord,
    SegmentRecord,
    SessionRecord,
    StreamExtent,
)
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import LastLife

_IN_ORDER = "runs.order_ns, runs.run_id, segments.pts_start_ns, segments.ordinal"

# The planner would rather walk all segments before the range than the few open ones, hence INDEXED BY.
# All texts below are joined from constants; data comes in as parameters only.
_SEGMENTS_OF_STREAM = f"""
SELECT {SEGMENT} FROM segments JOIN runs USING (run_id)
WHERE segments.node = :node AND segments.camera = :camera AND segments.stream = :stream
ORDER BY {_IN_ORDER}
"""  # noqa: S608
SEGMENTS_IN_RANGE = f"""
SELECT {SEGMENT} FROM segments JOIN runs USING (run_id)
WHERE segments.id IN (
    SELECT id FROM segments
    WHERE node = :node AND camera = :camera AND stream = :stream AND wall_start_ns < :to_ns
        AND wall_start_ns >= :from_ns - (SELECT COALESCE(max(duration_ns), 0) FROM segments
            WHERE node = :node AND camera = :camera AND stream = :stream)
        AND (wall_start_ns >= :from_ns OR wall_start_ns + duration_ns > :from_ns)
    UNION
    SELECT id FROM segments INDEXED BY segments_open
    WHERE node = :node AND camera = :camera AND stream = :stream AND wall_start_ns < :to_ns AND state = 'open')
ORDER BY {_IN_ORDER}
"""  # noqa: S608
_SEGMENT_AT = f"SELECT {SEGMENT} FROM segments WHERE node = ? AND volume = ? AND path = ?"  # noqa: S608
_SEGMENTS_BELOW = f"""
SELECT {SEGMENT} FROM segments WHERE node = ? AND volume = ? AND path >= ? AND path < ? ORDER BY path
"""  # noqa: S608
_NEXT_PATH = "SELECT path FROM segments WHERE node = ? AND volume = ? AND path >= ? ORDER BY path LIMIT 1"
_RUNS = f"""
SELECT {", ".join(columns(RunRecord))} FROM runs WHERE node = :node AND (:camera IS NULL OR camera = :camera)
ORDER BY camera, stream, order_ns, run_id
"""  # noqa: S608
_SESSIONS = f"""
SELECT {", ".join(columns(SessionRecord))} FROM sessions
WHERE node = :node AND (:camera IS NULL OR camera = :camera)
    AND started_wall_ns < :to_ns AND (ended_wall_ns IS NULL OR ended_wall_ns > :from_ns)
ORDER BY started_wall_ns, camera, stream, number
"""  # noqa: S608
_FAULT = ", ".join(columns(FaultRecord))
_FAULTS = f"""
SELECT {_FAULT} FROM (
    SELECT id, {_FAULT} FROM faults WHERE node = :node AND wall_ns >= :from_ns AND wall_ns < :to_ns
    ORDER BY wall_ns DESC, id DESC LIMIT :limit)
ORDER BY wall_ns, id
"""  # noqa: S608
_FAULTS_OF_CAMERA = _FAULTS.replace("WHERE node = :node", "WHERE node = :node AND camera = :camera")
_STREAMS = "SELECT camera, stream FROM streams WHERE node = :node AND (:camera IS NULL OR camera = :camera)"
_EXTENTS = """
SELECT camera, stream, display_name,
    (SELECT min(wall_start_ns) FROM segments
        WHERE node = streams.node AND camera = streams.camera AND stream = streams.stream) AS first_wall_ns,
    (SELECT max(wall_start_ns) FROM segments
        WHERE node = streams.node AND camera = streams.camera AND stream = streams.stream) AS last_wall_ns
FROM streams WHERE node = ? ORDER BY camera, stream
"""
_LAST_SESSION = """
SELECT max(
    COALESCE((SELECT max(number) FROM sessions WHERE node = :node AND camera = :camera AND stream = :stream), 0),
    COALESCE((SELECT max(session) FROM runs WHERE node = :node AND camera = :camera AND stream = :stream), 0))
"""
_CERTIFICATES = f"SELECT {', '.join(columns(CertificateRecord))} FROM certificates WHERE node = ? ORDER BY place"  # noqa: S608
_INTENTS = f"SELECT {', '.join(columns(IntentRecord))} FROM intents WHERE node = ? ORDER BY camera, stream"  # noqa: S608
_LAST_LIFE = "SELECT wall_ns, stopped, boot_id FROM heartbeats WHERE node = ?"
_GAP = ", ".join(columns(GapRecord))
_GAPS = f"""
SELECT {_GAP} FROM gaps
WHERE node = :node AND (:camera IS NULL OR camera = :camera) AND (:stream IS NULL OR stream = :stream)
    AND from_wall_ns < :to_ns AND (to_wall_ns IS NULL OR to_wall_ns > :from_ns)
ORDER BY from_wall_ns, camera, stream, gap_id
"""  # noqa: S608
_OPEN_GAPS = f"""
SELECT {_GAP} FROM gaps INDEXED BY gaps_open WHERE node = :node AND to_wall_ns IS NULL
ORDER BY camera, stream, from_wall_ns, gap_id
"""  # noqa: S608
# No segment that began earlier than the last one by more than the longest duration can reach further.
FOOTAGE_END = """
SELECT max(wall_start_ns + duration_ns) FROM segments
WHERE node = :node AND camera = :camera AND stream = :stream AND wall_start_ns < :before_ns AND wall_start_ns >=
    (SELECT max(wall_start_ns) FROM segments
        WHERE node = :node AND camera = :camera AND stream = :stream AND wall_start_ns < :before_ns)
    - (SELECT max(duration_ns) FROM segments WHERE node = :node AND camera = :camera AND stream = :stream)
"""


class CatalogReader(AlarmQueries, KeepingQueries, MomentQueries, TimelineQueries, VolumeReader):
    """The reading half of the catalog (`holdfast.ports.catalog.CatalogReads`); opens the file for each question."""

    def segments(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> Iterator[SegmentRecord]:
        """See CatalogReads. Holds one stream's segments in memory at a time."""
        whole = from_ns is None and to_ns is None
        query = _SEGMENTS_OF_STREAM if whole else SEGMENTS_IN_RANGE
        with self._reading() as connection:
            streams = connection.execute(_STREAMS + " ORDER BY camera, stream", self._given(camera=camera)).fetchall()
            for row in streams:
                if stream is not None and row["stream"] != stream:
                    continue
                given = self._given(camera=row["camera"], stream=row["stream"], **given_range(from_ns, to_ns))
                # Fetched at once: an open cursor would keep the writer's log from being folded back.
                yield from map(segment_from, connection.execute(query, given).fetchall())

    def segment(self, path: str, *, volume: str = MAIN_VOLUME) -> SegmentRecord | None:
        """See CatalogReads."""
        with self._reading() as connection:
            row = connection.execute(_SEGMENT_AT, (self._node, volume, path)).fetchone()
        return None if row is None else segment_from(row)

    def folders(self, *, volume: str = MAIN_VOLUME) -> tuple[str, ...]:
        """See CatalogReads. Jumps from folder to folder instead of reading every row."""
        found: list[str] = []
        after = ""
        with self._reading() as connection:
            while True:
                row = connection.execute(_NEXT_PATH, (self._node, volume, after)).fetchone()
                if row is None:
                    return tuple(found)
                folder, _, _ = row["path"].rpartition("/")
                found.append(folder)
                after = _after(folder) if folder else row["path"] + "\0"

    def segments_in(self, folder: str, *, volume: str = MAIN_VOLUME) -> tuple[SegmentRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_SEGMENTS_BELOW, (self._node, volume, folder + "/", _after(folder))).fetchall()
        return tuple(map(segment_from, found))

    def runs(self, camera: str | None = None) -> tuple[RunRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_RUNS, self._given(camera=camera)).fetchall()
        return tuple(RunRecord(**dict(row)) for row in found)

    def sessions(
        self, camera: str | None = None, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None
    ) -> tuple[SessionRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_SESSIONS, self._given(camera=camera, **given_range(from_ns, to_ns))).fetchall()
        return tuple(SessionRecord(**dict(row)) for row in found)

    def faults(
        self,
        camera: str | None = None,
        *,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
        limit: int = 10_000,
    ) -> tuple[FaultRecord, ...]:
        """See CatalogReads."""
        query = _FAULTS if camera is None else _FAULTS_OF_CAMERA
        with self._reading() as connection:
            given = self._given(camera=camera, limit=limit, **given_range(from_ns, to_ns))
            found = connection.execute(query, given).fetchall()
        return tuple(map(fault_from, found))

    def cameras(self) -> tuple[StreamExtent, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_EXTENTS, (self._node,)).fetchall()
        return tuple(StreamExtent(**dict(row)) for row in found)

    def last_session(self, camera: str, stream: str) -> int:
        """See CatalogReads."""
        with self._reading() as connection:
            (number,) = connection.execute(_LAST_SESSION, self._given(camera=camera, stream=stream)).fetchone()
        return int(number)

    def intents(self) -> tuple[IntentRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_INTENTS, (self._node,)).fetchall()
        return tuple(map(intent_from, found))

    def certificates(self) -> tuple[CertificateRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_CERTIFICATES, (self._node,)).fetchall()
        return tuple(CertificateRecord(**dict(row)) for row in found)

    def heartbeat(self) -> WallNs | None:
        """See CatalogReads."""
        life = self.last_life()
        return None if life is None else life.wall_ns

    def last_life(self) -> LastLife | None:
        """See CatalogReads."""
        with self._reading() as connection:
            row = connection.execute(_LAST_LIFE, (self._node,)).fetchone()
        if row is None:
            return None
        return LastLife(wall_ns=row["wall_ns"], stopped_in_order=bool(row["stopped"]), boot_id=row["boot_id"])

    def gaps(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> tuple[GapRecord, ...]:
        """See CatalogReads."""
        given = self._given(camera=camera, stream=stream, **given_range(from_ns, to_ns))
        with self._reading() as connection:
            found = connection.execute(_GAPS, given).fetchall()
        return tuple(map(gap_from, found))

    def open_gaps(self) -> tuple[GapRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_OPEN_GAPS, self._given()).fetchall()
        return tuple(map(gap_from, found))

    def footage_end(self, camera: str, stream: str, *, before_ns: WallNs | None = None) -> WallNs | None:
        """See CatalogReads."""
        given = self._given(camera=camera, stream=stream, before_ns=EVER if before_ns is None else before_ns)
        with self._reading() as connection:
            (end_ns,) = connection.execute(FOOTAGE_END, given).fetchone()
        return None if end_ns is None else WallNs(end_ns)


def _after(folder: str) -> str:
    # "0" is the character after "/": everything below the folder sorts before this.
    return folder + "0"
