"""What a folder for recordings is, before anything is opened there: a process of its own, because a disk may hang.

`python -m holdfast.storage.look PATH` prints one object as JSON; nothing is changed.
"""

import json
import os
import sys
from pathlib import Path

from holdfast.domain.volumes import VolumeIdentity
from holdfast.storage.marker import FOLDER, NAME, MarkerError, read_marker
from holdfast.storage.mounts import covering, parse, read_table


def look(path: str) -> dict[str, object]:
    """Its folder without symbolic links, whether it is a file, what its marker says, its file system and its size.

    `within`: the nearest folder above it that is a volume; empty when there is none.
    Of one that does not exist yet, the file system is that of the folder above it. Raises OSError.
    """
    place = Path(os.path.realpath(path))
    nearest = next(folder for folder in (place, *place.parents) if folder.exists())
    number, space = nearest.stat().st_dev, os.statvfs(nearest)
    covers = covering(parse(read_table()), str(nearest))
    found = _marker_of(place)
    return {
        "path": os.fsencode(place).decode("utf-8", "backslashreplace"),
        "is_file": nearest == place and not place.is_dir(),
        "is_marked": (place / FOLDER / NAME).exists(),
        "recorder_id": "" if found is None else found.recorder_id,
        "volume_id": "" if found is None else found.volume_id,
        "within": next((str(folder) for folder in place.parents if (folder / FOLDER / NAME).exists()), ""),
        "device": f"{os.major(number)}:{os.minor(number)}" if covers is None else covers.device,
        "total_bytes": space.f_blocks * space.f_frsize,
        "free_bytes": space.f_bavail * space.f_frsize,
    }


def _marker_of(place: Path) -> VolumeIdentity | None:
    """Whose volume it is; None when nothing says so that could be believed."""
    try:
        folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        return read_marker(folder)
    except (OSError, MarkerError):
        return None
    finally:
        os.close(folder)


if __name__ == "__main__":
    print(json.dumps(look(sys.argv[1])))  # noqa: T201 - its answer to whoever started it
