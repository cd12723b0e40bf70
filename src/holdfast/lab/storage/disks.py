"""Disks on file systems of the kernel, as context managers that leave nothing behind. All need root."""

import contextlib
import os
import shutil
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.lab.storage.mounts import (
    DiskError,
    Kind,
    attach,
    command,
    detach,
    is_mounted,
    make_image,
    mount,
    shut_down,
    stop_writing,
    unmount,
)

BALLAST = "ballast"
_LARGE, _SMALL = 1 << 28, 1 << 12


class Mounted:
    """What all disks have: a folder that is mounted with the block and unmounted after it, and space to be used up."""

    def __init__(self, place: Path) -> None:
        """`place` is made, with the mount point `disk` in it."""
        self.place = place
        self.folder = place / "disk"
        self.strays: list[Path] = []
        """What was found below the mount point while nothing was mounted there."""

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._make()
        except BaseException:  # nothing may stay mounted, also after an interrupt
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def fill(self) -> None:
        """Use up all space."""
        with (self.folder / BALLAST).open("ab") as file:
            at, step = file.tell(), _LARGE
            while step >= _SMALL:
                try:
                    os.posix_fallocate(file.fileno(), at, step)
                    at += step
                except OSError:
                    step //= 2

    def free(self) -> None:
        """Give the space back."""
        (self.folder / BALLAST).unlink(missing_ok=True)

    def _make(self) -> None:
        raise NotImplementedError

    def _end(self) -> None:
        unmount(self.folder)

    def _clear(self) -> None:
        """Take away what was written below the mount point, and remember it: it would be hidden by the mount."""
        if is_mounted(self.folder):
            return
        self.strays += [path for path in self.folder.rglob("*") if path.is_file()]
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()


class TmpfsDisk(Mounted):
    """A small disk in memory."""

    def __init__(self, place: Path, size_bytes: int) -> None:
        """A tmpfs of this size at `place/disk`."""
        super().__init__(place)
        self._size_bytes = size_bytes

    def _make(self) -> None:
        mount("tmpfs", self.folder, "tmpfs", [f"size={self._size_bytes}", "mode=755"])


class LoopDisk(Mounted):
    """An ext4 or xfs in a file, which can be taken away in every way and put back."""

    def __init__(self, place: Path, kind: Kind, size_bytes: int = 0, *, sector_bytes: int = 512) -> None:
        """The image is `place/image`, of the smallest size that the file system takes when none is given."""
        super().__init__(place)
        self.kind: Kind = kind
        self._image = place / "image"
        self._size_bytes = size_bytes
        self._sector_bytes = sector_bytes
        self._devices: list[str] = []
        self._is_broken = False

    @property
    def device(self) -> str:
        """Its loop device, which is another one after it was pulled."""
        return self._devices[-1]

    def unmount(self) -> None:
        """`umount -l`: open files go on to work, and everybody else finds an empty folder."""
        unmount(self.folder, patience_s=0)

    def pull(self) -> None:
        """As when the cable is pulled: everything fails, and the mount is gone."""
        self.break_down()
        self.unmount()

    def break_down(self) -> None:
        """Every access fails with EIO, and the mount stays."""
        self._is_broken = True
        shut_down(self.folder)

    def turn_read_only(self) -> None:
        """The file system finds an error in itself and turns read-only, whoever writes. ext4 only."""
        if self.kind != "ext4":
            raise DiskError(f"{self.kind} does not turn read-only, it shuts down")
        self._is_broken = True
        stop_writing(self.device)

    def remount(self, *, read_only: bool) -> None:
        """Raises DiskError while something writes: the kernel does not let a busy file system become read-only."""
        command("mount", "-o", f"remount,{'ro' if read_only else 'rw'}", str(self.folder))

    def put_back(self) -> None:
        """Mount it again. After `unmount` it is the same file system; after all else a new device, repaired.

        What is still open on a broken one stays broken.
        """
        if is_mounted(self.folder) and self._is_broken:
            with contextlib.suppress(OSError):
                shut_down(self.folder)
        self.unmount()
        self._clear()
        if self._is_broken:
            self._is_broken = False
            detach(self.device, self._image)
            self._devices.append(attach(self._image, self._sector_bytes))
            self._repair()
        mount(self.device, self.folder, self.kind)

    def _repair(self) -> None:
        if self.kind == "ext4":
            # -p repairs what needs no question, and says by 1 that it did something.
            with contextlib.suppress(DiskError):
                command("fsck.ext4", "-p", self.device)

    def _make(self) -> None:
        make_image(self._image, self.kind, self._size_bytes, self._sector_bytes)
        self._devices.append(attach(self._image, self._sector_bytes))
        mount(self.device, self.folder, self.kind)

    def _end(self) -> None:
        super()._end()
        for device in self._devices:
            detach(device, self._image)
