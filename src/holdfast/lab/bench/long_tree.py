"""A tree of a hundred thousand real segments: one is recorded, and every file is it with a place and time of its own.

What is written over the copies is what the product itself writes when a file becomes final. On a file system that can
share blocks (XFS, Btrfs) the copies are as long as they look and take hardly any room.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from uuid import UUID

from holdfast.domain.segments import SegmentRecord
from holdfast.fmp4 import HEAD_BYTES, Fmp4Error, SegmentScan, finish_patch, read_summary, scan
from holdfast.fmp4.stamp import labels_box
from holdfast.lab.bench.long_past import LongPast, changes_of
from holdfast.lab.camera import CameraSpec
from holdfast.lab.scenarios.stand import Stand, await_that, stand

FICLONE = 0x40049409
"""ioctl_ficlone(2): the copy shares the blocks of the original."""
RECORDED_S = 4
_PATIENCE_S = 40.0


@dataclass(frozen=True, slots=True)
class Template:
    """A final segment that was recorded."""

    path: Path
    found: SegmentScan

    @property
    def size_bytes(self) -> int:
        """Of each copy."""
        return self.found.size


def record_template(folder: Path, camera: CameraSpec, seed: int = 0) -> Template:
    """Record a camera for some seconds; its first whole file. Raises TimeoutError, LabError, OSError."""
    with stand([camera], folder / "template", "--segment", f"{RECORDED_S}s", seed=seed) as made:
        made.start()
        await_that(lambda: _finished(made) is not None, _PATIENCE_S)
        made.stop()
        path = _finished(made)
        assert path is not None
    return read_template(path)


def _finished(made: Stand) -> Path | None:
    # The first one is cut short by the clock.
    whole = [path for path in made.files(0)[1:] if _is_final(path)]
    return whole[0] if whole else None


def _is_final(path: Path) -> bool:
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        head, tail = (
            os.pread(file.fileno(), HEAD_BYTES, 0),
            os.pread(file.fileno(), HEAD_BYTES, max(0, size - HEAD_BYTES)),
        )
    try:
        return read_summary(head, tail, size).is_final
    except Fmp4Error:
        return False


def read_template(path: Path) -> Template:
    """Raises OSError, Fmp4Error."""
    data = path.read_bytes()
    return Template(path, scan(lambda offset, length: data[offset : offset + length], len(data)))


def write_tree(root: Path, template: Template, past: LongPast) -> int:
    """Write the segments of a past as files below `root`; how many. Raises OSError, Fmp4Error."""
    data = template.path.read_bytes()
    head = data[:HEAD_BYTES]
    durations = template.found.index().durations
    stamp = template.found.header.stamp
    assert stamp is not None
    labels = dict(template.found.header.labels or {})
    before = labels_box(labels)
    labels_at = head.index(before)
    made, known = 0, set[Path]()
    with template.path.open("rb") as source:
        for record in _segments(past):
            own = replace(
                stamp,
                wall_start_ns=record.wall_start_ns,
                run_id=UUID(record.run_id),
                session=record.session,
                ordinal=record.ordinal,
            )
            patch = finish_patch(head, durations=durations, stamp=own)
            named = labels_box({**labels, "camera": record.camera})
            if len(named) != len(before):
                reason = f"the labels of {record.camera} are longer than those of {labels.get('camera')}"
                raise Fmp4Error(reason)
            path = root / record.path
            if path.parent not in known:
                path.parent.mkdir(parents=True, exist_ok=True)
                known.add(path.parent)
            with path.open("xb", buffering=0) as file:
                _copy(source.fileno(), file.fileno(), data)
                os.pwrite(file.fileno(), patch.data, patch.offset)
                os.pwrite(file.fileno(), named, labels_at)
            made += 1
    os.sync()
    return made


def _segments(past: LongPast) -> Iterator[SegmentRecord]:
    return islice((one for one in changes_of(past) if isinstance(one, SegmentRecord)), past.segments)


def _copy(source: int, target: int, data: bytes) -> None:
    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        os.write(target, data)


def shares_blocks(folder: Path) -> bool:
    """Whether the file system there can make a copy that takes no room."""
    with tempfile.TemporaryFile(dir=folder) as source, tempfile.TemporaryFile(dir=folder) as target:
        source.write(bytes(1 << 16))
        source.flush()
        try:
            fcntl.ioctl(target.fileno(), FICLONE, source.fileno())
        except OSError:
            return False
    return True


def forget_pages(root: Path) -> None:
    """Have the system read the files from the disk again."""
    for path in root.rglob("*.mp4"):
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
