"""Changes that wait to be written: bounded, newest value per name, what cannot be recovered kept longest."""

from collections import OrderedDict
from typing import assert_never

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.certificates import CertificateForgotten, CertificateRecord
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.keeping import HoldRecord, HoldReleased, SegmentDeleted
from holdfast.domain.segments import (
    FaultRecord,
    Heartbeat,
    IntentRecord,
    LeftoverRemoved,
    RebuildDone,
    RecorderStopped,
    RunRecord,
    SegmentMoved,
    SegmentRecord,
    SessionRecord,
    StreamRecord,
    VolumeForgotten,
    VolumeRecord,
)
from holdfast.ports.catalog import Change

Key = tuple[str | int, ...]
Entry = tuple[Key, int, Change]
"""A change with its name and the number under which it was posted."""


def name_of(change: Change) -> Key | None:
    """What the change is about; a later change of the same name replaces it. None for faults, which are added."""
    match change:
        case SegmentRecord() | SegmentDeleted():
            return ("segment", change.node, change.volume, change.path)
        case SegmentMoved():
            return ("move", change.node, change.volume, change.path)
        case LeftoverRemoved():
            return ("leftover", change.node, change.volume, change.path)
        case VolumeRecord() | VolumeForgotten():
            return ("volume", change.node, change.name)
        case RunRecord():
            return ("run", change.run_id)
        case SessionRecord():
            return ("session", change.node, change.camera, change.stream, change.number, change.started_wall_ns)
        case IntentRecord():
            return ("intent", change.node, change.camera, change.stream)
        case StreamRecord():
            return ("stream", change.node, change.camera, change.stream)
        case GapRecord() | GapRemoved():
            return ("gap", change.node, change.gap_id)
        case HoldRecord() | HoldReleased():
            return ("hold", change.node, change.hold_id)
        case AlarmRecord():
            return ("alarm", change.node, change.alarm_id)
        case CertificateRecord() | CertificateForgotten():
            return ("certificate", change.node, change.place)
        case Heartbeat() | RecorderStopped():
            return ("heartbeat", change.node)
        case RebuildDone():
            return ("rebuild", change.node)
        case FaultRecord():
            return None
        case _:
            assert_never(change)


_REBUILDABLE = SegmentRecord | SegmentMoved | SegmentDeleted | LeftoverRemoved | RunRecord | SessionRecord


class Pending:
    """A bounded queue of changes; not thread-safe.

    When more than `limit` wait, the oldest fault goes first, then the oldest segment, run or session (the files hold
    them too), then the oldest gap or alarm. Intents, holds, certificates, names and heartbeats are never dropped:
    there are few of them.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept: OrderedDict[Key, tuple[int, Change]] = OrderedDict()
        self._rebuildable: OrderedDict[Key, tuple[int, Change]] = OrderedDict()
        self._ledger: OrderedDict[Key, tuple[int, Change]] = OrderedDict()
        self._faults: OrderedDict[Key, tuple[int, Change]] = OrderedDict()
        self._number = 0

    def __len__(self) -> int:
        return sum(map(len, self._queues))

    @property
    def _queues(self) -> tuple[OrderedDict[Key, tuple[int, Change]], ...]:
        """In the order in which they are written."""
        return self._kept, self._ledger, self._rebuildable, self._faults

    @property
    def number(self) -> int:
        """The number of the change posted last."""
        return self._number

    def put(self, change: Change) -> int:
        """Take a change in and return how many had to be dropped for it."""
        self._number += 1
        key = name_of(change)
        if key is None:
            self._faults[("fault", self._number)] = (self._number, change)
        elif isinstance(change, _REBUILDABLE):
            self._rebuildable[key] = (self._number, change)
        elif isinstance(change, GapRecord | GapRemoved | AlarmRecord):
            self._ledger[key] = (self._number, change)
        else:
            self._kept[key] = (self._number, change)
        if len(self) <= self._limit:
            return 0
        victims = self._faults or self._rebuildable or self._ledger
        if not victims:
            return 0
        victims.popitem(last=False)
        return 1

    def first(self, count: int) -> tuple[Entry, ...]:
        """The next changes to write. They stay here until `done`, so that nothing is lost when writing fails."""
        entries: list[Entry] = []
        for queue in self._queues:
            for key, (number, change) in queue.items():
                if len(entries) == count:
                    return tuple(entries)
                entries.append((key, number, change))
        return tuple(entries)

    def done(self, entries: tuple[Entry, ...]) -> None:
        """Forget changes that were written, except those that were replaced meanwhile."""
        for key, number, _ in entries:
            for queue in self._queues:
                if key in queue and queue[key][0] == number:
                    del queue[key]

    def has_before(self, number: int) -> bool:
        """Whether a change with this number or an earlier one still waits."""
        return any(waiting <= number for queue in self._queues for waiting, _ in queue.values())
