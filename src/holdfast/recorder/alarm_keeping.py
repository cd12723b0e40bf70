"""Keeps the alarms: looks at what is observed, asks the policy, writes down and tells what it says."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from holdfast.domain.alarms import AlarmRecord, Severity
from holdfast.domain.secrets import one_line
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.policy import alarms
from holdfast.policy.alarms import (
    AlarmRules,
    Alarms,
    BackupFacts,
    CatalogFacts,
    Facts,
    MemoryFacts,
    StreamFacts,
    VolumeFacts,
)
from holdfast.policy.connecting import Phase
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.clock import Clock
from holdfast.ports.notifications import Notifications
from holdfast.recorder.supervisor import StreamSupervisor

LOG = logging.getLogger("holdfast.alarms")
LEVELS = {Severity.WARNING: logging.WARNING, Severity.CRITICAL: logging.ERROR}
AGAIN_NS = 60 * NS_PER_S
LONGEST_SENTENCE = 1000
"""Letters: what a camera or a disk said may be in it."""


class AlarmKeeper:
    """Owns the alarms of one recorder. All calls come on its event loop, and none of them waits."""

    def __init__(
        self,
        clock: Clock,
        catalog: CatalogWrites,
        notifications: Notifications,
        new_id: Callable[[], UUID],
        left_open: Sequence[AlarmRecord] = (),
    ) -> None:
        """`left_open`: what an earlier life left open; it is cleared when its fact is no longer so."""
        self.rules = AlarmRules()
        self.unresolved: int | None = None
        """Differences between catalog and files that a repair left open; None while it has not ended."""
        self.backup: BackupFacts | None = None
        """How the last backup ended; None: none are made by themselves."""
        self.cannot_keep: Mapping[str, str] = {}
        """Volumes and cameras whose limits of retention cannot be kept, and why."""
        self._clock, self._catalog, self._notifications, self._new_id = clock, catalog, notifications, new_id
        self._open = {(record.kind, record.subject, record.alarm_id): record for record in left_open}
        self._alarms: Alarms = alarms.taken_over(left_open)
        self._saved_ns: dict[StreamId, int] = {}
        """When something of a stream last reached a disk, since its recording was switched on."""
        self._mistake_ns: int | None = None

    @property
    def open(self) -> tuple[AlarmRecord, ...]:
        """What is raised at this moment, the oldest first."""
        return tuple(sorted(self._open.values(), key=lambda one: (one.raised_wall_ns, one.kind, one.subject)))

    def look(
        self, streams: Iterable[StreamSupervisor], volumes: Sequence[VolumeFacts] = (), limit_bytes: int = 0
    ) -> None:
        """Look at everything; about once a second. `volumes`: from the first look on all that there are.

        `limit_bytes`: of the footage that is held in memory; 0: not known. A mistake of this module is logged and ends
        nothing: recording is worth more than any alarm.
        """
        try:
            self._look(list(streams), volumes, limit_bytes)
        except Exception:  # the boundary of what belongs to alarms: cameras must be recorded all the same
            now_ns = self._clock.mono_ns()
            if self._mistake_ns is None or now_ns - self._mistake_ns >= AGAIN_NS:
                self._mistake_ns = now_ns
                LOG.exception("a mistake of the recorder itself: alarms may be missing; recording goes on")
            return
        # Not after a mistake: who watches from outside is to notice that alarms do not work.
        self._notifications.alive()

    def _look(self, streams: Sequence[StreamSupervisor], volumes: Sequence[VolumeFacts], limit_bytes: int) -> None:
        seen = tuple(self._stream(supervisor) for supervisor in streams)
        self._saved_ns = {one.stream: self._saved_ns[one.stream] for one in seen if one.stream in self._saved_ns}
        # Of a stream that is not to be recorded, what is held is there to be thrown away.
        held_bytes = sum(supervisor.recording.held_bytes for supervisor in streams if supervisor.wanted)
        memory = (MemoryFacts(held_bytes, limit_bytes),) if limit_bytes else ()
        condition = self._catalog.condition
        catalog = CatalogFacts(condition.trouble or "", self.unresolved)
        facts = Facts(seen, tuple(volumes), memory, catalog, self.backup, self.cannot_keep)
        self._alarms, actions = alarms.step(self._alarms, facts, self.rules, self._clock.mono_ns() / NS_PER_S)
        for action in actions:
            match action:
                case alarms.Raise():
                    self._raise(action)
                case alarms.Clear(kind, subject):
                    self._clear(kind, subject)

    def _stream(self, supervisor: StreamSupervisor) -> StreamFacts:
        stream, phase = supervisor.stream, supervisor.connection.phase
        records = supervisor.wanted and supervisor.connection.records
        saved_ns = supervisor.recording.synced_at_ns
        if not records:
            self._saved_ns.pop(stream, None)
        elif saved_ns is not None and (stream in self._saved_ns or self._is_fresh(saved_ns)):
            # What was saved before recording was switched on does not count. A recording ends with its session, and
            # then does not know any more when it last saved something.
            self._saved_ns[stream] = max(saved_ns, self._saved_ns.get(stream, saved_ns))
        known_ns = self._saved_ns.get(stream)
        age_s = None if known_ns is None else (self._clock.mono_ns() - known_ns) / NS_PER_S
        return StreamFacts(stream, records, phase, age_s, _trouble(supervisor) if records else "")

    def _is_fresh(self, at_ns: int) -> bool:
        return self._clock.mono_ns() - at_ns < alarms.FRESH_S * NS_PER_S

    def _raise(self, action: alarms.Raise) -> None:
        record = AlarmRecord(
            alarm_id=str(self._new_id()),
            kind=action.kind,
            severity=action.severity,
            subject=action.subject,
            sentence=one_line(action.sentence, LONGEST_SENTENCE),
            raised_wall_ns=self._clock.wall_ns(),
        )
        self._open[record.kind, record.subject, record.alarm_id] = record
        LOG.log(LEVELS[action.severity], "%s", words_of(record))
        self._say(record)

    def _clear(self, kind: str, subject: str) -> None:
        for key in [key for key in self._open if key[:2] == (kind, subject)]:
            record = self._open.pop(key)
            # A clock that was set back meanwhile must not end an alarm before it began.
            cleared_ns = max(self._clock.wall_ns(), record.raised_wall_ns)
            LOG.info("over: %s", words_of(record))
            self._say(replace(record, cleared_wall_ns=cleared_ns))

    def _say(self, record: AlarmRecord) -> None:
        self._catalog.post(record)
        self._notifications.tell(record)


def words_of(record: AlarmRecord) -> str:
    """The alarm in one line, in English."""
    return f"{record.subject}: {record.sentence}" if record.subject else record.sentence


def _trouble(supervisor: StreamSupervisor) -> str:
    """What is wrong with a stream at this moment."""
    if supervisor.connection.phase is not Phase.CONNECTED:
        return supervisor.status.fault
    fault = supervisor.recording.storage_fault
    return "" if fault is None else fault.sentence
