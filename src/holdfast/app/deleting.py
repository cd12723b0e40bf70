"""Deletes segments: the catalog first, which looks whether they may go, then their files, then what is left to say.

Killed between any two steps, the rest is done by the next deletion, or by the recorder: what the catalog counts no more
and is still on a disk is a leftover, and only leftovers are removed.
"""

import getpass
import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

from holdfast.app.backup_helper import Helper
from holdfast.app.recording_root import STATE_FOLDER
from holdfast.app.volume_places import VolumePlace
from holdfast.domain.gaps import GapCause, GapRecord, GapRemoved
from holdfast.domain.keeping import SegmentDeleted
from holdfast.domain.segments import Json, LeftoverRemoved, SegmentRecord
from holdfast.domain.times import WallNs
from holdfast.policy.deleting import joins
from holdfast.policy.gap_words import sentence_of
from holdfast.ports.catalog import CatalogError, CatalogPort

LOG = logging.getLogger("holdfast.storage")
AUDIT = "audit.jsonl"
AT_ONCE = 100
FLUSH_S = 60.0
Tell = Callable[[SegmentRecord], None]


@dataclass(slots=True)
class Deleted:
    """What came of a deletion."""

    gone: list[SegmentRecord] = field(default_factory=list)
    kept: list[SegmentRecord] = field(default_factory=list)
    """The catalog did not let them go: a hold came in between, or they are written again."""
    waiting: list[SegmentRecord] = field(default_factory=list)
    """Of those that are gone: their files are still on their disks, and are removed when that can be done."""

    @property
    def size_bytes(self) -> int:
        """Of what is gone."""
        return sum(one.size_bytes for one in self.gone)


class Deleting:
    """One deletion, in as many steps as its caller likes; the ledger says it in as few gaps as there are stretches."""

    def __init__(
        self,
        catalog: CatalogPort,
        places: Mapping[str, VolumePlace],
        helper: Helper,
        detail: Mapping[str, Json],
    ) -> None:
        """`places`: the volumes that are there. `detail`: what the gaps say besides: by whom, when, why."""
        self._catalog, self._places, self._helper, self._detail = catalog, places, helper, detail
        self._grown: tuple[GapRecord, SegmentRecord] | None = None
        """The gap that may grow, and the segment that it ends with."""

    def delete(self, rows: Sequence[SegmentRecord], tell: Tell = lambda _: None) -> Deleted:
        """Delete segments, best in the order of their media times. `tell` hears of each that is gone.

        Raises CatalogError, HelperError.
        """
        deleted = Deleted()
        for begin in range(0, len(rows), AT_ONCE):
            self._delete(rows[begin : begin + AT_ONCE], deleted, tell)
        return deleted

    def remove_leftovers(self) -> int:
        """Remove files that the catalog counts no more, whoever left them; how many. Raises CatalogError, HelperError.

        What has the name of one and is a segment again stays.
        """
        removed = 0
        for name in self._places:
            gone = []
            for path in self._catalog.leftovers(name):
                if self._catalog.segment(path, volume=name) is None:
                    gone.append(path)
                else:
                    self._catalog.post(LeftoverRemoved(volume=name, path=path))
            removed += len(self._remove(name, gone))
        self._flush()
        return removed

    def _delete(self, rows: Sequence[SegmentRecord], deleted: Deleted, tell: Tell) -> None:
        gaps = [self._gap(row) for row in rows]
        for row, gap in zip(rows, gaps, strict=True):
            self._catalog.post(SegmentDeleted(path=row.path, volume=row.volume, gap=gap))
        self._flush()
        said = self._said(rows)
        gone = []
        for row, gap in zip(rows, gaps, strict=True):
            if gap.gap_id not in said:
                deleted.kept.append(row)
                continue
            gone.append(row)
            self._join(gap, row)
        removed = {
            (name, path)
            for name in {row.volume for row in gone}
            for path in self._remove(name, [row.path for row in gone if row.volume == name])
        }
        self._flush()
        for row in gone:
            deleted.gone.append(row)
            if (row.volume, row.path) not in removed:
                deleted.waiting.append(row)
            tell(row)

    def _said(self, rows: Sequence[SegmentRecord]) -> set[str]:
        """The gaps that the catalog wrote: it does so for exactly those segments that it let go."""
        found: set[str] = set()
        for camera, stream in {(row.camera, row.stream) for row in rows}:
            of_stream = [row for row in rows if (row.camera, row.stream) == (camera, stream)]
            from_ns = WallNs(min(row.wall_start_ns for row in of_stream) - 1)
            to_ns = WallNs(max(row.wall_end_ns for row in of_stream) + 1)
            gaps = self._catalog.gaps(camera, stream=stream, from_ns=from_ns, to_ns=to_ns)
            found |= {gap.gap_id for gap in gaps}
        return found

    def _gap(self, row: SegmentRecord) -> GapRecord:
        return GapRecord(
            gap_id=str(uuid4()),
            camera=row.camera,
            stream=row.stream,
            cause=GapCause.DELETED,
            sentence=sentence_of(GapCause.DELETED),
            from_wall_ns=row.wall_start_ns,
            to_wall_ns=row.wall_end_ns,
            detail={**self._detail, "segments": 1, "bytes": row.size_bytes},
        )

    def _join(self, gap: GapRecord, row: SegmentRecord) -> None:
        """Have one gap for what lies in one piece. Each had its own until it was known that all of it went."""
        if self._grown is None or not joins(*self._grown, row):
            self._grown = (gap, row)
            return
        before, _ = self._grown
        counted = {name: _number(before.detail[name]) + _number(gap.detail[name]) for name in ("segments", "bytes")}
        grown = replace(before, to_wall_ns=gap.to_wall_ns, detail={**before.detail, **counted})
        # In this order: killed in between, the time is accounted for twice rather than not at all.
        self._catalog.post(grown)
        self._catalog.post(GapRemoved(gap_id=gap.gap_id))
        self._grown = (grown, row)

    def _remove(self, name: str, paths: Sequence[str]) -> list[str]:
        """Remove files of a volume, if it is there; those that are gone."""
        place = self._places.get(name)
        if place is None or not paths:
            return []
        request = {"do": "remove", "root": str(place.root), "volume_id": place.volume_id, "paths": list(paths)}
        said = self._helper.ask(request)
        for one in said.get("failed", ()):
            LOG.warning("a file that was deleted cannot be removed yet: %s", one["error"])
        if "error" in said:
            LOG.warning("files that were deleted cannot be removed from volume %s yet: %s", name, said["error"])
        removed = [str(path) for path in said.get("removed", ())]
        for path in removed:
            self._catalog.post(LeftoverRemoved(volume=name, path=path))
        return removed

    def _flush(self) -> None:
        if not self._catalog.flush(FLUSH_S):
            raise CatalogError(self._catalog.condition.trouble or "The catalog answers too slowly.")


def _number(value: Json) -> int:
    return value if isinstance(value, int) else 0


def who() -> str:
    """The user who does it; behind sudo, the one who called that."""
    try:
        user = getpass.getuser() if "SUDO_USER" not in os.environ else os.environ["SUDO_USER"]
    except (KeyError, OSError):
        return f"#{os.getuid()}"
    return user if os.environ.get("SUDO_USER") is None else f"{user} (sudo)"


def note(root: Path, what: str, rows: Iterable[SegmentRecord], detail: Mapping[str, Json]) -> None:
    """Write a deletion into the audit beside the catalog, a line for each camera and volume; and into the log."""
    counted: dict[tuple[str, str, str], list[SegmentRecord]] = {}
    for row in rows:
        counted.setdefault((row.camera, row.stream, row.volume), []).append(row)
    lines = []
    for (camera, stream, volume), some in sorted(counted.items()):
        files, size_bytes = len(some), sum(row.size_bytes for row in some)
        line = {
            "what": what,
            "camera": camera,
            "stream": stream,
            "volume": volume,
            "files": files,
            "bytes": size_bytes,
            "from_ns": min(row.wall_start_ns for row in some),
            "to_ns": max(row.wall_end_ns for row in some),
            **detail,
        }
        lines.append(json.dumps(line, ensure_ascii=False))
        LOG.info("%s: %d files of %s/%s, %d bytes, on volume %s: %s", what, files, camera, stream, size_bytes, volume,
                 detail.get("text", ""))  # fmt: skip
    if lines:
        _append(root / STATE_FOLDER / AUDIT, lines)


def _append(file: Path, lines: Sequence[str]) -> None:
    try:
        with file.open("a", encoding="utf-8") as opened:
            opened.writelines(line + "\n" for line in lines)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError as error:
        LOG.warning("the audit %s cannot be written: %s", file, error)
