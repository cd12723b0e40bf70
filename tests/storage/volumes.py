"""A writer at work in a test: orders from whole files, answers one by one, and small disks."""

import contextlib
import queue
import subprocess
from collections.abc import Iterator
from pathlib import Path

from holdfast.fmp4 import HEAD_BYTES, finish_patch, read_summary, scan
from holdfast.ports.volumes import Answer, AppendData, CreateSegment, FinishSegment, Order
from tests.fmp4.builder import Sample, stream
from tests.fmp4.segments import STAMP, Parts, assemble, read_from, split
from tests.storage.thread_writer import VolumeWriter

PATIENCE_S = 30.0
PARTS = assemble(*split(stream(5)))
LARGE = assemble(*split(stream(8, group=(Sample(9_000, sync=True), Sample(9_000)))))


def is_final(path: Path) -> bool:
    data = path.read_bytes()
    return read_summary(data[:HEAD_BYTES], data[-HEAD_BYTES:], len(data)).is_final


def whole_fragments(path: Path, parts: Parts) -> int:
    """How many fragments a file has that ends with a whole one."""
    data = path.read_bytes()
    found = scan(read_from(data), len(data))
    assert found.whole_end == len(data), "the file is cut in the middle of a fragment"
    assert data[512:] == parts.open_file[512 : len(data)]
    return len(found.fragments)


class Writing:
    """A VolumeWriter whose answers wait to be asked for."""

    def __init__(self, root: Path) -> None:
        self.answers: queue.Queue[Answer] = queue.Queue()
        self.writer = VolumeWriter(root, self.answers.put)

    def order(self, *orders: Order) -> None:
        for order in orders:
            self.writer.order(order)

    def next(self) -> Answer:
        return self.answers.get(timeout=PATIENCE_S)

    def until(self, kind: type[Answer]) -> list[Answer]:
        """All answers up to the first of a kind."""
        seen = [self.next()]
        while not isinstance(seen[-1], kind):
            seen.append(self.next())
        return seen

    def close(self) -> list[Answer]:
        """End the writer; what it said that nobody asked for."""
        assert self.writer.close(PATIENCE_S)
        rest = []
        with contextlib.suppress(queue.Empty):
            while True:
                rest.append(self.answers.get_nowait())
        return rest


def create(parts: Parts, *paths: str, key: int = 1) -> CreateSegment:
    return CreateSegment(key, paths or ("cam/a.mp4",), parts.header)


def appends(parts: Parts, key: int = 1, first: int = 0) -> list[AppendData]:
    """One order per fragment, its media apart from its moof as the recorder sends it."""
    return [
        AppendData(key, data[:40], token, memoryview(data)[40:])
        for token, data in enumerate(parts.fragments)
        if token >= first
    ]


def finish(parts: Parts, key: int = 1) -> FinishSegment:
    patch = finish_patch(parts.header, durations=dict(parts.durations), stamp=STAMP)
    end = patch.offset + len(patch.data)
    return FinishSegment(key, parts.index, patch.offset, parts.patched[patch.offset : end])


@contextlib.contextmanager
def small_disk(at: Path, options: str) -> Iterator[Path]:
    """A tmpfs of its own; needs root."""
    at.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", options, "holdfast-test", str(at)], check=True)
    try:
        yield at
    finally:
        subprocess.run(["umount", "--lazy", str(at)], check=True)
