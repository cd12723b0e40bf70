"""Threads for what waits for the disk: as many as are needed at once, up to a limit."""

import os
import queue
import threading

from holdfast.storage.volume_files import Outcome, Task, perform

MAX_THREADS = 32


class Hands:
    """Performs tasks on threads that never hold up the end of the process. Used by one thread."""

    def __init__(self) -> None:
        """No thread is started before the first task."""
        self.wake_fd = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        """Readable when a task has ended."""
        self._tasks: queue.SimpleQueue[tuple[int, Task]] = queue.SimpleQueue()
        self._outcomes: queue.SimpleQueue[tuple[int, Outcome]] = queue.SimpleQueue()
        self._threads = self._unfinished = 0

    def run(self, key: int, task: Task) -> None:
        """Perform a task; `collect` gives its outcome later."""
        self._unfinished += 1
        if self._threads < min(self._unfinished, MAX_THREADS):
            self._threads += 1
            threading.Thread(target=self._work, name=f"hand-{self._threads}", daemon=True).start()
        self._tasks.put((key, task))

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
            key, task = self._tasks.get()
            self._outcomes.put((key, perform(task)))
            os.eventfd_write(self.wake_fd, 1)
