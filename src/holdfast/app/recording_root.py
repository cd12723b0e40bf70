"""What lies in a recording root beside the footage: the catalog, and locks that say who is at work."""

import contextlib
import fcntl
from collections.abc import Iterator
from pathlib import Path

from holdfast.storage.volume_opening import WRITER_LOCK

STATE_FOLDER = ".holdfast"
CATALOG_NAME = "catalog.db"
RECORDER_LOCK = "recorder.lock"
CHECK_LOCK = "check.lock"


class CheckError(Exception):
    """The check cannot be made; the text says why and what to do."""


def catalog_path(root: Path) -> Path:
    """Where the catalog of a recording root is."""
    return root / STATE_FOLDER / CATALOG_NAME


def recorder_is_running(root: Path) -> bool:
    """Whether a recorder holds its lock on the root.

    Takes the lock for a moment in shared mode: a recorder that starts in just that moment has to try twice.
    """
    return _is_locked(root / STATE_FOLDER / RECORDER_LOCK)


def volume_is_written(root: Path) -> bool:
    """Whether a process holds the volume for writing: that of a recorder, or one that outlives its recorder."""
    return _is_locked(root / STATE_FOLDER / WRITER_LOCK)


def _is_locked(lock: Path) -> bool:
    with contextlib.suppress(FileNotFoundError), lock.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


@contextlib.contextmanager
def check_lock(root: Path) -> Iterator[None]:
    """Keep other repairs out. Raises CheckError when there is one already, or the root cannot be written."""
    folder = root / STATE_FOLDER
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        file = (folder / CHECK_LOCK).open("ab")
    except OSError as error:
        raise CheckError(
            f"{folder} cannot be written ({error.strerror}). Check its permissions and the disk."
        ) from error
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CheckError(f"Another repair of {root} is running. Wait until it has ended.") from None
        yield
