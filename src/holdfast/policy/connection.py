"""Connecting: when to open a session, when to give one up, and what to show of it.

`step(state, event, settings, at_s=, chance=) -> (state, actions)`. Times are seconds of a monotonic clock.
"""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, Fault, OwnError
from holdfast.policy.backoff import Backoff
from holdfast.policy.faults import classify


class Phase(StrEnum):
    """What people are shown (requirement F3). CONNECTED means that frames arrive (F2)."""

    DISCONNECTED = "disconnected"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Limits of patience."""

    backoff: Backoff = field(default_factory=Backoff)
    first_frame_s: float = 20.0
    """A session that delivers nothing for this long after it was opened is given up."""
    stall_s: float = 10.0
    """A session that delivered, and then delivers nothing for this long, is given up."""
    settled_s: float = 5.0
    """Frames must have flowed for this long before the count of failures begins anew (requirement C4)."""
    alarm_failures: int = 10
    """So many failures in a row are shown as ERROR; the tries go on (requirement C5)."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One stream's connection. `session` numbers the newest session, 0 before the first."""

    enabled: bool = False
    session: int = 0
    open: bool = False
    """The newest session may deliver."""
    ending: bool = False
    """The newest session was closed or failed, and its end is not yet confirmed: no other may be opened (C3)."""
    opened_at_s: float = 0.0
    first_frame_at_s: float | None = None
    last_frame_at_s: float | None = None
    failures: int = 0
    fault: Fault | None = None
    next_try_at_s: float | None = None

    @property
    def phase(self) -> Phase:
        """What to show."""
        if not self.enabled:
            return Phase.DISCONNECTED
        if self.open and self.first_frame_at_s is not None:
            return Phase.CONNECTED
        if self.fault is None:
            return Phase.CONNECTING
        return Phase.RECONNECTING


def shown_phase(connection: Connection, settings: ConnectionSettings) -> Phase:
    """The phase, with ERROR after many failures in a row."""
    phase = connection.phase
    if phase is Phase.RECONNECTING and connection.failures >= settings.alarm_failures:
        return Phase.ERROR
    return phase


@dataclass(frozen=True, slots=True)
class Enabled:
    """The stream shall be captured."""


@dataclass(frozen=True, slots=True)
class Disabled:
    """The stream shall not be captured any more."""


@dataclass(frozen=True, slots=True)
class FramesSeen:
    """Frames left the source of a session."""

    session: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A session cannot go on. `ended`: it is gone already, its end will not be confirmed."""

    session: int
    fault: Fault
    ended: bool = False


@dataclass(frozen=True, slots=True)
class Ended:
    """A session is closed."""

    session: int


@dataclass(frozen=True, slots=True)
class Ticked:
    """Time passed. `skipped_s`: how much longer than usual nobody looked (the recorder itself was stopped)."""

    skipped_s: float = 0.0


Event = Enabled | Disabled | FramesSeen | Failed | Ended | Ticked


@dataclass(frozen=True, slots=True)
class Open:
    """Open a session of this number."""

    session: int


@dataclass(frozen=True, slots=True)
class Close:
    """Close the session of this number."""

    session: int


@dataclass(frozen=True, slots=True)
class Report:
    """A fault that people shall know of."""

    session: int
    fault: Fault


Action = Open | Close | Report
Step = tuple[Connection, tuple[Action, ...]]


def step(now: Connection, event: Event, settings: ConnectionSettings, *, at_s: float, chance: float) -> Step:
    """What follows from an event. `chance` in [0, 1)."""
    match event:
        case Enabled():
            return _open_if_due(replace(now, enabled=True), at_s)
        case Disabled():
            closed = replace(now, enabled=False, open=False, ending=now.ending or now.open, next_try_at_s=None)
            return closed, (Close(now.session),) if now.open else ()
        case FramesSeen(session):
            return _frames(now, session, settings, at_s), ()
        case Failed(session, fault, ended):
            if session != now.session or not (now.open or now.ending):
                return now, ()
            if now.open:
                now, actions = _failed(now, fault, settings, at_s=at_s, chance=chance)
            else:
                actions = ()
            return replace(now, ending=not ended), actions
        case Ended(session):
            if session != now.session or not now.ending:
                return now, ()
            return _open_if_due(replace(now, ending=False), at_s)
        case Ticked(skipped_s):
            return _tick(now, skipped_s, settings, at_s=at_s, chance=chance)
        case _ as never:
            assert_never(never)


def _open_if_due(now: Connection, at_s: float) -> Step:
    if not now.enabled or now.open or now.ending:
        return now, ()
    if now.next_try_at_s is not None and at_s < now.next_try_at_s:
        return now, ()
    opened = replace(
        now,
        session=now.session + 1,
        open=True,
        opened_at_s=at_s,
        first_frame_at_s=None,
        last_frame_at_s=None,
        next_try_at_s=None,
    )
    return opened, (Open(opened.session),)


def _frames(now: Connection, session: int, settings: ConnectionSettings, at_s: float) -> Connection:
    if session != now.session or not now.open:
        return now
    first_s = at_s if now.first_frame_at_s is None else now.first_frame_at_s
    settled = at_s - first_s >= settings.settled_s
    return replace(now, first_frame_at_s=first_s, last_frame_at_s=at_s, failures=0 if settled else now.failures)


def _failed(now: Connection, fault: Fault, settings: ConnectionSettings, *, at_s: float, chance: float) -> Step:
    failures = now.failures + 1
    failed = replace(
        now,
        open=False,
        ending=True,
        failures=failures,
        fault=fault,
        next_try_at_s=at_s + settings.backoff.delay_s(failures, fault.kind, chance=chance),
    )
    return failed, (Report(now.session, fault),)


def _tick(now: Connection, skipped_s: float, settings: ConnectionSettings, *, at_s: float, chance: float) -> Step:
    if not now.open:
        return _open_if_due(now, at_s)
    if skipped_s > 0:
        # Nobody listened: what the camera sent meanwhile is still to be read.
        last_s = now.last_frame_at_s
        now = replace(
            now,
            opened_at_s=min(now.opened_at_s + skipped_s, at_s),
            last_frame_at_s=None if last_s is None else min(last_s + skipped_s, at_s),
        )
    silent = _silence(now, settings, at_s)
    if silent is None:
        return now, ()
    now, actions = _failed(now, classify(silent), settings, at_s=at_s, chance=chance)
    return now, (*actions, Close(now.session))


def _silence(now: Connection, settings: ConnectionSettings, at_s: float) -> ErrorReport | None:
    if now.last_frame_at_s is None:
        if at_s - now.opened_at_s < settings.first_frame_s:
            return None
        text = f"no frame within {settings.first_frame_s:.0f} s of connecting"
        return ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.NEVER_DELIVERED, "recorder", text)
    if at_s - now.last_frame_at_s < settings.stall_s:
        return None
    text = f"no frame for {settings.stall_s:.0f} s"
    return ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.STALLED, "recorder", text)
