"""What the state folder remembers of backups: where which target was used, and when the schedule began the last one."""

import contextlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from holdfast.app.recording_root import STATE_FOLDER
from holdfast.domain.times import WallNs
from holdfast.policy.backups import BackupTimes, LastBackup
from holdfast.storage.segment_file import sync_folder

NAME = "backups.json"
MOST_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupMemory:
    """Frozen; `saved` puts it on the disk."""

    targets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Ids of the backups that were at a path."""
    last: LastBackup | None = None
    """When the schedule began the last one, by these times."""
    times: BackupTimes | None = None

    def known_at(self, path: Path) -> tuple[str, ...]:
        """Ids of the backups that were there before."""
        return self.targets.get(str(path), ())

    def with_target(self, path: Path, backup_id: str) -> "BackupMemory":
        """It was used there."""
        known = self.known_at(path)
        return self if backup_id in known else replace(self, targets={**self.targets, str(path): (*known, backup_id)})


def remembered(root: Path) -> BackupMemory:
    """What is known in the folder of the catalog; nothing when that cannot be read."""
    with contextlib.suppress(OSError, ValueError, RecursionError), (root / STATE_FOLDER / NAME).open("rb") as file:
        return _understood(json.loads(file.read(MOST_BYTES)))
    return BackupMemory()


def remember(root: Path, memory: BackupMemory) -> None:
    """Put it on the disk, whole or not at all. Raises OSError."""
    file = root / STATE_FOLDER / NAME
    new = file.with_suffix(f".{os.getpid()}.new")
    last = {} if memory.last is None else {"last": asdict(memory.last)}
    times = {} if memory.times is None else {"times": asdict(memory.times)}
    with new.open("w", encoding="utf-8") as opened:
        json.dump({"targets": {path: list(ids) for path, ids in memory.targets.items()}, **last, **times}, opened)
        opened.flush()
        os.fsync(opened.fileno())
    new.replace(file)
    sync_folder(file.parent)


def _understood(said: object) -> BackupMemory:
    if not isinstance(said, dict):
        return BackupMemory()
    given, last = said.get("targets"), said.get("last")
    targets = {
        str(path): tuple(str(one) for one in ids)
        for path, ids in (given.items() if isinstance(given, dict) else ())
        if isinstance(ids, list)
    }
    match last:
        case {"wall_ns": int(wall_ns), "day": int(day)}:
            return BackupMemory(targets, LastBackup(WallNs(wall_ns), day), _times(said.get("times")))
        case _:
            return BackupMemory(targets)


def _times(said: object) -> BackupTimes | None:
    match said:
        case {"at_minute": int(at_minute), "every_s": None}:
            return BackupTimes(at_minute=at_minute)
        case {"at_minute": None, "every_s": int(every_s) | float(every_s)}:
            return BackupTimes(every_s=every_s)
        case _:
            return None
