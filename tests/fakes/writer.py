"""A writer whose disk is a dictionary, and which works only when it is told to.

Like the real one it carries out orders one by one in the order given, forgets what it was told about a segment that
failed, and answers later. What was written and not synced counts for nothing.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from holdfast.domain.faults import FaultKind
from holdfast.domain.segments import MAIN_VOLUME
from holdfast.domain.volumes import VolumeState
from holdfast.fmp4 import HEAD_BYTES, Fmp4Error, read_header
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

SENTENCE = "The disk is in trouble."


@dataclass
class FakeFile:
    path: str
    data: bytearray
    synced_bytes: int = 0
    token: int = -1
    is_final: bool = False


def _place_in_run(file: FakeFile) -> tuple[str, int] | None:
    try:
        stamp = read_header(bytes(file.data[:HEAD_BYTES])).stamp
    except Fmp4Error:
        return None
    return None if stamp is None else (str(stamp.run_id), stamp.ordinal)


@dataclass
class FakeWriter:
    """`disk` holds every file by its path; `broken` makes everything that touches the disk fail.

    `state`: what the failures say of the whole volume. One that is full lets files be cut.
    """

    disk: dict[str, FakeFile] = field(default_factory=dict)
    broken: bool = False
    state: VolumeState | None = None
    orders: deque[Order] = field(default_factory=deque)
    answers: deque[Answer] = field(default_factory=deque)
    cuts_failed: int = 0
    _open: dict[int, FakeFile] = field(default_factory=dict)
    _failed: dict[int, FakeFile] = field(default_factory=dict)
    _finished: dict[int, FakeFile] = field(default_factory=dict)
    _uncut: dict[int, tuple[FakeFile, int]] = field(default_factory=dict)

    def forget_finished(self) -> None:
        """Of files that were made final nothing will be heard any more."""
        self._finished.clear()

    in_use: str | None = MAIN_VOLUME
    """Set to None while there is no volume at all."""

    @property
    def cuts_fail(self) -> bool:
        return self.broken and self.state is not VolumeState.FULL

    def order(self, order: Order) -> None:
        self.orders.append(order)

    def work(self, orders: int = 1) -> None:
        """Carry out the next orders."""
        for _ in range(min(orders, len(self.orders))):
            order = self.orders.popleft()
            match order:
                case CreateSegment():
                    self._create(order)
                case AppendData(key, data, token, rest) if key in self._open:
                    if self._works(key):
                        self._open[key].data += data + bytes(rest)
                        self._open[key].token = token
                case FinishSegment() if order.key in self._open:
                    self._finish(order)
                case CutSegment():
                    self._cut(order)
                case _:
                    pass

    def sync(self) -> None:
        """Bring everything to the disk."""
        for key in list(self._open):
            if self._works(key):
                self._sync(key)
        self._cut_again()

    def deliver(self, listener: Callable[[Answer], object], answers: int = 1) -> None:
        """Give the next answers to the recorder."""
        for _ in range(min(answers, len(self.answers))):
            listener(self.answers.popleft())

    def path_of(self, key: int) -> str:
        """Path of the file of a segment; empty when it has none or is done."""
        file = self._open.get(key) or self._failed.get(key)
        return file.path if file is not None else ""

    def _works(self, key: int) -> bool:
        if self.broken:
            self._failed[key] = file = self._open.pop(key)
            self.answers.append(SegmentFailed(key, FaultKind.STORAGE_DISCONNECTED, SENTENCE, file.path, self.state))
        return not self.broken

    def _create(self, order: CreateSegment) -> None:
        if self.broken:
            self.answers.append(SegmentFailed(order.key, FaultKind.DISK_FULL, SENTENCE, "", self.state))
            return
        path = next(path for path in order.paths if path not in self.disk)
        self._open[order.key] = self.disk[path] = FakeFile(path, bytearray(order.header))
        self.answers.append(Created(order.key, path, 0.0))

    def _sync(self, key: int) -> None:
        file = self._open[key]
        file.synced_bytes = len(file.data)
        self.answers.append(Synced(key, file.token, file.synced_bytes))

    def _finish(self, order: FinishSegment) -> None:
        if not self._works(order.key):
            return
        self._sync(order.key)
        file = self._open.pop(order.key)
        file.data += order.trailer
        file.data[order.patch_offset : order.patch_offset + len(order.patch)] = order.patch
        file.synced_bytes = len(file.data)
        file.is_final = True
        self._finished[order.key] = file
        self.answers.append(Finished(order.key, file.synced_bytes))

    def _cut(self, order: CutSegment) -> None:
        known = (at.pop(order.key, None) for at in (self._open, self._failed, self._finished))
        file = next((file for file in known if file is not None), None)
        for path in (order.path, *order.paths):
            found = self.disk.get(path)
            is_it = found is not None and (not order.run_id or _place_in_run(found) == (order.run_id, order.ordinal))
            file = found if file is None and is_it else file
        if file is None and not (self.cuts_fail and (order.path or order.paths)):
            self.answers.append(Cut(order.key, 0))
        elif file is None:
            self.cuts_failed += 1
            self.answers.append(CutFailed(order.key, SENTENCE))
        elif self.cuts_fail:
            self.cuts_failed += 1
            self._uncut[order.key] = file, order.size_bytes
            file.synced_bytes = min(file.synced_bytes, order.size_bytes)
            self.answers.append(CutFailed(order.key, SENTENCE))
        else:
            self._make_cut(order.key, file, order.size_bytes)

    def _cut_again(self) -> None:
        while self._uncut and not self.cuts_fail:
            key, (file, size_bytes) = self._uncut.popitem()
            self._make_cut(key, file, size_bytes)

    def _make_cut(self, key: int, file: FakeFile, size_bytes: int) -> None:
        if size_bytes:
            del file.data[size_bytes:]
            file.synced_bytes = len(file.data)
            file.is_final = True
            self.answers.append(Cut(key, file.synced_bytes))
        else:
            del self.disk[file.path]
            self.answers.append(Cut(key, 0))
