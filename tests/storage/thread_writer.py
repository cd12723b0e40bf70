"""Works with `VolumeFiles` as the process of a volume does, one order after the other, in a thread of the test."""

import queue
import threading
import time
from pathlib import Path

from holdfast.ports.volumes import Listener, Order
from holdfast.storage.volume_files import Task, VolumeFiles, perform

SYNC_EVERY_S = 1.0
GATHER_S = 0.01
"""Where there is one order there are more: they are carried out together, and answered together."""


class VolumeWriter:
    """Writes segments below one folder. `listener` is called on the writer's thread."""

    def __init__(self, root: Path, listener: Listener) -> None:
        """Start the thread."""
        self._listener = listener
        self._orders: queue.SimpleQueue[Order | None] = queue.SimpleQueue()
        self._files = VolumeFiles(root, self._run_task)
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
        goes_on = True
        while goes_on:
            goes_on = self._obey(max(0.0, next_sync_s - time.monotonic()))
            if time.monotonic() >= next_sync_s or not goes_on:
                self._files.sync()
                self._files.cut_again()
                next_sync_s = time.monotonic() + SYNC_EVERY_S
            for answer in self._files.take_answers():
                self._listener(answer)
        self._files.close()

    def _obey(self, patience_s: float) -> bool:
        """Carry out what is ordered within this time, up to the sync that is due. False: it was the last."""
        until_s = time.monotonic() + patience_s
        try:
            order = self._orders.get(timeout=patience_s)
            time.sleep(GATHER_S)
            while order is not None:
                self._files.obey(order)
                if time.monotonic() >= until_s:
                    return True
                order = self._orders.get_nowait()
        except queue.Empty:
            return True
        return False

    def _run_task(self, key: int, task: Task) -> None:
        self._files.ended(key, perform(task))
