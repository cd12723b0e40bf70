"""What a folder for recordings is, before anything is opened there: a process of its own, because a disk may hang.

`python -m holdfast.storage.look PATH` prints one object as JSON; nothing is changed.
"""

import json
import os
import sys
from pathlib import Path

from holdfast.storage.marker import FOLDER, NAME
from holdfast.storage.mounts import covering, parse, read_table


def look(path: str) -> dict[str, object]:
    """Its folder without symbolic links, whether it is a file, whether it has a marker, its file system and its size.

    Of one that does not exist yet, the file system is that of the folder above it. Raises OSError.
    """
    place = Path(os.path.realpath(path))
    nearest = next(folder for folder in (place, *place.parents) if folder.exists())
    number, space = nearest.stat().st_dev, os.statvfs(nearest)
    covers = covering(parse(read_table()), str(nearest))
    return {
        "path": os.fsencode(place).decode("utf-8", "backslashreplace"),
        "is_file": nearest == place and not place.is_dir(),
        "is_marked": (place / FOLDER / NAME).exists(),
        "device": f"{os.major(number)}:{os.minor(number)}" if covers is None else covers.device,
        "total_bytes": space.f_blocks * space.f_frsize,
    }


if __name__ == "__main__":
    print(json.dumps(look(sys.argv[1])))  # noqa: T201 - its answer to whoever started it
