"""The copy of the holds beside the footage, `.holdfast/holds.json`: a catalog may be lost, and they must not be.

Bytes only; what they mean is not decided here. Written so that after a power cut there is the old one or the new one.
"""

import os
from pathlib import Path

from holdfast.storage.marker import FOLDER
from holdfast.storage.segment_file import sync_folder

NAME = "holds.json"
MOST_BYTES = 8 << 20


def read_text(root: Path) -> str:
    """What the copy in a volume or state folder says; empty when there is none. Raises OSError, UnicodeDecodeError."""
    try:
        fd = os.open(root / FOLDER / NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return ""
    with open(fd, "rb") as file:  # noqa: PTH123 - a descriptor has no path
        return file.read(MOST_BYTES).decode()


def keep_text(root: Path, text: str) -> None:
    """Replace the copy, when it says something else. Raises OSError."""
    try:
        if read_text(root) == text:
            return
    except (OSError, UnicodeDecodeError):
        # Whatever lies there is no copy of ours.
        pass
    folder = root / FOLDER
    new = folder / f"{NAME}.{os.getpid()}"
    new.unlink(missing_ok=True)
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o640)
    try:
        with open(fd, "wb") as file:  # noqa: PTH123 - a descriptor has no path
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        new.replace(folder / NAME)
    except BaseException:  # whatever ended it: no half of a copy stays
        new.unlink(missing_ok=True)
        raise
    sync_folder(folder)
