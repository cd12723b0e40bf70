"""Times and sizes as people write them."""

import re

_DURATION = re.compile(r"^(\d{1,12}(?:\.\d{1,12})?)(ms|s|m|h|d)?$")
_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0, None: 1.0}
_SIZE = re.compile(r"^(\d{1,12}(?:\.\d{1,12})?)([KMGT])?(i?B)?$", re.IGNORECASE)
_BYTES = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}


def duration_s(text: str) -> float:
    """Seconds in "90", "90s", "15m", "1h", "7d", "500ms". Raises ValueError."""
    match = _DURATION.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no time")
    return float(match[1]) * _SECONDS[match[2]]


def size_bytes(text: str) -> int:
    """Bytes in "500M", "2G" (powers of 1024). Raises ValueError."""
    match = _SIZE.match(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is no size")
    return int(float(match[1]) * _BYTES[(match[2] or "").upper()])
