"""What may be deleted, what is held, and how much there is."""

from holdfast.catalog.reading import EVER, Reading, given_range
from holdfast.catalog.rows import columns, gap_from, segment_from
from holdfast.catalog.volume_queries import SEGMENT
from holdfast.domain.gaps import GapRecord
from holdfast.domain.keeping import HoldRecord, StreamUsage
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import WallNs

# All texts are joined from constants; data comes in as parameters only.
_HOLDS = f"""
SELECT {", ".join(columns(HoldRecord))} FROM holds
WHERE node = :node AND (:camera IS NULL OR camera = :camera) AND from_wall_ns < :to_ns AND to_wall_ns > :from_ns
ORDER BY from_wall_ns, camera, hold_id
"""  # noqa: S608
_USAGE = """
SELECT camera, stream, volume, count(*) AS segments, sum(size_bytes) AS size_bytes, sum(duration_ns) AS duration_ns
FROM segments WHERE node = :node AND state IN ('final', 'damaged')
GROUP BY camera, stream, volume ORDER BY camera, stream, volume
"""
_MAY_GO = """
state IN ('final', 'damaged') AND keep_bytes IS NULL AND node = :node AND wall_start_ns < :before_ns
AND wall_start_ns + duration_ns <= :before_ns
AND NOT EXISTS (SELECT 1 FROM holds WHERE holds.node = segments.node AND holds.camera = segments.camera
    AND holds.from_wall_ns < segments.wall_start_ns + max(segments.duration_ns, 1)
    AND holds.to_wall_ns > segments.wall_start_ns)
"""
_OLDEST_FIRST = "ORDER BY wall_start_ns, camera, stream, path LIMIT :limit"
_DELETABLE = f"SELECT {SEGMENT} FROM segments WHERE {_MAY_GO} {_OLDEST_FIRST}"  # noqa: S608
_DELETABLE_THERE = f"SELECT {SEGMENT} FROM segments WHERE {_MAY_GO} AND volume = :volume {_OLDEST_FIRST}"  # noqa: S608
_DELETABLE_OF_STREAM = f"""
SELECT {SEGMENT} FROM segments INDEXED BY segments_by_wall WHERE {_MAY_GO} AND camera = :camera AND stream = :stream
AND (:volume IS NULL OR volume = :volume) {_OLDEST_FIRST}
"""  # noqa: S608
_LAST_DELETED = f"""
SELECT {", ".join(columns(GapRecord))} FROM gaps
WHERE node = :node AND camera = :camera AND stream = :stream AND cause = 'deleted' AND to_wall_ns <= :before_ns
ORDER BY to_wall_ns DESC LIMIT 1
"""  # noqa: S608


class KeepingQueries(Reading):
    """The part of the reader that is about keeping and deleting."""

    def holds(
        self, camera: str | None = None, *, from_ns: WallNs | None = None, to_ns: WallNs | None = None
    ) -> tuple[HoldRecord, ...]:
        """See CatalogReads."""
        given = self._given(camera=camera, **given_range(from_ns, to_ns))
        with self._reading() as connection:
            found = connection.execute(_HOLDS, given).fetchall()
        return tuple(HoldRecord(**dict(row)) for row in found)

    def usage(self) -> tuple[StreamUsage, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_USAGE, self._given()).fetchall()
        return tuple(StreamUsage(**dict(row)) for row in found)

    def deletable(
        self,
        *,
        volume: str | None = None,
        stream: tuple[str, str] | None = None,
        before_ns: WallNs | None = None,
        limit: int = 1000,
    ) -> tuple[SegmentRecord, ...]:
        """See CatalogReads."""
        query = _DELETABLE if volume is None else _DELETABLE_THERE
        camera, name = (None, None) if stream is None else stream
        given = self._given(
            volume=volume, camera=camera, stream=name, before_ns=EVER if before_ns is None else before_ns, limit=limit
        )
        with self._reading() as connection:
            found = connection.execute(_DELETABLE_OF_STREAM if stream else query, given).fetchall()
        return tuple(map(segment_from, found))

    def last_deleted(self, camera: str, stream: str, *, before_ns: WallNs) -> GapRecord | None:
        """See CatalogReads."""
        with self._reading() as connection:
            given = self._given(camera=camera, stream=stream, before_ns=before_ns)
            row = connection.execute(_LAST_DELETED, given).fetchone()
        return None if row is None else gap_from(row)
