"""Real footage to export, recorded once, and what of it a range must show."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from holdfast.app.commands import run
from holdfast.app.moments import iso
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.times import WallNs
from holdfast.lab import reader


@dataclass(frozen=True)
class Footage:
    """A folder of recordings. `frames`: of each camera when each frame was taken, and its number, in order."""

    root: Path
    frames: dict[str, list[tuple[int, int]]]

    def expected(self, camera: str, begin_ns: int, end_ns: int) -> list[int]:
        return [frame for at_ns, frame in self.frames[camera] if begin_ns <= at_ns < end_ns]


def footage_in(root: Path) -> Footage:
    """Told by the catalog and by FFmpeg's demuxer, without the code under test."""
    catalog = CatalogReader(root / ".holdfast" / "catalog.db")
    found: dict[str, list[tuple[int, int]]] = {}
    for record in catalog.segments():
        frames = sorted(reader.read(root / record.path).frames, key=lambda frame: frame.pts_s)
        ticks = [round((frame.pts_s - frames[0].pts_s) * 90000) for frame in frames]
        found.setdefault(record.camera, []).extend(
            (record.wall_start_ns + tick * 10**9 // 90000, frame.frame)
            for tick, frame in zip(ticks, frames, strict=True)
        )
    return Footage(root, found)


def export(root: Path, cameras: str, begin_ns: int, end_ns: int, to: Path, *more: str) -> int:
    """Run the command."""
    begin, end = (iso(WallNs(at_ns), "microseconds") for at_ns in (begin_ns, end_ns))
    return run(["export", *cameras.split(), "--in", str(root), "--from", begin, "--to", end, "-o", str(to), *more])


def manifest(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found
