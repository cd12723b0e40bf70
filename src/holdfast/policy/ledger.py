"""The gap ledger of one stream: facts about footage and faults in, gaps out (requirement F4, invariant I1).

`step(ledger, event, settings) -> (ledger, actions)`. All times are monotonic; those of before the machine's start are
negative. What happened within the horizon is kept as facts, and every step finds the holes in it anew, so that late
footage, a better clock and a repaired file need no rules of their own.
"""

from dataclasses import dataclass, replace
from typing import assert_never

from holdfast.domain.faults import FaultKind
from holdfast.domain.gaps import GapCause
from holdfast.domain.times import NS_PER_S, MonoNs
from holdfast.policy.holes import (
    EVER_AGO,
    LONG_HOLE_NS,
    NEVER,
    Hole,
    Stretch,
    Want,
    between_lanes_ns,
    extended,
    floor_at,
    holes_in,
    merged,
)
from holdfast.policy.ledger_events import (
    Action,
    DropGap,
    EarlierLife,
    Event,
    Faulted,
    Gap,
    Lost,
    Note,
    PutGap,
    Recorded,
    Redated,
    Ticked,
    Unwanted,
    Wanted,
)

EARLIER_LIFE = 0
"""The number of the gap between an earlier life of the recorder and this one."""
MOST_ALSO = 10
NEVER_A_CAUSE = frozenset({FaultKind.DECODER, FaultKind.VIDEO_SINK})
"""Faults of those who watch."""
_UNEXPLAINED = frozenset({GapCause.STARTING, GapCause.SILENT})
_SLACK_NS = NS_PER_S // 4
"""So much may a frame be dated later than the break that came after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerSettings:
    """Limits of patience, and of memory."""

    open_after_ns: int = 5 * NS_PER_S // 2
    """Without a fault, and beside two frame intervals: fragments come late by design."""
    settle_ns: int = 3 * NS_PER_S
    """Footage of before a stop may come so long after it."""
    horizon_ns: int = 60 * NS_PER_S
    """What is older is final."""
    most_stretches: int = 32
    most_wants: int = 16
    most_losses: int = 32


# ---------------------------------------------------------------- state


@dataclass(frozen=True, slots=True)
class Earlier:
    """What is known of the gap after an earlier life."""

    carried_ns: int
    """Where the gap began that was open then; EVER_AGO when none was."""
    begin_ns: int
    final: Gap | None = None
    """The gap, when it is older than the horizon."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The facts within the horizon, and the gaps that were made of them."""

    now_ns: int = EVER_AGO
    floor_ns: int = EVER_AGO
    """Everything before is final."""
    wants: tuple[Want, ...] = ()
    stretches: tuple[Stretch, ...] = ()
    faults: tuple[Faulted, ...] = ()
    """Since the last recorded frame, one of each kind, the first first."""
    gaps: tuple[Gap, ...] = ()
    """Said, and not final."""
    losses: tuple[Gap, ...] = ()
    """Gaps of known loss: the latest, whether final or not."""
    earlier: Earlier | None = None
    next_number: int = EARLIER_LIFE + 1

    @property
    def cover(self) -> tuple[Stretch, ...]:
        """Time that is accounted for: recorded, or known to be lost."""
        return (*self.stretches, *(Stretch(None, loss.from_ns, loss.end_ns) for loss in self.losses))

    @property
    def open_gap(self) -> Gap | None:
        """The gap that is open now."""
        return next((gap for gap in self.gaps if gap.to_ns is None), None)


_DEFAULTS = LedgerSettings()


def step(now: Ledger, event: Event, settings: LedgerSettings = _DEFAULTS) -> tuple[Ledger, tuple[Action, ...]]:
    """What follows from an event."""
    then, corrected = _taken_in(now, event, settings)
    then = _assessed(then, settings)
    said = now.gaps
    if isinstance(event, EarlierLife) and now.earlier is None and event.carried is not None:
        said = (replace(event.carried, number=EARLIER_LIFE), *said)
    kept = {gap.number for gap in then.gaps}
    before = {*said, *now.losses}
    actions = (
        *corrected,
        *(DropGap(gap.number) for gap in said if gap.number not in kept),
        *(PutGap(gap) for gap in (*then.gaps, *then.losses) if gap not in before),
    )
    return _finalised(then, settings), actions


# ---------------------------------------------------------------- taking facts in


def _taken_in(now: Ledger, event: Event, settings: LedgerSettings) -> tuple[Ledger, tuple[Action, ...]]:
    match event:
        case Wanted(at_ns):
            now = _switched_on(_at(now, at_ns), at_ns)
        case Unwanted(at_ns):
            wants = (replace(want, to_ns=min(want.end_ns, at_ns)) for want in now.wants)
            now = replace(_at(now, at_ns), wants=tuple(wants))
        case EarlierLife():
            return _earlier(now, event)
        case Recorded(lane, from_ns, to_ns, interval_ns):
            piece = Stretch(lane, from_ns, to_ns, interval_ns)
            stretches = extended(now.stretches, piece) if to_ns > now.floor_ns else now.stretches
            now = replace(_at(now, to_ns), stretches=stretches)
        case Faulted():
            faults = now.faults if _is_over(event, now.stretches) else _noted(now.faults, event)
            now = replace(_at(now, event.at_ns), faults=faults)
        case Lost():
            now = _lost(now, event, settings)
        case Redated():
            now = _redated(now, event)
        case Ticked(at_ns):
            now = _at(now, at_ns)
        case _ as never:
            assert_never(never)
    return now, ()


def _at(now: Ledger, at_ns: int) -> Ledger:
    return replace(now, now_ns=at_ns) if at_ns > now.now_ns else now


def _switched_on(now: Ledger, at_ns: MonoNs) -> Ledger:
    if now.wants and now.wants[-1].to_ns is None:
        return now
    return replace(now, wants=(*now.wants, Want(at_ns)), faults=())


def _earlier(now: Ledger, event: EarlierLife) -> tuple[Ledger, tuple[Action, ...]]:
    if now.earlier is not None:
        return _corrected(now, now.earlier, event.until_ns)
    carried_ns = EVER_AGO if event.carried is None else event.carried.from_ns
    begin_ns = max(event.until_ns, carried_ns)
    gap = event.carried or Gap(EARLIER_LIFE, begin_ns, None, event.note)
    first = Want(begin_ns, now.wants[0].to_ns) if now.wants else Want(begin_ns)
    then = replace(
        now,
        floor_ns=min(now.floor_ns, begin_ns),
        wants=(first, *now.wants[1:]),
        faults=(Faulted(event.note, None, MonoNs(begin_ns), breaks=True), *now.faults),
        gaps=(replace(gap, number=EARLIER_LIFE, from_ns=begin_ns, to_ns=None), *now.gaps),
        earlier=Earlier(carried_ns, begin_ns),
    )
    return then, ()


def _corrected(now: Ledger, earlier: Earlier, until_ns: int) -> tuple[Ledger, tuple[Action, ...]]:
    begin_ns = max(until_ns, earlier.carried_ns)
    if begin_ns == earlier.begin_ns:
        return now, ()
    then = replace(now, earlier=replace(earlier, begin_ns=begin_ns))
    if earlier.final is not None:
        is_gap = earlier.final.end_ns - begin_ns > between_lanes_ns(0)
        return then, (PutGap(replace(earlier.final, from_ns=begin_ns)) if is_gap else DropGap(EARLIER_LIFE),)
    if now.wants and now.wants[0].from_ns == earlier.begin_ns:
        wants = (replace(now.wants[0], from_ns=begin_ns), *now.wants[1:])
        faults = tuple(
            replace(one, at_ns=MonoNs(begin_ns)) if one.at_ns == earlier.begin_ns else one for one in now.faults
        )
        then = replace(then, wants=wants, faults=faults, floor_ns=min(now.floor_ns, begin_ns))
    return then, ()


def _noted(faults: tuple[Faulted, ...], fault: Faulted) -> tuple[Faulted, ...]:
    if fault.note.cause in NEVER_A_CAUSE:
        return faults
    for index, known in enumerate(faults):
        if known.note.cause == fault.note.cause:
            both = replace(known, breaks=known.breaks or fault.breaks)
            return (*faults[:index], both, *faults[index + 1 :])
    return (*faults, fault) if len(faults) <= MOST_ALSO else faults


def _lost(now: Ledger, lost: Lost, settings: LedgerSettings) -> Ledger:
    # What is final was recorded, or it would not be known to be lost; of the rest only what was wanted counts.
    final = (int(lost.from_ns), min(lost.to_ns, now.floor_ns))
    wanted = ((max(lost.from_ns, one.from_ns, now.floor_ns), min(lost.to_ns, one.end_ns)) for one in now.wants)
    losses, number = now.losses, now.next_number
    for from_ns, to_ns in (final, *wanted):
        if from_ns >= to_ns:
            continue
        last = losses[-1] if losses else None
        if (
            last is not None
            and last.note.cause == lost.note.cause
            and _shared_ns(last, from_ns, to_ns) >= -LONG_HOLE_NS
        ):
            longer = replace(last, from_ns=min(last.from_ns, from_ns), to_ns=max(last.end_ns, to_ns))
            losses = (*losses[:-1], longer)
        else:
            losses = (*losses, Gap(number, from_ns, to_ns, lost.note, lost.session))
            number += 1
    return replace(now, losses=losses[-settings.most_losses :], next_number=number)


def _redated(now: Ledger, event: Redated) -> Ledger:
    # What is final stays: the begin of a stretch that reaches beyond the horizon, and losses before it.
    def moved(stretch: Stretch) -> Stretch:
        begin_ns = stretch.from_ns if stretch.from_ns <= now.floor_ns else stretch.from_ns + event.by_ns
        return replace(stretch, from_ns=begin_ns, to_ns=max(begin_ns, stretch.to_ns + event.by_ns))

    stretches = tuple(moved(one) if one.lane == event.lane else one for one in now.stretches)
    losses = tuple(
        replace(one, from_ns=one.from_ns + event.by_ns, to_ns=one.end_ns + event.by_ns)
        if one.session == event.lane and one.from_ns > now.floor_ns
        else one
        for one in now.losses
    )
    return replace(now, stretches=stretches, losses=losses)


# ---------------------------------------------------------------- from holes to gaps


def _assessed(now: Ledger, settings: LedgerSettings) -> Ledger:
    gaps: list[Gap] = []
    free = {gap.number for gap in now.gaps}
    unchanged = {(gap.from_ns, gap.end_ns): gap for gap in now.gaps}
    number = now.next_number
    for hole in holes_in(now.wants, now.cover):
        if not _counts(now, hole, settings):
            continue
        like = unchanged.get((hole.from_ns, hole.to_ns)) or _most_alike(now.gaps, hole)
        if like is not None and like.number in free:
            gaps.append(_gap(now, hole, like.number, like))
            free.remove(like.number)
        else:
            gaps.append(_gap(now, hole, number, like))
            number += 1
    return replace(now, gaps=tuple(gaps), next_number=number)


def _most_alike(gaps: tuple[Gap, ...], hole: Hole) -> Gap | None:
    """The gap that has most in common with the hole, if any has."""
    shared_ns, like = max(
        ((_shared_ns(gap, hole.from_ns, hole.to_ns), gap) for gap in gaps), key=lambda pair: pair[0], default=(0, None)
    )
    return like if shared_ns > 0 else None


def _counts(now: Ledger, hole: Hole, settings: LedgerSettings) -> bool:
    """Whether a hole is a gap by now."""
    if hole.after is not None:
        return hole.is_gap()
    is_broken = any(fault.breaks for fault in _faults_of(now, hole))
    patience_ns = settings.open_after_ns + 2 * hole.interval_ns
    is_due = is_broken or now.now_ns - hole.from_ns > patience_ns or now.now_ns - hole.to_ns >= settings.settle_ns
    return is_due and hole.is_gap(is_break=is_broken)


def _gap(now: Ledger, hole: Hole, number: int, like: Gap | None) -> Gap:
    """The gap for a hole; `like`: what was said of it, or of the larger hole that it is a part of."""
    gap = Gap(number, hole.from_ns, None if hole.to_ns == NEVER else hole.to_ns, _unexplained(hole))
    faults = _faults_of(now, hole)
    if like is not None and _still_explains(like, hole, faults):
        gap = replace(like, number=number, from_ns=gap.from_ns, to_ns=gap.to_ns)
    if gap.note.cause in _UNEXPLAINED and faults:
        gap = replace(gap, note=faults[0].note, session=faults[0].session)
    for fault in faults:
        if fault.note.cause == gap.note.cause:
            gap = replace(gap, noted_ns=fault.at_ns, breaks=fault.breaks)
        elif all(fault.note.cause != other.cause for other in gap.also) and len(gap.also) < MOST_ALSO:
            gap = replace(gap, also=(*gap.also, fault.note))
    return gap


def _still_explains(gap: Gap, hole: Hole, faults: list[Faulted]) -> bool:
    """Whether what was said of the gap is true of what is left of it, although there is more footage before it now."""
    if gap.noted_ns is None or _is_after(gap.noted_ns, hole.from_ns - hole.interval_ns, breaks=gap.breaks):
        return True
    # A session that failed may still deliver what the network held back: that does not mean that it works again.
    lane = hole.before.lane if hole.before is not None else None
    is_later_session = lane is not None and gap.session is not None and lane > gap.session
    return gap.breaks and not faults and not is_later_session


def _unexplained(hole: Hole) -> Note:
    return Note(GapCause.STARTING if hole.before is None else GapCause.SILENT)


def _faults_of(now: Ledger, hole: Hole) -> list[Faulted]:
    """The faults since the last frame before the hole."""
    taken_ns = hole.from_ns - hole.interval_ns
    return [one for one in now.faults if _is_after(one.at_ns, taken_ns, breaks=one.breaks) and one.at_ns <= hole.to_ns]


def _shared_ns(gap: Gap, from_ns: int, to_ns: int) -> int:
    """How much time both have; negative when they lie apart."""
    return min(gap.end_ns, to_ns) - max(gap.from_ns, from_ns)


# ---------------------------------------------------------------- forgetting


def _finalised(now: Ledger, settings: LedgerSettings) -> Ledger:
    """The ledger without what is older than the horizon, and within its limits."""
    floor_ns = max(now.floor_ns, floor_at(now.now_ns - settings.horizon_ns, now.wants, now.cover))
    stretches = now.stretches
    if len(stretches) > settings.most_stretches:
        stretches = merged(stretches)[-settings.most_stretches :]
        floor_ns = max(floor_ns, stretches[0].from_ns)
    wants = now.wants[-settings.most_wants :]
    if wants and len(wants) < len(now.wants):
        floor_ns = max(floor_ns, wants[0].from_ns)
    earlier = now.earlier
    if earlier is not None:
        final = next((gap for gap in now.gaps if gap.number == EARLIER_LIFE and gap.end_ns <= floor_ns), None)
        earlier = replace(earlier, final=final or earlier.final)
    return replace(
        now,
        floor_ns=floor_ns,
        wants=tuple(_from(one, floor_ns) for one in wants if one.end_ns > floor_ns),
        stretches=tuple(one for one in stretches if one.to_ns >= floor_ns),
        faults=tuple(fault for fault in now.faults if not _is_over(fault, stretches)),
        gaps=tuple(gap for gap in now.gaps if gap.end_ns > floor_ns),
        earlier=earlier,
    )


def _from(want: Want, floor_ns: int) -> Want:
    return want if want.from_ns >= floor_ns else replace(want, from_ns=floor_ns)


def _is_over(fault: Faulted, stretches: tuple[Stretch, ...]) -> bool:
    """Whether a frame was recorded that was taken after the fault."""
    return not all(_is_after(fault.at_ns, one.to_ns - one.interval_ns, breaks=fault.breaks) for one in stretches)


def _is_after(at_ns: int, taken_ns: int, *, breaks: bool) -> bool:
    """Whether a fault came after a frame was taken."""
    return at_ns >= taken_ns - (_SLACK_NS if breaks else 0)
