"""One segment's file, from exclusive creation to its final state."""

import errno
import os
from pathlib import Path

FILE_MODE = 0o640
FOLDER_MODE = 0o750


class SegmentFile:
    """An open file of a volume. Every method may raise OSError."""

    def __init__(self, root: Path, paths: tuple[str, ...], header: bytes) -> None:
        """Create the first of `paths` that does not exist, and write the header. Never overwrites."""
        self.path = ""
        self._fd = -1
        self._unsynced: list[Path] = []
        """Folders that have a new entry which may not be on the disk yet, the lowest first."""
        for candidate in paths:
            try:
                self._unsynced += _make_folder((root / candidate).parent)
                self._fd = _create(root / candidate)
            except FileExistsError:
                continue
            self.path = candidate
            self._unsynced.insert(0, (root / candidate).parent)
            break
        else:
            raise FileExistsError(f"{root / paths[-1]} and {len(paths) - 1} names before it are taken")
        self.full_path = root / self.path
        self.size_bytes = 0
        self.is_dirty = False
        try:
            self.append(header)
        except OSError:
            self.discard()
            raise

    def append(self, data: bytes, rest: bytes | memoryview = b"") -> None:
        """Write all of `data` and `rest` at the end, or leave the file as it was."""
        size = len(data) + len(rest)
        written = os.pwritev(self._fd, [data, rest], self.size_bytes)
        if written < size:
            self._write_rest(data + bytes(rest), written)
        self.size_bytes += size
        self.is_dirty = True

    def _write_rest(self, data: bytes, written: int) -> None:
        try:
            while written < len(data):
                written += os.pwrite(self._fd, data[written:], self.size_bytes + written)
        except OSError:
            os.ftruncate(self._fd, self.size_bytes)
            raise

    def sync(self) -> None:
        """Bring the data to the disk, and then, the first time, the names by which it is found there.

        In this order a power cut leaves no name without a file behind it. After an error nothing since the last success
        may be trusted.
        """
        os.fdatasync(self._fd)
        while self._unsynced:
            sync_folder(self._unsynced[0])
            del self._unsynced[0]
        self.is_dirty = False

    def finish(self, trailer: bytes, patch_offset: int, patch: bytes) -> None:
        """Append the index, then patch the header, with a sync between: the patch says that all else is there."""
        self.append(trailer)
        self.sync()
        os.pwrite(self._fd, patch, patch_offset)
        os.fsync(self._fd)
        self.close()

    def close(self) -> None:
        """Close the descriptor."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def discard(self) -> None:
        """Remove a file that holds nothing but its header."""
        self.close()
        self.full_path.unlink(missing_ok=True)


def _make_folder(folder: Path) -> list[Path]:
    """Make a folder and those above it that are missing; return the folders that have a new entry, the lowest first."""
    try:
        folder.mkdir(mode=FOLDER_MODE)
    except FileNotFoundError:
        above = _make_folder(folder.parent)
        return [*_make_folder(folder), *above]
    except FileExistsError as error:
        if folder.is_dir():
            return []
        # Not the segment's own name is taken, but that of its folder, by a file.
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder)) from error
    return [folder.parent]


def _create(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)


def sync_folder(folder: Path) -> None:
    """Bring to the disk which names there are in a folder. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
