"""What a volume's process was ordered and has not answered yet."""

from dataclasses import dataclass

from holdfast.domain.faults import FaultKind
from holdfast.ports.volumes import (
    Answer,
    AppendData,
    Created,
    CreateSegment,
    Cut,
    CutFailed,
    CutSegment,
    Finished,
    FinishSegment,
    Order,
    SegmentFailed,
    Synced,
)


@dataclass(slots=True)
class _Entry:
    """Of one segment."""

    since_s: float | None = None
    """Since when it waits for the next answer; None: nothing is unanswered."""
    path: str = ""
    token: int | None = None
    """Of the last footage that is not synced."""
    is_creating: bool = False
    is_finishing: bool = False
    is_cutting: bool = False
    is_given_up: bool = False
    """On our side: the process still takes it for open."""

    @property
    def is_waiting(self) -> bool:
        return self.is_cutting or self.is_creating or self.is_finishing or self.token is not None


class Pending:
    """Segments from their creation until they are final, failed or cut, by key. Times are monotonic seconds."""

    def __init__(self) -> None:
        """Nothing was ordered."""
        self._entries: dict[int, _Entry] = {}

    def accepts(self, order: Order) -> bool:
        """Whether an order still means something: nothing is written to a segment that is not there any more."""
        if not isinstance(order, AppendData | FinishSegment):
            return True
        entry = self._entries.get(order.key)
        return entry is not None and not entry.is_given_up and not entry.is_cutting and not entry.is_finishing

    def ordered(self, order: Order, now_s: float) -> None:
        """Note an order that `accepts` let through."""
        entry = self._entries.setdefault(order.key, _Entry())
        match order:
            case CreateSegment():
                entry.is_creating = True
            case AppendData(token=token):
                entry.token = token
            case FinishSegment():
                entry.is_finishing = True
            case CutSegment():
                entry.is_cutting, entry.is_creating, entry.is_finishing, entry.token = True, False, False, None
        if entry.since_s is None:
            entry.since_s = now_s

    def answered(self, answer: Answer, now_s: float) -> bool:
        """Note an answer; False when it is about a segment that has been said to have failed."""
        entry = self._entries.get(answer.key)
        if entry is None:
            # A file that could not be cut when it was ordered, and can be now.
            return isinstance(answer, Cut | CutFailed)
        match answer:
            case Created(_, path, _):
                entry.path, entry.is_creating = path, False
            case Synced(_, token, _):
                entry.token = None if entry.token == token else entry.token
            case Finished() if entry.is_cutting:
                # It was final before the order to cut it came; that is answered next.
                pass
            case Finished() | Cut() | CutFailed():
                del self._entries[answer.key]
            case SegmentFailed():
                entry.token, entry.is_creating, entry.is_finishing = None, False, False
                if not entry.is_cutting and not entry.is_given_up:
                    del self._entries[answer.key]
        entry.since_s = now_s if entry.is_waiting else None
        return not (entry.is_given_up and isinstance(answer, Synced | SegmentFailed))

    def give_up(self, key: int, sentence: str) -> list[Answer]:
        """Say that a segment, or its cut, has failed, though the process does not know it."""
        entry = self._entries.get(key)
        if entry is None or (entry.is_given_up and not entry.is_cutting):
            return []
        if entry.is_cutting:
            del self._entries[key]
            return [CutFailed(key, sentence)]
        entry.is_given_up = True
        entry.since_s, entry.token, entry.is_creating, entry.is_finishing = None, None, False, False
        return [SegmentFailed(key, FaultKind.STORAGE_DISCONNECTED, sentence, entry.path)]

    def give_up_all(self, sentence: str) -> list[Answer]:
        """The process is gone: say of everything that it has failed."""
        failed = [answer for key in list(self._entries) for answer in self.give_up(key, sentence)]
        self._entries.clear()
        return failed

    def since_s(self) -> float | None:
        """Since when the segment waits that has waited longest for its next answer; None when none does.

        Every answer begins the wait for the next one anew: footage that comes while a sync of ten seconds is at work
        waits for two of these, and the disk hangs in neither.
        """
        return min((entry.since_s for entry in self._entries.values() if entry.since_s is not None), default=None)
