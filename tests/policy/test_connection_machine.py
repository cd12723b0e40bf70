"""A camera, a network, a user and a clock do what they like to a connection; it never gives up and never doubles."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from holdfast.domain.faults import Fault, FaultKind
from holdfast.policy import connection
from holdfast.policy.backoff import AT_ONCE, SELDOM
from holdfast.policy.connection import (
    Close,
    Connection,
    ConnectionSettings,
    Disabled,
    Enabled,
    Ended,
    Event,
    Failed,
    FramesSeen,
    Open,
    Phase,
    Report,
    Ticked,
)

SETTINGS = ConnectionSettings()
KINDS = st.sampled_from([FaultKind.RTSP_NETWORK, FaultKind.AUTHENTICATION, FaultKind.WORKER_DIED, FaultKind.STALLED])


class Connecting(RuleBasedStateMachine):
    """`living` is the truth about sessions: opened, and not yet known to be gone."""

    @initialize(last_session=st.sampled_from([0, 41]))
    def begin(self, last_session: int) -> None:
        self.now = Connection(session=last_session)
        self.at_s = 0.0
        self.living: set[int] = set()
        self.closed: set[int] = set()
        self.flowing_since_s: float | None = None

    def step(self, event: Event, chance: float = 0.5) -> None:
        before = self.now
        self.now, actions = connection.step(before, event, SETTINGS, at_s=self.at_s, chance=chance)
        for action in actions:
            match action:
                case Open(session):
                    assert self.now.enabled
                    assert not self.living, "two sessions at once"
                    assert session == before.session + 1
                    assert before.next_try_at_s is None or self.at_s >= before.next_try_at_s
                    self.living.add(session)
                    self.flowing_since_s = None
                case Close(session):
                    assert session in self.living
                    assert session not in self.closed
                    self.closed.add(session)
                case Report(session, fault):
                    assert session == before.session
                    self._next_try_is_within_the_limits(fault, before.failures + 1)
        if self.now.failures < before.failures:
            assert self.flowing_since_s is not None
            assert self.at_s - self.flowing_since_s >= SETTINGS.settled_s

    def _next_try_is_within_the_limits(self, fault: Fault, failures: int) -> None:
        assert self.now.failures == failures
        assert self.now.next_try_at_s is not None
        wait_s = self.now.next_try_at_s - self.at_s
        backoff = SETTINGS.backoff
        base_s, cap_s = backoff.base_s, backoff.cap_s
        if fault.kind in SELDOM:
            base_s, cap_s = backoff.seldom_base_s, backoff.seldom_cap_s
        elif fault.kind in AT_ONCE:
            base_s, cap_s = (backoff.base_s, backoff.own_cap_s) if failures > 1 else (0.0, 0.0)
        limit_s = min(base_s * 2 ** (failures - 1), cap_s)
        assert limit_s * 2 / 3 - 1e-6 <= wait_s <= limit_s + 1e-6

    @rule(seconds=st.floats(0.05, 70), chance=st.floats(0, 0.999))
    def time_passes(self, seconds: float, chance: float) -> None:
        self.at_s += seconds
        self.step(Ticked(), chance)

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
        assert not self.now.open
        assert self.now.next_try_at_s is None

    @precondition(lambda self: self.now.open)
    @rule()
    def frames_come(self) -> None:
        if self.flowing_since_s is None:
            self.flowing_since_s = self.at_s
        self.step(FramesSeen(self.now.session))
        assert self.now.phase is Phase.CONNECTED

    @precondition(lambda self: self.living)
    @rule(kind=KINDS, chance=st.floats(0, 0.999))
    def the_session_fails(self, kind: FaultKind, chance: float) -> None:
        (session,) = self.living
        self.step(Failed(session, Fault(kind, "a sentence")), chance)

    @precondition(lambda self: self.living)
    @rule(kind=KINDS)
    def the_worker_dies(self, kind: FaultKind) -> None:
        session = self.living.pop()
        self.step(Failed(session, Fault(kind, "a sentence"), ended=True))

    @precondition(lambda self: self.living and not self.now.open)
    @rule()
    def the_session_has_ended(self) -> None:
        session = self.living.pop()
        self.step(Ended(session))

    @rule(back=st.integers(1, 5), which=st.integers(0, 3), kind=KINDS)
    def news_of_an_older_session_come(self, back: int, which: int, kind: FaultKind) -> None:
        session = self.now.session - back
        fault = Fault(kind, "old")
        events: list[Event] = [
            FramesSeen(session),
            Failed(session, fault),
            Failed(session, fault, ended=True),
            Ended(session),
        ]
        before = self.now
        assert connection.step(before, events[which], SETTINGS, at_s=self.at_s, chance=0.0) == (before, ())

    @rule()
    def never_gives_up(self) -> None:
        """Whatever happened: once the old session is gone and the longest wait is over, a new one is opened."""
        if not self.now.enabled or self.now.open:
            return
        session = self.now.session
        if self.living:
            self.step(Ended(self.living.pop()))
        self.at_s += SETTINGS.backoff.seldom_cap_s
        self.step(Ticked())
        assert self.now.session == session + 1

    @invariant()
    def what_is_known_fits_the_truth(self) -> None:
        assert (self.now.open or self.now.ending) == bool(self.living)
        assert not (self.now.open and self.now.ending)
        assert not (self.now.open and not self.now.enabled)
        assert all(session == self.now.session for session in self.living)
        if self.now.last_frame_at_s is not None:
            assert self.now.last_frame_at_s <= self.at_s

    @invariant()
    def a_session_without_frames_is_given_up(self) -> None:
        before, at_s = self.now, self.at_s + SETTINGS.first_frame_s + SETTINGS.stall_s
        if before.open:
            after, actions = connection.step(before, Ticked(), SETTINGS, at_s=at_s, chance=0.0)
            assert Close(before.session) in actions
            assert not after.open


Connecting.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestConnecting = Connecting.TestCase
