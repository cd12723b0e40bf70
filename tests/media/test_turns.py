"""Turns that everybody takes at the same time."""

from hypothesis import given
from hypothesis import strategies as st

from holdfast.media.turns import BEHIND_S, TURN_S, next_turn_s


@given(st.floats(0, 1e7), st.floats(0, 1e7))
def test_whoever_asks_gets_a_turn_of_the_same_row_and_soon(one_s: float, other_s: float) -> None:
    turns = next_turn_s(one_s), next_turn_s(other_s)
    assert all(0 < turn - now <= TURN_S + 1e-6 for turn, now in zip(turns, (one_s, other_s), strict=True))
    apart = (turns[1] - turns[0]) / TURN_S
    assert abs(apart - round(apart)) < 1e-6


@given(st.floats(1, 1e7))
def test_who_is_behind_has_his_turn_that_much_later(now_s: float) -> None:
    behind_s = (next_turn_s(now_s, behind_s=BEHIND_S) - next_turn_s(now_s)) % TURN_S
    assert abs(behind_s - BEHIND_S) < 1e-6
