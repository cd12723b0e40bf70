"""The folder for recordings: is it usable, who holds it, and where its recorder listens."""

import contextlib
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
import time
from pathlib import Path
from typing import IO

from holdfast.app.language import say, translated
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import RECORDER_LOCK, STATE_FOLDER
from holdfast.storage.segment_file import sync_folder

HOLD_PATIENCE_S = 0.5
MOST_SOCKET_BYTES = 107
"""The longest name that Linux allows a socket (unix(7))."""
LOW_SPACE_BYTES = 500 * 1024 * 1024


def usable_folder(path: Path) -> Path:
    """The folder, made if only its last part is missing, and tried by writing to it (requirement D4).

    Raises Problem.
    """
    if path.is_dir():
        pass
    elif path.exists():
        raise Problem(Exit.FOLDER, say("{path} is a file, not a folder. Choose another place.", path=path))
    elif not path.parent.is_dir():
        raise Problem(
            Exit.FOLDER,
            say(
                "{path} does not exist, nor does the folder above it. Is the disk "
                "mounted? Make the folder, or choose another.",
                path=path,
            ),
        )
    try:
        if not path.exists():
            path.mkdir()
            sync_folder(path.parent)
        with tempfile.NamedTemporaryFile(dir=path, prefix=".holdfast-try-") as tried:
            tried.write(b"holdfast")
            tried.flush()
            os.fsync(tried.fileno())
    except OSError as error:
        raise Problem(
            Exit.FOLDER,
            say(
                "{path} cannot be written ({reason}). Change its owner or permissions, "
                "free space, or choose another folder.",
                path=path,
                reason=translated(error.strerror or str(error)),
            ),
        ) from error
    return path.resolve()


def folder_of_recordings(path: Path) -> Path:
    """The folder, if it is one. Raises Problem."""
    if not path.is_dir():
        raise Problem(
            Exit.FOLDER, say("{path} is not a folder. Name the folder that recordings were made to.", path=path)
        )
    return path.resolve()


def low_space(path: Path) -> int | None:
    """Free bytes when they are few, else None."""
    free = shutil.disk_usage(path).free
    return free if free < LOW_SPACE_BYTES else None


def state_folder(root: Path) -> Path:
    """Where the recorder keeps what is not footage."""
    folder = root / STATE_FOLDER
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        return folder
    # A power cut must not take the catalog with it. SQLite syncs what is in the folder, and not the folder's name.
    sync_folder(root)
    return folder


def hold(root: Path) -> IO[str]:
    """Hold the folder against a second recorder, until the file returned is closed. Raises Problem."""
    lock = (state_folder(root) / RECORDER_LOCK).open("a+", encoding="ascii")
    deadline_s = time.monotonic() + HOLD_PATIENCE_S
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            # A check that looks whether a recorder is there holds the lock for a moment.
            if time.monotonic() < deadline_s:
                time.sleep(0.02)
                continue
            lock.close()
            raise Problem(
                Exit.BUSY,
                say(
                    "Another recorder already works in {path}. Stop it first, or choose another folder.",
                    path=root,
                ),
            ) from error
        return lock


def control_socket(root: Path) -> Path:
    """Where the recorder of this folder listens: a name short enough for a socket, in the user's own runtime folder."""
    return control_sockets(root)[0]


def control_sockets(root: Path) -> list[Path]:
    """Everywhere the recorder of this folder may listen.

    A service and a login shell of the same user need not have the same XDG_RUNTIME_DIR.
    """
    uid = os.getuid()
    bases = [os.environ.get("XDG_RUNTIME_DIR"), f"/run/user/{uid}", tempfile.gettempdir(), "/tmp"]  # noqa: S108 - private_folder
    usable = dict.fromkeys(Path(base) for base in bases if base and Path(base).is_dir())
    digest = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
    places = [base / f"holdfast-{uid}" / f"{digest}.sock" for base in usable]
    return [place for place in places if len(os.fsencode(place)) <= MOST_SOCKET_BYTES] or places[-1:]


def private_folder(folder: Path) -> None:
    """Make a folder that only this user may enter. Raises OSError, also when another user made it before."""
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise PermissionError(f"{folder} belongs to somebody else")
    folder.chmod(0o700)
