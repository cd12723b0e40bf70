"""Making a file final that was left open by a crash: plan first, then do.

Whatever moment a crash cuts a repair at, the next plan for the same file leads to the same end: the file is
shortened first, then gets its index, then its header, which is one sector.
"""

import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, TypeAlias

from holdfast.fmp4 import (
    HEAD_BYTES,
    Fmp4Error,
    FoundFragment,
    NewerFormatError,
    Patch,
    SegmentScan,
    begins_like_segment,
    finish_patch,
    free_header,
    read_summary,
    scan,
)

CHECKED_BYTES = 64 << 20
"""How much of a file's end is searched for blocks that a power loss left unwritten: more than is ever unsynced."""
UNSYNCED_BYTES = 8 << 20
"""So much of it also behind what is whole: as much as comes between two syncs, and more."""
_SECTOR = bytes(512)
"""The least that a disk writes; no block of a file system is smaller."""
_BOX_BYTES = 8
"""Length and type of the box that holds the media."""
_NAL_CODECS = frozenset(("avc1", "avc3", "hvc1", "hev1"))
_SOUND_CODEC = "mp4a"
_DAMAGED_SUFFIX = ".damaged"
_MAX_NAMES = 1000


class StalePlanError(RuntimeError):
    """The file is not as it was when its repair was planned: plan again."""


@dataclass(frozen=True, slots=True)
class RepairPlan:
    """What would be done to one file, and why; nothing was changed yet. Sizes and offsets are bytes.

    `finish`: the file is cut to `cut_to`, each of `bridges` becomes a free box over bytes that no player could read,
    `index` is appended and `patch` written. `set_aside`: nothing in it can be played, it is renamed, never deleted.
    `reasons` are clauses for the log, `duration_ns` and `samples` what can be played afterwards.
    """

    path: Path
    action: Literal["finish", "set_aside"]
    reasons: tuple[str, ...]
    size: int
    cut_to: int = 0
    bridges: tuple[Patch, ...] = ()
    index: bytes = b""
    patch: Patch | None = None
    duration_ns: int = 0
    samples: int = 0

    @property
    def lost_bytes(self) -> int:
        """Bytes at the end that no player could have played."""
        return self.size - self.cut_to if self.action == "finish" else 0


def plan_repair(path: Path, wall_start_ns: int | None = None) -> RepairPlan | None:
    """Return what the file needs, or None when it is final, or was not made by Holdfast and is none of our business.

    `wall_start_ns`: when its first frame was taken, if that is known better than when the file was begun. A file that
    is being recorded must not be given. Raises OSError, and NewerFormatError for a file of a later release, which is
    not to be touched.
    """
    with path.open("rb") as file:
        fd = file.fileno()
        size = os.fstat(fd).st_size
        head, tail = os.pread(fd, HEAD_BYTES, 0), os.pread(fd, HEAD_BYTES, max(0, size - HEAD_BYTES))
        try:
            summary = read_summary(head, tail, size)
            if summary.is_final or summary.header.stamp is None:
                return None
            found = scan(lambda offset, length: os.pread(fd, length, offset), size)
        except NewerFormatError:
            raise
        except Fmp4Error as error:
            return None if _is_foreign(head) else RepairPlan(path, "set_aside", (str(error),), size)
        fragments = _without_unwritten(fd, found)
    if not fragments:
        reasons = ("it has no whole fragment", *(damage.reason for damage in found.damage))
        return RepairPlan(path, "set_aside", reasons, size)
    return _plan_finish(path, head, found, fragments, wall_start_ns)


def _is_foreign(head: bytes) -> bool:
    return head[4:8] == b"ftyp" and not begins_like_segment(head)


def _without_unwritten(fd: int, found: SegmentScan) -> tuple[FoundFragment, ...]:
    """Return the fragments up to the last that was written as a whole.

    After a power loss a file can have its length but zeros for what had not reached the disk: whole blocks, and at the
    end as few as one byte, since a block that was written in part is written again in its place. Coded video does not
    look so: H.264 and H.265 never have more than two zero bytes in a row inside a NAL unit, and none at its end. But
    a camera may pad it, and a bit may fall over: before what is whole only a sector of zeros counts. Sound can look so,
    but then only what of it lies behind the last picture is left out.
    """
    fragments = list(found.fragments)
    if any(track.codec[:4] not in _NAL_CODECS | {_SOUND_CODEC} for track in found.header.tracks):
        return found.fragments
    checked = 0
    followed = {fragment.offset for fragment in fragments} | {found.index_start}
    while fragments and checked < CHECKED_BYTES:
        last = fragments[-1]
        if not _lacks_sector(fd, last, followed) and (last.end in followed or os.pread(fd, 1, last.end - 1) != b"\0"):
            break
        fragments.pop()
        checked += last.size
    return tuple(fragments[: _first_unwritten(fd, fragments, followed, min(UNSYNCED_BYTES, CHECKED_BYTES - checked))])


def _first_unwritten(
    fd: int, fragments: Sequence[FoundFragment], followed: Collection[int | None], most_bytes: int
) -> int:
    """Return the index of the first fragment with a picture that was not written as a whole; their number if all were.

    A disk writes blocks in any order: what is whole at the end says nothing of what lies before it and was as young.
    """
    found, checked = len(fragments), 0
    for index in reversed(range(len(fragments))):
        if checked >= most_bytes:
            break
        checked += fragments[index].size
        is_picture = any(run.kind == "video" for run in fragments[index].runs)
        if is_picture and _lacks_sector(fd, fragments[index], followed):
            found = index
    return found


def _lacks_sector(fd: int, fragment: FoundFragment, followed: Collection[int | None]) -> bool:
    """Whether a sector of its media, or all of it, is zeros. The last one in part only if nothing whole follows."""
    begin = fragment.offset + fragment.moof_bytes
    media = os.pread(fd, fragment.size - fragment.moof_bytes, begin)
    end = len(media) - (len(_SECTOR) - 1 if fragment.end in followed else 0)
    sectors = (media[at : at + len(_SECTOR)] for at in range(-begin % len(_SECTOR), end, len(_SECTOR)))
    return not media[_BOX_BYTES:].strip(b"\0") or any(_SECTOR.startswith(sector) for sector in sectors)


def _plan_finish(
    path: Path,
    head: bytes,
    found: SegmentScan,
    fragments: tuple[FoundFragment, ...],
    wall_start_ns: int | None,
) -> RepairPlan:
    cut_to = fragments[-1].end
    whole = replace(found, fragments=fragments, whole_end=cut_to)
    index = whole.index()
    stamp = found.header.stamp
    assert stamp is not None, "a file without a stamp is not ours to repair"
    reasons = [damage.reason for damage in found.damage]
    if len(fragments) < len(found.fragments):
        reasons.append(f"the last {len(found.fragments) - len(fragments)} fragments were not written to the disk")
    if found.index_start is None:
        reasons.append("it has no index")
    video = found.header.video
    began_ns = stamp.wall_start_ns if wall_start_ns is None else wall_start_ns
    final = replace(stamp, wall_start_ns=began_ns, final=True, repaired=True, samples=index.samples)
    return RepairPlan(
        path=path,
        action="finish",
        reasons=(*reasons, *(() if stamp.final else ("its header is that of an open file",))),
        size=found.size,
        cut_to=cut_to,
        bridges=tuple(
            Patch(damage.start, free_header(damage.end - damage.start))
            for damage in found.damage
            if damage.start < cut_to
        ),
        index=index.mfra(),
        patch=finish_patch(head, durations=index.durations, stamp=final),
        duration_ns=video.to_ns(index.durations[video.track_id]),
        samples=index.samples,
    )


def carry_out(plan: RepairPlan) -> Path:
    """Do what was planned and return where the file is now. Doing it again changes nothing.

    Every step is synced before the next begins. Raises OSError (a repair needs room for the index), and
    StalePlanError when the file has other lengths than the plan is for.
    """
    if plan.action == "set_aside":
        return _set_aside(plan)
    with plan.path.open("r+b", buffering=0) as file:
        fd = file.fileno()
        for step in repair_steps(plan):
            step(fd)
            os.fsync(fd)
    return plan.path


Step: TypeAlias = Callable[[int], None]
"""One change of an open file, by its descriptor."""


def repair_steps(plan: RepairPlan) -> tuple[Step, ...]:
    """Return the steps of a plan with the action `finish`, in order. Each leaves a file that can be planned for."""
    assert plan.patch is not None, "only a plan to finish has steps"
    bridges = [_writer(bridge) for bridge in plan.bridges]
    index = Patch(plan.cut_to, plan.index)
    return (_checker(plan), *bridges, lambda fd: os.ftruncate(fd, plan.cut_to), _writer(index), _writer(plan.patch))


def _checker(plan: RepairPlan) -> Step:
    def check(fd: int) -> None:
        size = os.fstat(fd).st_size
        if not plan.cut_to <= size <= max(plan.size, plan.cut_to + len(plan.index)):
            message = f"{plan.path} has {size} bytes now, {plan.size} when its repair was planned"
            raise StalePlanError(message)

    return check


def _writer(patch: Patch) -> Step:
    def write(fd: int) -> None:
        done = 0
        while done < len(patch.data):
            done += os.pwrite(fd, patch.data[done:], patch.offset + done)

    return write


def _set_aside(plan: RepairPlan) -> Path:
    if plan.path.stat().st_size != plan.size:
        message = f"{plan.path} has changed since it was to be set aside"
        raise StalePlanError(message)
    aside = _claim_name(plan.path)
    plan.path.replace(aside)
    folder = os.open(plan.path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside


def _claim_name(path: Path) -> Path:
    """Make an empty file of a name that is free, to be replaced by the damaged one: so nothing is overwritten."""
    for number in range(1, _MAX_NAMES):
        suffix = _DAMAGED_SUFFIX + (f"_{number}" if number > 1 else "")
        aside = path.with_name(path.name + suffix)
        try:
            aside.touch(exist_ok=False)
        except FileExistsError:
            continue
        return aside
    message = f"{_MAX_NAMES} damaged files are called {path.name}"
    raise FileExistsError(message)
