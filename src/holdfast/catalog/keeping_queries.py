"""What may be deleted, what is held, and how much there is."""

import contextlib
import heapq
import sqlite3
from collections.abc import Generator, Iterable, Iterator, Mapping
from itertools import islice

from holdfast.catalog.reading import EVER, Reading, given_range
from holdfast.catalog.rows import columns, gap_from, segment_from
from holdfast.catalog.volume_queries import SEGMENT
from holdfast.domain.gaps import GapRecord
from holdfast.domain.keeping import HoldRecord, StreamUsage
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import NS_PER_S, WallNs

EVER_AGO = -(1 << 63)
_ORDER = ("wall_start_ns", "camera", "stream", "path", "volume")

# All texts are joined from constants; data comes in as parameters only.
_HOLDS = f"""
SELECT {", ".join(columns(HoldRecord))} FROM holds
WHERE node = :node AND (:camera IS NULL OR camera = :camera) AND from_wall_ns < :to_ns AND to_wall_ns > :from_ns
ORDER BY from_wall_ns, camera, hold_id
"""  # noqa: S608
_USAGE = """
SELECT camera, stream, volume, segments, size_mib, size_rest_bytes, duration_s, duration_rest_ns
FROM totals WHERE node = :node AND segments > 0 ORDER BY camera, stream, volume
"""
_PLACES = """
SELECT camera, stream, volume FROM totals
WHERE node = :node AND segments > 0 AND (:camera IS NULL OR (camera = :camera AND stream = :stream))
    AND (:volume IS NULL OR volume = :volume)
"""
DELETABLE = f"""
SELECT {SEGMENT} FROM segments INDEXED BY segments_at_rest
WHERE state IN ('final', 'damaged') AND node = :node AND volume = :volume AND camera = :camera AND stream = :stream
    AND wall_start_ns >= :from_ns AND wall_start_ns < :to_ns AND wall_start_ns + max(duration_ns, 1) <= :to_ns
    AND keep_bytes IS NULL
ORDER BY wall_start_ns, path
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
        return tuple(map(_usage_from, found))

    def deletable(
        self,
        *,
        volume: str | None = None,
        stream: tuple[str, str] | None = None,
        before_ns: WallNs | Mapping[str, WallNs] | None = None,
        limit: int = 1000,
    ) -> tuple[SegmentRecord, ...]:
        """See CatalogReads."""
        camera, name = (None, None) if stream is None else stream
        given = self._given(camera=camera, stream=name, volume=volume)
        with self._reading() as connection, contextlib.ExitStack() as stack:
            # One state of the catalog for all of it.
            connection.execute("BEGIN")
            places = connection.execute(_PLACES, given).fetchall()
            if isinstance(before_ns, Mapping):
                places = [place for place in places if place["camera"] in before_ns]
            reaches = {place["camera"]: _reach_of(place["camera"], before_ns) for place in places}
            free = {one: self._free(connection, one, reach_ns) for one, reach_ns in reaches.items()}
            # Each is read only as far as it is needed, and held time is jumped over: what may go is found as fast
            # when nearly everything is held.
            found = [
                stack.enter_context(contextlib.closing(self._oldest_first(connection, place, free[place["camera"]])))
                for place in places
            ]
            merged = stack.enter_context(contextlib.closing(_merged(found)))
            return tuple(map(segment_from, islice(merged, limit)))

    def _free(self, connection: sqlite3.Connection, camera: str, before_ns: int) -> list[tuple[int, int]]:
        """What no hold of the camera touches, up to `before_ns`, in order."""
        given = self._given(camera=camera, from_ns=EVER_AGO, to_ns=EVER)
        held = [(row["from_wall_ns"], row["to_wall_ns"]) for row in connection.execute(_HOLDS, given)]
        return free_between(held, before_ns)

    def _oldest_first(
        self, connection: sqlite3.Connection, place: sqlite3.Row, free: list[tuple[int, int]]
    ) -> Generator[sqlite3.Row, None, None]:
        for begin_ns, end_ns in free:
            yield from connection.execute(DELETABLE, self._given(**dict(place), from_ns=begin_ns, to_ns=end_ns))

    def last_deleted(self, camera: str, stream: str, *, before_ns: WallNs) -> GapRecord | None:
        """See CatalogReads."""
        with self._reading() as connection:
            given = self._given(camera=camera, stream=stream, before_ns=before_ns)
            row = connection.execute(_LAST_DELETED, given).fetchone()
        return None if row is None else gap_from(row)


def _reach_of(camera: str, before_ns: WallNs | Mapping[str, WallNs] | None) -> int:
    if before_ns is None:
        return EVER
    return before_ns[camera] if isinstance(before_ns, Mapping) else before_ns


def _merged(found: Iterable[Iterator[sqlite3.Row]]) -> Generator[sqlite3.Row, None, None]:
    yield from heapq.merge(*found, key=lambda row: tuple(row[name] for name in _ORDER))


def free_between(held: Iterable[tuple[int, int]], before_ns: int) -> list[tuple[int, int]]:
    """The ranges between holds, given by their begin: a segment that lies in one as a whole overlaps no hold.

    One of no length counts as a nanosecond. Two ranges may touch, at a hold of no length.
    """
    free: list[tuple[int, int]] = []
    reach_ns = EVER_AGO
    for begin_ns, end_ns in held:
        if begin_ns >= before_ns:
            break
        if begin_ns >= reach_ns:
            free.append((reach_ns, begin_ns))
        reach_ns = max(reach_ns, end_ns)
    return [*free, (reach_ns, before_ns)] if reach_ns <= before_ns else free


def _usage_from(row: sqlite3.Row) -> StreamUsage:
    return StreamUsage(
        camera=row["camera"],
        stream=row["stream"],
        volume=row["volume"],
        segments=row["segments"],
        size_bytes=(row["size_mib"] << 20) + row["size_rest_bytes"],
        duration_ns=row["duration_s"] * NS_PER_S + row["duration_rest_ns"],
    )
