"""A FUSE file system that passes every call on to a folder, or fails, hangs or takes its time as it is told.

`python -m holdfast.lab.storage.pass_through FOLDER BACKING`; `FuseDisk` is the other side.
"""

import argparse
import os
from pathlib import Path
from typing import Any

from holdfast.lab.storage import fuse
from holdfast.lab.storage.gate import TROUBLES, WELL, Call, Gate, Trouble

_STAT = ("st_atime", "st_mtime", "st_ctime")
_STATVFS = ("f_bsize", "f_frsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree", "f_favail", "f_namemax")
_NOT_TWICE = os.O_CREAT | os.O_EXCL | os.O_TRUNC | os.O_APPEND
"""The kernel has seen to these already: it truncates by itself, and says at which offset an appending write goes."""


class Names:
    """The calls about names, each carried out at once or when the gate lets it pass; named as mfusepy wants them."""

    def __init__(self, backing: Path, gate: Gate) -> None:
        self._backing = backing
        self._gate = gate

    def _at(self, path: str, call: Call) -> Path:
        self._gate.pass_through(call)
        return self._behind(path)

    def _behind(self, path: str) -> Path:
        return self._backing / path.removeprefix("/")

    def readdir(self, path: str, _fh: int) -> list[tuple[str, dict[str, int], int]]:
        with os.scandir(self._at(path, Call.LOOK)) as entries:
            return [(entry.name, {"st_ino": entry.inode()}, 0) for entry in entries]

    def readlink(self, path: str) -> str:
        return str(self._at(path, Call.LOOK).readlink())

    def mkdir(self, path: str, mode: int) -> None:
        self._at(path, Call.GROW).mkdir(mode)

    def rmdir(self, path: str) -> None:
        self._at(path, Call.FREE).rmdir()

    def unlink(self, path: str) -> None:
        self._at(path, Call.FREE).unlink()

    def rename(self, old: str, new: str) -> None:
        self._at(old, Call.FREE).rename(self._behind(new))

    def link(self, new: str, old: str) -> None:
        self._at(new, Call.GROW).hardlink_to(self._behind(old))

    def symlink(self, new: str, content: str) -> None:
        self._at(new, Call.GROW).symlink_to(content)

    def chmod(self, path: str, mode: int) -> None:
        self._at(path, Call.FREE).chmod(mode)

    def chown(self, path: str, uid: int, gid: int) -> None:
        os.chown(self._at(path, Call.FREE), uid, gid, follow_symlinks=False)

    def utimens(self, path: str, times: tuple[int, int]) -> None:
        os.utime(self._at(path, Call.FREE), ns=times, follow_symlinks=False)

    def fsyncdir(self, _path: str, _datasync: int, _fh: int) -> None:
        self._gate.pass_through(Call.SYNC)


class PassThrough(Names):
    """All calls. What is not here, such as extended attributes, this file system does not have."""

    use_ns = True

    def init(self, _path: str) -> None:
        fuse.ready()

    def getattr(self, path: str, fh: int | None = None) -> dict[str, int]:
        place = self._at(path, Call.LOOK)
        found = place.lstat() if fh is None else os.fstat(fh)
        names = ("st_mode", "st_nlink", "st_uid", "st_gid", "st_size", "st_blocks", "st_ino")
        return {name: getattr(found, name) for name in names} | {name: getattr(found, f"{name}_ns") for name in _STAT}

    def statfs(self, path: str) -> dict[str, int]:
        found = os.statvfs(self._at(path, Call.LOOK))
        return {name: getattr(found, name) for name in _STATVFS}

    def truncate(self, path: str, length: int, fh: int | None = None) -> None:
        place = self._at(path, Call.FREE)
        os.truncate(place if fh is None else fh, length)

    def create(self, path: str, mode: int, flags: int) -> int:
        return os.open(self._at(path, Call.GROW), flags | os.O_CREAT, mode)

    def open(self, path: str, flags: int) -> int:
        call = Call.LOOK if flags & os.O_ACCMODE == os.O_RDONLY else Call.FREE
        return os.open(self._at(path, call), flags & ~_NOT_TWICE)

    def read(self, _path: str, size: int, offset: int, fh: int) -> bytes:
        self._gate.pass_through(Call.LOOK)
        return os.pread(fh, size, offset)

    def write(self, _path: str, data: bytes, offset: int, fh: int) -> int:
        self._gate.pass_through(Call.WRITE)
        return os.pwrite(fh, data, offset)

    def fsync(self, _path: str, datasync: int, fh: int) -> None:
        self._gate.pass_through(Call.SYNC)
        (os.fdatasync if datasync else os.fsync)(fh)

    def release(self, _path: str, fh: int) -> None:
        os.close(fh)


def main() -> None:
    """Run it until it is unmounted or its standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("backing", type=Path)
    options = parser.parse_args()
    gate = Gate()
    os.umask(0)
    # Nothing is remembered by the kernel: whatever is asked reaches the gate.
    timeouts = dict.fromkeys(("attr_timeout", "entry_timeout", "negative_timeout"), 0.0)
    fuse.serve(
        PassThrough(options.backing, gate), options.folder, lambda order: _obey(gate, order), **timeouts, use_ino=True
    )


def _obey(gate: Gate, order: dict[str, Any]) -> None:
    match order:
        case {"be": "well"}:
            gate.set(WELL)
        case {"be": "slow", "seconds": seconds, "calls": calls}:
            gate.set(Trouble(frozenset(Call[name] for name in calls), takes_s=float(seconds)))
        case {"be": name}:
            gate.set(TROUBLES[name])
        case _:
            raise ValueError(f"unknown order {order}")


if __name__ == "__main__":
    main()
