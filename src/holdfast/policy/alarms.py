"""Alarms: from what is observed to what a person should know, raised once and cleared once.

`step(state, facts, rules, at_s) -> (state, actions)`. Times are seconds of a monotonic clock. Each thing that may be
wrong has a verdict: it is wrong, it is well, or neither is known. An alarm is raised when it was wrong for a while, and
cleared when it was known to be well for `clear_after_s` without a break; what lies between does neither, so that
nothing flaps around a threshold. The state holds only what is wrong or raised.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from holdfast.domain.alarms import AlarmKind, AlarmRecord, Severity
from holdfast.domain.streams import StreamId
from holdfast.domain.volumes import VolumeState
from holdfast.policy.connecting import Phase

FRESH_S = 5.0
"""Footage that reached a disk so lately says that saving works. (It is synced at least every second.)"""
SURE_S = 2.0
"""What needs no other patience must be seen for so long: a recorder that was stopped itself sees old times first."""
CATALOG_PATIENCE_S = 10.0
"""A database may be busy for a moment."""
CALM_SHARE = 0.8
"""The memory alarm is cleared below this share of its threshold: 40 % where it is raised above 50 %."""


@dataclass(frozen=True, slots=True)
class AlarmRules:
    """Thresholds; docs/guide/alarms.md names them for people."""

    unsaved_after_s: float = 30.0
    error_after_s: float = 10.0
    slow_after_s: float = 10.0
    memory_percent: int = 50
    clear_after_s: float = 10.0


@dataclass(frozen=True, slots=True)
class StreamFacts:
    """One stream that the recorder has."""

    stream: StreamId
    records: bool
    """It is to be recorded, and its recording valve is open."""
    phase: Phase
    saved_age_s: float | None = None
    """Seconds since bytes of it last reached a disk; None: not since recording was switched on."""
    trouble: str = ""
    """A sentence: what is wrong with it at this moment, as far as that is known."""


@dataclass(frozen=True, slots=True)
class VolumeFacts:
    """One volume that the recorder has."""

    name: str
    state: VolumeState
    sentence: str = ""
    """What it said about its state; without a secret."""


@dataclass(frozen=True, slots=True)
class MemoryFacts:
    """Memory that holds footage."""

    held_bytes: int
    """Of footage that is to be saved and is not yet; not what is kept for pre-record only."""
    limit_bytes: int
    subject: str = ""
    """A stream that has a limit of its own; empty: all of them together."""


@dataclass(frozen=True, slots=True)
class CatalogFacts:
    """The catalog."""

    trouble: str = ""
    """Why it cannot be written, as a sentence; empty while it can."""
    unresolved: int | None = None
    """Differences from the files that a repair left open; None while they were not compared yet."""


@dataclass(frozen=True, slots=True)
class BackupFacts:
    """The last backup by the schedule."""

    trouble: str | None = None
    """Why it is not complete, as a sentence; empty when it is; None while none has ended."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Everything that is observed at one moment."""

    streams: tuple[StreamFacts, ...] = ()
    volumes: tuple[VolumeFacts, ...] = ()
    memory: tuple[MemoryFacts, ...] = ()
    catalog: CatalogFacts = field(default_factory=CatalogFacts)
    backup: BackupFacts | None = None
    """None: there is no schedule."""
    cannot_keep: Mapping[str, str] = field(default_factory=dict, hash=False)
    """Volumes and cameras whose limits of retention cannot be kept, and why, as a sentence."""


Key = tuple[str, str]
"""Kind and subject. The kind as text: a newer program may have left alarms of a kind that this one does not know."""


@dataclass(frozen=True, slots=True)
class Watched:
    """Something that is wrong, or an alarm that is raised."""

    is_raised: bool
    since_s: float | None = None
    """Since when it has been wrong and is not raised, or has been well and is raised; None: it is not."""


@dataclass(frozen=True, slots=True)
class Alarms:
    """What is wrong or raised. The mapping is never changed; a step makes another one."""

    watched: Mapping[Key, Watched] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Raise:
    """Raise an alarm."""

    kind: AlarmKind
    subject: str
    severity: Severity
    sentence: str


@dataclass(frozen=True, slots=True)
class Clear:
    """Clear it: its fact is no longer so."""

    kind: str
    subject: str


Action = Raise | Clear


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What the facts say of one possible alarm."""

    kind: AlarmKind
    subject: str
    is_wrong: bool | None
    """None: it can neither be said to be wrong nor to be well."""
    after_s: float
    """For how long it must be wrong."""
    sentence: str = ""
    severity: Severity = Severity.CRITICAL


VOLUME_SENTENCES: Mapping[VolumeState, str] = {
    VolumeState.SLOW: "The volume is slow: writing to it takes longer than a second.",
    VolumeState.FULL: "The volume is full, or has less space than its reserve.",
    VolumeState.READ_ONLY: "The volume is read-only. It may have been damaged: check it, then mount it for writing.",
    VolumeState.GONE: "The volume is gone. Connect and mount it again.",
    VolumeState.HUNG: "The volume does not answer any more. Check the disk, its cable or the server.",
    VolumeState.REFUSED: "What is mounted in place of the volume is another one, and is not written to.",
}
"""For a volume that does not say itself what is wrong with it."""
VOLUME_KINDS: Mapping[VolumeState, AlarmKind] = {
    VolumeState.SLOW: AlarmKind.VOLUME_SLOW,
    VolumeState.FULL: AlarmKind.VOLUME_FULL,
    VolumeState.READ_ONLY: AlarmKind.VOLUME_READ_ONLY,
    VolumeState.GONE: AlarmKind.VOLUME_GONE,
    VolumeState.HUNG: AlarmKind.VOLUME_HUNG,
    VolumeState.REFUSED: AlarmKind.VOLUME_REFUSED,
}


def taken_over(open_alarms: Iterable[AlarmRecord]) -> Alarms:
    """The state with which a life begins, when an earlier one left these open."""
    return Alarms({(record.kind, record.subject): Watched(is_raised=True) for record in open_alarms})


def step(now: Alarms, facts: Facts, rules: AlarmRules, at_s: float) -> tuple[Alarms, tuple[Action, ...]]:
    """What follows from the facts of this moment."""
    watched: dict[Key, Watched] = {}
    actions: list[Action] = []
    judged = {(verdict.kind.value, verdict.subject): verdict for verdict in _verdicts(facts, rules)}
    for key, before in now.watched.items():
        if key not in judged and before.is_raised:
            # The camera or volume is no longer there, or its alarm is one that this program never raises.
            actions.append(Clear(*key))
    for key, verdict in judged.items():
        after = _watch(now.watched.get(key, Watched(is_raised=False)), verdict, rules, at_s)
        was_raised = key in now.watched and now.watched[key].is_raised
        if after.is_raised and not was_raised:
            actions.append(Raise(verdict.kind, verdict.subject, verdict.severity, verdict.sentence))
        elif was_raised and not after.is_raised:
            actions.append(Clear(*key))
        if after.is_raised or after.since_s is not None:
            watched[key] = after
    return Alarms(watched), tuple(actions)


def _watch(before: Watched, verdict: _Verdict, rules: AlarmRules, at_s: float) -> Watched:
    if verdict.is_wrong is None:
        # Raising is not put off by what is not known; for clearing it must be known to be well all the time.
        return replace(before, since_s=None) if before.is_raised else before
    if verdict.is_wrong is before.is_raised:
        return Watched(before.is_raised)
    since_s = at_s if before.since_s is None else before.since_s
    patience_s = rules.clear_after_s if before.is_raised else verdict.after_s
    if at_s - since_s >= patience_s:
        return Watched(is_raised=not before.is_raised)
    return Watched(before.is_raised, since_s)


def _verdicts(facts: Facts, rules: AlarmRules) -> Iterator[_Verdict]:
    for stream in facts.streams:
        yield _unsaved(stream, rules)
        yield _in_error(stream, rules)
    for volume in facts.volumes:
        yield from _volume(volume, rules)
    if facts.volumes:
        yield _no_volume(facts.volumes)
    names = {volume.name for volume in facts.volumes} | {seen.stream.camera for seen in facts.streams}
    for name in sorted(names | facts.cannot_keep.keys()):
        short = facts.cannot_keep.get(name, "")
        yield _Verdict(AlarmKind.RETENTION, name, bool(short), SURE_S, short, Severity.WARNING)
    for memory in facts.memory:
        yield _memory(memory, rules)
    yield from _catalog(facts.catalog)
    if facts.backup is not None:
        yield _backup(facts.backup)


def _unsaved(seen: StreamFacts, rules: AlarmRules) -> _Verdict:
    age_s = seen.saved_age_s
    after_s = rules.unsaved_after_s if age_s is None else SURE_S
    is_wrong: bool | None = None
    if not seen.records or (age_s is not None and age_s < min(FRESH_S, rules.unsaved_after_s)):
        is_wrong = False
    elif age_s is None or age_s >= rules.unsaved_after_s:
        is_wrong = True
    sentence = f"For {rules.unsaved_after_s:g} s nothing of this camera has reached a disk."
    if seen.trouble:
        sentence = f"For {rules.unsaved_after_s:g} s nothing of this camera has reached a disk. {seen.trouble}"
    return _Verdict(AlarmKind.NOT_SAVED, str(seen.stream), is_wrong, after_s, sentence)


def _in_error(seen: StreamFacts, rules: AlarmRules) -> _Verdict:
    is_wrong: bool | None = None
    if not seen.records or seen.phase is Phase.CONNECTED:
        is_wrong = False
    elif seen.phase is Phase.ERROR:
        is_wrong = True
    sentence = "The camera cannot be recorded, and many tries have failed."
    if seen.trouble:
        sentence = f"The camera cannot be recorded, and many tries have failed. {seen.trouble}"
    return _Verdict(AlarmKind.CAMERA_ERROR, str(seen.stream), is_wrong, rules.error_after_s, sentence)


def _volume(seen: VolumeFacts, rules: AlarmRules) -> Iterator[_Verdict]:
    for state, kind in VOLUME_KINDS.items():
        is_wrong = None if seen.state is VolumeState.CHECKING else seen.state is state
        is_slow = state is VolumeState.SLOW
        severity = Severity.WARNING if is_slow else Severity.CRITICAL
        after_s = rules.slow_after_s if is_slow else SURE_S
        yield _Verdict(kind, seen.name, is_wrong, after_s, seen.sentence or VOLUME_SENTENCES[state], severity)


def _no_volume(volumes: tuple[VolumeFacts, ...]) -> _Verdict:
    is_wrong: bool | None = True
    if any(volume.state.is_writable for volume in volumes):
        is_wrong = False
    elif any(volume.state is VolumeState.CHECKING for volume in volumes):
        is_wrong = None
    sentence = "No volume can be written. Footage is held in memory as long as there is room."
    return _Verdict(AlarmKind.NO_VOLUME, "", is_wrong, SURE_S, sentence)


def _memory(seen: MemoryFacts, rules: AlarmRules) -> _Verdict:
    percent = 100 * seen.held_bytes / seen.limit_bytes
    is_wrong: bool | None = None
    if percent > rules.memory_percent:
        is_wrong = True
    elif percent < CALM_SHARE * rules.memory_percent:
        is_wrong = False
    sentence = f"More than {rules.memory_percent} % of the memory for footage is in use: the disks do not keep up."
    return _Verdict(AlarmKind.MEMORY, seen.subject, is_wrong, SURE_S, sentence, Severity.WARNING)


def _catalog(seen: CatalogFacts) -> Iterator[_Verdict]:
    yield _Verdict(AlarmKind.CATALOG, "", bool(seen.trouble), CATALOG_PATIENCE_S, seen.trouble)
    is_wrong = None if seen.unresolved is None else seen.unresolved > 0
    sentence = (
        f"The catalog and the files differ in {seen.unresolved} places that were not mended. "
        "To see them: holdfast check DIR"
    )
    yield _Verdict(AlarmKind.CATALOG_MISMATCH, "", is_wrong, 0.0, sentence, Severity.WARNING)


def _backup(seen: BackupFacts) -> _Verdict:
    is_wrong = None if seen.trouble is None else bool(seen.trouble)
    sentence = f"The last backup is not complete. {seen.trouble}"
    return _Verdict(AlarmKind.BACKUP, "", is_wrong, 0.0, sentence, Severity.WARNING)
