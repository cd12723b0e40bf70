"""In which ways a disk is lost and comes back: a line in a table for each, so that scenarios need not know them."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Literal

from holdfast.lab.storage.disks import LoopDisk, TmpfsDisk
from holdfast.lab.storage.fuse_disk import FuseDisk, TroubleName
from holdfast.lab.storage.mounts import Kind
from holdfast.lab.storage.needs import Need

Fault = Literal["unmount", "readonly", "eio", "full", "hung"]


@dataclass(slots=True)
class Faulty:
    """A disk that is mounted at `folder`, and that fails and is well again when it is told to."""

    folder: Path
    _fail: Callable[[], None]
    _mend: Callable[[], None]
    strays: list[Path] = field(default_factory=list)
    """What was written below the mount point while nothing was mounted there; known once it is mended."""
    is_well: bool = True

    def fail(self) -> None:
        """From now on it fails."""
        self.is_well = False
        self._fail()

    def mend(self) -> None:
        """It is well again. Does nothing when it is."""
        if not self.is_well:
            self._mend()
            self.is_well = True

    @contextlib.contextmanager
    def mended_at_last(self) -> Iterator[None]:
        """After the block it is well, whatever happened: who waits for a disk that hangs cannot even be killed."""
        try:
            yield
        finally:
            self.mend()


@dataclass(frozen=True, slots=True)
class Way:
    """One way. `make` gets a folder to work in, and the size of the disk in bytes (0: small)."""

    needs: tuple[Need, ...]
    make: Callable[[Path, int], contextlib.AbstractContextManager[Faulty]]


@contextlib.contextmanager
def _loop(
    fail: Callable[[LoopDisk], None], mend: Callable[[LoopDisk], None], kind: Kind, place: Path, size_bytes: int
) -> Iterator[Faulty]:
    with LoopDisk(place, kind, size_bytes) as disk:
        yield Faulty(disk.folder, partial(fail, disk), partial(mend, disk), disk.strays)


@contextlib.contextmanager
def _tmpfs(place: Path, size_bytes: int) -> Iterator[Faulty]:
    with TmpfsDisk(place, size_bytes or _TMPFS_BYTES) as disk:
        yield Faulty(disk.folder, disk.fill, disk.free)


@contextlib.contextmanager
def _fuse(trouble: TroubleName, place: Path, _size_bytes: int) -> Iterator[Faulty]:
    with FuseDisk(place) as disk:
        yield Faulty(disk.folder, partial(disk.trouble, trouble), disk.heal)


def _on_loop(kind: Kind, fail: Callable[[LoopDisk], None], mend: Callable[[LoopDisk], None] = LoopDisk.put_back) -> Way:
    return Way(("loop", kind), partial(_loop, fail, mend, kind))


def _on_fuse(trouble: TroubleName) -> Way:
    return Way(("fuse",), partial(_fuse, trouble))


_TMPFS_BYTES = 48 << 20
WAYS: Mapping[Fault, Mapping[str, Way]] = {
    "unmount": {
        "ext4": _on_loop("ext4", LoopDisk.unmount),
        "xfs": _on_loop("xfs", LoopDisk.unmount),
        "ext4-pulled": _on_loop("ext4", LoopDisk.pull),
        "xfs-pulled": _on_loop("xfs", LoopDisk.pull),
    },
    "readonly": {"erofs": _on_fuse("erofs"), "ext4-error": _on_loop("ext4", LoopDisk.turn_read_only)},
    "eio": {
        "eio": _on_fuse("eio"),
        "enodev": _on_fuse("enodev"),
        "ext4-down": _on_loop("ext4", LoopDisk.break_down),
        "xfs-down": _on_loop("xfs", LoopDisk.break_down),
    },
    "full": {
        "ext4": _on_loop("ext4", LoopDisk.fill, LoopDisk.free),
        "tmpfs": Way((), _tmpfs),
        "enospc": _on_fuse("enospc"),
    },
    "hung": {"hang": _on_fuse("hang")},
}
"""`unmount` is `umount -l`, after which open files work on; `pulled` is not. `error` and `down` need a new mount."""
