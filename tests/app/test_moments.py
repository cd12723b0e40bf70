"""Moments, as people write them."""

import time

import pytest

from holdfast.app.moments import moment_ns


@pytest.fixture(autouse=True)
def in_seoul(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("1970-01-02", 15 * 3600),
        ("1970-01-02T00:00:01", 15 * 3600 + 1),
        ("1970-01-02 00:00", 15 * 3600),
        ("1970-01-02T00:00:00Z", 24 * 3600),
        (" 1970-01-02T00:00:00.5+01:00 ", 23 * 3600 + 0.5),
    ],
)
def test_a_moment_is_local_unless_it_says_which(text: str, seconds: float) -> None:
    assert moment_ns(text) == seconds * 1_000_000_000


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "12:00", "2026-11-23T25:00"])
def test_what_is_no_moment_is_refused_with_how_to_write_one(text: str) -> None:
    with pytest.raises(ValueError, match="write 2026-11-23 or"):
        moment_ns(text)
