"""Frames and bits per second, from counters that begin anew with every session."""

import pytest

from holdfast.recorder.rates import Rates


def test_says_nothing_before_there_is_something_to_compare() -> None:
    rates = Rates()
    assert rates.per_second == (0.0, 0.0)
    rates.observe(1.0, 10, 1000)
    assert rates.per_second == (0.0, 0.0)
    rates.observe(1.0, 20, 2000)
    assert rates.per_second == (0.0, 0.0)


def test_averages_over_the_last_seconds_only() -> None:
    rates = Rates()
    for second in range(60):
        rates.observe(float(second), second * 15, second * 1000)
    for second in range(60, 70):
        rates.observe(float(second), 900 + (second - 60) * 30, 60_000 + (second - 60) * 2000)
    frames, bits = rates.per_second
    assert frames == pytest.approx(30)
    assert bits == pytest.approx(16_000)


def test_begins_anew_with_a_new_session_and_when_nothing_flows() -> None:
    rates = Rates()
    rates.observe(1.0, 100, 10_000)
    rates.observe(2.0, 3, 500)
    assert rates.per_second == (0.0, 0.0)
    rates.observe(3.0, 18, 1500)
    assert rates.per_second == (15.0, 8000.0)
    rates.clear()
    assert rates.per_second == (0.0, 0.0)
