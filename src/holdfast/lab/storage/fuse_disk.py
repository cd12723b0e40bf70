"""A disk that fails on command: a FUSE file system before a folder."""

from pathlib import Path
from typing import Literal

from holdfast.lab.storage.fuse import FuseProcess
from holdfast.lab.storage.gate import Call

TroubleName = Literal["eio", "enodev", "erofs", "enospc", "hang"]
SYNCS = frozenset({Call.SYNC})
WRITES_AND_SYNCS = frozenset({Call.SYNC, Call.WRITE, Call.GROW})


class FuseDisk(FuseProcess):
    """A context manager: the disk is `folder`, and what it really holds is `backing`, which never fails.

    >>> with FuseDisk(place) as disk:  # doctest: +SKIP
    ...     disk.trouble("eio")
    ...     disk.heal()
    """

    def __init__(self, place: Path) -> None:
        """`place` is made, with the two folders in it."""
        self.backing = place / "backing"
        folder = place / "disk"
        for made in (self.backing, folder):
            made.mkdir(parents=True, exist_ok=True)
        super().__init__("pass_through", folder, str(self.backing))

    def trouble(self, name: TroubleName) -> None:
        """Every call that this trouble is about fails, or hangs. What hangs now is answered when it is healed."""
        self.ask(be=name)

    def slow(self, seconds: float, calls: frozenset[Call] = SYNCS) -> None:
        """Calls of these kinds take so long."""
        self.ask(be="slow", seconds=seconds, calls=[call.name for call in calls])

    def heal(self) -> None:
        """All is well again, also for what waits."""
        self.ask(be="well")
