"""Opening a volume, as its process does it: is it the right one, can it be written, and is nobody else in it."""

import contextlib
import fcntl
import os
import shlex
import time
from pathlib import Path

from holdfast.domain.volumes import VolumeSpace, VolumeState
from holdfast.ports.volumes import OpenVolume, VolumeReady, VolumeRefused
from holdfast.storage.errors import fault_of, volume_state_of
from holdfast.storage.identity import VolumeError, adopting, open_volume, try_out

STATE_FOLDER = ".holdfast"
WRITER_LOCK = "writer.lock"
STATE_NAME = "state"
"""In STATE_FOLDER: says in one line where the catalog is that knows this volume, when that is elsewhere."""
HOLD_PATIENCE_S = 2.0
"""Longer than a process takes to end whose recorder is gone."""


def opened(order: OpenVolume) -> VolumeReady | VolumeRefused:
    """Open the volume and make its folder the working directory.

    From then on relative names lead to this very file system, whatever is mounted over it or unmounted: footage cannot
    land under an empty mount point. The lock that is taken lasts as long as the process.
    """
    root = Path(order.root)
    try:
        answer = _entered(root, order)
    except OSError as error:
        answer = VolumeRefused(volume_state_of(error) or VolumeState.REFUSED, fault_of(error, root)[1])
    if isinstance(answer, VolumeRefused):
        # Nothing of what was refused is kept from being unmounted.
        os.chdir("/")
    return answer


def _entered(root: Path, order: OpenVolume) -> VolumeReady | VolumeRefused:
    before = _place(root)
    answer = validated(order)
    if isinstance(answer, VolumeRefused):
        return answer
    os.chdir(root)
    if before is not None and _place(Path()) != before:
        sentence = f"{root} was unmounted or mounted while it was looked at. It is looked at again."
        return VolumeRefused(VolumeState.GONE, sentence)
    if not _hold(Path(STATE_FOLDER)):
        sentence = f"{root} is still held by an earlier process that waits for its disk. Check the disk."
        return VolumeRefused(VolumeState.HUNG, sentence)
    with contextlib.suppress(OSError):
        # Only a help for people: a volume without space is opened all the same.
        _point_to(order.state, Path(STATE_FOLDER) / STATE_NAME)
    return answer


def validated(order: OpenVolume) -> VolumeReady | VolumeRefused:
    """Whether the volume is the one that is meant, and can be written."""
    try:
        found = open_volume(
            Path(order.root),
            name=order.name,
            recorder_id=order.recorder_id,
            expected=order.expected,
            reserve_bytes=order.reserve_bytes,
        )
    except VolumeError as error:
        # Whoever reads the command may not know where the catalog is.
        is_adoptable = order.state and error.sentence.endswith(adopting(Path(os.path.realpath(order.root))))
        where = f" --in {shlex.quote(order.state)}" if is_adoptable else ""
        return VolumeRefused(error.state, error.sentence + where)
    return VolumeReady(found.identity, found.file_system, found.space, found.path, found.full)


def refuses_data(root: Path) -> bool:
    """Whether the volume that is the working directory is too full for a little file. Raises OSError, VolumeError."""
    folder = os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return bool(try_out(folder, root))
    finally:
        os.close(folder)


def space_of(folder: Path) -> VolumeSpace:
    """Free and all bytes. Raises OSError."""
    found = os.statvfs(folder)
    return VolumeSpace(found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize)


def _point_to(state: str, file: Path) -> None:
    """Say where the catalog is. Raises OSError."""
    if not state:
        file.unlink(missing_ok=True)
        return
    content = os.fsencode(state) + b"\n"
    if not file.exists() or file.read_bytes() != content:
        new = file.with_suffix(".new")
        new.write_bytes(content)
        new.rename(file)


def _place(folder: Path) -> tuple[int, int] | None:
    """Which folder this really is; None when there is none."""
    try:
        found = folder.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _hold(folder: Path) -> bool:
    """Hold the volume against other writers, until this process ends. False: there is one, and it does not end.

    A process that hangs and was given up may go on with the write that it hangs in when its disk wakes up. Nothing
    may be cut or repaired before that is over.
    """
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = os.open(folder / WRITER_LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
    deadline_s = time.monotonic() + HOLD_PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= deadline_s:
                os.close(lock)
                return False
            time.sleep(0.02)
        except OSError:
            # A file system without locks.
            return True
        else:
            return True
