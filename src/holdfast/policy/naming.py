"""Names of cameras, folders and files (requirement E2)."""

import re
from datetime import UTC, datetime, timedelta, timezone

from holdfast.domain.times import NS_PER_S, WallNs

_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")
MAX_ID_BYTES = 120


def camera_id(name: str) -> str:
    """A name as a folder and the start of a file name, on every file system.

    Letters of any script and spaces stay. Raises ValueError when nothing usable is left.
    """
    cleaned = _UNSAFE.sub("_", name).strip(" .")
    while len(cleaned.encode()) > MAX_ID_BYTES:
        cleaned = cleaned[:-1].rstrip(" .")
    if not cleaned or set(cleaned) <= {"_"}:
        raise ValueError(f"{name!r} cannot be the name of a camera: use letters or digits")
    return cleaned


def segment_path(camera: str, wall_start_ns: WallNs, utc_offset_s: int, attempt: int) -> str:
    """`<camera>/<YYYY-MM-DD>/<camera>_<YYYYMMDD_HHMMSS>.mp4` in local time; `_2`, `_3` … for later attempts (≥ 1)."""
    zone = timezone(timedelta(seconds=utc_offset_s))
    at = datetime.fromtimestamp(wall_start_ns // NS_PER_S, tz=UTC).astimezone(zone)
    suffix = "" if attempt <= 1 else f"_{attempt}"
    return f"{camera}/{at:%Y-%m-%d}/{camera}_{at:%Y%m%d_%H%M%S}{suffix}.mp4"
