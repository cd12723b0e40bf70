"""How long a disk lets us wait."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Pace:
    """Remembers the longest step. Several threads may be within one each."""

    def __init__(self) -> None:
        """Nothing was done yet."""
        self._lock = threading.Lock()
        self._begun_s: dict[object, float] = {}
        """Of the steps that have not ended, monotonic."""
        self._slowest_s = 0.0

    @contextmanager
    def step(self) -> Iterator[None]:
        """Around whatever may have to wait for the disk."""
        step, begun_s = object(), time.monotonic()
        self._begun_s[step] = begun_s
        try:
            yield
        finally:
            with self._lock:
                del self._begun_s[step]
                self._slowest_s = max(self._slowest_s, time.monotonic() - begun_s)

    def slowest_s(self) -> float:
        """The longest step that ended since this was asked last, or that has not ended yet."""
        now_s = time.monotonic()
        with self._lock:
            slowest_s, self._slowest_s = self._slowest_s, 0.0
            return max((slowest_s, *(now_s - begun_s for begun_s in self._begun_s.values())))
