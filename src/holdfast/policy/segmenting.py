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
class OpenedSegment:
    """The segment that is being written."""

    take: tuple[int, int]
    start_ns: PtsNs
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
    suspended: bool = False
    segment: OpenedSegment | None = None
    held: tuple[FragmentInfo, ...] = ()
    """The latest fragments of the current take, beginning with a key frame."""


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
class Suspended:
    """The segment that was open is lost: nothing can be written."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """Writing works again; `backlog` was not safely written, begins with a key frame and ends with the newest."""

    backlog: tuple[FragmentInfo, ...]


Event = Arrived | Start | Stop | TakeEnded | FinishNow | Suspended | Resumed


@dataclass(frozen=True, slots=True)
class Begin:
    """Begin a segment with this fragment. `new_run`: it does not follow the one before without a break."""

    first: FragmentInfo
    new_run: bool


@dataclass(frozen=True, slots=True)
class Append:
    """Write this fragment."""

    index: int


@dataclass(frozen=True, slots=True)
class Finish:
    """Make the open segment final."""

    reason: EndReason


Action = Begin | Append | Finish
Step = tuple[Segmenter, tuple[Action, ...]]


def step(now: Segmenter, event: Event) -> Step:
    """What follows from an event."""
    match event:
        case Arrived(fragment):
            return _arrived(now, fragment)
        case Start(at_ns):
            return _start(now, at_ns)
        case Stop(at_ns):
            return _stop(now, at_ns)
        case TakeEnded():
            ended, actions = _finish(now, EndReason.SESSION_ENDED)
            return replace(ended, held=(), start_at_ns=None), actions
        case FinishNow(reason):
            return _finish(now, reason)
        case Suspended():
            return replace(now, suspended=True, segment=None), ()
        case Resumed(backlog):
            return _resume(now, backlog)
        case _ as never:
            assert_never(never)


def rotate_at(fragment: FragmentInfo, rules: SegmentRules) -> PtsNs:
    """Media time of the next boundary of the local clock, by the clock as it is now.

    A later jump of the clock does not move it, so no segment is longer than the duration in the rules.
    """
    duration_ns = min(rules.duration_ns, MAX_SEGMENT_NS)
    local_ns = fragment.wall_ns + fragment.utc_offset_s * NS_PER_S
    return PtsNs(fragment.start_ns + duration_ns - local_ns % duration_ns)


def _arrived(now: Segmenter, fragment: FragmentInfo) -> Step:
    now = replace(now, held=_hold(now, fragment))
    if now.suspended:
        return now, ()
    if now.segment is not None:
        return _continue(now, fragment)
    if now.wanted and now.held and (now.start_at_ns is None or fragment.end_ns >= now.start_at_ns):
        return _begin(now)
    return now, ()


def _continue(now: Segmenter, fragment: FragmentInfo) -> Step:
    segment = now.segment
    assert segment is not None
    if segment.take != fragment.take:
        finished, actions = _finish(now, EndReason.SESSION_ENDED)
        if not (finished.wanted and fragment.is_sync):
            return finished, actions
        begun, more = _open(finished, (fragment,), new_run=True)
        return begun, actions + more
    if fragment.is_sync and _is_full(segment, fragment, now.rules):
        begun, more = _open(now, (fragment,), new_run=False)
        now, actions = begun, (Finish(EndReason.ROTATION), *more)
    else:
        now = replace(now, segment=replace(segment, size_bytes=segment.size_bytes + fragment.size_bytes))
        actions = (Append(fragment.index),)
    if now.stop_at_ns is None or fragment.end_ns < now.stop_at_ns:
        return now, actions
    stopped, finish = _finish(now, EndReason.STOPPED)
    if not stopped.wanted or (stopped.start_at_ns is not None and fragment.end_ns < stopped.start_at_ns):
        return stopped, actions + finish
    begun, more = _begin(stopped)
    return begun, actions + finish + more


def _is_full(segment: OpenedSegment, fragment: FragmentInfo, rules: SegmentRules) -> bool:
    if fragment.start_ns >= segment.rotate_at_ns:
        return True
    return rules.size_bytes is not None and segment.size_bytes + fragment.size_bytes > rules.size_bytes


def _begin(now: Segmenter) -> Step:
    """Open a segment with the last key frame that is early enough, or the first one there is."""
    first = 0
    if now.start_at_ns is not None:
        wanted_ns = now.start_at_ns - now.rules.pre_record_ns
        early = [n for n, f in enumerate(now.held) if f.is_sync and f.start_ns <= wanted_ns]
        first = early[-1] if early else 0
    else:
        first = max(n for n, f in enumerate(now.held) if f.is_sync)
    return _open(replace(now, start_at_ns=None), now.held[first:], new_run=True)


def _open(now: Segmenter, fragments: tuple[FragmentInfo, ...], *, new_run: bool) -> Step:
    first = fragments[0]
    segment = OpenedSegment(
        first.take, first.start_ns, rotate_at(first, now.rules), sum(f.size_bytes for f in fragments)
    )
    appended = tuple(Append(f.index) for f in fragments)
    return replace(now, segment=segment), (Begin(first, new_run), *appended)


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
    stopped = replace(now, wanted=False, start_at_ns=None)
    if now.suspended:
        return replace(stopped, stop_at_ns=at_ns), ()
    if now.segment is None:
        return _stop_unbegun(now, stopped, at_ns)
    if at_ns is None or (now.held and now.held[-1].end_ns >= at_ns):
        return _finish(stopped, EndReason.STOPPED)
    return replace(stopped, stop_at_ns=at_ns), ()


def _stop_unbegun(now: Segmenter, stopped: Segmenter, at_ns: PtsNs | None) -> Step:
    """A clip so short that its start still waits for the fragment that it begins in is recorded all the same."""
    if not now.wanted or now.start_at_ns is None or at_ns is None or not now.held:
        return stopped, ()
    begun, actions = _begin(now)
    return replace(begun, wanted=False, stop_at_ns=at_ns), actions


def _hold(now: Segmenter, fragment: FragmentInfo) -> tuple[FragmentInfo, ...]:
    """The latest fragments, from the key frame that a start right now would begin with."""
    held = now.held
    if held and held[-1].take != fragment.take:
        held = ()
    held = (*held, fragment)
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


def _resume(now: Segmenter, backlog: tuple[FragmentInfo, ...]) -> Step:
    now = replace(now, suspended=False, segment=None)
    actions: tuple[Action, ...] = ()
    for position, fragment in enumerate(backlog):
        if now.segment is not None:
            now, more = _continue(now, fragment)
        elif position and not now.wanted:
            break
        elif fragment.is_sync:
            follows = position > 0 and backlog[position - 1].take == fragment.take
            now, more = _open(now, (fragment,), new_run=not follows)
        else:
            more = ()
        actions += more
    if now.wanted or now.segment is None:
        return now, actions
    now, more = _finish(now, EndReason.STOPPED)
    return now, actions + more
