"""Connecting, case by case; every order of everything is in test_connection_machine.py, rivals in test_rivalry.py."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.faults import Fault, FaultKind
from holdfast.policy import connection
from holdfast.policy.backoff import Backoff
from holdfast.policy.connecting import (
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
    Report,
    Step,
    Ticked,
)

SETTINGS = ConnectionSettings()
NETWORK = Fault(FaultKind.RTSP_NETWORK, "The camera cannot be reached.")
PASSWORD = Fault(FaultKind.AUTHENTICATION, "Wrong password.")


def step(
    now: Connection, event: Event, at_s: float, chance: float = 0.0, settings: ConnectionSettings = SETTINGS
) -> Step:
    return connection.step(now, event, settings, at_s=at_s, chance=chance)


def after(now: Connection, *events: tuple[Event, float]) -> Connection:
    for event, at_s in events:
        now, _ = step(now, event, at_s)
    return now


def opened(at_s: float = 0.0) -> Connection:
    return step(Connection(), Enabled(), at_s)[0]


def looks_left_out(step_: Step) -> tuple[object, ...]:
    return tuple(action for action in step_[1] if action != LookAtPort())


def test_enabling_opens_the_first_session_at_once() -> None:
    now, actions = step(Connection(session=7), Enabled(), 0.0)
    assert actions == (Open(8),)
    assert now.phase is Phase.CONNECTING
    assert Connection().phase is Phase.DISCONNECTED
    assert Connection().is_down
    assert not now.is_down


def test_frames_are_what_connected_means() -> None:
    now, actions = step(opened(), FramesSeen(1), 1.0)
    assert actions == ()
    assert now.phase is Phase.CONNECTED


def test_a_fault_is_reported_and_tried_again_after_the_backoff() -> None:
    now, actions = step(opened(), Failed(1, NETWORK), 1.0)
    assert actions == (Report(1, NETWORK),)
    assert now.phase is Phase.RECONNECTING
    assert looks_left_out(step(now, Ticked(), 1.49)) == ()
    assert looks_left_out(step(now, Ticked(), 1.5)) == (Open(2),)


def test_a_failed_session_need_not_have_ended_before_the_next_is_opened() -> None:
    now, actions = step(after(opened(), (Delivered(1), 1.0)), Failed(1, NETWORK), 10.0)
    assert actions == (Report(1, NETWORK), Open(2)), "not with the next tick"
    assert now.closing == {1}
    assert step(now, Ended(1), 10.1)[0].closing == frozenset()


def test_no_more_sessions_are_opened_while_too_many_have_not_ended() -> None:
    now, at_s = opened(), 0.0
    for session in range(1, 7):
        at_s += 100
        now = after(now, (Failed(session, NETWORK), at_s), (Ticked(), at_s + 90))
    assert len(now.closing) == 6
    assert now.primary is None
    assert looks_left_out(step(now, Ticked(), at_s + 1000)) == ()
    assert step(now, Ended(3), at_s + 1000)[1] == (Open(7),)


def test_a_worker_that_is_gone_needs_no_end() -> None:
    now, actions = step(opened(), Failed(1, Fault(FaultKind.WORKER_DIED, "It died."), ended=True), 1.0)
    assert now.closing == frozenset()
    assert actions[-1] == Open(2)


def test_a_second_fault_of_a_session_is_an_echo() -> None:
    now, _ = step(opened(), Failed(1, NETWORK), 1.0)
    again, actions = step(now, Failed(1, Fault(FaultKind.CAMERA_CLOSED, "It closed."), ended=True), 1.1)
    assert actions == ()
    assert again.fault == NETWORK
    assert again.closing == frozenset()
    assert step(again, Failed(1, NETWORK), 1.2) == (again, ())


def test_a_session_that_never_delivers_is_given_up_after_its_patience() -> None:
    assert looks_left_out(step(opened(), Ticked(), 19.9)) == ()
    now, actions = step(opened(), Ticked(), 20.0)
    report, close = (action for action in actions if action != LookAtPort())
    assert isinstance(report, Report)
    assert report.fault.kind is FaultKind.STALLED
    assert "no frame within 20 s" in report.fault.detail
    assert close == Close(1)
    assert now.closing == {1}


def test_patience_begins_when_a_capture_process_is_at_work() -> None:
    now = after(opened(), (Begun(1), 15.0), (Begun(9), 15.0))
    assert step(now, Ticked(), 19.0)[0] == replace(now, next_look_at_s=now.next_look_at_s)
    assert step(now, Ticked(), 19.1)[0].suspected


def test_without_a_recording_a_session_that_falls_silent_is_given_up() -> None:
    now = after(opened(), (ModeSet(records=False), 0.0), (FramesSeen(1), 5.0))
    assert looks_left_out(step(now, Ticked(), 14.9)) == ()
    report, opening, close = looks_left_out(step(now, Ticked(), 15.0))
    assert isinstance(report, Report)
    assert "no frame for 10 s" in report.fault.detail
    assert (opening, close) == (Open(2), Close(1))


def test_frames_without_a_key_frame_are_given_up_when_they_end() -> None:
    now = after(opened(), (FramesSeen(1), 5.0), (Ticked(), 12.0))
    assert not now.suspected
    assert Close(1) in step(now, Ticked(), 25.0)[1]


def test_silence_while_the_recorder_itself_was_stopped_is_not_the_cameras() -> None:
    now = after(opened(), (Delivered(1), 5.0))
    now, actions = step(now, Ticked(skipped_s=3600.0), 3605.2)
    assert actions == ()
    assert not step(now, Ticked(), 3606.1)[0].suspected
    assert step(now, Ticked(), 3606.3)[0].suspected
    now, actions = step(opened(), Ticked(skipped_s=3600.0), 3605.0)
    assert actions == ()


def test_frames_read_right_after_the_recorder_was_stopped_do_not_hide_a_stall_for_hours() -> None:
    now = after(opened(), (Delivered(1), 3605.0), (Ticked(skipped_s=3600.0), 3605.0))
    assert step(now, Ticked(), 3608.0)[0].suspected


def test_failures_are_forgotten_only_after_frames_have_flowed_for_a_while() -> None:
    now = after(opened(), (Failed(1, NETWORK, ended=True), 1.0), (Ticked(), 2.0))
    now = after(now, (FramesSeen(2), 3.0), (FramesSeen(2), 7.9))
    assert now.failures == 1
    now = after(now, (FramesSeen(2), 8.0))
    assert (now.failures, now.lost_at_s) == (0, None)


def test_after_a_session_that_had_worked_the_next_is_opened_at_once_and_then_often_for_two_minutes() -> None:
    now = after(opened(), (FramesSeen(1), 0.0), (FramesSeen(1), 6.0), (Failed(1, NETWORK), 10.0))
    assert (now.next_try_at_s, now.primary and now.primary.number) == (None, 2)
    at_s = 10.0
    for session in range(2, 400):
        at_s = now.next_try_at_s or at_s
        now = after(now, (Ticked(), at_s), (PortLooked(answers=True), at_s), (Failed(session, NETWORK), at_s + 0.1))
        now = after(now, (Ended(session), at_s + 0.1))
        if at_s > 129.9:
            break
        assert (now.next_try_at_s or 0) <= at_s + 0.7
    assert (now.next_try_at_s or 0) >= at_s + 40


def test_those_that_work_for_a_moment_only_are_followed_after_a_pause() -> None:
    now = after(opened(), (FramesSeen(1), 9.0), (Failed(1, NETWORK), 10.0))
    assert now.primary is not None, "the first time at once"
    now = after(now, (FramesSeen(2), 11.0), (Failed(2, NETWORK), 12.0))
    assert now.next_try_at_s == 12.5


def test_quick_tries_are_for_a_camera_that_answers() -> None:
    now = after(opened(), (FramesSeen(1), 0.0), (Failed(1, NETWORK), 10.0), (PortLooked(answers=False), 10.1))
    now = after(now, (Failed(2, NETWORK, ended=True), 10.1), (PortLooked(answers=False), 10.2))
    assert now.next_try_at_s == 11.1
    now = after(now, (Ticked(), 11.1), (Failed(3, NETWORK, ended=True), 11.1), (PortLooked(answers=False), 11.2))
    assert now.next_try_at_s == 13.1


def test_the_first_answer_of_the_port_ends_the_wait() -> None:
    now = after(opened(), (Failed(1, NETWORK, ended=True), 1.0), (PortLooked(answers=False), 1.1))
    now = replace(now, next_try_at_s=60.0)
    assert step(now, PortLooked(answers=False), 20.0)[1] == ()
    assert step(now, PortLooked(answers=True), 20.0)[1] == (Open(2),)


def test_a_port_that_answered_all_the_time_ends_no_wait() -> None:
    now = after(opened(), (Failed(1, NETWORK, ended=True), 1.0), (PortLooked(answers=True), 1.1))
    assert step(now, PortLooked(answers=True), 1.2)[1] == ()


def test_after_a_wrong_password_no_answer_of_the_port_ends_the_wait() -> None:
    now = after(opened(), (Failed(1, PASSWORD, ended=True), 1.0), (PortLooked(answers=False), 1.1))
    assert step(now, PortLooked(answers=True), 2.0)[1] == ()


def test_the_port_is_looked_at_often_while_it_does_not_answer_and_seldom_while_it_does() -> None:
    now = replace(after(opened(), (Failed(1, NETWORK, ended=True), 1.0)), next_try_at_s=1000.0)
    now, actions = step(now, Ticked(), 1.0)
    assert actions == (LookAtPort(),)
    assert step(now, Ticked(), 2.9)[1] == ()
    now = after(now, (Ticked(), 3.0), (PortLooked(answers=False), 3.1), (Ticked(), 5.0))
    assert step(now, Ticked(), 5.4)[1] == ()
    assert step(now, Ticked(), 5.5)[1] == (LookAtPort(),)


def test_the_port_of_a_camera_that_delivers_is_left_alone() -> None:
    now = after(opened(), (Delivered(1), 1.0))
    assert step(now, Ticked(), 2.0)[1] == ()
    assert step(now, PortLooked(answers=True), 2.0)[1] == ()


def test_many_failures_over_a_while_are_shown_as_an_error_with_one_alarm_and_tried_again_all_the_same() -> None:
    now, at_s, alarms = opened(), 0.0, 0
    for session in range(1, 21):
        now, actions = step(now, Failed(session, NETWORK, ended=True), at_s)
        alarms += Alarm(NETWORK) in actions
        assert (now.phase is Phase.ERROR) == (session >= 10)
        at_s += 60.0
        now, actions = step(now, Ticked(), at_s)
        assert Open(session + 1) in actions
    assert alarms == 1
    now = after(now, (FramesSeen(21), at_s), (FramesSeen(21), at_s + 5))
    assert now.phase is Phase.CONNECTED
    assert not now.alarmed


def test_many_failures_in_a_moment_are_no_error_yet() -> None:
    now = opened()
    for session in range(1, 31):
        now = after(now, (Failed(session, NETWORK, ended=True), session / 10))
        now = after(replace(now, next_try_at_s=None), (Ticked(), session / 10))
    assert now.phase is Phase.RECONNECTING


def test_a_limit_of_retries_is_a_setting() -> None:
    settings = ConnectionSettings(max_retries=2)
    now = opened()
    for session in (1, 2, 3):
        now, actions = step(now, Failed(session, NETWORK, ended=True), session * 100.0, settings=settings)
        now, _ = step(now, Ticked(), session * 100.0 + 90, settings=settings)
    assert now.session == 3
    assert Alarm(NETWORK) in actions
    assert now.phase is Phase.ERROR
    assert now.next_try_at_s is None
    assert step(now, Enabled(), 1000.0)[1] == (Open(4),)


def test_disabling_closes_and_forgets_the_next_try() -> None:
    now, actions = step(opened(), Disabled(), 1.0)
    assert actions == (Close(1),)
    assert now.phase is Phase.DISCONNECTED
    assert not now.is_down
    assert step(now, Ended(1), 1.2) == (replace(now, closing=frozenset()), ())
    assert step(now, Enabled(), 1.1)[1] == (Open(2),)
    assert step(Connection(), Disabled(), 0.0)[1] == ()


def test_events_of_sessions_that_are_not_open_change_nothing() -> None:
    now = opened()
    for event in (FramesSeen(9), Delivered(9), Failed(9, NETWORK), Ended(9), Ended(1), Drained(9), Begun(9)):
        assert step(now, event, 1.0) == (now, ())


@given(chances=st.lists(st.floats(0, 0.999), min_size=20, max_size=20), tick_s=st.floats(0.1, 1.0))
def test_a_wrong_password_is_tried_at_most_twice_in_the_first_minute(chances: list[float], tick_s: float) -> None:
    now, opens, at_s = opened(), 1, 0.0
    for number in range(int(60 / tick_s)):
        chance = chances[number % 20]
        if now.open:
            now, _ = step(now, Failed(now.session, PASSWORD), at_s, chance)
            now, _ = step(now, Ended(now.session), at_s)
        at_s += tick_s
        now, actions = step(now, Ticked(), min(at_s, 60.0), chance)
        now, _ = step(now, PortLooked(answers=number % 2 == 0), min(at_s, 60.0))
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


def test_the_descriptions_base_is_a_setting() -> None:
    waits_s = [Backoff(base_s=5.0).delay_s(n, FaultKind.RTSP_NETWORK, chance=0.0) for n in range(1, 7)]
    assert waits_s == [5, 10, 20, 40, 60, 60]


def test_a_wrong_password_behind_other_faults_counts_as_the_first_one() -> None:
    now = after(opened(), (Failed(1, NETWORK, ended=True), 0.0), (Ticked(), 1.0), (Failed(2, NETWORK, ended=True), 1.0))
    now = after(now, (Ticked(), 3.0), (Failed(3, PASSWORD, ended=True), 3.0))
    assert now.next_try_at_s == 43.0
    now = after(now, (Ticked(), 43.0), (Failed(4, PASSWORD, ended=True), 43.0))
    assert now.next_try_at_s == 123.0


def test_a_busy_camera_that_had_worked_is_asked_every_two_seconds_and_then_seldom() -> None:
    busy = Fault(FaultKind.BUSY, "Busy.")
    now = after(opened(), (FramesSeen(1), 0.0), (FramesSeen(1), 6.0), (Failed(1, NETWORK), 10.0))
    waits_s, at_s = [], 10.0
    for session in range(2, 120):
        now = after(now, (Ticked(), at_s), (Failed(session, busy, ended=True), at_s))
        assert now.next_try_at_s is not None
        waits_s.append(now.next_try_at_s - at_s)
        at_s = now.next_try_at_s
    assert waits_s[:3] == [2.0, 2.0, 2.0]
    assert max(waits_s) == 10.0
    assert at_s > 400


def test_a_limit_of_tries_that_is_lifted_lets_the_tries_go_on() -> None:
    limited = ConnectionSettings(max_retries=0)
    now, _ = connection.step(opened(), Failed(1, NETWORK, ended=True), limited, at_s=1.0, chance=0.0)
    assert now.given_up
    assert connection.step(now, Ticked(), limited, at_s=900.0, chance=0.0)[0].phase is Phase.ERROR
    now, actions = connection.step(now, Ticked(), ConnectionSettings(), at_s=1000.0, chance=0.0)
    assert (actions[0], now.phase) == (Open(2), Phase.ERROR), "it is shown as it is until frames come"
    assert not now.given_up
