"""A disk for the demo to pull out and put back: a loop device with an ext4. Without root there is none, and why."""

import shutil
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.lab.storage.disks import LoopDisk
from holdfast.lab.storage.mounts import is_mounted
from holdfast.lab.storage.needs import reason_against

_SIZE_BYTES = 1 << 30


class PullableDisk:
    """A context manager. `folder` is the disk, mounted; nothing of it is left after the block.

    >>> if PullableDisk.reason_against() is None:  # doctest: +SKIP
    ...     with PullableDisk() as disk:
    ...         disk.pull()
    ...         disk.put_back()
    """

    def __init__(self, size_bytes: int = _SIZE_BYTES) -> None:
        """It takes only the space that is used of it."""
        self._place = Path(tempfile.mkdtemp(prefix="holdfast-disk-"))
        self._disk = LoopDisk(self._place, "ext4", size_bytes)

    @staticmethod
    def reason_against() -> str | None:
        """Why there can be no such disk on this machine, or for this user; None when there can."""
        return reason_against("loop", "ext4")

    @property
    def folder(self) -> Path:
        """Where it is mounted, unless it is pulled: then an empty folder."""
        return self._disk.folder

    @property
    def is_in(self) -> bool:
        """Whether it is mounted."""
        return is_mounted(self.folder)

    def pull(self) -> None:
        """From now on whatever is still open on it fails with EIO, and the folder is empty. Raises OSError."""
        self._disk.pull()

    def put_back(self) -> None:
        """It comes back as another device with the same file system on it, as a disk does. Raises DiskError."""
        self._disk.put_back()

    def __enter__(self) -> Self:
        try:
            self._disk.__enter__()
        except BaseException:  # nothing may be left behind, also after an interrupt
            self._remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._disk.__exit__(kind, error, trace)
        self._remove()

    def _remove(self) -> None:
        # Never through a mount: what is on the disk goes with its image.
        if not self.is_in:
            shutil.rmtree(self._place, ignore_errors=True)
