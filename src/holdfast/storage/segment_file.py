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
        for candidate in paths:
            try:
                self._fd = _create(root / candidate)
            except FileExistsError:
                continue
            self.path = candidate
            break
        else:
            raise FileExistsError(f"{root / paths[-1]} and {len(paths) - 1} names before it are taken")
        self.full_path = root / self.path
        self.size_bytes = 0
        self.is_dirty = False
        try:
            self.append(header)
            _sync_folder(self.full_path.parent)
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
        """Bring the data to the disk. After an error nothing since the last success may be trusted."""
        os.fdatasync(self._fd)
        self.is_dirty = False

    def finish(self, trailer: bytes, patch_offset: int, patch: bytes) -> None:
        """Append the index, then patch the header, with a sync between: the patch says that all else is there."""
        self.append(trailer)
        os.fdatasync(self._fd)
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


def _create(path: Path) -> int:
    try:
        path.parent.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except FileExistsError as error:
        # Not the segment's own name is taken, but that of its folder, by a file.
        raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from error
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, FILE_MODE)


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
