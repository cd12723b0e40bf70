"""Which recorder this is: an id that its volumes carry, so that nobody writes to a disk of somebody else."""

import contextlib
import logging
import os
import uuid
from pathlib import Path

from holdfast.app.folder import state_folder
from holdfast.storage.segment_file import sync_folder

LOG = logging.getLogger("holdfast.storage")
NAME = "recorder.id"
MOST_BYTES = 200


def recorder_id(root: Path) -> str:
    """The id of the recorder whose catalog is here; made when there is none. Raises OSError."""
    file = state_folder(root) / NAME
    with contextlib.suppress(FileNotFoundError, ValueError), file.open(encoding="ascii") as opened:
        return str(uuid.UUID(opened.read(MOST_BYTES).strip()))
    made = str(uuid.uuid4())
    new = file.with_suffix(".new")
    with new.open("w", encoding="ascii") as opened:
        opened.write(made + "\n")
        opened.flush()
        os.fsync(opened.fileno())
    new.rename(file)
    sync_folder(file.parent)
    return made
