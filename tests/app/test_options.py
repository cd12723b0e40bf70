"""Times and sizes as people write them."""

import argparse
import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.app.options import duration_s, moment_ns, size_bytes
from holdfast.domain.times import NS_PER_S


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90", 90), ("90s", 90), ("15m", 900), ("1h", 3600), ("500ms", 0.5), ("1.5m", 90), (" 2s ", 2), ("0", 0)],
)
def test_a_time_is_seconds_unless_it_says_otherwise(text: str, seconds: float) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1", 1),
        ("4096B", 4096),
        ("1K", 1024),
        ("500M", 500 << 20),
        ("500MB", 500 << 20),
        ("2GiB", 2 << 30),
        ("1.5g", 3 << 29),
        ("1T", 1 << 40),
    ],
)
def test_a_size_is_bytes_unless_it_says_otherwise(text: str, size: int) -> None:
    assert size_bytes(text) == size


@pytest.mark.parametrize("text", ["", "soon", "-5s", "5x", "1h30m", "s", "1e3", "∞", "nan", "9" * 400])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no time"):
        duration_s(text)


@pytest.mark.parametrize("text", ["", "big", "-1M", "5X", "M", "1.2.3G", "9" * 400])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is no size"):
        size_bytes(text)


@given(st.text())
def test_any_text_is_a_time_and_a_size_or_is_refused(text: str) -> None:
    for reader in (duration_s, size_bytes):
        with contextlib.suppress(argparse.ArgumentTypeError):
            assert reader(text) >= 0


@pytest.mark.parametrize(
    ("text", "seconds_ago"), [("90s", 90), ("30m", 1800), ("2h", 7200), ("1.5h", 5400), ("7d", 604_800), (" 1s ", 1)]
)
def test_a_moment_may_be_so_long_ago(text: str, seconds_ago: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time_ns", lambda: 2_000_000 * NS_PER_S)
    assert moment_ns(text) == (2_000_000 - seconds_ago) * NS_PER_S


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1970-01-03", 0), ("1970-01-03 01:02", 3720), ("1970-01-03T01:02:03", 3723), (" 1970-01-03 01:02:03 ", 3723)],
)
def test_a_moment_is_local_time(text: str, seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC-9")
    time.tzset()
    assert moment_ns(text) == (2 * 86_400 - 9 * 3600 + seconds) * NS_PER_S
    monkeypatch.delenv("TZ")
    time.tzset()


@given(st.text())
def test_whatever_is_written_is_a_moment_or_is_refused(text: str) -> None:
    with contextlib.suppress(argparse.ArgumentTypeError):
        assert isinstance(moment_ns(text), int)
