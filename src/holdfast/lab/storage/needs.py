"""What disks of the lab need of the machine, and why they cannot be had when something is missing."""

import ctypes.util
import importlib.util
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

Need = Literal["root", "loop", "ext4", "xfs", "fuse"]


class NotHere(RuntimeError):
    """Something cannot be tried on this machine, or not with this recorder; the text says why."""


def reason_against(*needs: Need) -> str | None:
    """Why disks that need this cannot be had here; None when they can."""
    return next((reason for need in ("root", *needs) if (reason := _REASONS[need]())), None)


def demand(*needs: Need) -> None:
    """Raise NotHere when disks that need this cannot be had here."""
    reason = reason_against(*needs)
    if reason is not None:
        raise NotHere(reason)


def _no_root() -> str:
    return "" if os.geteuid() == 0 else "needs root, to mount"


def _no_loop() -> str:
    if shutil.which("losetup") is None:
        return "there is no losetup (Debian package mount)"
    return "" if Path("/dev/loop-control").exists() else "this kernel has no loop devices"


def _no_file_system(kind: str, package: str) -> Callable[[], str]:
    def reason() -> str:
        if shutil.which(f"mkfs.{kind}") is None:
            return f"there is no mkfs.{kind} (Debian package {package})"
        # A kernel that has it as a module loads it with the first mount, and does not list it before.
        module = Path(f"/lib/modules/{os.uname().release}/kernel/fs/{kind}")
        known = Path("/proc/filesystems").read_text(encoding="ascii").split()
        return "" if kind in known or module.exists() else f"this kernel does not know {kind}"

    return reason


def _no_fuse() -> str:
    if not Path("/dev/fuse").exists():
        return "this kernel has no FUSE"
    if ctypes.util.find_library("fuse3") is None:
        return "there is no libfuse 3 (Debian package fuse3)"
    return "" if importlib.util.find_spec("mfusepy") is not None else "the library mfusepy is missing: holdfast[lab]"


_REASONS: Mapping[Need, Callable[[], str]] = {
    "root": _no_root,
    "loop": _no_loop,
    "ext4": _no_file_system("ext4", "e2fsprogs"),
    "xfs": _no_file_system("xfs", "xfsprogs"),
    "fuse": _no_fuse,
}
