"""A row of cells as a person sees it: signs that tell apart without colour, and an axis of local time."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby

from rich.text import Text

from holdfast.app.language import cells as columns_of
from holdfast.app.language import say
from holdfast.domain.times import NS_PER_S

RECORDED, SOME, PARTLY, MISSING, NOTHING = range(5)
SIGNS = "█▄▒×·"
PLAIN_SIGNS = "#+%x."
"""Where the output cannot show the others."""
STYLES = ("green", "green", "yellow", "bold red", "dim")
LEGEND: Mapping[int, str] = {
    RECORDED: "recorded",
    SOME: "recorded in part",
    PARTLY: "partly missing",
    MISSING: "mostly missing",
    NOTHING: "nothing wanted",
}
"""What the signs mean."""
_TICK_SPACING = 9
"""Columns that a label of the axis needs, with what is between it and the next."""


def sort_of(recorded_ns: int, missing_ns: int, width_ns: int) -> int:
    """Which sign: however little is missing of a cell, it shows."""
    if missing_ns > 0:
        return PARTLY if recorded_ns > missing_ns else MISSING
    if recorded_ns == 0:
        return NOTHING
    return RECORDED if 2 * recorded_ns >= width_ns else SOME


def bar(recorded_ns: Sequence[int], missing_ns: Sequence[int], length_ns: int, signs: str) -> Text:
    """The row."""
    drawn = Text()
    width_ns = length_ns // len(recorded_ns)
    sorts = [sort_of(*one, width_ns) for one in zip(recorded_ns, missing_ns, strict=True)]
    for sort, same in groupby(sorts):
        drawn.append(signs[sort] * len(list(same)), STYLES[sort])
    return drawn


def legend(signs: str) -> Text:
    """What the signs mean, in a line."""
    drawn = Text()
    for sort, words in LEGEND.items():
        drawn.append("   " if sort else "")
        drawn.append(signs[sort], STYLES[sort])
        drawn.append(f" {say(words)}")
    return drawn


def axis(from_ns: int, to_ns: int, columns: int) -> str:
    """Labels of local time over a row of so many columns: each begins where its moment is."""
    shown, line = columns // _TICK_SPACING, ""
    for moment_ns in _ticks(from_ns, to_ns, max(1, shown)):
        at = (moment_ns - from_ns) * columns // (to_ns - from_ns)
        label = _label(moment_ns, to_ns - from_ns)
        if at >= len(line) + bool(line) and at + len(label) <= columns:
            line = line.ljust(at) + label
    return line


_STEPS_S = (1, 5, 10, 30, 60, 300, 600, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400)


def _ticks(from_ns: int, to_ns: int, most: int) -> Iterable[int]:
    """Round moments of local time within the range."""
    length_s = (to_ns - from_ns) / NS_PER_S
    step_s = next((step for step in _STEPS_S if length_s / step <= most), None)
    if step_s is None:
        step_s = _STEPS_S[-1] * -int(-length_s // (_STEPS_S[-1] * most))
    begin = datetime.fromtimestamp(from_ns // NS_PER_S, tz=UTC).astimezone()
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    passed_s = (begin.replace(tzinfo=None) - midnight).total_seconds()
    # Of naive local time, so that a day of a change of time has its labels at whole hours, too.
    number = int(passed_s // step_s)
    while True:
        moment_ns = round((midnight + timedelta(seconds=number * step_s)).timestamp()) * NS_PER_S
        if moment_ns >= to_ns:
            return
        if moment_ns >= from_ns:
            yield moment_ns
        number += 1


def _label(moment_ns: int, length_ns: int) -> str:
    at = datetime.fromtimestamp(moment_ns // NS_PER_S, tz=UTC).astimezone()
    hours = length_ns / NS_PER_S / 3600
    if hours > 48:  # noqa: PLR2004 - two days
        return f"{at:%m-%d}" if hours < 24 * 300 else f"{at:%y-%m-%d}"
    return f"{at:%H:%M:%S}" if hours < 1 / 6 else f"{at:%H:%M}"


def padded(text: str, columns: int) -> str:
    """The text in so many columns, whatever its letters take."""
    return text + " " * max(0, columns - columns_of(text))
