"""Folders of recordings, made of segments that the code under test reads."""

import os
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID, uuid5

from holdfast.fmp4 import SegmentStamp
from tests.fmp4.builder import stream
from tests.fmp4.segments import assemble, split

NAMESPACE = UUID("00112233-4455-6677-8899-aabbccddeeff")
FIRST_NS = 1_700_000_000_000_000_000
LENGTH_NS = 10_000_000_000
OLD_NS = FIRST_NS + 3_600_000_000_000
"""When files were changed last, unless told otherwise."""
NOW_NS = OLD_NS + 86_400_000_000_000


@dataclass(frozen=True)
class Segment:
    """One file to make."""

    ordinal: int = 0
    camera: str = "cam_01"
    run: str = "a"
    day: str = "2023-11-14"
    suffix: str = ""
    is_open: bool = False

    @property
    def path(self) -> str:
        return f"{self.camera}/{self.day}/{self.camera}_20231114_{221320 + self.ordinal}{self.suffix}.mp4"

    @property
    def stamp(self) -> SegmentStamp:
        wall_ns = FIRST_NS + self.ordinal * LENGTH_NS
        return SegmentStamp(wall_start_ns=wall_ns, run_id=uuid5(NAMESPACE, self.run), session=4, ordinal=self.ordinal)

    def content(self) -> bytes:
        parts = assemble(*split(stream()), stamp=self.stamp, labels={"camera": self.camera, "stream": "main"})
        return parts.open_file if self.is_open else parts.final_file

    def again(self, *, run: str, suffix: str) -> "Segment":
        return replace(self, run=run, suffix=suffix)


def make(root: Path, *segments: Segment) -> None:
    """Write the files, as if long ago."""
    for segment in segments:
        write(root / segment.path, segment.content())


def write(path: Path, content: bytes, *, changed_ns: int = OLD_NS) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    os.utime(path, ns=(changed_ns, changed_ns))
