"""Carries deletions out: first the catalog and the ledger, then the files that the catalog really let go.

Wherever that is stopped, what was begun is a leftover, and is removed later. A hold that came first wins.
"""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from holdfast.app.daemon import in_daemon
from holdfast.app.home_coming import FLUSH_S, Leftovers
from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.keeping import SegmentDeleted
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import WallNs
from holdfast.policy.deleted_gaps import ADJOINS_NS, adjoins, deleted_gap
from holdfast.policy.volume_events import Volume
from holdfast.ports.catalog import CatalogError

AT_ONCE = 25
"""Files that the catalog lets go together: so many stay behind at most when the process is killed."""
Wanted = tuple[SegmentRecord, str]
"""What goes, and the rule that the ledger names."""


@dataclass(slots=True)
class Freed:
    """What came of it."""

    size_bytes: int = 0
    free_bytes: int | None = None
    """On the volume, after the last one."""
    by_camera: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class Deleting:
    """One who deletes. What is `taken` is left alone, and is taken by us while we are at it."""

    catalog: Catalog
    leftovers: Leftovers
    taken: set[tuple[str, str]]
    writing: AbstractContextManager[object]
    new_id: Callable[[], UUID]
    _ledger: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Gaps of a stream grow one after the other, whatever volumes its files are on."""

    async def carry_out(self, volume: Volume, wanted: Sequence[Wanted]) -> Freed:
        """Delete these files of one volume, oldest first. Raises CatalogError, MoverError."""
        freed = Freed()
        for at in range(0, len(wanted), AT_ONCE):
            chunk = [one for one in wanted[at : at + AT_ONCE] if _key(one[0]) not in self.taken]
            self.taken.update(_key(row) for row, _ in chunk)
            try:
                await self._delete(volume, chunk, freed)
            finally:
                self.taken.difference_update(_key(row) for row, _ in chunk)
        return freed

    async def _delete(self, volume: Volume, chunk: Sequence[Wanted], freed: Freed) -> None:
        async with self._ledger:
            gone = await in_daemon(partial(self._let_go, volume.name, chunk))
        for row in gone:
            said = await self.leftovers.remove(volume, row.path)
            if "removed" in said:
                freed.size_bytes += row.size_bytes
                freed.by_camera[row.camera] += row.size_bytes
            free_bytes = said.get("free_bytes")
            freed.free_bytes = free_bytes if isinstance(free_bytes, int) else freed.free_bytes

    def _let_go(self, volume: str, chunk: Sequence[Wanted]) -> list[SegmentRecord]:
        """Tell the catalog; what it let go. On a thread of its own. Raises CatalogError."""
        with self.writing:
            befores = self._befores(chunk)
            gaps = list(self._gaps(chunk, befores))
            for (row, _), gap in zip(chunk, gaps, strict=True):
                self.catalog.post(SegmentDeleted(path=row.path, volume=row.volume, gap=gap, node=row.node))
            if not self.catalog.flush(FLUSH_S):
                raise CatalogError(self.catalog.condition.trouble or "The catalog answers too slowly.")
            left = set(self.catalog.leftovers(volume))
            gone = [one for one in chunk if one[0].path in left]
            if len(gone) < len(chunk):
                self._correct(befores, gaps, gone)
        return [row for row, _ in gone]

    def _befores(self, chunk: Sequence[Wanted]) -> dict[tuple[str, str], GapRecord]:
        """Of each stream the last gap before what goes."""
        firsts: dict[tuple[str, str], SegmentRecord] = {}
        for row, _ in chunk:
            firsts.setdefault((row.camera, row.stream), row)
        found = {
            stream: self.catalog.last_deleted(*stream, before_ns=WallNs(row.wall_start_ns + ADJOINS_NS))
            for stream, row in firsts.items()
        }
        return {stream: gap for stream, gap in found.items() if gap is not None}

    def _gaps(self, chunk: Sequence[Wanted], befores: dict[tuple[str, str], GapRecord]) -> Iterator[GapRecord | None]:
        lasts = dict(befores)
        for row, rule in chunk:
            stream = row.camera, row.stream
            last = lasts.get(stream)
            if last is None or not adjoins(last, row):
                # Footage between what went was held, or something else was recorded there at another time.
                last = self.catalog.last_deleted(*stream, before_ns=WallNs(row.wall_start_ns + ADJOINS_NS))
            gap = deleted_gap(last, row, rule, str(self.new_id()))
            if gap is not None:
                lasts[stream] = gap
            yield gap

    def _correct(
        self, befores: dict[tuple[str, str], GapRecord], gaps: Sequence[GapRecord | None], gone: Sequence[Wanted]
    ) -> None:
        """Somebody was faster, such as a hold: the ledger names what really went, and nothing else."""
        known = {gap.gap_id: gap for gap in befores.values()}
        for gap in gaps:
            if gap is not None:
                before = known.get(gap.gap_id)
                self.catalog.post(GapRemoved(gap_id=gap.gap_id, node=gap.node) if before is None else before)
        self.catalog.flush(FLUSH_S)
        for gap in self._gaps(gone, befores):
            if gap is not None:
                self.catalog.post(gap)
        self.catalog.flush(FLUSH_S)


def _key(row: SegmentRecord) -> tuple[str, str]:
    return row.volume, row.path
