"""Make before break: a session that is suspected is not closed. A rival is opened, and whoever delivers first goes on.

The primary is given up only for a better one, for its own failure, or after long silence.
"""

from dataclasses import replace

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, Fault, FaultKind, OwnError
from holdfast.policy.backoff import AT_ONCE, SELDOM
from holdfast.policy.connecting import (
    Action,
    Close,
    Connection,
    ConnectionSettings,
    Draining,
    Live,
    Open,
    Promote,
    Report,
    Step,
)
from holdfast.policy.faults import classify

MOST_DRAINING = 2
MOST_CLOSING = 6
"""No further session is opened while so many have not ended: each is a pipeline in the worker."""
RIVAL_S, RIVAL_GROWTH, RIVAL_CAP_S = 0.7, 1.6, 10.0
RIVAL_ANSWER_S, RIVAL_ANSWER_CAP_S = 2.0, 10.0
"""A rival that got nothing for so long is opened anew: the camera itself is silent, or this one hangs, too. The next
one has half as much time again, for a camera that takes long to answer."""
RIVAL_KEY_S = 30.0
"""The same when frames come, and no key frame among them."""
KICK_S = 1.0
KICKS = 2
SAYS_ONE = frozenset({FaultKind.BUSY})


def admits_one(now: Connection, settings: ConnectionSettings) -> bool:
    """Whether the camera serves one session at a time, as was found out or is set."""
    return now.admits_one or settings.one_session


def opened(now: Connection, at_s: float) -> tuple[Live, Connection]:
    """A session with the next number."""
    return Live(now.session + 1, at_s), replace(now, session=now.session + 1)


def patience_s(live: Live, now: Connection, settings: ConnectionSettings) -> float:
    """After how much silence this session is suspected."""
    if live.first_at_s is None:
        return settings.answer_s if live.begun else settings.first_frame_s
    if live.delivered_at_s is None or not now.records:
        # It is known by the worker's reports only, which come every two seconds.
        return settings.stall_s
    return live.rhythm.suspicious_after_s(settings.suspect_s)


def delivered(live: Live, at_s: float) -> Live:
    """The session after a piece of the recording came."""
    rhythm = live.rhythm
    if live.delivered_at_s is not None:
        rhythm = rhythm.after(at_s - live.delivered_at_s)
    first_s = at_s if live.first_at_s is None else live.first_at_s
    return replace(live, first_at_s=first_s, last_at_s=at_s, delivered_at_s=at_s, rhythm=rhythm)


def calm(now: Connection) -> Step:
    """The primary delivers again: its rival has lost."""
    actions: tuple[Action, ...] = ()
    if now.rival is not None:
        actions = (Close(now.rival.number),)
        # One that had frames beside a primary that has them, too, says that the camera serves two.
        kicks = now.kicks if now.rival.first_at_s is None else 0
        now = replace(now, rival=None, closing=now.closing | {now.rival.number}, kicks=kicks)
    if now.suspected or now.rival_failures or now.next_rival_at_s:
        now = replace(now, suspected=False, rival_failures=0, next_rival_at_s=0.0)
    return now, actions


def promote(now: Connection, settings: ConnectionSettings, at_s: float) -> Step:
    """The rival has what nobody else had: it goes on, and the primary drains."""
    old, new = now.primary, now.rival
    assert old is not None
    assert new is not None
    draining = (*now.draining, Draining(old.number, at_s + settings.drain_s))
    over = draining[:-MOST_DRAINING]
    now = replace(
        now,
        primary=new,
        rival=None,
        draining=draining[-MOST_DRAINING:],
        closing=now.closing | {d.number for d in over},
        suspected=False,
        rival_failures=0,
        next_rival_at_s=0.0,
        kicks=0,
    )
    return now, (Promote(new.number, old.number), *(Close(d.number) for d in over))


def rival_failed(now: Connection, fault: Fault, at_s: float) -> Connection:
    """The primary stays. Another rival comes later, unless the camera admits one session only."""
    failures = now.rival_failures + 1
    wait_s = 40.0 if fault.kind in SELDOM else min(RIVAL_S * RIVAL_GROWTH ** (failures - 1), RIVAL_CAP_S)
    return replace(
        now,
        rival=None,
        rival_failures=failures,
        next_rival_at_s=at_s + wait_s,
        admits_one=now.admits_one or fault.kind in SAYS_ONE,
    )


def inherit(now: Connection, at_s: float) -> Connection:
    """The primary failed: its rival, which is on the way, takes its place."""
    rival = now.rival
    assert rival is not None
    is_ours = now.fault is not None and now.fault.kind in AT_ONCE
    is_kick = not is_ours and rival.first_at_s is not None and at_s - rival.first_at_s <= KICK_S
    kicks = now.kicks + 1 if is_kick else 0
    return replace(now, primary=rival, rival=None, kicks=kicks, admits_one=now.admits_one or kicks >= KICKS)


def watch(now: Connection, settings: ConnectionSettings, at_s: float) -> Step:
    """Suspect a silent primary, and see to its rival. Nothing here ends the primary."""
    primary = now.primary
    assert primary is not None
    if primary.withheld_s(at_s, records=now.records) <= patience_s(primary, now, settings):
        return now, ()
    actions: tuple[Action, ...] = ()
    if not now.suspected:
        now = replace(now, suspected=True)
        if primary.first_at_s is not None:
            fault = silence(primary.withheld_s(at_s, records=now.records), OwnError.STALLED)
            now = replace(now, fault=fault, lost_at_s=at_s if now.lost_at_s is None else now.lost_at_s)
            actions = (Report(primary.number, fault, ends=False),)
    if admits_one(now, settings) or not now.records:
        return now, actions
    now, more = _see_to_rival(now, at_s)
    return now, actions + more


def _see_to_rival(now: Connection, at_s: float) -> Step:
    rival = now.rival
    if rival is None:
        if at_s < now.next_rival_at_s or len(now.closing) >= MOST_CLOSING:
            return now, ()
        rival, now = opened(now, at_s)
        return replace(now, rival=rival), (Open(rival.number),)
    patience_s = min(RIVAL_ANSWER_S * 1.5**now.rival_failures, RIVAL_ANSWER_CAP_S)
    if at_s - rival.opened_at_s <= (patience_s if rival.first_at_s is None else RIVAL_KEY_S):
        return now, ()
    fault = silence(rival.silent_s(at_s), OwnError.NEVER_DELIVERED)
    return replace(rival_failed(now, fault, at_s), closing=now.closing | {rival.number}), (Close(rival.number),)


def silence(seconds: float, code: OwnError) -> Fault:
    """The fault of a session that delivers nothing."""
    what = "no frame within" if code is OwnError.NEVER_DELIVERED else "no frame for"
    return classify(ErrorReport(Branch.SOURCE, OWN_DOMAIN, code, "recorder", f"{what} {seconds:.0f} s"))
