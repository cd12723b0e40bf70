"""Values of options, as people write them."""

import argparse
import re

from holdfast.app.language import say

_DURATION = re.compile(r"^(\d{1,12}(?:\.\d{1,12})?)(ms|s|m|h)?$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_SIZE = re.compile(r"^(\d{1,12}(?:\.\d{1,12})?)([KMGT])?(i?B)?$", re.IGNORECASE)
_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def duration_s(text: str) -> float:
    """Seconds in "90", "90s", "15m", "1h", "500ms". Raises argparse.ArgumentTypeError."""
    match = _DURATION.match(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(say("{text!r} is no time; write 90s, 15m or 1h", text=text))
    return float(match[1]) * _SECONDS[match[2]]


def size_bytes(text: str) -> int:
    """Bytes in "500M", "2G". Raises argparse.ArgumentTypeError."""
    match = _SIZE.match(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(say("{text!r} is no size; write 500M or 2G", text=text))
    return int(float(match[1]) * _BYTES[(match[2] or "").upper()])
