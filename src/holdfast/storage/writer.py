"""The writer of one volume: a thread that carries out orders and syncs at least once a second.

Nothing but numbers and bytes crosses its border, so that it can become a process of its own.
"""

import queue
import threading
import time
from pathlib import Path

from holdfast.ports.volumes import (
    Answer,
    AppendData,
    Created,
    CreateSegment,
    CutSegment,
    Finished,
    FinishSegment,
    Listener,
    Order,
    SegmentFailed,
    Synced,
)
from holdfast.storage.errors import fault_of
from holdfast.storage.repair import carry_out, plan_repair
from holdfast.storage.segment_file import SegmentFile

SYNC_EVERY_S = 1.0


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
        self._thread = threading.Thread(target=self._run, name=f"writer-{root}", daemon=True)
        self._thread.start()

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
        while True:
            try:
                order = self._orders.get(timeout=max(0.0, next_sync_s - time.monotonic()))
            except queue.Empty:
                pass
            else:
                if order is None:
                    break
                self._carry_out(order)
            if time.monotonic() >= next_sync_s:
                self._sync_all()
                next_sync_s = time.monotonic() + SYNC_EVERY_S
        self._sync_all()
        for file in (*self._files.values(), *self._failed.values()):
            file.close()

    def _carry_out(self, order: Order) -> None:
        try:
            match order:
                case CreateSegment(key, paths, header):
                    file = SegmentFile(self._root, paths, header)
                    self._files[key] = file
                    self._answer(Created(key, file.path, time.monotonic()))
                case AppendData(key, data, token):
                    if key in self._files:
                        self._files[key].append(data)
                        self._tokens[key] = token
                case FinishSegment(key, trailer, patch_offset, patch):
                    if key in self._files:
                        self._finish(key, trailer, patch_offset, patch)
                case CutSegment():
                    self._cut(order)
        except OSError as error:
            self._fail(order.key, error)

    def _finish(self, key: int, trailer: bytes, patch_offset: int, patch: bytes) -> None:
        file = self._files[key]
        file.sync()
        self._answer(Synced(key, self._tokens.pop(key, 0), file.size_bytes))
        file.finish(trailer, patch_offset, patch)
        del self._files[key]
        self._answer(Finished(key, file.size_bytes))

    def _cut(self, order: CutSegment) -> None:
        file = self._files.pop(order.key, None) or self._failed.pop(order.key, None)
        self._tokens.pop(order.key, None)
        if file is None:
            return
        try:
            if not order.size_bytes:
                file.discard()
                return
            file.cut(order.size_bytes)
            file.close()
            plan = plan_repair(file.full_path)
            if plan is not None:
                carry_out(plan)
        except (OSError, ValueError):
            # The disk is still in trouble. The file plays up to its last whole fragment as it is,
            # and `holdfast check --repair` makes it final.
            file.close()
        else:
            self._answer(Finished(order.key, file.full_path.stat().st_size))

    def _sync_all(self) -> None:
        for key, file in list(self._files.items()):
            if not file.is_dirty:
                continue
            try:
                file.sync()
            except OSError as error:
                self._fail(key, error)
            else:
                self._answer(Synced(key, self._tokens.get(key, 0), file.size_bytes))

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
        self._listener(answer)
