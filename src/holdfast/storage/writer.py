"""The writer of one volume: a thread that carries out orders and syncs at least once a second.

Nothing but numbers and bytes crosses its border, so that it can become a process of its own.
"""

import logging
import os
import queue
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from holdfast.domain.segments import MAIN_VOLUME
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
    Listener,
    Order,
    SegmentFailed,
    Synced,
)
from holdfast.storage.errors import fault_of
from holdfast.storage.repair import StalePlanError, carry_out, plan_repair
from holdfast.storage.segment_file import SegmentFile

LOG = logging.getLogger("holdfast.storage")

SYNC_EVERY_S = 1.0
GATHER_S = 0.01
"""Where there is one order there are more: they are carried out together, and answered together."""
FINISHED_KEPT = 256
NO_DATA = -1
"""The token of a segment that has only its header."""


@dataclass(frozen=True, slots=True)
class Uncut:
    """A file that is to be cut at `size_bytes`, or removed when that is 0."""

    size_bytes: int
    path: Path

    def cut(self) -> int:
        """Cut it and make it final; its size then, 0 when it is gone. Raises OSError, ValueError, StalePlanError."""
        if not self.path.exists():
            return 0
        if not self.size_bytes:
            self.path.unlink()
            return 0
        if self.path.stat().st_size > self.size_bytes:
            os.truncate(self.path, self.size_bytes)
        make_final(self.path)
        return self.path.stat().st_size


class VolumeWriter:
    """Writes segments below one folder. `listener` is called on the writer's thread."""

    def __init__(self, root: Path, listener: Listener) -> None:
        """Start the thread."""
        self._root = root
        self._listener = listener
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._files: dict[int, SegmentFile] = {}
        self._tokens: dict[int, int] = {}
        self._failed: dict[int, SegmentFile] = {}
        """Given up, until the order to cut them comes."""
        self._finished: dict[int, None] = {}
        """Keys of the latest final segments: an order to cut one of them comes too late."""
        self._uncut: dict[int, Uncut] = {}
        """Files that the disk did not let cut when that was ordered."""
        self._answers: list[Answer] = []
        self._thread = threading.Thread(target=self._run, name=f"writer-{root}", daemon=True)
        self._thread.start()

    @property
    def in_use(self) -> str:
        """See Writer."""
        return MAIN_VOLUME

    def order(self, order: Order) -> None:
        """Give an order. Never blocks."""
        self._orders.put(order)

    def close(self, timeout_s: float) -> bool:
        """Carry out what was ordered, then end. False when the disk did not let it end in time."""
        self._orders.put(None)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        next_sync_s = time.monotonic() + SYNC_EVERY_S
        goes_on = True
        while goes_on:
            goes_on = self._obey(max(0.0, next_sync_s - time.monotonic()))
            if time.monotonic() >= next_sync_s or not goes_on:
                self._sync_all()
                self._cut_again()
                next_sync_s = time.monotonic() + SYNC_EVERY_S
            self._tell()
        for file in (*self._files.values(), *self._failed.values()):
            file.close()

    def _obey(self, patience_s: float) -> bool:
        """Carry out what is ordered within this time, up to the sync that is due. False: it was the last."""
        until_s = time.monotonic() + patience_s
        try:
            order = self._orders.get(timeout=patience_s)
            time.sleep(GATHER_S)
            while order is not None:
                self._carry_out(order)
                if time.monotonic() >= until_s:
                    return True
                order = self._orders.get_nowait()
        except queue.Empty:
            return True
        return False

    def _carry_out(self, order: Order) -> None:
        try:
            match order:
                case CreateSegment(key, paths, header):
                    file = SegmentFile(self._root, paths, header)
                    self._files[key] = file
                    self._answer(Created(key, file.path, time.monotonic()))
                case AppendData(key, data, token, rest):
                    if key in self._files:
                        self._files[key].append(data, rest)
                        self._tokens[key] = token
                case FinishSegment(key, trailer, patch_offset, patch):
                    if key in self._files:
                        self._finish(key, trailer, patch_offset, patch)
                case CutSegment():
                    self._cut(order)
        except OSError as error:
            self._fail(order.key, error)
        except Exception as error:  # the thread's boundary: a mistake of ours costs one segment, not all recording
            LOG.exception("the writer of %s made a mistake", self._root)
            self._fail(order.key, OSError(f"{type(error).__name__}: {error}"))

    def _finish(self, key: int, trailer: bytes, patch_offset: int, patch: bytes) -> None:
        file = self._files[key]
        file.sync()
        self._answer(Synced(key, self._tokens.pop(key, NO_DATA), file.size_bytes))
        file.finish(trailer, patch_offset, patch)
        del self._files[key]
        self._finished[key] = None
        while len(self._finished) > FINISHED_KEPT:
            del self._finished[next(iter(self._finished))]
        self._answer(Finished(key, file.size_bytes))

    def _cut(self, order: CutSegment) -> None:
        if order.key in self._finished:
            return
        file = self._files.pop(order.key, None) or self._failed.pop(order.key, None)
        self._tokens.pop(order.key, None)
        if file is None:
            self._answer(Cut(order.key, 0))
            return
        file.close()
        uncut = Uncut(order.size_bytes, file.full_path)
        try:
            size_bytes = uncut.cut()
        except (OSError, ValueError, StalePlanError) as error:
            # The disk is still in trouble. The file plays up to its last whole fragment as it is.
            self._uncut[order.key] = uncut
            _, sentence = fault_of(error if isinstance(error, OSError) else OSError(str(error)), file.full_path)
            self._answer(CutFailed(order.key, sentence))
        else:
            self._answer(Cut(order.key, size_bytes))

    def _cut_again(self) -> None:
        """Try once more what the disk refused. What stays refused is left to `holdfast check --repair`."""
        for key, uncut in list(self._uncut.items()):
            try:
                size_bytes = uncut.cut()
            except OSError:
                continue
            except (ValueError, StalePlanError):
                del self._uncut[key]
            else:
                del self._uncut[key]
                self._answer(Cut(key, size_bytes))

    def _sync_all(self) -> None:
        for key, file in list(self._files.items()):
            if not file.is_dirty:
                continue
            try:
                file.sync()
            except OSError as error:
                self._fail(key, error)
            else:
                self._answer(Synced(key, self._tokens.get(key, NO_DATA), file.size_bytes))

    def _fail(self, key: int, error: OSError) -> None:
        file = self._files.pop(key, None)
        self._tokens.pop(key, None)
        path = Path(error.filename) if file is None and isinstance(error.filename, str) else self._root
        if file is not None:
            self._failed[key] = file
            path = file.full_path
        kind, sentence = fault_of(error, path)
        self._answer(SegmentFailed(key, kind, sentence, file.path if file is not None else ""))

    def _answer(self, answer: Answer) -> None:
        self._answers.append(answer)

    def _tell(self) -> None:
        answers, self._answers = self._answers, []
        for answer in answers:
            self._listener(answer)


def make_final(path: Path) -> None:
    """Make an open segment final. Raises OSError, StalePlanError, and ValueError when nothing in it can be played."""
    plan = plan_repair(path)
    if plan is not None and plan.action != "finish":
        raise ValueError("; ".join(plan.reasons))
    if plan is not None:
        carry_out(plan)
