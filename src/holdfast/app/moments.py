"""Moments of wall time, as people write them."""

from datetime import UTC, datetime, timedelta

from holdfast.domain.times import NS_PER_S, WallNs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = timedelta(days=200 * 365)
"""Neither the catalog nor 64 bits of nanoseconds reach beyond the year 2262."""


def moment_ns(text: str) -> WallNs:
    """The moment in "2026-11-23", "2026-11-23T11:00:30", "2026-11-23 11:00+09:00": local time unless it says which.

    Raises ValueError.
    """
    try:
        since = datetime.fromisoformat(text.strip()).astimezone() - _EPOCH
        if abs(since) >= _MOST:
            raise OverflowError(text)
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no moment; write 2026-11-23 or 2026-11-23T11:00:30") from None
    return WallNs(since // timedelta(microseconds=1) * 1000)


def local(wall_ns: WallNs) -> str:
    """The moment for people: local time, to the second."""
    return f"{datetime.fromtimestamp(wall_ns / NS_PER_S, tz=UTC).astimezone():%Y-%m-%d %H:%M:%S}"


def iso(wall_ns: WallNs, to_the: str = "milliseconds") -> str:
    """The moment for programs: local time with its offset, to the millisecond or what else isoformat() knows."""
    # By whole numbers: a float holds no microseconds of our time.
    at = datetime.fromtimestamp(wall_ns // NS_PER_S, tz=UTC) + timedelta(microseconds=wall_ns % NS_PER_S // 1000)
    return at.astimezone().isoformat(timespec=to_the)
