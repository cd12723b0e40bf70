"""Connecting, case by case; every order of everything is in test_connection_machine.py."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.faults import Fault, FaultKind
from holdfast.policy import connection
from holdfast.policy.backoff import Backoff
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
    Step,
    Ticked,
    shown_phase,
)

SETTINGS = ConnectionSettings()
UNREACHABLE = Fault(FaultKind.RTSP_NETWORK, "The camera cannot be reached.")


def step(now: Connection, event: Event, at_s: float, chance: float = 0.0) -> Step:
    return connection.step(now, event, SETTINGS, at_s=at_s, chance=chance)


def opened(at_s: float = 0.0) -> Connection:
    return step(Connection(), Enabled(), at_s)[0]


def test_enabling_opens_the_first_session_at_once() -> None:
    now, actions = step(Connection(session=7), Enabled(), 0.0)
    assert actions == (Open(8),)
    assert now.phase is Phase.CONNECTING
    assert Connection().phase is Phase.DISCONNECTED


def test_frames_are_what_connected_means() -> None:
    now, actions = step(opened(), FramesSeen(1), 1.0)
    assert actions == ()
    assert shown_phase(now, SETTINGS) is Phase.CONNECTED


def test_a_fault_is_reported_and_tried_again_after_the_backoff() -> None:
    now, actions = step(opened(), Failed(1, UNREACHABLE), 1.0)
    assert actions == (Report(1, UNREACHABLE),)
    assert now.phase is Phase.RECONNECTING
    now, actions = step(now, Ended(1), 1.1)
    assert actions == ()
    assert step(now, Ticked(), 1.49)[1] == ()
    assert step(now, Ticked(), 1.5)[1] == (Open(2),)


def test_no_other_session_is_opened_before_the_end_of_the_last_is_known() -> None:
    now, _ = step(opened(), Failed(1, UNREACHABLE), 1.0)
    assert step(now, Ticked(), 1000.0)[1] == ()
    assert step(now, Ended(1), 1000.0)[1] == (Open(2),)


def test_a_worker_that_is_gone_needs_no_end() -> None:
    now, _ = step(opened(), Failed(1, Fault(FaultKind.WORKER_DIED, "It died."), ended=True), 1.0)
    assert step(now, Ticked(), 1.0)[1] == (Open(2),)


def test_a_second_fault_of_a_session_is_an_echo() -> None:
    now, _ = step(opened(), Failed(1, UNREACHABLE), 1.0)
    again, actions = step(now, Failed(1, Fault(FaultKind.CAMERA_CLOSED, "It closed."), ended=True), 1.1)
    assert actions == ()
    assert again.fault == UNREACHABLE
    assert not again.ending
    assert step(again, Failed(1, UNREACHABLE), 1.2) == (again, ())


def test_a_session_that_never_delivers_is_given_up_after_its_patience() -> None:
    assert step(opened(), Ticked(), 19.9)[1] == ()
    now, actions = step(opened(), Ticked(), 20.0)
    report, close = actions
    assert isinstance(report, Report)
    assert report.fault.kind is FaultKind.STALLED
    assert "no frame within 20 s" in report.fault.detail
    assert close == Close(1)
    assert now.ending


def test_a_session_that_falls_silent_is_given_up() -> None:
    now, _ = step(opened(), FramesSeen(1), 5.0)
    assert step(now, Ticked(), 14.9)[1] == ()
    report, close = step(now, Ticked(), 15.0)[1]
    assert isinstance(report, Report)
    assert "no frame for 10 s" in report.fault.detail
    assert close == Close(1)


def test_silence_while_the_recorder_itself_was_stopped_is_not_the_cameras() -> None:
    now, _ = step(opened(), FramesSeen(1), 5.0)
    now, actions = step(now, Ticked(skipped_s=3600.0), 3605.2)
    assert actions == ()
    assert step(now, Ticked(), 3614.0)[1] == ()
    assert step(now, Ticked(), 3615.1)[1] != ()
    now, actions = step(opened(), Ticked(skipped_s=3600.0), 3605.0)
    assert actions == ()


def test_frames_read_right_after_the_recorder_was_stopped_do_not_hide_a_stall_for_hours() -> None:
    now, _ = step(opened(), FramesSeen(1), 3605.0)
    now, _ = step(now, Ticked(skipped_s=3600.0), 3605.0)
    assert step(now, Ticked(), 3616.0)[1] != ()


def test_failures_are_forgotten_only_after_frames_have_flowed_for_a_while() -> None:
    now, _ = step(opened(), Failed(1, UNREACHABLE, ended=True), 1.0)
    now, _ = step(now, Ticked(), 2.0)
    now, _ = step(now, FramesSeen(2), 3.0)
    now, _ = step(now, FramesSeen(2), 7.9)
    assert now.failures == 1
    now, _ = step(now, FramesSeen(2), 8.0)
    assert now.failures == 0


def test_many_failures_are_shown_as_an_error_and_tried_again_all_the_same() -> None:
    now, at_s = opened(), 0.0
    for session in range(1, 11):
        now, _ = step(now, Failed(session, UNREACHABLE, ended=True), at_s)
        assert (shown_phase(now, SETTINGS) is Phase.ERROR) == (session == 10)
        at_s += 60.0
        now, actions = step(now, Ticked(), at_s)
        assert actions == (Open(session + 1),)


def test_disabling_closes_and_forgets_the_next_try() -> None:
    now, actions = step(opened(), Disabled(), 1.0)
    assert actions == (Close(1),)
    assert step(now, Enabled(), 1.1)[1] == ()
    enabled, _ = step(now, Enabled(), 1.1)
    assert step(enabled, Ended(1), 1.2)[1] == (Open(2),)
    assert step(now, Ended(1), 1.2)[1] == ()
    assert step(Connection(), Disabled(), 0.0)[1] == ()


def test_events_of_sessions_that_are_not_open_change_nothing() -> None:
    now = opened()
    for event in (FramesSeen(9), Failed(9, UNREACHABLE), Ended(9), Ended(1)):
        assert step(now, event, 1.0) == (now, ())


@given(chances=st.lists(st.floats(0, 0.999), min_size=20, max_size=20), tick_s=st.floats(0.1, 1.0))
def test_a_wrong_password_is_tried_at_most_twice_in_the_first_minute(chances: list[float], tick_s: float) -> None:
    now, opens, at_s = opened(), 1, 0.0
    for number in range(int(60 / tick_s)):
        chance = chances[number % 20]
        if now.open:
            fault = Fault(FaultKind.AUTHENTICATION, "Wrong password.")
            now, _ = step(now, Failed(now.session, fault), at_s, chance)
            now, _ = step(now, Ended(now.session), at_s)
        at_s += tick_s
        now, actions = step(now, Ticked(), min(at_s, 60.0), chance)
        opens += sum(isinstance(action, Open) for action in actions)
    assert opens <= 2


@pytest.mark.parametrize("kind", list(FaultKind))
@given(failures=st.integers(0, 10_000), chance=st.floats(0, 1, exclude_max=True))
def test_the_backoff_has_its_limits(kind: FaultKind, failures: int, chance: float) -> None:
    backoff = Backoff()
    delay_s = backoff.delay_s(failures, kind, chance=chance)
    cap_s = backoff.seldom_cap_s if kind is FaultKind.AUTHENTICATION else backoff.cap_s
    assert 0 <= delay_s <= cap_s
    assert delay_s <= backoff.delay_s(failures + 1, kind, chance=0.0)
