"""Values of options, as people write them."""

import argparse
import re
import time

from holdfast.app import moments
from holdfast.app.language import say
from holdfast.config import retention, values
from holdfast.config.settings import CATEGORIES, LEVELS
from holdfast.domain.times import NS_PER_S, WallNs

_AGO = re.compile(r"^(\d{1,6}(?:\.\d{1,6})?)(s|m|h|d)$")
_AGO_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def duration_s(text: str) -> float:
    """Seconds in "90", "90s", "15m", "1h", "500ms". Raises argparse.ArgumentTypeError."""
    try:
        return values.duration_s(text)
    except ValueError:
        raise argparse.ArgumentTypeError(say("{text!r} is no time; write 90s, 15m or 1h", text=text)) from None


def moment_ns(text: str) -> WallNs:
    """Wall time of "2026-11-26", "2026-11-26 14:30", "2026-11-26 14:30:05" by the local clock, or of "2h" ago.

    Raises argparse.ArgumentTypeError.
    """
    given = text.strip()
    ago = _AGO.match(given)
    if ago is not None:
        return WallNs(time.time_ns() - round(float(ago[1]) * _AGO_SECONDS[ago[2]] * NS_PER_S))
    try:
        return moments.moment_ns(given)
    except ValueError:
        raise argparse.ArgumentTypeError(
            say("{text!r} is no moment; write 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h", text=text)
        ) from None


def size_bytes(text: str) -> int:
    """Bytes in "500M", "2G". Raises argparse.ArgumentTypeError."""
    try:
        return values.size_bytes(text)
    except ValueError:
        raise argparse.ArgumentTypeError(say("{text!r} is no size; write 500M or 2G", text=text)) from None


def age_s(text: str) -> float:
    """Seconds in "30d", "12h". Raises argparse.ArgumentTypeError."""
    try:
        return retention.age_s(text)
    except ValueError:
        raise argparse.ArgumentTypeError(say("{text!r} is no age; write 30d or 12h", text=text)) from None


def min_free(text: str) -> tuple[int, float]:
    """Bytes and percent in "20G", "5%", "5%, 20G". Raises argparse.ArgumentTypeError."""
    try:
        return retention.min_free(text)
    except ValueError:
        raise argparse.ArgumentTypeError(say("{text!r} is no free space; write 5% or 20G", text=text)) from None


def log_level(text: str) -> tuple[str | None, str]:
    """Category and level in "rtsp=debug"; no category in "debug". Raises argparse.ArgumentTypeError."""
    category, equals, level = text.strip().lower().rpartition("=")
    if equals and category not in CATEGORIES:
        known = ", ".join(CATEGORIES)
        raise argparse.ArgumentTypeError(
            say("{category} is no category of the log: {categories}", category=category, categories=known)
        )
    if level not in LEVELS:
        raise argparse.ArgumentTypeError(
            say("{text!r} is no level: write CATEGORY=LEVEL, such as rtsp=debug, or LEVEL", text=text)
        )
    return category or None, level
