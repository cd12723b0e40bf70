"""One segment's file, from exclusive creation to its final state."""

import errno
import os
from pathlib import Path

from holdfast.storage.pace import Pace

FILE_MODE = 0o640
FOLDER_MODE = 0o750


class SegmentFile:
    """An open file of a volume. Every method may raise OSError.

    A sync may be made on another thread while data is appended.
    """

    def __init__(self, root: Path, paths: tuple[str, ...], header: bytes, pace: Pace | None = None) -> None:
        """Create the first of `paths` that does not exist, and write the header. Never overwrites.

        The file's name is not safe before `sync_folders`.
        """
        self._pace = Pace() if pace is None else pace
        self.path = ""
        self._fd = -1
        for candidate in paths:
            try:
                self._fd, self._folders = _create(root, candidate)
            except FileExistsError:
                continue
            self.path = candidate
            break
        else:
            raise FileExistsError(f"{root / paths[-1]} and {len(paths) - 1} names before it are taken")
        self.full_path = root / self.path
        self.size_bytes = 0
        self._synced_bytes = 0
        try:
            self.append(header)
        except OSError:
            self.discard()
            raise

    @property
    def is_dirty(self) -> bool:
        """Whether something was written since the last sync that succeeded."""
        return self.size_bytes != self._synced_bytes

    def append(self, data: bytes, rest: bytes | memoryview = b"") -> None:
        """Write all of `data` and `rest` at the end, or leave the file as it was."""
        size = len(data) + len(rest)
        with self._pace.step():
            written = os.pwritev(self._fd, [data, rest], self.size_bytes)
            if written < size:
                self._write_rest(data + bytes(rest), written)
        self.size_bytes += size

    def _write_rest(self, data: bytes, written: int) -> None:
        try:
            while written < len(data):
                written += os.pwrite(self._fd, data[written:], self.size_bytes + written)
        except OSError:
            os.ftruncate(self._fd, self.size_bytes)
            raise

    def sync_folders(self) -> None:
        """Bring the file's name to the disk, and the names of the folders that were made for it."""
        for folder in self._folders:
            with self._pace.step():
                sync_folder(folder)

    def sync(self) -> int:
        """Bring the data to the disk; how many bytes are safe then.

        After an error nothing since the last success may be trusted, and this must not be called again: the kernel
        reports what it could not write once, and then takes it for written.
        """
        size_bytes = self.size_bytes
        with self._pace.step():
            os.fdatasync(self._fd)
        self._synced_bytes = size_bytes
        return size_bytes

    def finish(self, trailer: bytes, patch_offset: int, patch: bytes) -> None:
        """Append the index, then patch the header, with a sync between: the patch says that all else is there."""
        self.append(trailer)
        self.sync()
        with self._pace.step():
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


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk. Raises OSError."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _create(root: Path, candidate: str) -> tuple[int, list[Path]]:
    """The descriptor, and the folders to sync: where the file was made, and above each folder that was made for it."""
    try:
        return _try_to_create(root, candidate)
    except FileNotFoundError:
        # The folder was empty and was removed just now, with the last old file in it.
        return _try_to_create(root, candidate)


def _try_to_create(root: Path, candidate: str) -> tuple[int, list[Path]]:
    path = root / candidate
    folders = [path.parent]
    while folders[-1] != root and not folders[-1].exists():
        folders.append(folders[-1].parent)
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except FileExistsError as error:
        # Not the segment's own name is taken, but that of its folder, by a file.
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from error
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE), folders
