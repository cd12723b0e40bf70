"""The folder that a backup goes to: which one it is, whether it can be used, and what is in it.

Known by a marker of its own, so that nothing lands below an empty mount point where a backup disk was before. All goes
through a descriptor of the folder: whatever is mounted meanwhile does not get in between.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from holdfast.domain.backups import SavedSegment
from holdfast.domain.volumes import VolumeIdentity
from holdfast.storage.backup_ledger import is_inside
from holdfast.storage.errors import fault_of
from holdfast.storage.identity import VolumeError, space_of, try_out
from holdfast.storage.marker import FOLDER, MarkerError, make_marker, new_id, read_marker
from holdfast.storage.moving import MOVING_FOLDER, digest_of
from holdfast.storage.segment_file import sync_folder

MARKER = "backup.json"
MARKED_AS = "backup"
LOCK = "backup.lock"
FOLDER_MODE = 0o750
SPARE_BYTES = 1 << 20
"""Stays free for the record, and what a file system needs itself."""


class TargetError(Exception):
    """The target cannot be used; the text says why and what to do."""


class FullError(TargetError):
    """There is no space for the next file."""


class BusyError(TargetError):
    """Another backup writes to it."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which target is meant."""

    path: Path
    recorder_id: str
    known: Collection[str]
    """Ids of backups that were at this path before."""
    begins_anew: bool = False
    """A person says that it is to be a new one, whatever was there before."""


@dataclass(frozen=True, slots=True)
class Target:
    """An open target."""

    folder: int
    """Its descriptor."""
    path: Path
    backup_id: str
    """Empty for one that has no marker yet."""

    @property
    def root(self) -> Path:
        """A name that leads to this very file system."""
        return Path(f"/proc/self/fd/{self.folder}")

    def free_bytes(self) -> int:
        """Raises OSError."""
        return space_of(self.folder).free_bytes


def look_at(wanted: Wanted) -> Target | None:
    """Open a target without changing anything; None when it does not exist and may be made. Raises TargetError."""
    with _as_sentences(wanted.path):
        try:
            folder = os.open(wanted.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except NotADirectoryError:
            raise TargetError(f"{wanted.path} is a file, not a folder. Choose another place.") from None
        except FileNotFoundError:
            _check_may_be_made(wanted)
            return None
        try:
            return Target(folder, wanted.path, _checked_marker(folder, wanted))
        except BaseException:  # whatever it was, nothing stays open
            os.close(folder)
            raise


def open_target(wanted: Wanted) -> Target:
    """Open a target for writing: made when only its folder is missing, marked when it is new, tried, and locked.

    Raises TargetError.
    """
    with _as_sentences(wanted.path):
        target = look_at(wanted)
        if target is None:
            wanted.path.mkdir(FOLDER_MODE)
            sync_folder(wanted.path.parent)
            target = look_at(wanted)
        assert target is not None
        # A full one is opened all the same: what is there already counts as saved.
        full = _tried_out(target)
        if full and not target.backup_id:
            raise FullError(full)
        backup_id = target.backup_id or _marked(target.folder, wanted)
        _lock(target.folder, wanted.path)
        return Target(target.folder, target.path, backup_id)


def read_marked(path: Path) -> Target:
    """Open a backup of any recorder to look into it. Raises TargetError."""
    with _as_sentences(path):
        try:
            folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except (FileNotFoundError, NotADirectoryError):
            raise TargetError(f"There is no backup in {path}. Is its disk mounted?") from None
        try:
            found = read_marker(folder, MARKER)
        except MarkerError:
            # What was saved stands in the record, whatever became of the marker.
            return Target(folder, path, "")
        if found is None:
            os.close(folder)
            raise TargetError(f"There is no backup in {path}. Is its disk mounted?")
        return Target(folder, path, found.volume_id)


def state_of(target: Target, saved: SavedSegment, pace: Callable[[int], None]) -> str:
    """Read a saved file again: "whole", "changed", "missing" or "unreadable"."""
    try:
        with _opened(target.folder, saved.path) as file:
            if os.fstat(file).st_size != saved.size_bytes:
                return "changed"
            return "whole" if digest_of(file, pace) == saved.sha256 else "changed"
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "unreadable"


def is_there(target: Target, saved: SavedSegment) -> bool:
    """Whether there is a file of this name and size. Raises OSError when that cannot be said."""
    try:
        found = os.stat(saved.path, dir_fd=target.folder, follow_symlinks=False)
        return found.st_size == saved.size_bytes
    except (FileNotFoundError, NotADirectoryError):
        return False


def check_room(target: Target, size_bytes: int) -> None:
    """Raises FullError when a file of this size does not fit, and OSError."""
    free_bytes = target.free_bytes()
    if free_bytes < size_bytes + SPARE_BYTES:
        raise FullError(f"The disk of {target.path} is full.")


def check_way(target: Target, path: str) -> None:
    """Raises TargetError when something on the way would lead out of the target."""
    if not is_inside(path):
        raise TargetError(f"{path} cannot be the name of a saved file.")
    folder = target.root
    for part in path.split("/")[:-1]:
        folder /= part
        if folder.is_symlink():
            raise TargetError(f"{target.path / part} is a symbolic link, which is not followed. Remove it.")


def remove_parts(target: Target) -> None:
    """Remove what was begun and is wanted no more: nothing is being copied."""
    with contextlib.suppress(OSError):
        for part in (target.root / FOLDER / MOVING_FOLDER).glob("*.part"):
            part.unlink()


# ------------------------------------------------------------------ inside


@contextlib.contextmanager
def _as_sentences(path: Path) -> Iterator[None]:
    try:
        yield
    except VolumeError as error:
        raise TargetError(error.sentence) from error
    except OSError as error:
        raise TargetError(fault_of(error, path)[1]) from error


def _check_may_be_made(wanted: Wanted) -> None:
    if wanted.known and not wanted.begins_anew:
        raise _not_mounted(wanted.path)
    if not wanted.path.parent.is_dir():
        raise TargetError(
            f"{wanted.path} does not exist, nor does the folder above it. Is the disk mounted? "
            "Make the folder, or choose another."
        )


def _checked_marker(folder: int, wanted: Wanted) -> str:
    """The id of the backup that is there; empty when it is a new one. Raises TargetError, OSError."""
    try:
        found = read_marker(folder, MARKER)
    except MarkerError as error:
        if error.is_half:
            return ""
        raise TargetError(
            f"The marker of the backup in {wanted.path} cannot be used ({error}). Choose another folder on that disk."
        ) from error
    if found is None and wanted.known and not wanted.begins_anew:
        raise _not_mounted(wanted.path)
    if found is not None and found.recorder_id != wanted.recorder_id:
        raise TargetError(
            f"{wanted.path} is the backup of another recorder. Choose another folder: each recorder has its own."
        )
    return "" if found is None else found.volume_id


def _not_mounted(path: Path) -> TargetError:
    return TargetError(
        f"The backup that was at {path} before is not there: its disk is not mounted, and nothing is written below an "
        "empty mount point. Mount it. If it is to be a new backup: --new-target"
    )


def _tried_out(target: Target) -> str:
    """Why there is no space, or "". Raises OSError, VolumeError."""
    return try_out(target.folder, target.path)


def _marked(folder: int, wanted: Wanted) -> str:
    identity = VolumeIdentity(new_id(), wanted.recorder_id, MARKED_AS)
    try:
        make_marker(folder, identity, MARKER)
    except FileExistsError:
        # Half of one, of a backup that was cut off in its first moment.
        os.unlink(f"{FOLDER}/{MARKER}", dir_fd=folder)
        make_marker(folder, identity, MARKER)
    return identity.volume_id


def _lock(folder: int, path: Path) -> None:
    """Keep other backups out for as long as this process lives. Raises BusyError, OSError."""
    lock = os.open(f"{FOLDER}/{LOCK}", os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640, dir_fd=folder)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BusyError(f"Another backup to {path} is running. Wait until it has ended.") from None


@contextlib.contextmanager
def _opened(root: int, path: str) -> Iterator[int]:
    """A file of the backup, through no symbolic link. Raises OSError."""
    *folders, name = path.split("/")
    with contextlib.ExitStack() as stack:
        at = root
        for part in folders:
            at = os.open(part, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=at)
            stack.callback(os.close, at)
        file = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=at)
        stack.callback(os.close, file)
        yield file
