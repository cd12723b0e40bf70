"""Bringing a file to another volume so that it is there once, whole, or not at all, wherever that is stopped.

Copied beside the footage, synced, read back past the page cache and compared, then linked under a name that is free.
What was copied before it was stopped is compared again and used.
"""

import contextlib
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from holdfast.storage.marker import NO_LINKS
from holdfast.storage.segment_file import sync_folder

STATE_FOLDER = ".holdfast"
MOVING_FOLDER = "moving"
CHUNK_BYTES = 1 << 20
NAMES_TRIED = 50
FILE_MODE = 0o640
FOLDER_MODE = 0o750
SYNC_BYTES = 32 << 20
"""So much is written before it is synced: a slow disk is waited for bit by bit, and nobody else's writing behind it."""
LEFT_S = 24 * 3600
"""A part that nobody went on with for so long is given up: what it was to be a copy of was deleted meanwhile."""


class MoveError(Exception):
    """The file cannot be brought there; the text says why."""


class SourceError(MoveError):
    """The file that is to be brought cannot be read, or somebody writes to it. Where it goes all may be well."""


@dataclass(frozen=True, slots=True)
class Moved:
    """Where the file is now, relative to the volume, and what is in it."""

    path: str
    size_bytes: int
    sha256: str


Pace = Callable[[int], None]
"""Called after so many bytes were read or written: may wait, or raise to stop."""


def pace_of(bytes_per_s: float, wait: Callable[[float], None] = time.sleep) -> Pace:
    """Not faster than that, on average."""
    began_s, done = time.monotonic(), 0

    def pace(size_bytes: int) -> None:
        nonlocal done
        done += size_bytes
        ahead_s = done / bytes_per_s - (time.monotonic() - began_s)
        if ahead_s > 0:
            wait(ahead_s)

    return pace


def bring(source: Path, target_root: Path, path: str, pace: Pace, source_name: str = "") -> Moved:
    """Have a copy of `source` below `target_root`, as `path` or, when that name is taken, with _2, _3 … behind it.

    The source is left as it is. `source_name`: by it what was copied before is found again; its path unless told.
    Raises OSError about where it goes, SourceError about where it is, MoveError.
    """
    _made_folder(target_root, Path(STATE_FOLDER, MOVING_FOLDER))
    part = part_of(target_root, path, source_name or str(source))
    _remove_left_parts(part)
    with _source(source) as taken:
        size_bytes = os.fstat(taken).st_size
        wanted = _copied(taken, size_bytes, part, pace)
    _reread(part, size_bytes, wanted, pace)
    placed = _placed(part, target_root, Path(path), size_bytes, wanted)
    part.unlink(missing_ok=True)
    return Moved(placed, size_bytes, wanted)


def part_of(target_root: Path, path: str, source_name: str) -> Path:
    """Where a copy is until it is whole."""
    digest = hashlib.sha256(os.fsencode(f"{source_name}\0{path}")).hexdigest()[:32]
    return target_root / STATE_FOLDER / MOVING_FOLDER / f"{digest}.part"


def _remove_left_parts(own: Path) -> None:
    """They would take up room for ever, and no rule would know of them."""
    before_s = time.time() - LEFT_S
    for part in own.parent.glob("*.part"):
        with contextlib.suppress(OSError):
            if part != own and part.stat().st_mtime < before_s:
                part.unlink()


def remove(root: Path, path: str) -> None:
    """Remove a file whose copy is safe, and the folders that are empty without it. One that is gone is gone.

    It stays removed after a power cut. Raises OSError.
    """
    file = root / path
    file.unlink(missing_ok=True)
    folders = list(file.parents)[: len(Path(path).parents)]
    with contextlib.suppress(OSError):
        for folder in folders[:-1]:
            folder.rmdir()
    sync_folder(next(folder for folder in folders if folder.exists()))


def _copied(taken: int, size_bytes: int, part: Path, pace: Pace) -> str:
    """Copy what is not there yet; returns the SHA-256 of the whole source."""
    whole, changed_ns = hashlib.sha256(), os.fstat(taken).st_mtime_ns
    with _opened(part, os.O_RDWR | os.O_CREAT) as given:
        there, at, synced = os.fstat(given).st_size, 0, 0
        while data := _read(taken, at):
            whole.update(data)
            if at >= there or os.pread(given, len(data), at) != data:
                there = at
                _write(given, data, at)
            at += len(data)
            if at > size_bytes:
                break
            if at - synced >= SYNC_BYTES:
                os.fdatasync(given)
                synced = at
            pace(len(data))
        if at != size_bytes or os.fstat(taken).st_mtime_ns != changed_ns:
            raise SourceError(f"{at} bytes were read of {size_bytes}: somebody writes to it")
        os.ftruncate(given, size_bytes)
        os.fsync(given)
    return whole.hexdigest()


@contextlib.contextmanager
def _source(path: Path) -> Iterator[int]:
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    except OSError as error:
        raise SourceError(f"{path} cannot be read ({error.strerror}).") from error
    try:
        yield opened
    finally:
        os.close(opened)


def _read(taken: int, at: int) -> bytes:
    try:
        return os.pread(taken, CHUNK_BYTES, at)
    except OSError as error:
        raise SourceError(f"the file cannot be read ({error.strerror}).") from error


def _write(given: int, data: bytes, at: int) -> None:
    done = 0
    while done < len(data):
        done += os.pwrite(given, memoryview(data)[done:], at + done)


def _reread(part: Path, size_bytes: int, wanted: str, pace: Pace) -> None:
    """Read it from the disk, not from memory."""
    with _opened(part, os.O_RDONLY) as given:
        found = digest_of(given, pace)
    if found != wanted or part.stat().st_size != size_bytes:
        part.unlink()
        raise MoveError(f"{part.parent} does not give back what was written to it. The disk is broken: replace it.")


def digest_of(fd: int, pace: Pace) -> str:
    """SHA-256 of an open file, read from the disk as far as the kernel lets it. Raises OSError."""
    os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_DONTNEED)
    return _digest(fd, pace)


def _digest(fd: int, pace: Pace) -> str:
    whole, at = hashlib.sha256(), 0
    while data := os.pread(fd, CHUNK_BYTES, at):
        whole.update(data)
        at += len(data)
        pace(len(data))
    return whole.hexdigest()


def _placed(part: Path, root: Path, path: Path, size_bytes: int, wanted: str) -> str:
    folder = _made_folder(root, path.parent)
    for number in range(1, NAMES_TRIED + 1):
        name = path.name if number == 1 else f"{path.stem}_{number}{path.suffix}"
        try:
            _link(part, folder / name)
        except FileExistsError:
            if not _is_it(folder / name, size_bytes, wanted):
                continue
        # Also of one that an earlier move had placed: it may not have come so far.
        sync_folder(folder)
        return (path.parent / name).as_posix()
    raise MoveError(f"{root / path} and {NAMES_TRIED - 1} names after it are taken")


def _link(part: Path, name: Path) -> None:
    """Give it this name. Raises FileExistsError when there is such a file, OSError."""
    try:
        os.link(part, name)
    except FileExistsError:
        raise
    except OSError as error:
        if error.errno not in NO_LINKS:
            raise
        # The name is taken first, so that nothing is replaced but what was put there here.
        with _opened(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL):
            part.replace(name)


def _is_it(file: Path, size_bytes: int, wanted: str) -> bool:
    """Whether an earlier move had come so far as to place it."""
    if file.stat().st_size != size_bytes:
        return False
    with _opened(file, os.O_RDONLY) as fd:
        return _digest(fd, lambda _: None) == wanted


def _made_folder(root: Path, path: Path) -> Path:
    """Make a folder below the root. Every one that is new is known to the disk before anything is put into it."""
    folder = root
    for part in path.parts:
        with contextlib.suppress(FileExistsError):
            (folder / part).mkdir(FOLDER_MODE)
            sync_folder(folder)
        folder /= part
    return folder


@contextlib.contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    fd = os.open(path, flags | os.O_CLOEXEC | os.O_NOFOLLOW, FILE_MODE)
    try:
        yield fd
    finally:
        os.close(fd)
