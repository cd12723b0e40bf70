"""Connecting: when to open a session, when to give one up, and what to show of it.

`step(state, event, settings, at_s=, chance=) -> (state, actions)`. Times are seconds of a monotonic clock. The values
are in `connecting`, what happens between a silent session and its rival is in `rivalry`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

from holdfast.domain.faults import Fault, FaultKind, OwnError
from holdfast.policy.backoff import SELDOM, SLOW
from holdfast.policy.connecting import (
    Action,
    Alarm,
    Begun,
    Close,
    Connection,
    ConnectionSettings,
    Delivered,
    Disabled,
    Drained,
    Enabled,
    Ended,
    Event,
    Failed,
    FramesSeen,
    Live,
    LookAtPort,
    ModeSet,
    Open,
    PortLooked,
    Report,
    Step,
    Ticked,
)
from holdfast.policy.rhythm import Rhythm
from holdfast.policy.rivalry import (
    MOST_CLOSING,
    admits_one,
    calm,
    delivered,
    inherit,
    opened,
    patience_s,
    promote,
    rival_failed,
    silence,
    watch,
)


def step(now: Connection, event: Event, settings: ConnectionSettings, *, at_s: float, chance: float) -> Step:
    """What follows from an event. `chance` in [0, 1)."""
    match event:
        case Enabled():
            return _open_if_due(replace(now, enabled=True, given_up=False), settings, at_s)
        case Disabled():
            return _disable(now)
        case ModeSet(records):
            return _set_mode(now, records=records), ()
        case Begun(session):
            return _each(now, session, lambda live: replace(live, begun=True, opened_at_s=at_s)), ()
        case FramesSeen() | Delivered():
            return _flowing(now, event, settings, at_s)
        case Failed():
            return _failed(now, event, settings, at_s=at_s, chance=chance)
        case Ended(session):
            return _ended(now, session, settings, at_s)
        case Drained(session):
            return _close_drained(now, frozenset({session}))
        case PortLooked(answers):
            return _port_looked(now, settings, at_s, answers=answers, chance=chance)
        case Ticked(skipped_s):
            return _tick(now, skipped_s, settings, at_s=at_s, chance=chance)
        case _ as never:
            assert_never(never)


# ------------------------------------------------------------------ the user


def _disable(now: Connection) -> Step:
    open_ones = [live.number for live in (now.primary, now.rival) if live is not None]
    numbers = frozenset(open_ones) | {d.number for d in now.draining}
    disabled = replace(
        now,
        enabled=False,
        primary=None,
        rival=None,
        draining=(),
        closing=now.closing | numbers,
        next_try_at_s=None,
        suspected=False,
    )
    return disabled, tuple(Close(number) for number in sorted(numbers))


def _set_mode(now: Connection, *, records: bool) -> Connection:
    """With the valve shut no pieces come, and that is no silence."""
    primary = now.primary
    if primary is not None:
        primary = replace(primary, rhythm=Rhythm(), delivered_at_s=None)
    return replace(now, records=records, primary=primary)


# ------------------------------------------------------------------ sessions


def _open_if_due(now: Connection, settings: ConnectionSettings, at_s: float) -> Step:
    is_waiting = now.next_try_at_s is not None and at_s < now.next_try_at_s
    if not now.enabled or now.open or now.given_up or is_waiting:
        return now, ()
    # A camera that admits one session must have let go of the last one.
    if len(now.closing) >= (1 if admits_one(now, settings) else MOST_CLOSING):
        return now, ()
    primary, now = opened(now, at_s)
    return replace(now, primary=primary, next_try_at_s=None, suspected=False), (Open(primary.number),)


def _each(now: Connection, session: int, change: Callable[[Live], Live]) -> Connection:
    """The connection with one of its open sessions changed."""
    if now.primary is not None and now.primary.number == session:
        return replace(now, primary=change(now.primary))
    if now.rival is not None and now.rival.number == session:
        return replace(now, rival=change(now.rival))
    return now


def _flowing(now: Connection, event: FramesSeen | Delivered, settings: ConnectionSettings, at_s: float) -> Step:
    """Something came from a session."""

    def changed(live: Live) -> Live:
        if isinstance(event, Delivered):
            return delivered(live, at_s)
        first_s = at_s if live.first_at_s is None else live.first_at_s
        return replace(live, first_at_s=first_s, last_at_s=at_s)

    now = _each(now, event.session, changed)
    if now.rival is not None and now.rival.number == event.session:
        return promote(now, settings, at_s) if isinstance(event, Delivered) and event.begins else (now, ())
    primary = now.primary
    if primary is None or primary.number != event.session or primary.first_at_s is None:
        return now, ()
    if primary.withheld_s(at_s, records=now.records) > patience_s(primary, now, settings):
        # That frames were seen is old news: no piece of the recording came since.
        return now, ()
    now, actions = calm(now)
    if now.in_trouble and at_s - primary.first_at_s >= settings.settled_s:
        now = replace(now, failures=0, alarmed=False, lost_at_s=None, quick_until_s=None)
    return now, actions


def _failed(now: Connection, failed: Failed, settings: ConnectionSettings, *, at_s: float, chance: float) -> Step:
    session, fault = failed.session, failed.fault
    closing = now.closing - {session} if failed.ended else now.closing | {session}
    if now.primary is not None and now.primary.number == session:
        now = replace(now, closing=closing)
        if now.rival is not None:
            return inherit(replace(now, fault=fault), at_s), (Report(session, fault),)
        return _primary_failed(now, fault, settings, at_s=at_s, chance=chance)
    if now.rival is not None and now.rival.number == session:
        return replace(rival_failed(now, fault, at_s), closing=closing), ()
    if any(d.number == session for d in now.draining):
        return replace(now, closing=closing, draining=tuple(d for d in now.draining if d.number != session)), ()
    # The echo of a fault; only that it is gone may be news.
    return replace(now, closing=now.closing - {session}) if failed.ended else now, ()


def _primary_failed(now: Connection, fault: Fault, settings: ConnectionSettings, *, at_s: float, chance: float) -> Step:
    primary = now.primary
    assert primary is not None
    had_worked = primary.first_at_s is not None
    if had_worked and now.quick_until_s is None:
        now = replace(now, quick_until_s=at_s + settings.quick_for_s)
    failures = now.failures + 1
    refusals = now.refusals + 1 if fault.kind in SELDOM else 0
    lost_at_s = at_s if now.lost_at_s is None else now.lost_at_s
    given_up = _is_enough(failures, settings)
    delay_s = _delay_s(now, primary, fault, refusals or failures, settings, at_s=at_s, chance=chance)
    failed = replace(
        now,
        primary=None,
        suspected=False,
        failures=failures,
        refusals=refusals,
        fault=fault,
        failed_at_s=at_s,
        lost_at_s=lost_at_s,
        given_up=given_up,
        next_try_at_s=None if given_up else at_s + delay_s,
        next_look_at_s=at_s,
    )
    actions: tuple[Action, ...] = (Report(primary.number, fault),)
    is_long = failures >= settings.alarm_failures and at_s - lost_at_s >= settings.alarm_after_s
    if (is_long or given_up) and not now.alarmed:
        failed = replace(failed, alarmed=True)
        actions += (Alarm(fault),)
    if delay_s > 0:
        return failed, actions
    # Not with the next tick: each moment of it would be missing.
    failed, opening = _open_if_due(failed, settings, at_s)
    return failed, actions + opening


def _is_enough(failures: int, settings: ConnectionSettings) -> bool:
    """Whether so many failures are more than are wanted."""
    return settings.max_retries is not None and failures > settings.max_retries


def _delay_s(
    now: Connection,
    primary: Live,
    fault: Fault,
    failures: int,
    settings: ConnectionSettings,
    *,
    at_s: float,
    chance: float,
) -> float:
    """Seconds until the next try."""
    backoff_s = settings.backoff.delay_s(failures, fault.kind, chance=chance)
    if fault.kind in SELDOM | SLOW or now.quick_until_s is None or at_s >= now.quick_until_s:
        return backoff_s
    if fault.kind is FaultKind.BUSY:
        return min(backoff_s, settings.busy_s)
    if primary.first_at_s is not None and (not now.failures or at_s - primary.first_at_s >= settings.settled_s):
        return 0.0
    return min(backoff_s, settings.quick_s * (1 - chance / 3))


def _ended(now: Connection, session: int, settings: ConnectionSettings, at_s: float) -> Step:
    if session not in now.closing:
        return now, ()
    return _open_if_due(replace(now, closing=now.closing - {session}), settings, at_s)


def _close_drained(now: Connection, sessions: frozenset[int]) -> Step:
    over = [d.number for d in now.draining if d.number in sessions]
    if not over:
        return now, ()
    kept = tuple(d for d in now.draining if d.number not in sessions)
    return replace(now, draining=kept, closing=now.closing | set(over)), tuple(Close(number) for number in over)


# ------------------------------------------------------------------ the camera's port


def _port_looked(now: Connection, settings: ConnectionSettings, at_s: float, *, answers: bool, chance: float) -> Step:
    """The first answer after none ends a wait, and lets a rival be opened at once (requirement C2)."""
    is_back = answers and now.port_down
    now = replace(now, port_down=not answers)
    if not answers and now.next_try_at_s is not None and now.failed_at_s is not None and now.fault is not None:
        # Quick tries are for a camera that answers. Until then the looks do, which ask less of everybody.
        backoff_s = settings.backoff.delay_s(now.refusals or now.failures, now.fault.kind, chance=chance)
        return replace(now, next_try_at_s=max(now.next_try_at_s, now.failed_at_s + backoff_s)), ()
    if not is_back or (now.fault is not None and now.fault.kind in SELDOM):
        return now, ()
    if now.primary is None:
        return _open_if_due(replace(now, next_try_at_s=None), settings, at_s)
    # A session that was on its way while nothing answered may wait for its next packet for many seconds more.
    now, actions = _give_up_rival(replace(now, next_rival_at_s=at_s))
    now, more = watch(now, settings, at_s)
    return now, actions + more


def _give_up_rival(now: Connection) -> Step:
    rival = now.rival
    if rival is None or rival.first_at_s is not None:
        return now, ()
    return replace(now, rival=None, closing=now.closing | {rival.number}), (Close(rival.number),)


def _look(now: Connection, settings: ConnectionSettings, at_s: float) -> Step:
    """Look at the port now and then while nothing comes."""
    waits = now.enabled and (now.primary is None or now.suspected)
    if not waits or at_s < now.next_look_at_s:
        return now, ()
    every_s = settings.look_s if now.port_down else settings.look_again_s
    return replace(now, next_look_at_s=at_s + every_s), (LookAtPort(),)


# ------------------------------------------------------------------ the passing of time


def _tick(now: Connection, skipped_s: float, settings: ConnectionSettings, *, at_s: float, chance: float) -> Step:
    if skipped_s > 0:
        # Nobody listened: what the camera sent meanwhile is still to be read.
        now = replace(
            now,
            primary=_later(now.primary, skipped_s, at_s),
            rival=_later(now.rival, skipped_s, at_s),
            draining=tuple(replace(d, until_s=d.until_s + skipped_s) for d in now.draining),
        )
    if now.given_up and not _is_enough(now.failures, settings):
        # Other settings allow more tries.
        now = replace(now, given_up=False)
    now, actions = _close_drained(now, frozenset(d.number for d in now.draining if at_s >= d.until_s))
    if now.primary is None:
        now, more = _open_if_due(now, settings, at_s)
    else:
        now, more = _tick_primary(now, settings, at_s=at_s, chance=chance)
    actions += more
    now, more = _look(now, settings, at_s)
    return now, actions + more


def _later(live: Live | None, skipped_s: float, at_s: float) -> Live | None:
    if live is None:
        return None
    last_s, delivered_s = live.last_at_s, live.delivered_at_s
    return replace(
        live,
        opened_at_s=min(live.opened_at_s + skipped_s, at_s),
        last_at_s=None if last_s is None else min(last_s + skipped_s, at_s),
        delivered_at_s=None if delivered_s is None else min(delivered_s + skipped_s, at_s),
    )


def _tick_primary(now: Connection, settings: ConnectionSettings, *, at_s: float, chance: float) -> Step:
    now, actions = watch(now, settings, at_s)
    primary = now.primary
    assert primary is not None
    silent_s = primary.silent_s(at_s)
    if silent_s < _given_up_after_s(now, primary, settings):
        return now, actions
    code = OwnError.NEVER_DELIVERED if primary.first_at_s is None else OwnError.STALLED
    now = replace(now, closing=now.closing | {primary.number})
    if now.rival is not None:
        now = inherit(replace(now, fault=silence(silent_s, code)), at_s)
        return now, (*actions, Close(primary.number))
    now, more = _primary_failed(now, silence(silent_s, code), settings, at_s=at_s, chance=chance)
    return now, (*actions, *more, Close(primary.number))


def _given_up_after_s(now: Connection, primary: Live, settings: ConnectionSettings) -> float:
    """After how much silence a session is given up."""
    if primary.first_at_s is None:
        return settings.first_frame_s
    if not now.records:
        return settings.stall_s
    if primary.delivered_at_s is None:
        return settings.first_frame_s
    if admits_one(now, settings):
        return max(settings.only_session_s, 2 * primary.rhythm.longest_usual_s)
    return settings.give_up_s
