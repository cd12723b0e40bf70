"""Mounts and loop devices, by the commands of the system. Everything that takes away is content when it is gone."""

import fcntl
import os
import struct
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

Kind = Literal["ext4", "xfs"]

SHUTDOWN_IOCTL = 0x8004587D
"""_IOR('X', 125, __u32): EXT4_IOC_SHUTDOWN and XFS_IOC_GOINGDOWN are the same number (linux/ext4.h, xfs_fs.h)."""
NOLOGFLUSH = 2
"""Write nothing more, not even the journal: the disk is gone."""
_COMMAND_TIMEOUT_S = 60.0
_IN_USE_S = 3.0
_POLL_S = 0.05
_MKFS: dict[Kind, tuple[str, ...]] = {
    # Nothing is left to be initialized in the background: it would write when nobody asked for it.
    "ext4": ("mkfs.ext4", "-q", "-F", "-b", "4096", "-E", "nodiscard,lazy_itable_init=0,lazy_journal_init=0"),
    "xfs": ("mkfs.xfs", "-q", "-f", "-K"),
}
_OPTIONS: dict[str, str] = {
    "ext4": "errors=remount-ro",
    "xfs": "nouuid",  # the file system that was taken away may still be there, until its last file is closed
}
SMALLEST_BYTES: dict[Kind, int] = {"ext4": 64 << 20, "xfs": 320 << 20}
"""mkfs.xfs makes nothing smaller than 300 MB."""


class DiskError(RuntimeError):
    """A command about disks failed; the text is its own."""


def command(*words: str) -> str:
    """Run a command; what it printed. Raises DiskError."""
    done = subprocess.run(list(words), capture_output=True, text=True, check=False, timeout=_COMMAND_TIMEOUT_S)
    if done.returncode != 0:
        raise DiskError(f"{' '.join(words)}: {done.stderr.strip() or done.returncode}")
    return done.stdout


def make_image(image: Path, kind: Kind, size_bytes: int, sector_bytes: int) -> None:
    """A file with an empty file system in it; sparse. Raises DiskError."""
    with image.open("wb") as file:
        file.truncate(max(size_bytes, SMALLEST_BYTES[kind]))
    # On a device, so that the file system knows how large the sectors are that it will have.
    device = attach(image, sector_bytes)
    try:
        command(*_MKFS[kind], device)
    finally:
        detach(device, image)


def attach(image: Path, sector_bytes: int = 512, *, direct: bool = False) -> str:
    """Make a loop device of a file; its name. Raises DiskError."""
    flags = ("--direct-io=on",) if direct else ()
    return command("losetup", "--find", "--show", "--sector-size", str(sector_bytes), *flags, str(image)).strip()


def detach(device: str, image: Path) -> None:
    """Let the loop device of this file go; it goes with its last user. One that is somebody else's by now is left."""
    if backing(device) == os.path.realpath(image):
        subprocess.run(["losetup", "--detach", device], capture_output=True, check=False, timeout=_COMMAND_TIMEOUT_S)


def backing(device: str) -> str:
    """The file of a loop device; empty when it has none."""
    try:
        name = Path(f"/sys/block/{Path(device).name}/loop/backing_file").read_bytes()
    except OSError:
        return ""
    return os.fsdecode(name.rstrip(b"\n").removesuffix(b" (deleted)"))


def mount(source: str, folder: Path, kind: str, options: Sequence[str] = ()) -> None:
    """Mount something. Raises DiskError."""
    joined = ",".join([*filter(None, [_OPTIONS.get(kind, "")]), *options])
    command("mount", "-t", kind, *(["-o", joined] if joined else []), source, str(folder))


def unmount(folder: Path, *, patience_s: float = _IN_USE_S) -> None:
    """Take a mount away; lazily when it is still in use after this time. Nothing is said when there is none."""
    deadline_s = time.monotonic() + patience_s
    while is_mounted(folder):
        lazy = time.monotonic() >= deadline_s
        words = ["umount", *(["--lazy"] if lazy else []), str(folder)]
        done = subprocess.run(words, capture_output=True, check=False, timeout=_COMMAND_TIMEOUT_S)
        if lazy and done.returncode != 0:
            return
        if done.returncode != 0:
            time.sleep(_POLL_S)


def is_mounted(folder: Path) -> bool:
    """Whether something is mounted just here. Asks the table, because a file system that hangs answers nothing."""
    return str(folder.absolute()) in mounted_at()


def mounted_at() -> list[str]:
    """Where something is mounted, in the order in which it was (proc(5), mountinfo, field 5)."""
    lines = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [line.split()[4].encode("utf-8", "surrogateescape").decode("unicode_escape") for line in lines]


def shut_down(folder: Path) -> None:
    """From now on every access to this ext4 or xfs fails with EIO, as with a disk that was pulled. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.ioctl(descriptor, SHUTDOWN_IOCTL, struct.pack("I", NOLOGFLUSH))
    finally:
        os.close(descriptor)


def stop_writing(device: str) -> None:
    """An ext4 on this device finds an error, and remounts itself read-only, whoever writes. Raises OSError."""
    Path(f"/sys/fs/ext4/{Path(device).name}/trigger_fs_error").write_text("lab", encoding="ascii")
