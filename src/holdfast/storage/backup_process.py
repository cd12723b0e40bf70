"""The process that a backup's files go through: `python -m holdfast.storage.backup_process`.

Reads requests from its input and answers on its output, lines of JSON; the last one of an answer has `done`. It may be
killed at any time: a file that it was busy with goes on where it was. A disk that hangs holds up only this process.
"""

import ctypes
import json
import os
import re
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

from holdfast.domain.backups import SavedSegment, SegmentKey
from holdfast.domain.times import WallNs
from holdfast.domain.volumes import VolumeState
from holdfast.storage.backup_ledger import DAMAGED, FOLDER, append, line_of, read_saved
from holdfast.storage.backup_target import (
    BusyError,
    FullError,
    Target,
    TargetError,
    Wanted,
    check_room,
    check_way,
    is_there,
    look_at,
    open_target,
    read_marked,
    remove_parts,
    state_of,
)
from holdfast.storage.errors import fault_of, volume_state_of
from holdfast.storage.marker import MarkerError
from holdfast.storage.move_process import PR_SET_PDEATHSIG, at_volume, telling
from holdfast.storage.moving import MoveError, SourceError, bring, pace_of, part_of, remove

AT_ONCE = 500
Said = dict[str, Any]
Tell = Callable[[Said], None]
_FROM_SOURCE = frozenset(one.name for one in fields(SavedSegment)) - {"path", "sha256", "verified_wall_ns"}


class Backup:
    """The target that this process has open, and what can be asked of it."""

    def __init__(self, tell: Tell) -> None:
        """None is open yet."""
        self._tell = tell
        self._target: Target | None = None
        self._by_key: dict[SegmentKey, SavedSegment] = {}
        """What counted as saved, and was there, when that was asked for."""

    def answer(self, request: Said) -> Said:
        """Do what is asked. What came of it; or `error`, a sentence, and `of`, what it is about."""
        deeds: dict[str, Callable[[Said], Said]] = {
            "open": self._open,
            "saved": self._saved,
            "save": self._save,
            "again": self._again,
            "note": self._note,
            "tidy": self._tidy,
            "verify": self._verify,
            "remove": _remove,
        }
        try:
            return deeds[request["do"]](request)
        except FullError as error:
            return {"error": str(error), "of": "full"}
        except BusyError as error:
            return {"error": str(error), "of": "busy"}
        except SourceError as error:
            return {"error": str(error), "of": "source"}
        except (TargetError, MoveError, MarkerError) as error:
            text = str(error)
            if self._target is not None:
                # People know it by another name.
                text = text.replace(f"{self._target.root}/", f"{self._target.path}/")
            return {"error": text, "of": "target"}
        except OSError as error:
            is_full = volume_state_of(error) is VolumeState.FULL
            path = Path(request.get("root") or request.get("target") or self._at.path)
            return {"error": fault_of(error, path)[1], "of": "full" if is_full else "target"}

    @property
    def _at(self) -> Target:
        if self._target is None:
            raise TargetError("no backup is open")
        return self._target

    def _open(self, request: Said) -> Said:
        path = Path(request["target"])
        if request["as"] == "any":
            self._target = read_marked(path)
        else:
            wanted = Wanted(path, request["recorder_id"], request["known"], begins_anew=request["begins_anew"])
            self._target = look_at(wanted) if request["as"] == "plan" else open_target(wanted)
        if self._target is None:
            return {"backup_id": "", "free_bytes": None}
        return {"backup_id": self._target.backup_id, "free_bytes": self._target.free_bytes()}

    def _saved(self, _: Said) -> Said:
        """Tell every segment that counts as saved and is there; and what the record does not account for yet."""
        if self._target is None:
            return {"unaccounted": [], "ends": []}
        target, saved = self._target, read_saved(self._target.folder)
        there: list[SegmentKey] = []
        for one in saved.whole():
            if is_there(target, one):
                self._by_key[one.key] = one
                there.append(one.key)
            if len(there) == AT_ONCE:
                self._tell({"saved": there})
                there = []
        self._tell({"saved": there})
        return {
            "unaccounted": [dict(line_of(saved.by_path[path])) for path in sorted(saved.unaccounted)],
            "ends": [[*stream, end_ns] for stream, end_ns in saved.accounted_ends().items()],
        }

    def _save(self, request: Said) -> Said:
        """Copy a file, and note it when it was read back."""
        target, entry = self._at, request["entry"]
        path = str(request["path"])
        check_way(target, path)
        with _source(request) as source:
            file = source / path
            _check_size(file, entry["size_bytes"])
            name = f"{entry['recorder_id']}/{entry['run_id']}/{entry['ordinal']}"
            check_room(target, entry["size_bytes"] - _size_bytes(part_of(target.root, path, name)))
            pace = telling(pace_of(float(request["bytes_per_s"])), self._tell)
            moved = bring(file, target.root, path, pace, name)
        if moved.size_bytes != entry["size_bytes"]:
            raise SourceError("its size is not the one that the catalog has. To see more: holdfast check")
        values = {name: entry[name] for name in _FROM_SOURCE}
        saved = SavedSegment(**values, path=moved.path, sha256=moved.sha256, verified_wall_ns=WallNs(time.time_ns()))
        append(target.folder, [line_of(saved)])
        return {"saved": dict(line_of(saved))}

    def _again(self, request: Said) -> Said:
        """Read a saved file again."""
        run_id, ordinal, size_bytes = request["key"]
        saved = self._by_key[run_id, ordinal, size_bytes]
        pace = telling(pace_of(float(request["bytes_per_s"])), self._tell)
        state = state_of(self._at, saved, pace)
        if state in ("changed", "missing"):
            append(self._at.folder, [{"kind": DAMAGED, "path": saved.path, "state": state}])
        return {"state": state}

    def _note(self, request: Said) -> Said:
        append(self._at.folder, request["lines"])
        return {}

    def _tidy(self, _: Said) -> Said:
        remove_parts(self._at)
        return {}

    def _verify(self, request: Said) -> Said:
        """Read everything again, and tell what became of each file."""
        target = self._at
        saved = read_saved(target.folder)
        self._tell({"files": len(saved.by_path), "bytes": sum(one.size_bytes for one in saved.by_path.values())})
        whole, wrong = set(), []
        for one in sorted(saved.by_path.values(), key=lambda one: one.path):
            pace = telling(pace_of(float(request["bytes_per_s"])), self._tell)
            state = state_of(target, one, pace)
            if state == "whole":
                whole.add(one.key)
            else:
                wrong.append((one, state))
            if state != "missing":
                self._tell({"file": one.path, "state": state, "size_bytes": one.size_bytes})
        replaced = [one.path for one, _ in wrong if one.key in whole]
        for one, state in wrong:
            # One that is gone and was saved again under another name is no loss.
            if state == "missing" and one.key not in whole:
                self._tell({"file": one.path, "state": state, "size_bytes": one.size_bytes})
        self._remember(target, [(one.path, state) for one, state in wrong], saved.damaged)
        unknown = [path for path in _footage(target) if path not in saved.by_path]
        return {
            "unreadable": saved.unreadable,
            "replaced": replaced,
            "unknown": unknown,
            "gaps": len(saved.gaps),
            "holds": len(saved.holds),
        }

    def _remember(self, target: Target, wrong: list[tuple[str, str]], known: set[str]) -> None:
        """So that the next backup saves them again. A disk that cannot be written is read all the same."""
        lines = [{"kind": DAMAGED, "path": path, "state": state} for path, state in wrong if path not in known]
        try:
            if lines:
                append(target.folder, [line for line in lines if line["state"] != "unreadable"])
        except OSError:
            self._tell({"not_noted": len(lines)})


@contextmanager
def _source(request: Said) -> Iterator[Path]:
    """The folder of the volume that a file is on. Raises SourceError."""
    with ExitStack() as stack:
        try:
            source = stack.enter_context(at_volume(str(request["source_root"]), str(request["source_id"])))
        except OSError as error:
            raise SourceError(f"{request['source_root']} cannot be read ({error.strerror}).") from error
        except (MoveError, MarkerError) as error:
            raise SourceError(str(error)) from error
        yield source


def _check_size(file: Path, size_bytes: int) -> None:
    try:
        found_bytes = file.lstat().st_size
    except OSError as error:
        raise SourceError(f"{file} cannot be read ({error.strerror}).") from error
    if found_bytes != size_bytes:
        raise SourceError(f"it has {found_bytes} bytes, {size_bytes} in the catalog. To see more: holdfast check")


def _size_bytes(file: Path) -> int:
    """0 when there is none."""
    try:
        return file.lstat().st_size
    except OSError:
        return 0


def _footage(target: Target) -> Iterator[str]:
    """Files that look like footage, whoever put them there."""
    root = target.root
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if name != FOLDER)
        for name in sorted(names):
            if name.endswith(".mp4"):
                yield Path(folder, name).relative_to(root).as_posix()


def _remove(request: Said) -> Said:
    """Remove files whose segments count no more, each with what was set aside of it when it could not be read."""
    removed, failed = [], []
    with at_volume(str(request["root"]), str(request["volume_id"])) as folder:
        for path in request["paths"]:
            try:
                _remove_one(folder, path)
                removed.append(path)
            except OSError as error:
                failed.append({"path": path, "error": fault_of(error, Path(request["root"], path))[1]})
    return {"removed": removed, "failed": failed}


def _remove_one(root: Path, path: str) -> None:
    """Remove a file; of one that could not be read, what was set aside of it."""
    file = root / path
    if file.parent.is_dir() and not file.exists():
        aside = re.compile(re.escape(file.name) + r"\.damaged(_[0-9]+)?")
        for found in [found for found in file.parent.iterdir() if aside.fullmatch(found.name)]:
            found.unlink(missing_ok=True)
    remove(root, path)


def main() -> None:
    """Entry point."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(10)

    def tell(said: Said) -> None:
        sys.stdout.write(json.dumps(said) + "\n")
        sys.stdout.flush()

    backup = Backup(tell)
    for line in sys.stdin:
        tell({**backup.answer(json.loads(line)), "done": True})


if __name__ == "__main__":
    main()
