"""What the operating system says about a disk, as a fault that a person can act on."""

import errno
import os
from pathlib import Path

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import VolumeState

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_OF_ONE_FILE = frozenset(
    {
        errno.EACCES,
        errno.EPERM,
        errno.EEXIST,
        errno.EISDIR,
        errno.ENOTDIR,
        errno.ENAMETOOLONG,
        errno.EINVAL,
        errno.EFBIG,
        errno.ELOOP,
        errno.EMFILE,
        errno.ENFILE,
        errno.ENOMEM,
    }
)
"""What a file, its name, its folder or this process is to blame for: the volume may be well."""
_REMEDY = {
    errno.ENOSPC: (
        "The disk is full. Free some space; if there is some, it holds as many files as it can (df -i): remove some. "
        "Recording goes on by itself."
    ),
    errno.EDQUOT: "The disk quota is used up. Raise it or free some space; recording goes on by itself.",
    errno.EROFS: "The file system is read-only. It may have been damaged: check it, then mount it for writing.",
    errno.EIO: "The disk reports an input/output error. Check its cable and health.",
    errno.ENODEV: "The disk is gone. Connect it again.",
    errno.ENXIO: "The disk is gone. Connect it again.",
    errno.ESTALE: "The network share is gone. Check the server and mount it again.",
    errno.EACCES: "This user may not write there. Change the owner or the permissions of the folder.",
    errno.EPERM: "This user may not write there. Change the owner or the permissions of the folder.",
    errno.ENOENT: "The folder has disappeared. Make it again or mount the disk.",
    errno.ENOTDIR: "A file is where a folder should be. Move it away.",
    errno.ENAMETOOLONG: "The name is too long for this file system. Choose a shorter name for the camera.",
    errno.EMFILE: "Too many files are open. Raise the limit (ulimit -n).",
}


def fault_of(error: OSError, path: Path) -> tuple[FaultKind, str]:
    """The kind of fault and a sentence with the place and the remedy."""
    kind = FaultKind.DISK_FULL if error.errno in _FULL else FaultKind.STORAGE_DISCONNECTED
    remedy = _REMEDY.get(error.errno or 0, "Check the disk.")
    reason = os.strerror(error.errno) if error.errno else str(error)
    return kind, f"{path} cannot be written ({reason}). {remedy}"


def volume_state_of(error: OSError) -> VolumeState | None:
    """What the error says of the whole volume; None when it says nothing of it."""
    if error.errno in _FULL:
        return VolumeState.FULL
    if error.errno == errno.EROFS:
        return VolumeState.READ_ONLY
    return None if error.errno is None or error.errno in _OF_ONE_FILE else VolumeState.GONE
