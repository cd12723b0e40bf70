"""What is near a moment, and what is left of a run."""

from holdfast.catalog.reading import Reading
from holdfast.domain.times import WallNs

FOOTAGE_BEGIN = """
SELECT min(wall_start_ns) FROM segments
WHERE node = :node AND camera = :camera AND stream = :stream AND wall_start_ns >= :after_ns
"""
_ORDINALS = "SELECT ordinal FROM segments WHERE node = ? AND run_id = ? AND state <> 'missing'"


class MomentQueries(Reading):
    """The part of the reader that is about moments."""

    def footage_begin(self, camera: str, stream: str, *, after_ns: WallNs) -> WallNs | None:
        """See CatalogReads."""
        with self._reading() as connection:
            given = self._given(camera=camera, stream=stream, after_ns=after_ns)
            (begin_ns,) = connection.execute(FOOTAGE_BEGIN, given).fetchone()
        return None if begin_ns is None else WallNs(begin_ns)

    def ordinals(self, run_id: str) -> frozenset[int]:
        """See CatalogReads."""
        with self._reading() as connection:
            found = connection.execute(_ORDINALS, (self._node, run_id)).fetchall()
        return frozenset(row["ordinal"] for row in found)
