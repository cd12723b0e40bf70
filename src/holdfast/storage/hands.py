"""Threads for what waits for the disk: few while it is fast, as many as are needed while it is not."""

import os
import queue
import threading
import time
from collections.abc import Callable
from math import inf

from holdfast.storage.volume_files import Outcome, Task, perform

FEW_THREADS, MAX_THREADS = 2, 32
HASTE_S = 0.02
"""For so long tasks wait for one of the few threads. Threads cost more than the syncs of a fast disk, but a slow one
takes many syncs at once in little more time than one."""

PATIENCE_S = 1.0
"""For so long the rest waits when no more threads may be started."""


class Hands:
    """Performs tasks on threads that never hold up the end of the process. Used by one thread."""

    def __init__(self) -> None:
        """No thread is started before the first task."""
        self.wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        """Readable when a task has ended."""
        self.hurry_at_s = inf
        """When `hurry` is due, in monotonic seconds."""
        self._tasks: queue.SimpleQueue[tuple[int, Task]] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()
        self._threads: list[threading.Thread] = []
        """Those that stay."""
        self._helpers: list[threading.Thread] = []
        self._unfinished = 0

    def run(self, key: int, task: Task) -> None:
        """Perform a task; `collect` gives its outcome later."""
        self._unfinished += 1
        self._tasks.put((key, task))
        if len(self._threads) < min(self._unfinished, FEW_THREADS):
            self._threads.append(_started(self._work))
        elif self._unfinished > FEW_THREADS and self.hurry_at_s == inf:
            self.hurry_at_s = time.monotonic() + HASTE_S

    def hurry(self) -> None:
        """Start more threads when tasks have waited for too long. They end when nothing waits any more."""
        now_s = time.monotonic()
        if now_s < self.hurry_at_s:
            return
        self._helpers = [helper for helper in self._helpers if helper.is_alive()]
        waiting = self._tasks.qsize()
        wanted = min(waiting, MAX_THREADS - FEW_THREADS - len(self._helpers))
        self._helpers += [_started(self._help) for _ in range(wanted)]
        self.hurry_at_s = inf if wanted == waiting else now_s + PATIENCE_S

    def collect(self) -> list[tuple[int, Outcome]]:
        """The outcomes since this was asked last."""
        try:
            os.eventfd_read(self.wake_fd)
        except BlockingIOError:
            return []
        ended = [self._outcomes.get() for _ in range(self._outcomes.qsize())]
        self._unfinished -= len(ended)
        return ended

    def _work(self) -> None:
        while True:
            self._perform(*self._tasks.get())

    def _help(self) -> None:
        while True:
            try:
                key, task = self._tasks.get_nowait()
            except queue.Empty:
                return
            self._perform(key, task)

    def _perform(self, key: int, task: Task) -> None:
        self._outcomes.put((key, perform(task)))
        os.eventfd_write(self.wake_fd, 1)


def _started(work: Callable[[], None]) -> threading.Thread:
    thread = threading.Thread(target=work, name="hand", daemon=True)
    thread.start()
    return thread
