"""The files of one volume: carries out orders, and says what is really on the disk.

What has to wait for the disk, and is asked of one file only, is a task: the owner runs it, on another thread or at
once, and brings back what became of it. So a sync that takes long holds up neither the appends to that file nor
anything of another one, and many files are synced together, which costs a disk little more than one. Of one segment
there is one task at a time; orders that need another one wait for it. Footage never waits here: it is appended at
once, and what was not read from the recorder yet stays in the recorder's memory, which holds it anyway.
"""

import contextlib
import logging
import os
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.domain.faults import Fault
from holdfast.domain.volumes import VolumeState
from holdfast.fmp4 import HEAD_BYTES, Fmp4Error, read_header
from holdfast.fmp4.key_frames import index_size
from holdfast.ports.volumes import (
    Answer,
    AppendData,
    Created,
    CreateSegment,
    Cut,
    CutFailed,
    CutSegment,
    Finished,
    FinishSegment,
    Order,
    SegmentFailed,
    Synced,
)
from holdfast.storage.errors import fault_of, volume_state_of
from holdfast.storage.pace import Pace
from holdfast.storage.repair import StalePlanError, carry_out, plan_repair
from holdfast.storage.segment_file import SegmentFile, sync_folder

LOG = logging.getLogger("holdfast.storage")

FINISHED_KEPT = 256
JUST_NOW_NS = 100_000_000
"""The times of files may lag behind the clock by a little."""
NO_DATA = -1
"""The token of a segment that has only its header."""

Tell = Callable[[Answer], None]
Task = Callable[[Tell], None]


@dataclass(slots=True)
class Outcome:
    """What a task told, and why it ended early."""

    answers: list[Answer] = field(default_factory=list)
    error: Exception | None = None


Run = Callable[[int, Task], None]
"""Has `perform(task)` done somewhere, and `VolumeFiles.ended` called with the outcome."""


def perform(task: Task) -> Outcome:
    """Carry out a task; never raises."""
    outcome = Outcome()
    try:
        task(outcome.answers.append)
    except Exception as error:  # noqa: BLE001 - the boundary of a task: whatever it was, one segment has failed and no other
        outcome.error = error
    return outcome


@dataclass(frozen=True, slots=True)
class Uncut:
    """A file that is to be cut at `size_bytes`, or removed when that is 0."""

    size_bytes: int
    path: Path
    others: tuple[Path, ...] = ()
    """It may as well be one of these."""
    place: tuple[str, int] = ("", 0)
    """Its run, and its place there, by which it is known; no run: it is the one at `path`."""
    wall_start_ns: int | None = None
    """When it begins; None: as it says itself."""
    since_ns: int = field(default_factory=time.time_ns)
    """When that was ordered, in wall time."""

    def cut(self) -> int:
        """Cut it and make it final; its size then, 0 when it is gone. Raises OSError, ValueError, StalePlanError."""
        path = next((path for path in (self.path, *self.others) if path.exists() and self._is_it(path)), None)
        if path is None:
            return 0
        if not self.size_bytes:
            path.unlink()
            # After a power cut it would be there again, beside what was written in its stead.
            sync_folder(path.parent)
            return 0
        if path.stat().st_size > self.size_bytes and not self._ends_here(path):
            os.truncate(path, self.size_bytes)
        make_final(path, self.wall_start_ns)
        return path.stat().st_size

    def _ends_here(self, path: Path) -> bool:
        """Whether it was finished already, and has no picture behind where it is to be cut: all else is its index."""
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - HEAD_BYTES))
            return size - index_size(file.read()) == self.size_bytes

    def _is_it(self, path: Path) -> bool:
        if not self.place[0]:
            return True
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        if head.strip(b"\0"):
            return self.place == _place_in_run(head)
        # The disk was lost before anything of it was there, unless it is one that just now takes the free name.
        return not self.size_bytes and path.stat().st_mtime_ns < self.since_ns - JUST_NOW_NS


@dataclass(slots=True)
class _Segment:
    """A file that is written to."""

    file: SegmentFile
    token: int = NO_DATA
    is_ending: bool = False
    """It was ordered to be finished or cut: nothing is appended any more."""
    is_overdue: bool = False
    """When it was to be synced it was busy."""
    trouble: Exception | None = None
    """An append failed while a task was at work; said when that has ended."""


class VolumeFiles:
    """Every method may wait for the disk; none raises."""

    def __init__(self, root: Path, run: Run, shown: Path | None = None) -> None:
        """Nothing is done before the first order. `shown`: how the folder is called in sentences, if not `root`."""
        self.pace = Pace()
        self.is_refused = False
        """Whether the disk said that it is full. The owner sets it back when it takes data again."""
        self._root, self._run = root, run
        self._shown = root if shown is None else shown
        self._open: dict[int, _Segment] = {}
        self._busy: dict[int, Callable[[Exception | None], None]] = {}
        """What to do when the task of a segment has ended."""
        self._waiting: dict[int, deque[FinishSegment | CutSegment]] = {}
        self._failed: dict[int, Path] = {}
        """Given up, until the order to cut them comes."""
        self._nameless: dict[int, Path] = {}
        """The same of files whose name is not safe: nothing of them counts."""
        self._finished: dict[int, Path] = {}
        """The latest final segments: an order to cut one may have been under way while it was finished."""
        self._uncut: dict[int, Uncut] = {}
        """Files that the disk did not let cut when that was ordered."""
        self._answers: list[Answer] = []

    @property
    def is_busy(self) -> bool:
        """Whether a task is at work."""
        return bool(self._busy)

    def obey(self, order: Order) -> None:
        """Carry out an order, or begin to."""
        match order:
            case CreateSegment():
                self._create(order)
            case AppendData():
                self._append(order)
            case FinishSegment(key) | CutSegment(key):
                if key in self._open:
                    self._open[key].is_ending = True
                self._waiting.setdefault(key, deque()).append(order)
                self._go_on(key)

    def ended(self, key: int, outcome: Outcome) -> None:
        """What became of a task."""
        then = self._busy.pop(key)
        self._answers += outcome.answers
        then(outcome.error)
        self._go_on(key)
        segment = self._open.get(key)
        if segment is not None and segment.is_overdue:
            self._sync(key, segment)

    def sync(self) -> None:
        """Bring everything to the disk that is not there yet; a segment that is busy, as soon as it is not."""
        for key, segment in list(self._open.items()):
            self._sync(key, segment)

    def cut_again(self) -> None:
        """Try once more what the disk refused. What stays refused is left to `holdfast check --repair`."""
        for key, uncut in list(self._uncut.items()):
            if key not in self._busy:
                self._begin_cut(key, uncut, is_again=True)

    def take_answers(self) -> list[Answer]:
        """What is to be told since this was asked last, in order."""
        answers, self._answers = self._answers, []
        return answers

    def close(self) -> None:
        """Close what is open, as it is. No task may be at work."""
        for segment in self._open.values():
            _close(segment.file)
        self._open.clear()

    # ------------------------------------------------------------ orders

    def _create(self, order: CreateSegment) -> None:
        try:
            file = SegmentFile(self._root, order.paths, order.header, self.pace)
        except Exception as error:  # noqa: BLE001 - a mistake of ours, too, costs one segment and not all recording
            named = error.filename if isinstance(error, OSError) and isinstance(error.filename, str) else ""
            self._tell_failed(order.key, error, named, "")
            return
        segment = self._open[order.key] = _Segment(file)

        def name_it(tell: Tell) -> None:
            file.sync_folders()
            tell(Created(order.key, file.path, time.monotonic()))

        def named_it(error: Exception | None) -> None:
            if error is not None and segment.trouble is None:
                del self._open[order.key]
                self._discard(order.key, file)
                self._tell_failed(order.key, error, file.path, "")
            elif segment.trouble is not None:
                self._give_up(order.key, segment.trouble)

        self._start(order.key, name_it, named_it)

    def _append(self, order: AppendData) -> None:
        segment = self._open.get(order.key)
        if segment is None or segment.is_ending or segment.trouble is not None:
            return
        try:
            segment.file.append(order.data, order.rest)
        except Exception as error:  # noqa: BLE001 - a mistake of ours, too, costs one segment and not all recording
            segment.trouble = error
            if order.key not in self._busy:
                self._give_up(order.key, error)
        else:
            segment.token = order.token

    def _go_on(self, key: int) -> None:
        """Carry out what waits for the segment to be at rest."""
        waiting = self._waiting.get(key)
        while waiting and key not in self._busy:
            order = waiting.popleft()
            if isinstance(order, FinishSegment):
                self._finish(order)
            else:
                self._cut(order)
        if not waiting:
            self._waiting.pop(key, None)

    def _finish(self, order: FinishSegment) -> None:
        segment = self._open.get(order.key)
        if segment is None:
            return
        file, token = segment.file, segment.token

        def finish(tell: Tell) -> None:
            tell(Synced(order.key, token, file.sync()))
            file.finish(order.trailer, order.patch_offset, order.patch)
            tell(Finished(order.key, file.size_bytes))

        def finished(error: Exception | None) -> None:
            if error is not None:
                self._give_up(order.key, error)
                return
            del self._open[order.key]
            self._finished[order.key] = file.full_path
            while len(self._finished) > FINISHED_KEPT:
                del self._finished[next(iter(self._finished))]

        self._start(order.key, finish, finished)

    def _cut(self, order: CutSegment) -> None:
        segment = self._open.pop(order.key, None)
        path = self._failed.pop(order.key, None) or self._finished.pop(order.key, None)
        nameless = self._nameless.pop(order.key, None)
        if segment is not None:
            _close(segment.file)
            path = segment.file.full_path
        names = (order.path,) if order.path else order.paths
        if path is not None:
            uncut = Uncut(order.size_bytes, path, wall_start_ns=order.wall_start_ns)
            self._begin_cut(order.key, uncut, is_again=False)
        elif nameless is not None:
            self._begin_cut(order.key, Uncut(0, nameless), is_again=False)
        elif names:
            first, *others = (self._root / name for name in names)
            place = order.run_id, order.ordinal
            uncut = Uncut(order.size_bytes, first, tuple(others), place, order.wall_start_ns)
            self._begin_cut(order.key, uncut, is_again=False)
        else:
            self._answers.append(Cut(order.key, 0))

    def _begin_cut(self, key: int, uncut: Uncut, *, is_again: bool) -> None:
        def cut(tell: Tell) -> None:
            tell(Cut(key, uncut.cut()))

        def was_cut(error: Exception | None) -> None:
            self._uncut.pop(key, None)
            if error is not None and not is_again:
                # The disk is still in trouble. The file plays up to its last whole fragment as it is.
                reason = OSError(str(error)) if isinstance(error, ValueError | StalePlanError) else error
                self._answers.append(CutFailed(key, self._fault(key, reason, uncut.path).sentence))
            if isinstance(error, OSError) or (error is not None and not is_again):
                self._uncut[key] = uncut

        self._start(key, cut, was_cut)

    def _sync(self, key: int, segment: _Segment) -> None:
        segment.is_overdue = key in self._busy
        if segment.is_overdue or not segment.file.is_dirty:
            return
        file, token = segment.file, segment.token

        def sync(tell: Tell) -> None:
            tell(Synced(key, token, file.sync()))

        def synced(error: Exception | None) -> None:
            trouble = error if error is not None else segment.trouble
            if trouble is not None:
                self._give_up(key, trouble)

        self._start(key, sync, synced)

    # ------------------------------------------------------------ tasks and troubles

    def _start(self, key: int, task: Task, then: Callable[[Exception | None], None]) -> None:
        self._busy[key] = then
        self._run(key, task)

    def _discard(self, key: int, file: SegmentFile) -> None:
        """Remove it; when the disk does not let that be done either, it is removed with the order to cut it."""
        try:
            file.discard()
        except OSError:
            self._nameless[key] = file.full_path

    def _give_up(self, key: int, error: Exception) -> None:
        """Write no more to it, and above all do not sync it again: that would only seem to succeed."""
        file = self._open.pop(key).file
        _close(file)
        self._failed[key] = file.full_path
        self._tell_failed(key, error, file.path, file.path)

    def _tell_failed(self, key: int, error: Exception, named: str, path: str) -> None:
        fault = self._fault(key, error, Path(named))
        state = volume_state_of(error) if isinstance(error, OSError) else None
        self.is_refused = self.is_refused or state is VolumeState.FULL
        self._answers.append(SegmentFailed(key, fault.kind, fault.sentence, path, state))

    def _fault(self, key: int, error: Exception, path: Path) -> Fault:
        if not isinstance(error, OSError):
            LOG.error("the writer of %s made a mistake with segment %d", self._shown, key, exc_info=error)
            error = OSError(f"{type(error).__name__}: {error}")
        return Fault(*fault_of(error, self._shown / path))


def _close(file: SegmentFile) -> None:
    with contextlib.suppress(OSError):
        file.close()


def _place_in_run(head: bytes) -> tuple[str, int] | None:
    """By that a segment is known, however far it was written; None when it is none."""
    try:
        stamp = read_header(head).stamp
    except Fmp4Error:
        return None
    return None if stamp is None else (str(stamp.run_id), stamp.ordinal)


def make_final(path: Path, wall_start_ns: int | None = None) -> None:
    """Make an open segment final. Raises OSError, StalePlanError, and ValueError when nothing in it can be played.

    `wall_start_ns`: when its first frame was taken, if that is known better than when the file was begun.
    """
    plan = plan_repair(path, wall_start_ns)
    if plan is not None and plan.action != "finish":
        raise ValueError("; ".join(plan.reasons))
    if plan is not None:
        carry_out(plan)
