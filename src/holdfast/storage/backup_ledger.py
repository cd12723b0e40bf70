"""The record of a backup, `.holdfast/backup.jsonl` on its disk: what was saved there, a line of JSON each.

A line is added and synced when its file was read back and compared, and no line is ever changed. What stands on a disk
is not believed blindly: lines that make no sense are counted and passed over, such as the torn one of a kill.
"""

import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from holdfast.domain.backups import SavedSegment
from holdfast.storage.marker import state_folder

FOLDER = ".holdfast"
NAME = "backup.jsonl"
MOST_LINE_BYTES = 64 << 10
SEGMENT, DAMAGED = "segment", "damaged"
KINDS = frozenset({SEGMENT, DAMAGED, "gap", "hold", "run"})
_NUMBERS = frozenset({"size_bytes", "session", "ordinal", "wall_start_ns", "duration_ns", "frames", "verified_wall_ns"})
_KINDS_OF_VALUES = tuple((one.name, int if one.name in _NUMBERS else str) for one in fields(SavedSegment))
_REPEATED = frozenset({"camera", "stream", "run_id", "recorder_id"})
_SHA256_LETTERS = 64
Line = Mapping[str, Any]


@dataclass(slots=True)
class Saved:
    """What the record says altogether."""

    by_path: dict[str, SavedSegment] = field(default_factory=dict)
    """The last that was said of each path."""
    damaged: set[str] = field(default_factory=set)
    """Paths that a verification found changed or missing, and that were not saved again."""
    unreadable: int = 0
    """Lines that make no sense."""
    runs: int = 0
    unaccounted: set[str] = field(default_factory=set)
    """Paths that were saved since the last run that came to its account: the others were killed before."""
    gaps: dict[str, Line] = field(default_factory=dict)
    """By id, the last that was said of each."""
    holds: dict[str, Line] = field(default_factory=dict)

    def whole(self) -> Iterator[SavedSegment]:
        """What counts as saved."""
        return (one for one in self.by_path.values() if one.path not in self.damaged)

    def accounted_ends(self) -> dict[tuple[str, str], int]:
        """Up to when the record says what is missing, by camera and stream, in ns of wall time."""
        ends: dict[tuple[str, str], int] = {}
        for one in self.by_path.values():
            if one.path not in self.unaccounted:
                stream, end_ns = (one.camera, one.stream), one.wall_start_ns + one.duration_ns
                ends[stream] = max(end_ns, ends.get(stream, end_ns))
        return ends


def read_saved(root: int) -> Saved:
    """The record of the backup in the folder of this descriptor; an empty one when there is none. Raises OSError."""
    saved = Saved()
    for line in _lines(root):
        _take(saved, line)
    return saved


def append(root: int, lines: list[Line]) -> None:
    """Add lines, and have them on the disk. Raises OSError; then none of them counts."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
    with state_folder(root) as folder:
        file = os.open(NAME, flags, 0o640, dir_fd=folder)
        try:
            size_bytes = os.fstat(file).st_size
            # Behind a line that was torn a new one begins.
            torn = size_bytes > 0 and os.pread(file, 1, size_bytes - 1) != b"\n"
            text = "\n" * torn + "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)
            _write(file, text.encode("utf-8", "backslashreplace"))
            os.fsync(file)
        finally:
            os.close(file)
        if size_bytes == 0:
            os.fsync(folder)


def line_of(saved: SavedSegment) -> Line:
    """As it stands in the record."""
    return {"kind": SEGMENT, **asdict(saved)}


def is_inside(path: str) -> bool:
    """Whether a path leads to footage of the backup and nowhere else."""
    parts = path.split("/")
    return "\0" not in path and parts[0] != FOLDER and all(part not in ("", ".", "..") for part in parts)


def _take(saved: Saved, line: Line | None) -> None:
    if line is None:
        saved.unreadable += 1
        return
    match line:
        case {"kind": "segment"} if (one := _segment(line)) is not None:
            saved.by_path[one.path] = one
            saved.damaged.discard(one.path)
            saved.unaccounted.add(one.path)
        case {"kind": "damaged", "path": str(path)}:
            saved.damaged.add(path)
        case {"kind": "gap", "gap_id": str(gap_id)}:
            saved.gaps[gap_id] = line
        case {"kind": "hold", "hold_id": str(hold_id)}:
            saved.holds[hold_id] = line
        case {"kind": "run"}:
            saved.runs += 1
            saved.unaccounted.clear()
        case {"kind": str(kind)} if kind not in KINDS:
            # Of a newer release.
            return
        case _:
            saved.unreadable += 1


def _segment(line: Line) -> SavedSegment | None:
    values: dict[str, Any] = {}
    for name, kind in _KINDS_OF_VALUES:
        value = line.get(name)
        if type(value) is not kind:
            return None
        # There may be a million lines, and few runs and cameras.
        values[name] = sys.intern(str(value)) if name in _REPEATED else value
    saved = SavedSegment(**values)
    if not is_inside(saved.path) or saved.size_bytes < 0 or len(saved.sha256) != _SHA256_LETTERS:
        return None
    return saved


def _lines(root: int) -> Iterator[Line | None]:
    """Every line; None for one that makes no sense."""
    try:
        with state_folder(root) as folder:
            opened = os.open(NAME, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
    except FileNotFoundError:
        return
    with os.fdopen(opened, "rb") as file:
        while text := file.readline(MOST_LINE_BYTES):
            if text.strip():
                yield _understood(text)


def _understood(text: bytes) -> Line | None:
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) else None


def _write(file: int, data: bytes) -> None:
    done = 0
    while done < len(data):
        written = os.write(file, data[done:])
        if written == 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        done += written
