"""What a backup is to save, and when one is due.

No clock and no disk: what is there, what was saved and what time it is are arguments.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from holdfast.domain.backups import SavedSegment, SegmentKey
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """What becomes of each segment that was asked for."""

    to_save: tuple[SegmentRecord, ...] = ()
    """Oldest first."""
    saved: tuple[SegmentRecord, ...] = ()
    """Already, in an earlier backup."""
    not_yet: int = 0
    """Being written, or still to be cut: they wait for the next time."""
    not_there: tuple[SegmentRecord, ...] = ()
    """On volumes that are not there."""
    unusable: int = 0
    """Whose files are missing or damaged."""

    @property
    def size_bytes(self) -> int:
        """To be copied."""
        return sum(one.size_bytes for one in self.to_save)


def plan(segments: Iterable[SegmentRecord], saved: Collection[SegmentKey], volumes: Collection[str]) -> BackupPlan:
    """Sort segments by what is to be done with them. `volumes`: names of those that are there."""
    to_save: dict[SegmentKey, SegmentRecord] = {}
    already: list[SegmentRecord] = []
    not_there: list[SegmentRecord] = []
    not_yet = unusable = 0
    for one in segments:
        key = key_of(one)
        if one.state is SegmentState.OPEN or one.keep_bytes is not None:
            not_yet += 1
        elif one.state is not SegmentState.FINAL:
            unusable += 1
        elif key in saved:
            already.append(one)
        elif one.volume not in volumes:
            not_there.append(one)
        else:
            # While a segment is brought home there may be two rows of it for a moment.
            to_save.setdefault(key, one)
    oldest_first = sorted(to_save.values(), key=lambda one: (one.wall_start_ns, one.camera, one.stream, one.path))
    return BackupPlan(tuple(oldest_first), tuple(already), not_yet, tuple(not_there), unusable)


def key_of(segment: SegmentRecord) -> SegmentKey:
    """By what a segment is known in a backup."""
    return segment.run_id, segment.ordinal, segment.size_bytes


@dataclass(frozen=True, slots=True)
class Span:
    """From where to where a stream's footage was saved."""

    camera: str
    stream: str
    from_ns: WallNs
    to_ns: WallNs


def spans(ends: Mapping[tuple[str, str], int], now: Iterable[SavedSegment]) -> tuple[Span, ...]:
    """Of what time a backup has to account for the gaps: what it saved now, and back to what was saved before it.

    `ends`: up to when the record accounts already, by camera and stream.
    """
    first: dict[tuple[str, str], int] = {}
    last: dict[tuple[str, str], int] = {}
    for one in now:
        stream = (one.camera, one.stream)
        first[stream] = min(one.wall_start_ns, first.get(stream, one.wall_start_ns))
        last[stream] = max(one.wall_start_ns + one.duration_ns, last.get(stream, one.wall_start_ns))
    found = []
    for stream in sorted(first):
        # Older footage may come later, from a volume that was not there.
        begin_ns = min(first[stream], ends.get(stream, first[stream]))
        found.append(Span(*stream, WallNs(begin_ns), WallNs(last[stream])))
    return tuple(found)


# ------------------------------------------------------------------ when one is due


@dataclass(frozen=True, slots=True)
class BackupTimes:
    """When backups are made. One of the two is given."""

    at_minute: int | None = None
    """Of the local day, 0 to 1439: once a day."""
    every_s: float | None = None


@dataclass(frozen=True, slots=True)
class LocalMoment:
    """A moment by the wall clock and in local time."""

    wall_ns: WallNs
    day: int
    """Of the calendar, counted: the next day is one more (`datetime.date.toordinal`)."""
    minute: int
    """Since midnight as the clocks on the wall say it; on some days a minute comes twice or not at all."""


@dataclass(frozen=True, slots=True)
class LastBackup:
    """When the last backup by the schedule was begun."""

    wall_ns: WallNs
    day: int
    """The day that it was for: the one before its own when it was late."""


def begun(times: BackupTimes, now: LocalMoment) -> LastBackup:
    """One is begun now: for the last day whose time has come."""
    is_before = times.at_minute is not None and now.minute < times.at_minute
    return LastBackup(now.wall_ns, now.day - is_before)


def is_due(times: BackupTimes, last: LastBackup, now: LocalMoment) -> bool:
    """Whether one is to be begun. Each local day has one: also a day whose night has no such minute, or has it twice.

    What was missed while nothing ran is made up for, once.
    """
    if times.every_s is not None:
        return now.wall_ns - last.wall_ns >= times.every_s * NS_PER_S
    return times.at_minute is not None and begun(times, now).day > last.day


def last_at_first(times: BackupTimes, known: LastBackup | None, now: LocalMoment) -> LastBackup:
    """The last one, when the service begins.

    Without any, the last day whose time has come counts as done, and one that is made every so often is due at once.
    One that lies ahead was noted by a clock that was wrong: it counts as now.
    """
    here = begun(times, now)
    if known is not None:
        return here if known.day > now.day or known.wall_ns > now.wall_ns else known
    return here if times.every_s is None else replace(here, wall_ns=WallNs(0))
