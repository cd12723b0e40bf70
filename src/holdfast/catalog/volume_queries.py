"""What the catalog knows of volumes, and of segments that are not on theirs."""

from holdfast.catalog.reading import Reading
from holdfast.catalog.rows import columns, segment_from
from holdfast.domain.segments import SegmentRecord, VolumeRecord

SEGMENT = ", ".join(f"segments.{name}" for name in columns(SegmentRecord))
_VOLUMES = "SELECT * FROM volumes WHERE node = ? ORDER BY name"
# The planner would rather walk all segments of the volume in order of their paths than the few: the recorder's start
# waits for this.
UNCUT = f"""
SELECT {SEGMENT} FROM segments INDEXED BY segments_uncut
WHERE node = ? AND volume = ? AND keep_bytes IS NOT NULL ORDER BY path
"""  # noqa: S608
_LEFTOVERS = "SELECT path FROM leftovers WHERE node = ? AND volume = ? ORDER BY path"
AWAY = f"""
SELECT {SEGMENT} FROM segments INDEXED BY segments_away
WHERE node = ? AND home = ? AND home <> '' AND state = 'final' AND keep_bytes IS NULL ORDER BY wall_start_ns LIMIT ?
"""  # noqa: S608


class VolumeReader(Reading):
    """The part of the reader that is about volumes."""

    def volumes(self) -> tuple[VolumeRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_VOLUMES, (self._node,)).fetchall()
        return tuple(VolumeRecord(**dict(row)) for row in found)

    def uncut(self, volume: str) -> tuple[SegmentRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(UNCUT, (self._node, volume)).fetchall()
        return tuple(map(segment_from, found))

    def leftovers(self, volume: str) -> tuple[str, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_LEFTOVERS, (self._node, volume)).fetchall()
        return tuple(row["path"] for row in found)

    def away_from(self, home: str, *, limit: int = 1000) -> tuple[SegmentRecord, ...]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(AWAY, (self._node, home, limit)).fetchall()
        return tuple(map(segment_from, found))
