"""What a failing disk lets pass: every call of the pass-through file system goes through one of these."""

import errno
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto


class Call(Enum):
    """What a call does to the disk."""

    LOOK = auto()
    FREE = auto()
    """Changes something and needs no space, such as unlinking."""
    GROW = auto()
    WRITE = auto()
    SYNC = auto()


EVERYTHING = frozenset(Call)
CHANGES = frozenset({Call.FREE, Call.GROW, Call.WRITE})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Calls of these kinds take so long, or until the trouble is over, and then fail or do not."""

    calls: frozenset[Call]
    error: int = 0
    takes_s: float = 0.0
    hangs: bool = False


TROUBLES: Mapping[str, Trouble] = {
    "eio": Trouble(EVERYTHING, errno.EIO),
    "enodev": Trouble(EVERYTHING, errno.ENODEV),
    "erofs": Trouble(CHANGES, errno.EROFS),
    "enospc": Trouble(frozenset({Call.GROW, Call.WRITE}), errno.ENOSPC),
    "hang": Trouble(EVERYTHING, hangs=True),
}
WELL = Trouble(frozenset())


class Gate:
    """Lets calls pass as the present trouble says. Any thread may set it while others wait in it."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._trouble = WELL

    def set(self, trouble: Trouble) -> None:
        """From now on; calls that wait, wait no longer, and are done as they would be now."""
        with self._changed:
            self._trouble = trouble
            self._changed.notify_all()

    def pass_through(self, call: Call) -> None:
        """Return when the call may be carried out. Raises OSError with the trouble's number."""
        with self._changed:
            trouble = self._trouble
            if call not in trouble.calls:
                return
            if trouble.hangs or trouble.takes_s:
                patience_s = None if trouble.hangs else trouble.takes_s
                self._changed.wait_for(lambda: self._trouble is not trouble, patience_s)
            error = self._trouble.error if call in self._trouble.calls else 0
        if error:
            raise OSError(error, "the lab says so")
