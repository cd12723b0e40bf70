"""A service that dies is started again: at once, unless it dies again and again at the start."""

import pytest

from holdfast.policy.restarting import FOR_A_PERSON, Life, Restarts, RestartSettings, ended

KILLED = -9
SETTINGS = RestartSettings(settled_s=5.0, base_s=0.5, cap_s=10.0)


def delays(*lives: Life) -> list[float | None]:
    now, found = Restarts(), []
    for life in lives:
        now, delay_s = ended(now, life, SETTINGS)
        found.append(delay_s)
    return found


def test_what_had_settled_is_started_again_at_once_however_often_it_dies() -> None:
    assert delays(*[Life(exit_code=KILLED, ready_s=5.0)] * 50) == [0.0] * 50


def test_what_dies_at_the_start_again_and_again_is_started_more_and_more_seldom_and_never_given_up() -> None:
    found = delays(*[Life(exit_code=1, ready_s=None)] * 8)
    assert found == [0.0, 0.5, 1.0, 2.0, 4.0, 8.0, 10.0, 10.0]
    assert delays(*[Life(exit_code=1, ready_s=None)] * 100)[-1] == 10.0


def test_dying_soon_after_it_was_ready_is_dying_at_the_start() -> None:
    assert delays(*[Life(exit_code=KILLED, ready_s=4.9)] * 3) == [0.0, 0.5, 1.0]


def test_a_life_that_settled_makes_up_for_those_before() -> None:
    bad, good = Life(exit_code=1, ready_s=None), Life(exit_code=KILLED, ready_s=60.0)
    assert delays(bad, bad, bad, good, bad, bad) == [0.0, 0.5, 1.0, 0.0, 0.0, 0.5]


@pytest.mark.parametrize("exit_code", sorted(FOR_A_PERSON))
def test_what_needs_a_person_is_not_tried_again(exit_code: int) -> None:
    assert delays(Life(exit_code=exit_code, ready_s=None)) == [None]


@pytest.mark.parametrize("exit_code", sorted(FOR_A_PERSON))
def test_what_has_run_is_never_given_up(exit_code: int) -> None:
    unusable = Life(exit_code=exit_code, ready_s=None)
    assert delays(Life(exit_code=KILLED, ready_s=60.0), unusable, unusable, unusable) == [0.0, 0.0, 0.5, 1.0]


@pytest.mark.parametrize("exit_code", [0, 4, 5])
def test_an_end_that_nobody_asked_for_and_a_folder_that_may_come_back_are_tried_again(exit_code: int) -> None:
    assert delays(Life(exit_code=exit_code, ready_s=None)) == [0.0]
