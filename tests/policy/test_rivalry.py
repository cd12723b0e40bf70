"""A silent session and its rival: whoever delivers first goes on."""

from dataclasses import replace
from itertools import pairwise

import pytest

from holdfast.domain.faults import Fault, FaultKind
from holdfast.policy import connection
from holdfast.policy.connecting import (
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
    Step,
    Ticked,
)

SETTINGS = ConnectionSettings()
RESET = Fault(FaultKind.RTSP_NETWORK, "Reset.")
BUSY = Fault(FaultKind.BUSY, "Busy.")
PASSWORD = Fault(FaultKind.AUTHENTICATION, "Wrong password.")


def step(now: Connection, event: Event, at_s: float) -> Step:
    now, actions = connection.step(now, event, SETTINGS, at_s=at_s, chance=0.0)
    return now, tuple(action for action in actions if action != LookAtPort())


def after(now: Connection, *events: tuple[Event, float]) -> Connection:
    for event, at_s in events:
        now, _ = step(now, event, at_s)
    return now


def flowing(until_s: float = 10.0) -> Connection:
    """Session 1 has delivered twice a second until then."""
    now = after(Connection(), (Enabled(), 0.0), (Begun(1), 0.0))
    for half in range(1, int(until_s * 2) + 1):
        now = after(now, (Delivered(1), half / 2))
    return now


@pytest.fixture
def suspected() -> Connection:
    """Session 1 fell silent at 10 s, session 2 is its rival since 11.25 s."""
    now, actions = step(flowing(), Ticked(), 11.25)
    report, opened = actions
    assert isinstance(report, Report)
    assert (report.fault.kind, report.ends) == (FaultKind.STALLED, False)
    assert opened == Open(2)
    return now


def test_a_silent_session_is_suspected_by_its_rhythm_and_said_once(suspected: Connection) -> None:
    assert not step(flowing(), Ticked(), 11.2)[0].suspected
    assert suspected.phase is Phase.RECONNECTING
    assert step(suspected, Ticked(), 11.5)[1] == ()


def test_the_primary_that_delivers_first_wins_and_its_rival_is_closed(suspected: Connection) -> None:
    now, actions = step(suspected, Delivered(1), 12.0)
    assert actions == (Close(2),)
    assert (now.phase, now.rival, now.closing) == (Phase.CONNECTED, None, frozenset({2}))


def test_frames_that_the_worker_saw_before_the_silence_do_not_end_the_suspicion(suspected: Connection) -> None:
    now, actions = step(suspected, FramesSeen(1), 11.9)
    assert (actions, now.phase) == ((), Phase.RECONNECTING)
    assert now.rival is not None
    assert step(now, Delivered(1), 12.0)[1] == (Close(2),)


def test_a_rival_that_has_something_new_wins_and_the_other_drains(suspected: Connection) -> None:
    now = after(suspected, (FramesSeen(2), 11.8), (Delivered(2), 11.9))
    assert now.rival is not None, "old frames again are no win"
    now, actions = step(now, Delivered(2, begins=True), 12.4)
    assert actions == (Promote(2, 1),)
    assert now.phase is Phase.CONNECTED
    assert now.primary is not None
    assert now.primary.number == 2
    assert [d.number for d in now.draining] == [1]


def test_what_drains_is_closed_when_it_has_come_to_the_winners_begin(suspected: Connection) -> None:
    now = after(suspected, (Delivered(2, begins=True), 12.0))
    now, actions = step(now, Drained(1), 14.0)
    assert (actions, now.draining, now.closing) == ((Close(1),), (), frozenset({1}))


def test_what_drains_is_closed_after_its_time(suspected: Connection) -> None:
    now = after(suspected, (Delivered(2, begins=True), 12.0), (Delivered(2), 41.9))
    assert step(now, Ticked(), 41.9)[1] == ()
    assert step(now, Ticked(), 42.0)[1] == (Close(1),)
    later = after(now, (Ticked(skipped_s=100.0), 141.9))
    assert [d.number for d in later.draining] == [1]


def test_what_drains_may_fail(suspected: Connection) -> None:
    now, actions = step(after(suspected, (Delivered(2, begins=True), 12.0)), Failed(1, RESET), 13.0)
    assert (actions, now.draining, now.closing) == ((), (), frozenset({1}))
    assert now.phase is Phase.CONNECTED


def test_no_more_than_two_drain() -> None:
    now, closed, at_s = flowing(), [], 10.0
    for rival in (2, 3, 4):
        now, actions = step(now, Ticked(), at_s + 5)
        assert Open(rival) in actions
        at_s += 6
        now, actions = step(now, Delivered(rival, begins=True), at_s)
        closed += [action for action in actions if isinstance(action, Close)]
    assert [d.number for d in now.draining] == [2, 3]
    assert closed == [Close(1)]


def test_a_primary_that_fails_leaves_its_place_to_the_rival_that_is_on_the_way(suspected: Connection) -> None:
    now, actions = step(suspected, Failed(1, RESET), 11.5)
    assert actions == (Report(1, RESET),)
    assert now.primary is not None
    assert (now.primary.number, now.rival, now.failures) == (2, None, 0)
    assert step(now, Delivered(2, begins=True), 12.0)[1] == ()


def test_a_rival_that_fails_is_followed_by_others_in_growing_steps(suspected: Connection) -> None:
    now, at_s, opens = after(suspected, (Failed(2, RESET, ended=True), 11.3)), 11.3, []
    for _ in range(1000):
        at_s += 0.1
        now, actions = step(now, Ticked(), at_s)
        for action in actions:
            if isinstance(action, Open):
                opens.append(at_s)
                now = after(now, (Failed(action.session, RESET, ended=True), at_s))
    waits_s = [b - a for a, b in pairwise([11.3, *opens])]
    assert waits_s[0] == pytest.approx(0.7, abs=0.11)
    assert all(a <= b + 0.11 for a, b in pairwise(waits_s))
    assert max(waits_s) == pytest.approx(10.0, abs=0.11)
    assert now.primary is not None
    assert now.primary.number == 1, "the primary stays"


def test_a_primary_without_a_better_one_is_given_up_after_two_minutes(suspected: Connection) -> None:
    now = replace(suspected, next_rival_at_s=1e9)
    now = after(now, (Failed(2, RESET, ended=True), 12.0))
    now = replace(now, next_rival_at_s=1e9)
    assert step(now, Ticked(), 129.9)[1] == ()
    report, opening, close = step(now, Ticked(), 130.0)[1]
    assert isinstance(report, Report)
    assert (opening, close) == (Open(3), Close(1))


def test_a_primary_that_is_given_up_leaves_its_place_to_the_rival_that_is_on_the_way(suspected: Connection) -> None:
    now = after(suspected, (FramesSeen(2), 129.0))
    now = replace(now, rival=replace(now.rival, opened_at_s=125.0) if now.rival else None)
    now, actions = step(now, Ticked(), 130.0)
    assert actions == (Close(1),)
    assert now.primary is not None
    assert now.primary.number == 2


@pytest.mark.parametrize(("has_frames", "patience_s"), [(False, 2.0), (True, 30.0)])
def test_a_rival_that_gets_nothing_is_opened_anew(
    suspected: Connection, patience_s: float, *, has_frames: bool
) -> None:
    now = after(suspected, (FramesSeen(2), 12.0)) if has_frames else suspected
    assert step(now, Ticked(), 11.25 + patience_s)[1] == ()
    now, actions = step(now, Ticked(), 11.3 + patience_s)
    assert actions == (Close(2),)
    assert step(now, Ticked(), 13.0 + patience_s)[1] == (Open(3),)


def test_a_camera_that_says_so_admits_one_session(suspected: Connection) -> None:
    now = after(suspected, (Failed(2, BUSY, ended=True), 11.4))
    assert now.admits_one
    assert step(now, Ticked(), 13.9)[1] == (), "no other rival"
    report, close = step(now, Ticked(), 14.0)[1]
    assert isinstance(report, Report)
    assert close == Close(1)


def test_a_camera_that_admits_one_session_must_have_let_go_of_the_last(suspected: Connection) -> None:
    now = after(suspected, (Failed(2, BUSY, ended=True), 11.4), (Ticked(), 14.0))
    assert step(now, Ticked(), 20.0)[1] == ()
    assert step(now, Ended(1), 20.0)[1] == (Open(3),)


def test_a_camera_whose_sessions_die_when_another_begins_admits_one() -> None:
    now, at_s = flowing(), 10.0
    for first in (1, 2):
        now = after(now, (Ticked(), at_s + 5), (FramesSeen(first + 1), at_s + 6), (Failed(first, RESET), at_s + 6.5))
        assert now.admits_one == (first == 2)
        for _ in range(20):
            at_s += 0.5
            now = after(now, (Delivered(first + 1), at_s + 6.5))
        at_s += 6.5


def test_a_wrong_password_of_a_rival_is_not_tried_again_soon(suspected: Connection) -> None:
    now = after(suspected, (Failed(2, PASSWORD, ended=True), 11.4))
    assert step(now, Ticked(), 51.3)[1] == ()
    assert step(now, Ticked(), 51.4)[1] == (Open(3),)


def test_a_rival_that_went_out_while_nothing_answered_is_replaced_when_the_port_is_back(suspected: Connection) -> None:
    now = after(suspected, (PortLooked(answers=False), 12.0))
    now, actions = step(now, PortLooked(answers=True), 15.0)
    assert actions == (Close(2), Open(3))


def test_a_rival_that_has_frames_already_is_left_alone_when_the_port_is_back(suspected: Connection) -> None:
    now = after(suspected, (FramesSeen(2), 11.5), (PortLooked(answers=False), 12.0))
    assert step(now, PortLooked(answers=True), 15.0)[1] == ()


def test_a_first_session_that_gets_no_answer_has_a_rival_too() -> None:
    now = after(Connection(), (Enabled(), 0.0), (Begun(1), 1.0))
    now, actions = step(now, Ticked(), 5.1)
    assert actions == (Open(2),)
    assert now.phase is Phase.CONNECTING


def test_without_a_recording_there_is_nothing_that_a_rival_could_save() -> None:
    now = after(flowing(), (ModeSet(records=False), 10.0))
    assert step(now, Ticked(), 15.0)[1] == ()


def test_a_mode_that_is_set_while_nothing_is_open_counts_for_the_next_session() -> None:
    now = after(Connection(), (ModeSet(records=False), 0.0), (Enabled(), 1.0), (FramesSeen(1), 1.5))
    assert step(now, Ticked(), 8.0)[0].suspected is False


def test_disabling_closes_all(suspected: Connection) -> None:
    now = after(suspected, (Delivered(2, begins=True), 12.0))
    now = after(now, (Ticked(), 20.0))
    assert now.rival is not None
    now, actions = step(now, Disabled(), 20.5)
    assert actions == (Close(1), Close(2), Close(3))
    assert now.closing == {1, 2, 3}


def test_no_rival_is_opened_while_too_many_sessions_have_not_ended(suspected: Connection) -> None:
    crowded = replace(suspected, rival=None, closing=frozenset(range(90, 96)))
    assert step(crowded, Ticked(), 12.0)[1] == ()


def test_each_rival_has_more_time_to_answer_than_the_one_before(suspected: Connection) -> None:
    now, at_s = suspected, 11.25
    patiences_s: list[int] = []
    begun_s = at_s
    while len(patiences_s) < 6:
        at_s += 0.05
        now, actions = step(now, Ticked(), at_s)
        for action in actions:
            if isinstance(action, Close):
                patiences_s.append(round(at_s - begun_s))
                now = after(now, (Ended(action.session), at_s))
            if isinstance(action, Open):
                begun_s = at_s
    assert patiences_s == [2, 3, 5, 7, 10, 10]


def test_that_a_camera_admits_one_session_may_be_set() -> None:
    settings = ConnectionSettings(one_session=True)
    now, actions = connection.step(flowing(), Ticked(), settings, at_s=13.9, chance=0.0)
    assert not any(isinstance(action, Open) for action in actions)
    _, actions = connection.step(now, Ticked(), settings, at_s=14.0, chance=0.0)
    assert Close(1) in actions


def test_workers_that_die_do_not_make_a_camera_one_that_admits_one_session() -> None:
    died = Fault(FaultKind.WORKER_DIED, "Died.")
    now, at_s = flowing(), 10.0
    for number in (1, 2, 3):
        now = after(now, (Ticked(), at_s + 5), (FramesSeen(number + 1), at_s + 6), (Failed(number, died), at_s + 6.5))
        at_s += 10
        now = after(now, (Delivered(number + 1), at_s))
    assert not now.admits_one


def test_a_camera_that_served_two_sessions_side_by_side_admits_two() -> None:
    now = after(flowing(), (Ticked(), 15.0), (FramesSeen(2), 16.0), (Failed(1, RESET), 16.5), (Delivered(2), 17.0))
    now = after(now, (Ticked(), 22.0), (FramesSeen(3), 22.5), (Delivered(2), 23.0))
    now = after(now, (Ticked(), 28.0), (FramesSeen(4), 28.5), (Failed(2, RESET), 29.0))
    assert now.primary is not None
    assert (now.primary.number, now.admits_one) == (4, False)
