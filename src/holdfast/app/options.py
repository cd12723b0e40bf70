"""Values of options, as people write them."""

import argparse

from holdfast.app.language import say
from holdfast.config import values
from holdfast.config.settings import CATEGORIES, LEVELS


def duration_s(text: str) -> float:
    """Seconds in "90", "90s", "15m", "1h", "500ms". Raises argparse.ArgumentTypeError."""
    try:
        return values.duration_s(text)
    except ValueError:
        raise argparse.ArgumentTypeError(say("{text!r} is no time; write 90s, 15m or 1h", text=text)) from None


def size_bytes(text: str) -> int:
    """Bytes in "500M", "2G". Raises argparse.ArgumentTypeError."""
    try:
        return values.size_bytes(text)
    except ValueError:
        raise argparse.ArgumentTypeError(say("{text!r} is no size; write 500M or 2G", text=text)) from None


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
