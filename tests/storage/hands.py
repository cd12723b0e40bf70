"""The files of a volume, with tasks that are performed when a test says so."""

from pathlib import Path

from holdfast.ports.volumes import Answer, Order
from holdfast.storage.volume_files import Task, VolumeFiles, perform
from tests.storage.volumes import PARTS

HEADER = len(PARTS.header)


def size_after(fragments: int) -> int:
    return HEADER + sum(map(len, PARTS.fragments[:fragments]))


class Hands:
    """Tasks wait to be performed."""

    def __init__(self, root: Path) -> None:
        self.tasks: list[tuple[int, Task]] = []
        self.files = VolumeFiles(root, lambda key, task: self.tasks.append((key, task)))

    def obey(self, *orders: Order) -> list[Answer]:
        for order in orders:
            self.files.obey(order)
        return self.files.take_answers()

    def perform(self, most: int = 100) -> list[Answer]:
        """Perform what waits and whatever follows from it, up to a number of tasks; what was answered."""
        while self.tasks and most:
            key, task = self.tasks.pop(0)
            self.files.ended(key, perform(task))
            most -= 1
        return self.files.take_answers()

    def sync(self) -> list[Answer]:
        self.files.sync()
        return self.files.take_answers()
