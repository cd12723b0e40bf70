"""Pictures made from key frames, kept in a folder up to a limit; the least recently used go first.

A folder per segment, `<run>-<ordinal>`, and in it a file per picture, `<begin>-<next>-<width>-<crc32>.jpg`: from when
to when it is the one to show, in nanoseconds after the segment's first picture (`next` is `x` while nobody knows). So a
picture is found without a look at the footage, several processes need not know of one another, and whatever a crash
leaves behind is either whole or no picture. Nothing here is worth an error: what cannot be kept is made again.
"""

import contextlib
import logging
import os
import re
import shutil
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

LOG = logging.getLogger("holdfast.storage")

NAME = re.compile(r"(\d{1,20})-(\d{1,20}|x)-(\d{1,5})-([0-9a-f]{8})\.jpg")
FOLDER = re.compile(r"([0-9a-f-]{36})-(\d{1,10})")
NEW = ".new-"
LEFT_BEHIND_S = 60.0
"""A file that is being written is no older than this."""
FULL_TO = 0.9
"""So much of the limit is left when the cache was full."""
MOST_BYTES = 8 << 20
"""Of one picture."""
USED_AGAIN_S = 60.0
"""A picture's last use is noted so exactly."""


class Segment(NamedTuple):
    """A segment by its run and its place there."""

    run_id: str
    ordinal: int


@dataclass(frozen=True, slots=True)
class Kept:
    """A picture: from when to when it is the one to show, nanoseconds after the segment's first picture."""

    begin_ns: int
    next_ns: int | None
    jpeg: bytes


class PictureCache:
    """One folder. Every method may wait for the disk; none raises."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """`folder` is made when there is something to keep; `limit_bytes`: of all pictures, 0: none is kept."""
        self._folder, self._limit_bytes = folder, limit_bytes
        self._used_bytes: int | None = None
        """As far as this process knows; None: never counted."""
        self._number = 0

    def get(self, segment: Segment, at_ns: int, width: int) -> Kept | None:
        """The picture to show at this moment of a segment, if there is one and that is certain."""
        for name, match in self._names(segment):
            begin, until, wide, checksum = match.groups()
            if until == "x" or int(wide) != width or not int(begin) <= at_ns < int(until):
                continue
            jpeg = self._read(self._place(segment) / name, int(checksum, 16))
            if jpeg is not None:
                return Kept(int(begin), int(until), jpeg)
        return None

    def get_exactly(self, segment: Segment, begin_ns: int, next_ns: int | None, width: int) -> Kept | None:
        """The picture of this very key frame."""
        for name, match in self._names(segment):
            begin, until, wide, checksum = match.groups()
            if (int(begin), int(wide)) != (begin_ns, width):
                continue
            jpeg = self._read(self._place(segment) / name, int(checksum, 16))
            if jpeg is None:
                continue
            if until == "x" and next_ns is not None:
                # Now it is known how long it is the one to show.
                with contextlib.suppress(OSError):
                    (self._place(segment) / name).rename(
                        self._place(segment) / _name(Kept(begin_ns, next_ns, jpeg), width)
                    )
            return Kept(begin_ns, next_ns, jpeg)
        return None

    def put(self, segment: Segment, kept: Kept, width: int) -> None:
        """Keep a picture; when the disk does not take it, it is not kept."""
        size = len(kept.jpeg)
        if not 0 < size <= min(MOST_BYTES, self._limit_bytes):
            return
        if self._used_bytes is None:
            self._used_bytes = sum(one.size for one in self._pictures())
        if self._used_bytes + size > self._limit_bytes:
            self._make_room(size)
        place = self._place(segment)
        self._number += 1
        new = place / f"{NEW}{os.getpid()}-{self._number}"
        try:
            place.mkdir(mode=0o700, parents=True, exist_ok=True)
            new.write_bytes(kept.jpeg)
            new.rename(place / _name(kept, width))
        except OSError as error:
            LOG.debug("a thumbnail is not kept: %s", error)
            with contextlib.suppress(OSError):
                new.unlink(missing_ok=True)
        else:
            self._used_bytes += size

    def segments(self) -> list[Segment]:
        """Of which there are pictures."""
        found = [FOLDER.fullmatch(one.name) for one in _entries(self._folder)]
        return [Segment(match[1], int(match[2])) for match in found if match]

    def forget(self, segments: Iterable[Segment]) -> None:
        """Remove the pictures of segments that are no more."""
        for segment in segments:
            shutil.rmtree(self._place(segment), ignore_errors=True)
            self._used_bytes = None

    def tidy(self) -> None:
        """Remove what a crash left behind, and folders without pictures."""
        long_ago_s = time.time() - LEFT_BEHIND_S
        for folder in _entries(self._folder):
            new = [one for one in _entries(Path(folder.path)) if one.name.startswith(NEW)]
            for one in new:
                _remove_older(one, long_ago_s)
            with contextlib.suppress(OSError):
                Path(folder.path).rmdir()

    def _place(self, segment: Segment) -> Path:
        return self._folder / f"{segment.run_id}-{segment.ordinal}"

    def _names(self, segment: Segment) -> Iterator[tuple[str, re.Match[str]]]:
        for one in _entries(self._place(segment)):
            match = NAME.fullmatch(one.name)
            if match is not None:
                yield one.name, match

    def _read(self, path: Path, checksum: int) -> bytes | None:
        """The picture, if it is whole; what a power cut left of another one is removed."""
        try:
            with path.open("rb") as file:
                jpeg = file.read(MOST_BYTES + 1)
                used_s = os.fstat(file.fileno()).st_mtime
        except OSError:
            return None
        if zlib.crc32(jpeg) != checksum:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)
            return None
        if abs(time.time() - used_s) > USED_AGAIN_S:
            with contextlib.suppress(OSError):
                os.utime(path)
        return jpeg

    def _pictures(self) -> Iterator["_Picture"]:
        for folder in _entries(self._folder):
            for one in _entries(Path(folder.path)):
                with contextlib.suppress(OSError):
                    about = one.stat(follow_symlinks=False)
                    yield _Picture(about.st_mtime, about.st_size, one.path)

    def _make_room(self, size_bytes: int) -> None:
        """Count anew, as others may be at work there, and remove the least recently used."""
        found = sorted(self._pictures())
        used = sum(one.size for one in found)
        allowed = int(self._limit_bytes * FULL_TO) - size_bytes
        for one in found:
            if used <= max(0, allowed):
                break
            with contextlib.suppress(OSError):
                Path(one.path).unlink(missing_ok=True)
                used -= one.size
        self._used_bytes = used
        self.tidy()


class _Picture(NamedTuple):
    """By its last use."""

    used_s: float
    size: int
    path: str


def _name(kept: Kept, width: int) -> str:
    until = "x" if kept.next_ns is None else str(kept.next_ns)
    return f"{kept.begin_ns}-{until}-{width}-{zlib.crc32(kept.jpeg):08x}.jpg"


def _remove_older(file: "os.DirEntry[str]", than_s: float) -> None:
    with contextlib.suppress(OSError):
        if file.stat(follow_symlinks=False).st_mtime < than_s:
            Path(file.path).unlink(missing_ok=True)


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except OSError:
        return []
