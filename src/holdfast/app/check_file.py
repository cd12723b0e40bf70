"""What one file in a recording folder is, and what that means for its row in the catalog. Changes nothing."""

import contextlib
import os
import re
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_MS, PtsNs, WallNs
from holdfast.fmp4 import HEAD_BYTES, Fmp4Error, NewerFormatError, SegmentSummary, begins_like_segment, read_summary
from holdfast.storage.repair import RepairPlan, plan_repair

DURATION_TOLERANCE_NS = 200 * NS_PER_MS
"""How far a row's duration may be from the file's: the last frame's length is a guess while recording."""
# Enough for nearly every file; the few with longer headers are read again with HEAD_BYTES.
_SHORT_BYTES = 4096
_OUR_NAME = re.compile(r".+_\d{8}_\d{6}(_\d+)?\.mp4")
_MOST = 1 << 62


class FindingKind(StrEnum):
    """What does not fit together."""

    CATALOG_MISSING = "catalog_missing"
    CATALOG_DAMAGED = "catalog_damaged"
    NOT_CATALOGUED = "not_catalogued"
    FILE_MISSING = "file_missing"
    FILE_BACK = "file_back"
    LEFT_OPEN = "left_open"
    DIFFERS = "differs"
    UNPLAYABLE = "unplayable"
    UNREADABLE = "unreadable"
    NEWER_FORMAT = "newer_format"
    FOREIGN = "foreign"


NOTES = frozenset({FindingKind.FOREIGN, FindingKind.NEWER_FORMAT})
"""Kinds that are no trouble: things that are not ours to touch."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that does not fit. `path` is relative to the recording root."""

    path: str
    kind: FindingKind
    sentence: str
    action: str = ""
    """What a repair does about it, or did when `is_done`; empty when nothing is to be done."""
    is_done: bool = False

    @property
    def is_note(self) -> bool:
        """Whether it is only mentioned, and no trouble."""
        return self.kind in NOTES


@dataclass(frozen=True, slots=True)
class Plan:
    """A finding and what mends it: first the file, then the row."""

    finding: Finding
    repair: RepairPlan | None = None
    record: SegmentRecord | None = None
    """The row to write; after a repair it is read from the file anew."""


def examine(root: Path, path: str, row: SegmentRecord | None) -> Plan | None:
    """Compare a file with its row (None when it has none). None means that all is well."""
    try:
        summary = _summary_of(root / path)
        if summary is not None and summary.is_final:
            return _compare(path, row, record_from(path, summary, row))
        return _plan_unfinished(root, path, row, summary)
    except NewerFormatError as error:
        sentence = f"{path} was made by a newer release of Holdfast ({error}). It is left alone; update Holdfast."
        return Plan(Finding(path, FindingKind.NEWER_FORMAT, sentence))
    except (OSError, Fmp4Error) as error:
        reason = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        sentence = f"{path} cannot be read ({reason}). Check its permissions and the disk."
        return Plan(Finding(path, FindingKind.UNREADABLE, sentence))


def without_file(row: SegmentRecord) -> Plan | None:
    """What follows for a row whose file is not there."""
    if row.state in (SegmentState.MISSING, SegmentState.DAMAGED):
        return None
    sentence = f"{row.path} is in the catalog, and the file is not there."
    finding = Finding(row.path, FindingKind.FILE_MISSING, sentence, "mark it as missing")
    return Plan(finding, record=replace(row, state=SegmentState.MISSING))


def foreign(path: str, what: str) -> Plan:
    """A plan that only mentions something that is not ours."""
    shown = os.fsencode(path).decode("utf-8", "backslashreplace")
    return Plan(Finding(shown, FindingKind.FOREIGN, f"{shown} is left alone: it {what}."))


def record_of(root: Path, path: str, row: SegmentRecord | None) -> SegmentRecord | None:
    """The row that a final file asks for, or None when it is not final. Raises OSError and Fmp4Error."""
    summary = _summary_of(root / path)
    return None if summary is None or not summary.is_final else record_from(path, summary, row)


def record_from(path: str, summary: SegmentSummary, row: SegmentRecord | None) -> SegmentRecord:
    """The row of a final file. `row` supplies what the file does not say: the end reason, the node, the volume.

    Raises Fmp4Error when the file's numbers cannot be true.
    """
    stamp = summary.header.stamp
    duration_ns = summary.duration_ns
    video = summary.header.video
    if stamp is None or duration_ns is None:
        reason = "the file is not final"
        raise Fmp4Error(reason)
    pts_ns = video.to_ns(stamp.media_start)
    if max(duration_ns, pts_ns) >= _MOST:
        reason = "the times in its header cannot be true"
        raise Fmp4Error(reason)
    labels = summary.header.labels or {}
    folder = path.partition("/")[0]
    record = SegmentRecord(
        path=path,
        camera=_storable(labels.get("camera", ""), folder),
        stream=_storable(labels.get("stream", ""), "main"),
        run_id=str(stamp.run_id),
        session=stamp.session,
        ordinal=stamp.ordinal,
        wall_start_ns=WallNs(stamp.wall_start_ns),
        duration_ns=duration_ns,
        pts_start_ns=PtsNs(pts_ns),
        size_bytes=summary.size,
        codec=video.codec,
        width=video.width,
        height=video.height,
        frames=stamp.samples,
        state=SegmentState.FINAL,
        end_reason="repaired" if stamp.repaired else "unknown",
    )
    if row is None:
        return record
    end_reason = record.end_reason if stamp.repaired else (row.end_reason or record.end_reason)
    return replace(record, end_reason=end_reason, node=row.node, volume=row.volume, home=row.home)


def _storable(text: str, otherwise: str) -> str:
    # Labels come from a file anybody may have written; lone surrogates cannot be stored.
    return text if text and text.isprintable() else otherwise


def _summary_of(path: Path) -> SegmentSummary | None:
    """What both ends of a file tell; None when they are not those of a whole header. Raises OSError."""
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        # What lies between both ends is not wanted, and would be read without this.
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        size = os.fstat(fd).st_size
        for length in (_SHORT_BYTES, HEAD_BYTES):
            head, tail = os.pread(fd, length, 0), os.pread(fd, length, max(0, size - length))
            try:
                return read_summary(head, tail, size)
            except NewerFormatError:
                raise
            except Fmp4Error:
                continue
        return None
    finally:
        os.close(fd)


def _compare(path: str, row: SegmentRecord | None, record: SegmentRecord) -> Plan | None:
    if row is None:
        sentence = f"{path} is not in the catalog."
        return Plan(Finding(path, FindingKind.NOT_CATALOGUED, sentence, "add it to the catalog"), record=record)
    if row.state in (SegmentState.MISSING, SegmentState.DAMAGED):
        sentence = f"{path} is {row.state} in the catalog, and the file is whole."
        return Plan(Finding(path, FindingKind.FILE_BACK, sentence, "mark it as final"), record=record)
    if difference := _difference(row, record):
        sentence = f"{path}: the catalog says {difference}."
        return Plan(Finding(path, FindingKind.DIFFERS, sentence, "take over what the file says"), record=record)
    return None


def _difference(row: SegmentRecord, record: SegmentRecord) -> str | None:
    if row.state is not SegmentState.FINAL:
        return f"{row.state}, the file is {record.state}"
    if row.size_bytes != record.size_bytes:
        return f"{row.size_bytes} bytes, the file has {record.size_bytes}"
    if abs(row.duration_ns - record.duration_ns) > DURATION_TOLERANCE_NS:
        return f"{row.duration_ns / 1e9:.3f} s, the file says {record.duration_ns / 1e9:.3f} s"
    if row.wall_start_ns != record.wall_start_ns:
        return f"it starts at {row.wall_start_ns} ns, the file says {record.wall_start_ns} ns"
    if (row.camera, row.stream) != (record.camera, record.stream):
        return f"{row.camera}/{row.stream}, the file says {record.camera}/{record.stream}"
    if (row.run_id, row.ordinal) != (record.run_id, record.ordinal):
        return f"it is segment {row.ordinal} of run {row.run_id}, the file says {record.ordinal} of {record.run_id}"
    return None


def _plan_unfinished(root: Path, path: str, row: SegmentRecord | None, summary: SegmentSummary | None) -> Plan | None:
    if summary is not None and summary.header.stamp is None:
        return foreign(path, "was not recorded by Holdfast")
    if row is None and summary is None and not _looks_like_ours(root / path):
        return foreign(path, "was not recorded by Holdfast")
    repair = plan_repair(root / path, _known_begin_ns(row, summary))
    if repair is None:
        return foreign(path, "was not recorded by Holdfast")
    why = "; ".join(repair.reasons)
    if repair.action == "finish":
        sentence = f"{path} was not finished ({why}). {repair.duration_ns / 1e9:.1f} s of it can be played."
        action = f"cut {repair.lost_bytes} bytes at its end and make it final"
        return Plan(Finding(path, FindingKind.LEFT_OPEN, sentence, action), repair)
    sentence = f"{path} holds nothing that can be played ({why})."
    finding = Finding(path, FindingKind.UNPLAYABLE, sentence, "rename it to *.damaged, so that it is not mistaken")
    return Plan(finding, repair, None if row is None else replace(row, state=SegmentState.DAMAGED))


def _known_begin_ns(row: SegmentRecord | None, summary: SegmentSummary | None) -> int | None:
    """When an open file begins, as its recorder told the catalog later than it began the file; None when it did not."""
    stamp = None if summary is None else summary.header.stamp
    if row is None or stamp is None or row.state is not SegmentState.OPEN:
        return None
    return row.wall_start_ns if (row.run_id, row.ordinal) == (str(stamp.run_id), stamp.ordinal) else None


def _looks_like_ours(path: Path) -> bool:
    """Whether a file without a readable header may be a segment: by its first bytes, or zeros under our name."""
    with path.open("rb") as file:
        head = file.read(_SHORT_BYTES)
    if begins_like_segment(head):
        return bool(head) or _OUR_NAME.fullmatch(path.name) is not None
    return _OUR_NAME.fullmatch(path.name) is not None and not any(head)


def is_surely_gone(path: Path) -> bool:
    """Whether there is no such file; False when that cannot be known."""
    with contextlib.suppress(OSError):
        try:
            path.lstat()
        except FileNotFoundError:
            return True
    return False


def is_utf8(path: str) -> bool:
    """Whether a name can be written into the catalog."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True
