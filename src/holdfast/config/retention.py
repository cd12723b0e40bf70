"""The table `[retention]`, and what each `[[camera]]` says of it: what is deleted by itself."""

import re
from collections.abc import Sequence
from typing import Protocol

from holdfast.config.settings import RetentionSettings
from holdfast.config.tables import Table, shown
from holdfast.config.values import duration_s, size_bytes
from holdfast.policy.retention import age_words

PRESETS = {"seven-days": RetentionSettings(enabled=True, max_age_s=7 * 86_400.0, min_free_bytes=2 << 30)}
"""By name. Files older than seven days go, and 2 GB stay free."""
USUAL_PERCENT = 5.0
MOST_PERCENT = 90.0
AGE_LIMITS = ("1s", "36500d")
_PERCENT = re.compile(r"^(\d{1,3}(?:\.\d{1,6})?)\s*%$")


class HasWishes(Protocol):
    """A camera's table."""

    @property
    def table(self) -> Table:
        """Where it stands."""

    @property
    def segment_s(self) -> float | None:
        """Length of its files."""

    @property
    def max_age_s(self) -> float | None:
        """How old its footage may become."""

    @property
    def quota_bytes(self) -> int | None:
        """How much there may be of it."""


def read_retention(table: Table, *, is_there: bool) -> RetentionSettings:
    """Read `[retention]`. Where there is none, nothing is ever deleted."""
    enabled = table.boolean("enabled", default=True)
    preset = table.choice("preset", tuple(PRESETS))
    max_age_s = table.duration_s("max_age", *AGE_LIMITS)
    given = table.text("min_free")
    table.end()
    if not is_there:
        return RetentionSettings()
    base = PRESETS.get(preset or "", RetentionSettings(min_free_percent=USUAL_PERCENT))
    size, percent = base.min_free_bytes, base.min_free_percent
    if given:
        try:
            size, percent = min_free(given)
        except ValueError:
            value = shown("min_free", given)
            table.problem("min_free", f'min_free = {value} must be a size or a part: "20G", "5%", or both: "5%, 20G".')
    return RetentionSettings(enabled, base.max_age_s if max_age_s is None else max_age_s, size, percent)


def read_own(table: Table) -> tuple[float | None, int | None]:
    """`max_age` in seconds and `quota` in bytes of a `[[camera]]`."""
    return table.duration_s("max_age", *AGE_LIMITS), table.size_bytes("quota", "16M", "1000T")


def check_retention(
    table: Table,
    retention: RetentionSettings,
    cameras: Sequence[HasWishes],
    segment_s: float,
    *,
    is_there: bool,
) -> None:
    """Note what cannot hold, or would mean nothing."""
    longest_s = max([segment_s, *(one.segment_s for one in cameras if one.segment_s is not None)])
    _check_age(table, retention.max_age_s, longest_s)
    for camera in cameras:
        _check_age(camera.table, camera.max_age_s, camera.segment_s or segment_s)
        for key, value in (("max_age", camera.max_age_s), ("quota", camera.quota_bytes)):
            if value is not None and not is_there:
                sentence = (
                    f"{key} means nothing without a table [retention]: nothing is ever deleted. Write [retention]."
                )
                camera.table.problem(key, sentence)


def min_free(text: str) -> tuple[int, float]:
    """Bytes and percent in "20G", "5%", or both: "5%, 20G". Raises ValueError."""
    found_bytes, found_percent = 0, 0.0
    parts = text.split(",")
    for part in parts:
        match = _PERCENT.match(part.strip())
        if match is None:
            found_bytes = size_bytes(part)
        else:
            found_percent = float(match[1])
    if len(parts) > len([one for one in (found_bytes, found_percent) if one]) or found_percent > MOST_PERCENT:
        raise ValueError(f"{text!r} is no free space")
    return found_bytes, found_percent


def age_s(text: str) -> float:
    """Seconds in "30d", within the limits of a configuration. Raises ValueError."""
    found_s = duration_s(text)
    low_s, high_s = map(duration_s, AGE_LIMITS)
    if not low_s <= found_s <= high_s:
        raise ValueError(f"{text!r} is no age")
    return found_s


def _check_age(table: Table, max_age_s: float | None, segment_s: float) -> None:
    if max_age_s is not None and max_age_s < segment_s:
        age, segment = age_words(round(max_age_s * 1e9)), age_words(round(segment_s * 1e9))
        sentence = f"max_age = {age} is less than the length of a file ({segment}): a file goes as a whole."
        table.problem("max_age", sentence)
