"""When there is footage: times alone, out of one index, for timelines at any zoom."""

from holdfast.catalog.reading import Reading, given_range
from holdfast.domain.footage import StreamFootage
from holdfast.domain.times import WallNs
from holdfast.policy.coverage import joined

_STREAMS = """
SELECT camera, stream FROM streams
WHERE node = :node AND (:camera IS NULL OR camera = :camera) AND (:stream IS NULL OR stream = :stream)
ORDER BY camera, stream
"""
# No segment that began earlier than the range by more than the longest duration can reach into it.
FOOTAGE = """
SELECT wall_start_ns, wall_start_ns + duration_ns FROM segments INDEXED BY segments_by_wall
WHERE node = :node AND camera = :camera AND stream = :stream AND wall_start_ns < :to_ns
    AND wall_start_ns >= :from_ns - (SELECT COALESCE(max(duration_ns), 0) FROM segments
        WHERE node = :node AND camera = :camera AND stream = :stream)
    AND wall_start_ns + duration_ns > :from_ns AND state = 'final'
ORDER BY wall_start_ns
"""
_OPEN = """
SELECT wall_start_ns, wall_start_ns + duration_ns FROM segments INDEXED BY segments_open
WHERE node = :node AND camera = :camera AND stream = :stream AND state = 'open' AND wall_start_ns < :to_ns
ORDER BY wall_start_ns
"""


class TimelineQueries(Reading):
    """The part of the reader that is about when there is footage."""

    def footage(
        self,
        camera: str | None = None,
        *,
        stream: str | None = None,
        from_ns: WallNs | None = None,
        to_ns: WallNs | None = None,
    ) -> tuple[StreamFootage, ...]:
        """See CatalogReads. A day of files of a minute each takes a millisecond per stream."""
        found = []
        with self._reading() as connection:
            # Plain tuples: a million of them are to be looked at.
            connection.row_factory = None
            streams = connection.execute(_STREAMS, self._given(camera=camera, stream=stream)).fetchall()
            for name, which in streams:
                given = self._given(camera=name, stream=which, **given_range(from_ns, to_ns))
                recorded = tuple(joined(connection.execute(FOOTAGE, given).fetchall()))
                being_written = tuple(connection.execute(_OPEN, given).fetchall())
                found.append(StreamFootage(camera=name, stream=which, recorded=recorded, open=being_written))
        return tuple(found)
