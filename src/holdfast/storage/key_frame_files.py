"""Reads one key frame of a recorded file, and as little else of it as can be.

Runs in the process that makes thumbnails: a disk that hangs holds up only that.
"""

import contextlib
import os
import stat
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath

from holdfast.domain.times import NS_PER_S
from holdfast.fmp4 import (
    HEAD_BYTES,
    MAX_INDEX_BYTES,
    Entry,
    Fmp4Error,
    KeyFrame,
    SegmentHeader,
    entries_of,
    find_key_frame,
    index_size,
    read_header,
    read_index,
    scan_on,
)
from holdfast.storage.marker import MarkerError, read_marker

FIRST_LOOK_BYTES = 4096
"""Most headers are shorter."""
TAIL_BYTES = 16
WALKS_KEPT = 8


class NoKeyFrame(Exception):
    """There is none to be had; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which key frame: the last one that is shown `at_ns` after the file's first picture or before."""

    roots: tuple[str, ...]
    """Folders where the volume may be, the most likely first."""
    volume_id: str
    """Of its marker; empty: whatever lies in the first of the folders."""
    path: str
    at_ns: int
    keep_bytes: int | None = None
    """So much of the file counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundKeyFrame:
    """When a key frame is shown, in nanoseconds after the file's first picture, and its bytes' place in the file."""

    begin_ns: int
    next_ns: int | None
    """The next one; None when there is none yet, or none any more."""
    end_ns: int
    """The end of the footage that is in the file."""
    offset: int
    size_bytes: int


@dataclass(slots=True)
class _Walk:
    """How far a file without an index was read, and what there was."""

    end: int
    shown_later: int | None = None
    end_ticks: int = 0
    entries: list[Entry] = field(default_factory=list)


class KeyFrameFiles:
    """Keeps what it learnt of files that grow, so that it reads on where it was."""

    def __init__(self) -> None:
        """Nothing is known yet."""
        self._walks: OrderedDict[tuple[int, int, str, int], _Walk] = OrderedDict()
        self.read_bytes = 0
        """Of all files so far."""

    def find(self, wanted: Wanted) -> FoundKeyFrame:
        """Look it up. Raises NoKeyFrame, Fmp4Error, MarkerError, OSError."""
        with self._opened(wanted) as (file, size):
            header = self._header(file, size)
            video = header.video
            time = (wanted.at_ns * video.timescale + NS_PER_S // 2) // NS_PER_S
            entries, end = self._entries(file, size, header)
            found = find_key_frame(lambda at, count: self._read(file, at, count, size), header, entries, time)
            return FoundKeyFrame(
                begin_ns=video.to_ns(found.time),
                next_ns=None if found.until is None else video.to_ns(found.until),
                end_ns=video.to_ns(end),
                offset=found.offset,
                size_bytes=found.size,
            )

    def sample(self, wanted: Wanted, place: KeyFrame) -> tuple[SegmentHeader, bytes]:
        """The header of the file, and the bytes of a key frame that `find` told of. Raises as `find`."""
        with self._opened(wanted) as (file, size):
            header = self._header(file, size)
            data = self._read(file, place.offset, place.size, size)
        if len(data) < place.size:
            raise NoKeyFrame("the file is cut off in the middle of the picture")
        return header, data

    @contextlib.contextmanager
    def _opened(self, wanted: Wanted) -> Iterator[tuple[int, int]]:
        """The file, through the folder of its very volume, and how many of its bytes count."""
        with _volume(wanted) as folder:
            file = os.open(
                _checked(wanted.path), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder
            )
        try:
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode):
                raise NoKeyFrame("it is no file")
            yield file, about.st_size if wanted.keep_bytes is None else min(about.st_size, wanted.keep_bytes)
        finally:
            os.close(file)

    def _read(self, file: int, at: int, count: int, size: int) -> bytes:
        data = b""
        count = max(0, min(count, size - at))
        while len(data) < count and (more := os.pread(file, count - len(data), at + len(data))):
            data += more
        self.read_bytes += len(data)
        return data

    def _header(self, file: int, size: int) -> SegmentHeader:
        try:
            return read_header(self._read(file, 0, FIRST_LOOK_BYTES, size))
        except Fmp4Error:
            return read_header(self._read(file, 0, HEAD_BYTES, size))

    def _entries(self, file: int, size: int, header: SegmentHeader) -> tuple[Sequence[Entry], int]:
        """The key frames of a file, and the end of its footage in ticks of the video track."""
        stamp = header.stamp
        if header.duration is not None and stamp is not None and stamp.final:
            tail = index_size(self._read(file, max(0, size - TAIL_BYTES), TAIL_BYTES, size))
            if 0 < tail <= min(size, MAX_INDEX_BYTES):
                with contextlib.suppress(Fmp4Error):
                    index = read_index(self._read(file, size - tail, tail, size), header.video.track_id)
                    return index, header.duration * header.video.timescale // header.tracks[0].timescale
        walk = self._walked(file, size, header)
        return walk.entries, walk.end_ticks

    def _walked(self, file: int, size: int, header: SegmentHeader) -> _Walk:
        about, stamp = os.fstat(file), header.stamp
        # The number of a removed file is given to another one: what stands in it tells them apart.
        name = (about.st_dev, about.st_ino, str(stamp and stamp.run_id), stamp.ordinal if stamp else 0)
        walk = self._walks.pop(name, None)
        if walk is None or walk.end > size:
            walk = _Walk(header.size)
        found = scan_on(lambda at, count: self._read(file, at, count, size), size, header, walk.end)
        runs = [run for one in found.fragments for run in one.runs if run.track_id == header.video.track_id]
        if runs:
            if walk.shown_later is None:
                walk.shown_later = runs[0].first_composition_offset
            walk.entries += entries_of(found.fragments, header.video.track_id, walk.shown_later)
            walk.end_ticks = max(walk.end_ticks, *(run.end_time for run in runs))
        walk.end = found.whole_end
        self._walks[name] = walk
        while len(self._walks) > WALKS_KEPT:
            self._walks.popitem(last=False)
        return walk


@contextlib.contextmanager
def _volume(wanted: Wanted) -> Iterator[int]:
    """The volume's folder, whatever is mounted or unmounted meanwhile. Raises NoKeyFrame, MarkerError, OSError."""
    trouble: OSError | MarkerError | None = None
    for root in wanted.roots:
        try:
            folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            trouble = trouble or error
            continue
        try:
            if _is_it(folder, wanted.volume_id):
                yield folder
                return
        except MarkerError as error:
            trouble = trouble or error
        finally:
            os.close(folder)
    if trouble is not None:
        raise trouble
    raise NoKeyFrame(f"at {wanted.roots[0]} there is not the volume that belongs there")


def _is_it(folder: int, volume_id: str) -> bool:
    if not volume_id:
        return True
    found = read_marker(folder)
    return found is not None and found.volume_id == volume_id


def _checked(path: str) -> str:
    """A path that leads nowhere but below the volume. Raises NoKeyFrame."""
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise NoKeyFrame(f"{path!r} is no path of a recorded file")
    return path
