"""Values of options, as people write them."""

import argparse
import re
import time
from datetime import datetime

from holdfast.app.language import say
from holdfast.domain.times import NS_PER_S, WallNs

_DURATION = re.compile(r"^(\d{1,12}(?:\.\d{1,12})?)(ms|s|m|h)?$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, None: 1.0}
_AGO = re.compile(r"^(\d{1,6}(?:\.\d{1,6})?)(s|m|h|d)$")
_AGO_SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_MOMENTS = ("%Y-%m-%d", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S")
_SIZE = re.compile(r"^(\d{1,12}(?:\.\d{1,12})?)([KMGT])?(i?B)?$", re.IGNORECASE)
_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def duration_s(text: str) -> float:
    """Seconds in "90", "90s", "15m", "1h", "500ms". Raises argparse.ArgumentTypeError."""
    match = _DURATION.match(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(say("{text!r} is no time; write 90s, 15m or 1h", text=text))
    return float(match[1]) * _SECONDS[match[2]]


def moment_ns(text: str) -> WallNs:
    """Wall time of "2026-11-26", "2026-11-26 14:30", "2026-11-26 14:30:05" by the local clock, or of "2h" ago.

    Raises argparse.ArgumentTypeError.
    """
    given = text.strip()
    ago = _AGO.match(given)
    if ago is not None:
        return WallNs(time.time_ns() - round(float(ago[1]) * _AGO_SECONDS[ago[2]] * NS_PER_S))
    for form in _MOMENTS:
        try:
            local = datetime.strptime(given, form).astimezone()
            return WallNs(round(local.timestamp()) * NS_PER_S)
        except (ValueError, OverflowError):
            continue
    raise argparse.ArgumentTypeError(
        say("{text!r} is no moment; write 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h", text=text)
    )


def size_bytes(text: str) -> int:
    """Bytes in "500M", "2G". Raises argparse.ArgumentTypeError."""
    match = _SIZE.match(text.strip())
    if match is None:
        raise argparse.ArgumentTypeError(say("{text!r} is no size; write 500M or 2G", text=text))
    return int(float(match[1]) * _BYTES[(match[2] or "").upper()])
