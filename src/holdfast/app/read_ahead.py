"""Reads both ends of files before they are looked at, several at a time: a disk is slow to begin, and quick in a queue.

What is read is thrown away: it is in the system's cache when the check asks for it. So a check is what it is without.
"""

import contextlib
import os
import queue
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path

MOST_AHEAD = 64
"""Files that are asked for before their turn: about a megabyte of the cache."""
END_BYTES = 4096


class ReadAhead:
    """Some threads that read. They are daemons: a disk that never answers must not keep the program from ending."""

    def __init__(self, root: Path, threads: int) -> None:
        """No thread at all is no reading ahead."""
        self._root = os.fspath(root)
        self._wanted: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._threads = threads
        for number in range(threads):
            threading.Thread(target=self._work, name=f"read-ahead-{number}", daemon=True).start()

    def over(self, folder: str, entries: Sequence[os.DirEntry[str]]) -> Iterator[os.DirEntry[str]]:
        """The same entries of a folder, each when those behind it are being read already."""
        ahead: deque[os.DirEntry[str]] = deque()
        for entry in entries:
            ahead.append(entry)
            if self._threads and entry.name.endswith(".mp4") and entry.is_file(follow_symlinks=False):
                self._wanted.put(f"{self._root}/{folder}/{entry.name}")
            if len(ahead) > MOST_AHEAD:
                yield ahead.popleft()
        yield from ahead

    def close(self) -> None:
        """Read no more."""
        for _ in range(self._threads):
            self._wanted.put(None)

    def _work(self) -> None:
        while (path := self._wanted.get()) is not None:
            # Whatever is wrong with the file shows when it is its turn.
            with contextlib.suppress(OSError):
                _read(path)


def _read(path: str) -> None:
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        # Without it the system reads on behind each end, three times as much as is wanted.
        os.posix_fadvise(fd, 0, 0, os.POSIX_FADV_RANDOM)
        os.pread(fd, END_BYTES, 0)
        os.pread(fd, END_BYTES, max(0, os.fstat(fd).st_size - END_BYTES))
    finally:
        os.close(fd)
