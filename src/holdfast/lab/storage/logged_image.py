"""A FUSE file system with one file, `image`, whose writes and flushes are written into a log in their order.

`python -m holdfast.lab.storage.logged_image FOLDER IMAGE LOG FLUSH_S SEED`; a flush takes up to FLUSH_S.
"""

import argparse
import os
import random
import stat
import threading
import time
from pathlib import Path
from typing import Any

from holdfast.lab.storage import fuse
from holdfast.lab.storage.block_log import Entry, Flush, Write, pack

NAME = "image"
_PATH = f"/{NAME}"


class LoggedImage:
    """The calls, as mfusepy names them. What it does not have, such as freeing blocks, the kernel does without."""

    use_ns = True

    def __init__(self, image: Path, log: Path, flush_s: float, chance: random.Random) -> None:
        self._image = os.open(image, os.O_RDWR)
        self._log = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._flush_s, self._chance = flush_s, chance
        self._lock = threading.Lock()
        """Held while the image and the log are written, so that their order is one."""
        self._writes = 0

    def init(self, _path: str) -> None:
        fuse.ready()

    def getattr(self, path: str, _fh: int | None = None) -> dict[str, int]:
        if path == "/":
            return {"st_mode": stat.S_IFDIR | 0o700, "st_nlink": 2}
        if path != _PATH:
            raise FileNotFoundError(2, "there is only the image")
        return {"st_mode": stat.S_IFREG | 0o600, "st_nlink": 1, "st_size": os.fstat(self._image).st_size}

    def readdir(self, _path: str, _fh: int) -> list[str]:
        return [".", "..", NAME]

    def open(self, _path: str, _flags: int) -> int:
        return 0

    def read(self, _path: str, size: int, offset: int, _fh: int) -> bytes:
        return os.pread(self._image, size, offset)

    def write(self, _path: str, data: bytes, offset: int, _fh: int) -> int:
        with self._lock:
            os.pwrite(self._image, data, offset)
            self._writes += 1
            self._note(Write(time.time_ns(), offset, data))
        return len(data)

    def fsync(self, _path: str, _datasync: int, _fh: int) -> None:
        begun_ns = time.time_ns()
        with self._lock:
            writes = self._writes
            takes_s = self._chance.random() * self._flush_s
        # What is written meanwhile is in the cache only: this flush does not cover it.
        time.sleep(takes_s)
        with self._lock:
            self._note(Flush(time.time_ns(), writes, begun_ns))

    def _note(self, entry: Entry) -> None:
        packed = pack(entry)
        written = os.write(self._log, packed)
        assert written == len(packed), "the disk of the lab itself is full"


def main() -> None:
    """Run it until it is unmounted or its standard input ends."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("image", type=Path)
    parser.add_argument("log", type=Path)
    parser.add_argument("flush_s", type=float)
    parser.add_argument("seed", type=int)
    options = parser.parse_args()
    operations = LoggedImage(options.image, options.log, options.flush_s, random.Random(options.seed))
    fuse.serve(operations, options.folder, _obey)


def _obey(order: dict[str, Any]) -> None:
    raise ValueError(f"unknown order {order}")


if __name__ == "__main__":
    main()
