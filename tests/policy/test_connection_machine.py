"""A camera, a network, a user and a clock do what they like to a connection; it never gives up and never doubles."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from holdfast.domain.faults import Fault, FaultKind
from holdfast.policy import connection
from holdfast.policy.backoff import AT_ONCE, SELDOM
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
    LookAtPort,
    ModeSet,
    Open,
    Phase,
    PortLooked,
    Promote,
    Report,
    Ticked,
)
from holdfast.policy.rivalry import MOST_CLOSING, MOST_DRAINING

SETTINGS = ConnectionSettings()
KINDS = st.sampled_from(
    [FaultKind.RTSP_NETWORK, FaultKind.AUTHENTICATION, FaultKind.WORKER_DIED, FaultKind.STALLED, FaultKind.BUSY]
)


class Connecting(RuleBasedStateMachine):
    """`living` is the truth about sessions: opened, and not yet known to be gone."""

    @initialize(last_session=st.sampled_from([0, 41]))
    def begin(self, last_session: int) -> None:
        self.now = Connection(session=last_session)
        self.at_s = 0.0
        self.living: set[int] = set()
        self.closed: set[int] = set()
        """Of the living: closed by us, or failed."""
        self.alarms = 0

    def step(self, event: Event, chance: float = 0.5) -> None:
        before = self.now
        self.now, actions = connection.step(before, event, SETTINGS, at_s=self.at_s, chance=chance)
        for action in actions:
            self.carry_out(action, before)
        if self.now.failures < before.failures:
            assert self.now.primary is not None
            assert self.now.primary.first_at_s is not None
            assert self.at_s - self.now.primary.first_at_s >= SETTINGS.settled_s
            self.alarms = 0

    def carry_out(self, action: Action, before: Connection) -> None:
        match action:
            case Open(session):
                assert self.now.enabled
                assert session > before.session
                assert session not in self.living
                assert len(self.living - self.closed) <= 1 + MOST_DRAINING, "two that are recorded, or two rivals"
                self.living.add(session)
            case Close(session):
                assert session in self.living
                assert session not in self.closed
                self.closed.add(session)
            case Promote(session, drains):
                assert before.rival is not None
                assert before.primary is not None
                assert (before.rival.number, before.primary.number) == (session, drains)
            case Report(session, fault, ends):
                assert session <= before.session
                if ends and self.now.primary is None:
                    self.next_try_is_within_the_limits(fault, before)
            case Alarm():
                self.alarms += 1
                assert self.alarms == 1, "one alarm in an outage"
            case LookAtPort():
                assert self.now.primary is None or self.now.suspected

    def next_try_is_within_the_limits(self, fault: Fault, before: Connection) -> None:
        assert self.now.failures == before.failures + 1
        assert self.now.next_try_at_s is not None
        wait_s = self.now.next_try_at_s - self.at_s
        backoff = SETTINGS.backoff
        if fault.kind in SELDOM:
            limit_s = min(backoff.seldom_base_s * 2 ** (self.now.refusals - 1), backoff.seldom_cap_s)
            assert wait_s >= limit_s * 2 / 3 - 1e-6, "a wrong password is never hurried"
        elif fault.kind in AT_ONCE:
            limit_s = min(backoff.base_s * 2 ** (self.now.failures - 1), backoff.own_cap_s)
        else:
            limit_s = min(max(1.0, backoff.base_s) * 2 ** (self.now.failures - 1), backoff.cap_s)
        assert -1e-6 <= wait_s <= limit_s + 1e-6

    # ------------------------------------------------------------ what happens

    @rule(seconds=st.floats(0.05, 70), chance=st.floats(0, 0.999))
    def time_passes(self, seconds: float, chance: float) -> None:
        self.at_s += seconds
        self.step(Ticked(), chance)

    @rule(ticks=st.integers(1, 40))
    def a_little_time_passes(self, ticks: int) -> None:
        for _ in range(ticks):
            self.at_s += 0.25
            self.step(Ticked())

    @rule(seconds=st.floats(1, 4000))
    def the_recorder_was_stopped(self, seconds: float) -> None:
        self.at_s += seconds
        self.step(Ticked(seconds))

    @rule()
    def enable(self) -> None:
        self.step(Enabled())

    @rule()
    def disable(self) -> None:
        self.step(Disabled())
        assert self.now.phase is Phase.DISCONNECTED
        assert self.now.next_try_at_s is None
        assert self.living <= self.closed

    @rule(records=st.booleans())
    def the_valve_is_set(self, *, records: bool) -> None:
        self.step(ModeSet(records=records))

    @rule(answers=st.booleans())
    def the_port_is_looked_at(self, *, answers: bool) -> None:
        self.step(PortLooked(answers=answers))

    @precondition(lambda self: self.living)
    @rule(data=st.data(), what=st.sampled_from([Begun, FramesSeen, Delivered, Drained]))
    def a_session_is_heard_of(self, data: st.DataObject, what: type) -> None:
        session = data.draw(st.sampled_from(sorted(self.living)))
        event = Delivered(session, begins=data.draw(st.booleans())) if what is Delivered else what(session)
        self.step(event)

    @precondition(lambda self: self.now.primary)
    @rule(times=st.integers(1, 20))
    def the_primary_delivers(self, times: int) -> None:
        for _ in range(times):
            assert self.now.primary is not None
            self.step(Delivered(self.now.primary.number))
            self.at_s += 0.5
        assert self.now.phase is Phase.CONNECTED
        assert self.now.rival is None

    @precondition(lambda self: self.living)
    @rule(data=st.data(), kind=KINDS, chance=st.floats(0, 0.999))
    def a_session_fails(self, data: st.DataObject, kind: FaultKind, chance: float) -> None:
        session = data.draw(st.sampled_from(sorted(self.living)))
        self.step(Failed(session, Fault(kind, "a sentence")), chance)
        self.closed.add(session)

    @precondition(lambda self: self.living)
    @rule(kind=KINDS)
    def the_worker_dies(self, kind: FaultKind) -> None:
        for session in sorted(self.living):
            self.living.discard(session)
            self.closed.discard(session)
            self.step(Failed(session, Fault(kind, "a sentence"), ended=True))

    @precondition(lambda self: self.closed & self.living)
    @rule(data=st.data())
    def a_session_has_ended(self, data: st.DataObject) -> None:
        session = data.draw(st.sampled_from(sorted(self.closed & self.living)))
        self.living.discard(session)
        self.closed.discard(session)
        self.step(Ended(session))

    @rule(back=st.integers(1, 5), which=st.integers(0, 4), kind=KINDS)
    def news_of_a_session_that_is_gone_come(self, back: int, which: int, kind: FaultKind) -> None:
        session = self.now.session + 1 - back
        if session in self.living:
            return
        fault = Fault(kind, "old")
        events: list[Event] = [
            FramesSeen(session),
            Delivered(session, begins=True),
            Failed(session, fault),
            Failed(session, fault, ended=True),
            Ended(session),
        ]
        before = self.now
        assert connection.step(before, events[which], SETTINGS, at_s=self.at_s, chance=0.0) == (before, ())

    @rule()
    def never_gives_up(self) -> None:
        """Whatever happened: once old sessions are gone and the longest wait is over, one is open."""
        if not self.now.enabled:
            return
        for session in sorted(self.closed & self.living):
            self.living.discard(session)
            self.closed.discard(session)
            self.step(Ended(session))
        self.at_s += SETTINGS.backoff.seldom_cap_s
        for _ in range(3):
            self.step(Ticked())
            self.at_s += SETTINGS.backoff.seldom_cap_s
            for session in sorted(self.closed & self.living):
                self.living.discard(session)
                self.closed.discard(session)
                self.step(Ended(session))
            if self.now.primary is not None:
                return
        assert self.now.primary is not None

    @invariant()
    def what_is_known_fits_the_truth(self) -> None:
        roles = [live.number for live in (self.now.primary, self.now.rival) if live is not None]
        roles += [d.number for d in self.now.draining]
        assert len(roles) == len(set(roles)), "a session has one role"
        assert set(roles) == self.living - self.closed
        assert self.now.closing == self.living & self.closed
        assert len(self.now.draining) <= MOST_DRAINING
        assert len(self.living) <= MOST_CLOSING + 2 + 2 * MOST_DRAINING + 2
        assert not (roles and not self.now.enabled)
        assert not (self.now.rival is not None and self.now.primary is None)
        for live in (self.now.primary, self.now.rival):
            if live is not None and live.last_at_s is not None:
                assert live.last_at_s <= self.at_s


Connecting.TestCase.settings = settings(max_examples=150, stateful_step_count=40)
TestConnecting = Connecting.TestCase
