"""A disk whose power is cut, again and again at any moment of its past.

A file system on a loop device on a file behind FUSE, where all that it writes and flushes is logged (`logged_image`).
"""

import contextlib
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from holdfast.lab.storage.block_log import Entry, Flush, read_log, surviving
from holdfast.lab.storage.disks import Mounted
from holdfast.lab.storage.fuse import FuseProcess
from holdfast.lab.storage.logged_image import NAME
from holdfast.lab.storage.mounts import Kind, attach, command, detach, make_image, mount, unmount


class LoggedDisk(Mounted):
    """A context manager. First it is a disk; after `cut`, `after` gives what was left on it.

    >>> with LoggedDisk(place, "ext4") as disk:  # doctest: +SKIP
    ...     write_to(disk.folder)
    ...     cut_ns = disk.cut()
    ...     with disk.after(cut_ns, chance) as folder:
    ...         look_into(folder)
    """

    def __init__(
        self,
        place: Path,
        kind: Kind,
        *,
        sector_bytes: int = 512,
        flush_s: float = 0.0,
        seed: int = 0,
        options: Sequence[str] = (),
    ) -> None:
        """`flush_s`: a flush takes a random time up to this. `options`: for mount."""
        super().__init__(place)
        self.kind: Kind = kind
        self._sector_bytes = sector_bytes
        self._options = options
        self._initial, self._image, self._log_file = place / "initial", place / "now", place / "log"
        self._behind = place / "behind"
        self._fuse = FuseProcess(
            "logged_image", self._behind, str(self._image), str(self._log_file), str(flush_s), str(seed)
        )
        self._device = ""
        self._log: list[Entry] = []

    def cut(self) -> int:
        """Cut the power: the disk obeys nothing from now on. The wall time of it, in nanoseconds.

        What was written after it was answered nobody. Who uses the disk is to be killed next.
        """
        cut_ns = time.time_ns()
        self._fuse.kill()
        return cut_ns

    @property
    def log(self) -> Sequence[Entry]:
        """What was written and flushed, once the power was cut."""
        if not self._log:
            self._log = read_log(self._log_file)
        return self._log

    def slowest_flush_s(self) -> float:
        """The flush that took the longest, in seconds."""
        flushes = [entry for entry in self.log if isinstance(entry, Flush)]
        return max((entry.done_ns - entry.begun_ns for entry in flushes), default=0) / 1e9

    @contextlib.contextmanager
    def after(self, until_ns: int, chance: random.Random) -> Iterator[Path]:
        """The disk as it comes back when its power was cut at this wall time, at `folder` again.

        Mounting replays the journal. Raises DiskError when it cannot be mounted.
        """
        self._end()
        command("cp", "--sparse=always", str(self._initial), str(self._image))
        with self._image.open("r+b") as image:
            for offset, data in surviving(self.log, until_ns, chance, self._sector_bytes):
                image.seek(offset)
                image.write(data)
        device = attach(self._image, self._sector_bytes)
        try:
            mount(device, self.folder, self.kind)
            yield self.folder
        finally:
            unmount(self.folder)
            detach(device, self._image)

    def _make(self) -> None:
        make_image(self._initial, self.kind, 0, self._sector_bytes)
        command("cp", "--sparse=always", str(self._initial), str(self._image))
        self._behind.mkdir(exist_ok=True)
        self._fuse.__enter__()
        self._device = attach(self._behind / NAME, self._sector_bytes)
        mount(self._device, self.folder, self.kind, self._options)

    def _end(self) -> None:
        # First the server, so that nothing below hangs in a flush that it takes its time for.
        self._fuse.kill()
        super()._end()
        if self._device:
            detach(self._device, self._behind / NAME)
            self._device = ""
        self._fuse.stop()
