"""Segmenting: which fragments go into which file.

Every stream's fragments pass here as numbers; the answer is to open a segment, append a fragment, finish the segment.
A segment begins with a key frame, so rotation neither loses nor repeats a frame. What came lately is remembered, so
that a recording can begin with the key frame before the moment at which it was asked for.
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import assert_never

from holdfast.domain.times import NS_PER_S, PtsNs, WallNs

MAX_SEGMENT_NS = 6 * 3600 * NS_PER_S
"""The 32-bit durations in a file's first sector hold 13 hours at 90 kHz."""


class EndReason(StrEnum):
    """Why a segment was finished."""

    ROTATION = "rotation"
    STOPPED = "stopped"
    SESSION_ENDED = "session_ended"
    WRITE_FAILED = "write_failed"
    SHUTDOWN = "shutdown"


@dataclass(frozen=True, slots=True)
class SegmentRules:
    """How long and how large a segment may become, and how much is recorded from before a start."""

    duration_ns: int = 900 * NS_PER_S
    size_bytes: int | None = None
    pre_record_ns: int = 0
    max_held_bytes: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class FragmentInfo:
    """One fragment, without its bytes."""

    index: int
    """Running number in its stream, over all sessions."""
    take: tuple[int, int]
    """(session, take)"""
    start_ns: PtsNs
    end_ns: PtsNs
    is_sync: bool
    size_bytes: int
    wall_ns: WallNs
    """When its first frame was taken."""
    utc_offset_s: int


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a segment with this fragment. `new_run`: it does not follow the one before without a break."""

    first: FragmentInfo
    new_run: bool


@dataclass(frozen=True, slots=True)
class Append:
    """Write this fragment."""

    fragment: FragmentInfo


@dataclass(frozen=True, slots=True)
class Finish:
    """Make the open segment final."""

    reason: EndReason


Action = Begin | Append | Finish


@dataclass(frozen=True, slots=True)
class OpenedSegment:
    """The segment that is being written."""

    take: tuple[int, int]
    start_ns: PtsNs
    end_ns: PtsNs
    rotate_at_ns: PtsNs
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Segmenter:
    """State of one stream."""

    rules: SegmentRules
    wanted: bool = False
    start_at_ns: PtsNs | None = None
    """Begin with the key frame before this media time; None: with the next one."""
    stop_at_ns: PtsNs | None = None
    segment: OpenedSegment | None = None
    held: tuple[FragmentInfo, ...] = ()
    """The latest fragments of the current take, beginning with a key frame."""
    suspended: bool = False
    """Nothing can be written: everything is decided as ever, and its actions are deferred."""
    deferred: tuple[Action, ...] = ()

    @property
    def deferred_indexes(self) -> frozenset[int]:
        """Indexes of the fragments that wait to be written."""
        return frozenset(action.fragment.index for action in self.deferred if isinstance(action, Append))

    @property
    def needed_from(self) -> int | None:
        """Index of the oldest fragment that an action, now deferred or still to come, may ask for."""
        return min((*self.deferred_indexes, *(f.index for f in self.held[:1])), default=None)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A fragment arrived."""

    fragment: FragmentInfo


@dataclass(frozen=True, slots=True)
class Start:
    """Record from now (`at_ns` of the current take's media time; None when there is no take)."""

    at_ns: PtsNs | None


@dataclass(frozen=True, slots=True)
class Stop:
    """Record until now."""

    at_ns: PtsNs | None


@dataclass(frozen=True, slots=True)
class TakeEnded:
    """No further fragment of the current take comes."""


@dataclass(frozen=True, slots=True)
class FinishNow:
    """End what is open, whatever is still awaited."""

    reason: EndReason


@dataclass(frozen=True, slots=True)
class Unwritten:
    """Fragments of one take in a row that have to be written again, beginning with a key frame."""

    fragments: tuple[FragmentInfo, ...]
    ended: EndReason | None
    """Why the recording ended behind them; None when they end with the newest one and it goes on."""


@dataclass(frozen=True, slots=True)
class Suspended:
    """Nothing can be written, and `backlog` is not safe on a disk; the segment that was open is lost.

    May come again while suspended, with fragments that are older than all that is deferred.
    """

    backlog: tuple[Unwritten, ...]


@dataclass(frozen=True, slots=True)
class Resumed:
    """Writing works again. Fragments before the index `oldest` are gone."""

    oldest: int


Event = Arrived | Start | Stop | TakeEnded | FinishNow | Suspended | Resumed


Step = tuple[Segmenter, tuple[Action, ...]]


def step(now: Segmenter, event: Event) -> Step:
    """What follows from an event."""
    match event:
        case Suspended(backlog):
            return _suspend(now, backlog), ()
        case Resumed(oldest):
            return _resume(now, oldest)
        case _:
            decided, actions = _decide(now, event)
    if decided.suspended:
        return replace(decided, deferred=decided.deferred + actions), ()
    return decided, actions


def rotate_at(fragment: FragmentInfo, rules: SegmentRules) -> PtsNs:
    """Media time of the next boundary of the local clock, by the clock as it is now.

    A later jump of the clock does not move it. A fragment that comes a little before a boundary counts as being on
    it: the camera's clock and the host's drift apart, and every other rotation would make a segment of one key frame.
    So no segment is longer than the duration in the rules, that little, and one group of pictures.
    """
    duration_ns = min(rules.duration_ns, MAX_SEGMENT_NS)
    early_ns = early_at_most_ns(duration_ns)
    local_ns = fragment.wall_ns + fragment.utc_offset_s * NS_PER_S
    since_boundary_ns = (local_ns + early_ns) % duration_ns - early_ns
    return PtsNs(fragment.start_ns + duration_ns - since_boundary_ns)


def early_at_most_ns(duration_ns: int) -> int:
    """By how much a segment may begin before its boundary: 500 ppm of drift and the first guess of the media clock."""
    return min(duration_ns // 2000 + NS_PER_S // 4, duration_ns // 8)


def _decide(now: Segmenter, event: Arrived | Start | Stop | TakeEnded | FinishNow) -> Step:
    match event:
        case Arrived(fragment):
            return _arrived(now, fragment)
        case Start(at_ns):
            return _start(now, at_ns)
        case Stop(at_ns):
            return _stop(now, at_ns)
        case TakeEnded():
            return _end_take(now)
        case FinishNow(reason):
            return _finish(now, reason)
        case _ as never:
            assert_never(never)


def _arrived(now: Segmenter, fragment: FragmentInfo) -> Step:
    actions: tuple[Action, ...] = ()
    if _take_of(now) not in {None, fragment.take}:
        now, actions = _end_take(now)
    now = replace(now, held=_hold(now, fragment))
    if now.segment is not None:
        now, more = _continue(now, fragment)
        actions += more
    is_due = now.start_at_ns is None or fragment.end_ns >= now.start_at_ns
    if now.segment is None and now.wanted and now.held and is_due:
        now, more = _begin(now)
        actions += more
    return now, actions


def _take_of(now: Segmenter) -> tuple[int, int] | None:
    if now.segment is not None:
        return now.segment.take
    return now.held[-1].take if now.held else None


def _end_take(now: Segmenter) -> Step:
    """A start that still waits for the fragment of its moment takes what there is: nothing else comes."""
    actions: tuple[Action, ...] = ()
    if now.segment is None and now.wanted and now.start_at_ns is not None and now.held:
        now, actions = _begin(now)
    now, more = _finish(now, EndReason.SESSION_ENDED)
    return replace(now, held=(), start_at_ns=None), actions + more


def _continue(now: Segmenter, fragment: FragmentInfo) -> Step:
    stop_at_ns = now.stop_at_ns
    actions: tuple[Action, ...] = ()
    if stop_at_ns is None or fragment.start_ns < stop_at_ns:
        now, actions = _append(now, fragment)
    if stop_at_ns is None or fragment.end_ns < stop_at_ns:
        return now, actions
    now, more = _finish(now, EndReason.STOPPED)
    return now, actions + more


def _append(now: Segmenter, fragment: FragmentInfo) -> Step:
    """Write a fragment to the open segment, or to the next one when this is full."""
    segment = now.segment
    assert segment is not None
    if fragment.is_sync and _is_full(segment, fragment, now.rules):
        begun, actions = _open(now, (fragment,), new_run=False)
        return begun, (Finish(EndReason.ROTATION), *actions)
    size_bytes = segment.size_bytes + fragment.size_bytes
    grown = replace(segment, size_bytes=size_bytes, end_ns=fragment.end_ns)
    return replace(now, segment=grown), (Append(fragment),)


def _is_full(segment: OpenedSegment, fragment: FragmentInfo, rules: SegmentRules) -> bool:
    if fragment.start_ns >= segment.rotate_at_ns:
        return True
    return rules.size_bytes is not None and segment.size_bytes + fragment.size_bytes > rules.size_bytes


def _begin(now: Segmenter) -> Step:
    """Begin a run with the last key frame that is early enough, or the first one there is."""
    first = 0
    if now.start_at_ns is not None:
        wanted_ns = now.start_at_ns - now.rules.pre_record_ns
        early = [n for n, f in enumerate(now.held) if f.is_sync and f.start_ns <= wanted_ns]
        first = early[-1] if early else 0
    else:
        first = max(n for n, f in enumerate(now.held) if f.is_sync)
    return _open_run(replace(now, start_at_ns=None), now.held[first:])


def _open_run(now: Segmenter, fragments: tuple[FragmentInfo, ...]) -> Step:
    now, actions = _open(now, fragments[:1], new_run=True)
    for fragment in fragments[1:]:
        now, more = _append(now, fragment)
        actions += more
    return now, actions


def _open(now: Segmenter, fragments: tuple[FragmentInfo, ...], *, new_run: bool) -> Step:
    (first,) = fragments
    segment = OpenedSegment(first.take, first.start_ns, first.end_ns, rotate_at(first, now.rules), first.size_bytes)
    return replace(now, segment=segment), (Begin(first, new_run), Append(first))


def _finish(now: Segmenter, reason: EndReason) -> Step:
    actions = (Finish(reason),) if now.segment is not None else ()
    return replace(now, segment=None, stop_at_ns=None), actions


def _start(now: Segmenter, at_ns: PtsNs | None) -> Step:
    started = replace(now, wanted=True, start_at_ns=at_ns)
    if now.segment is not None and now.stop_at_ns is None:
        return replace(started, start_at_ns=now.start_at_ns), ()
    return started, ()


def _stop(now: Segmenter, at_ns: PtsNs | None) -> Step:
    if not now.wanted:
        return now, ()
    actions: tuple[Action, ...] = ()
    if now.segment is None and now.start_at_ns is not None and at_ns is not None and now.held:
        # A clip so short that its start still waits for the fragment of its moment is recorded all the same.
        now, actions = _begin(now)
    stopped = replace(now, wanted=False, start_at_ns=None)
    if now.segment is None:
        return stopped, actions
    if at_ns is None or now.segment.end_ns >= at_ns:
        stopped, more = _finish(stopped, EndReason.STOPPED)
        return stopped, actions + more
    return replace(stopped, stop_at_ns=at_ns), actions


def _hold(now: Segmenter, fragment: FragmentInfo) -> tuple[FragmentInfo, ...]:
    """The latest fragments, from the key frame that a start right now would begin with."""
    held = (*now.held, fragment)
    edge_ns = fragment.end_ns - now.rules.pre_record_ns
    if now.start_at_ns is not None:
        edge_ns = min(edge_ns, now.start_at_ns - now.rules.pre_record_ns)
    keys = [n for n, f in enumerate(held) if f.is_sync]
    early = [n for n in keys if held[n].start_ns <= edge_ns]
    first = early[-1] if early else (keys[0] if keys else len(held))
    held = held[first:]
    while sum(f.size_bytes for f in held) > now.rules.max_held_bytes:
        later = [n for n, f in enumerate(held) if f.is_sync and n > 0]
        held = held[later[0] :] if later else ()
    return held


def _suspend(now: Segmenter, backlog: tuple[Unwritten, ...]) -> Segmenter:
    """What is to be written again comes before what is deferred already."""
    again = replace(now, segment=None)
    actions: tuple[Action, ...] = ()
    for part in backlog:
        again, more = _open_run(again, part.fragments)
        actions += more
        if part.ended is not None:
            again = replace(again, segment=None)
            actions += (Finish(part.ended),)
    segment = now.segment if now.suspended else again.segment
    stop_at_ns = now.stop_at_ns if segment is not None else None
    return replace(now, suspended=True, segment=segment, stop_at_ns=stop_at_ns, deferred=actions + now.deferred)


def _resume(now: Segmenter, oldest: int) -> Step:
    """Do what was deferred, as far as its fragments are still there."""
    actions: list[Action] = []
    is_open = False
    for action in now.deferred:
        match action:
            case Begin(first):
                is_open = first.index >= oldest
                actions += [action] if is_open else []
            case Append(fragment):
                if not is_open and fragment.index >= oldest and fragment.is_sync:
                    is_open = True
                    actions.append(Begin(fragment, new_run=True))
                actions += [action] if is_open else []
            case _:
                actions += [action] if is_open else []
                is_open = False
    resumed = replace(now, suspended=False, deferred=())
    if not is_open:
        resumed = replace(resumed, segment=None, stop_at_ns=None)
    return resumed, tuple(actions)
