"""When silence is suspicious."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.policy.rhythm import LATE_S, REMEMBERED, Rhythm


def rhythm(*intervals_s: float) -> Rhythm:
    now = Rhythm()
    for interval_s in intervals_s:
        now = now.after(interval_s)
    return now


@pytest.mark.parametrize(
    ("intervals_s", "after_s"),
    [
        ((), 1.2),
        ((0.5,) * 3, 1.2),
        ((0.5,) * 16, 1.2),
        ((0.2, 0.5) * 8, 1.2),
        ((0.7,) * 16, 1.2),
        ((1.0,) * 16, 1.45),
        ((2.0,) * 16, 2.7),
        ((5.0,) * 16, 6.45),
    ],
)
def test_a_fast_stream_is_suspected_soon_and_a_slow_one_has_its_time(
    intervals_s: tuple[float, ...], after_s: float
) -> None:
    assert rhythm(*intervals_s).suspicious_after_s(2.0) == pytest.approx(after_s)


def test_one_stall_and_the_burst_behind_it_do_not_make_a_stream_slow() -> None:
    assert rhythm(*(0.5,) * 12, 5.0, 0.0, 0.0, 0.0).suspicious_after_s(2.0) == pytest.approx(1.2)
    assert rhythm(*(0.5,) * 12, 5.0, 0.5, 5.0, 0.5).suspicious_after_s(2.0) == pytest.approx(1.2)


def test_a_stream_that_became_slower_is_known_to_be_so_after_a_few_deliveries() -> None:
    assert rhythm(*(0.5,) * 16, 3.0, 3.0, 3.0).suspicious_after_s(2.0) == pytest.approx(3.95)


@given(intervals_s=st.lists(st.floats(0, 100), max_size=40), at_most_s=st.floats(1.1, 10))
def test_patience_is_longer_than_the_rhythm_and_no_longer_than_allowed_to_a_fast_stream(
    intervals_s: list[float], at_most_s: float
) -> None:
    now = rhythm(*intervals_s)
    patience_s = now.suspicious_after_s(at_most_s)
    assert patience_s > now.longest_usual_s
    if 1.25 * now.longest_usual_s + 0.2 <= at_most_s - LATE_S:
        assert patience_s <= at_most_s - LATE_S + 1e-9
    assert len(now.intervals_s) <= REMEMBERED
