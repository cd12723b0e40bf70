"""What is mounted where: /proc/self/mountinfo (proc_pid_mountinfo(5)), and which file system covers a path.

After `umount -l` a disk can still be written through what is open: nothing but this table says that it is gone.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.domain.volumes import FileSystem

TABLE = Path("/proc/self/mountinfo")
READ_ONLY = frozenset({"ro", "emergency_ro"})
"""The latter of an ext4 that turned read-only by an error (since Linux 6.15; it is still called "rw")."""
_ESCAPE = re.compile(r"\\([0-7]{3})")
_FIXED_FIELDS = 6
"""Then come optional ones, up to a "-"."""


@dataclass(frozen=True, slots=True)
class Mount:
    """One line of the table."""

    file_system: FileSystem
    parent_id: int
    """The mount that it lies on; its own, or one that is not in the table, for the outermost."""

    @property
    def is_rooted(self) -> bool:
        """Whether it says itself that it lies on nothing."""
        return self.parent_id == self.file_system.mount_id


def read_table(path: Path = TABLE) -> bytes:
    """The table as it is now. Raises OSError."""
    return path.read_bytes()


def parse(table: bytes) -> tuple[Mount, ...]:
    """The mounts of a table, in its order; lines that are no such are left out."""
    # Only line feeds end a line: the kernel escapes them in names, and no other sign that Python takes for one.
    found = (_mount(line) for line in os.fsdecode(table).split("\n"))
    return tuple(mount for mount in found if mount is not None)


def covering(mounts: Sequence[Mount], path: str) -> FileSystem | None:
    """The file system that a path leads to. `path` is absolute, without symbolic links and dots.

    Goes down the path as the kernel does, from mount to mount: one that is hidden below another is not found. None
    when the table has nothing for it, as in a folder that was made the root by chroot.
    """
    here: Mount | None = None
    ids = {mount.file_system.mount_id for mount in mounts}
    for point in _points(path):
        here = _topmost([mount for mount in mounts if mount.file_system.mount_point == point], here, ids)
    return here.file_system if here is not None else None


def by_id(mounts: Sequence[Mount], mount_id: int) -> FileSystem | None:
    """The file system of a mount."""
    return next((mount.file_system for mount in mounts if mount.file_system.mount_id == mount_id), None)


def _topmost(at_point: Sequence[Mount], here: Mount | None, ids: set[int]) -> Mount | None:
    """The last of the mounts that were put on this point one over the other, as it is reached from `here`."""
    # Each one is taken once: a damaged table may lead in a circle.
    left = list(at_point)
    while True:
        upon = [mount for mount in left if _lies_on(mount, here, ids)]
        if not upon:
            return here
        here = upon[-1]
        left.remove(here)


def _lies_on(mount: Mount, here: Mount | None, ids: set[int]) -> bool:
    if here is None:
        return mount.is_rooted or mount.parent_id not in ids
    return not mount.is_rooted and mount.parent_id == here.file_system.mount_id


def _points(path: str) -> Iterator[str]:
    """Every folder on the way, from the root to the path itself."""
    yield "/"
    parts = [part for part in path.split("/") if part]
    for count in range(1, len(parts) + 1):
        yield "/" + "/".join(parts[:count])


def _mount(line: str) -> Mount | None:
    fields = line.split(" ")
    try:
        end = fields.index("-", _FIXED_FIELDS)
        mount_id, parent_id, device, _, mount_point, options = fields[:_FIXED_FIELDS]
        kind, source, of_all_mounts = fields[end + 1 : end + 4]
        return Mount(
            FileSystem(
                kind=_unescaped(kind),
                source=_unescaped(source),
                mount_point=_unescaped(mount_point),
                mount_id=int(mount_id),
                device=device,
                is_read_only="ro" in options.split(",") or not READ_ONLY.isdisjoint(of_all_mounts.split(",")),
            ),
            int(parent_id),
        )
    except ValueError:
        return None


def _unescaped(text: str) -> str:
    # The kernel escapes bytes: space, tab, line feed, backslash, and "#" in sources.
    return _ESCAPE.sub(lambda match: chr(int(match[1], 8)), text) if "\\" in text else text
