"""Lists for people: a table that fits the terminal, and one line per row where there is none."""

import sys
from collections.abc import Mapping, Sequence

from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from holdfast.app.language import say
from holdfast.app.terminal import Screen

WIDTH_OF_PIPES = 1000
"""Columns where there is no terminal: lines are not to be broken for whoever reads them."""
_RIGHT = frozenset({"Length", "Frames", "Size", "Free", "Total", "Recorded", "Missing", "Coverage"})
Row = Mapping[str, str]
"""Cells by heading."""


def print_table(rows: Sequence[Row], broad: tuple[str, ...], narrow: tuple[str, ...]) -> None:
    """Print the columns `broad`, or `narrow` where the terminal has no room for them."""
    console = Screen(width=None if sys.stdout.isatty() else WIDTH_OF_PIPES)
    table = _table(rows, broad, is_broad=True)
    if Measurement.get(console, console.options.update_width(WIDTH_OF_PIPES), table).maximum > console.width:
        table = _table(rows, narrow, is_broad=False)
    console.print(table)


def _table(rows: Sequence[Row], headings: tuple[str, ...], *, is_broad: bool) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in headings:
        is_last = heading == headings[-1]
        # The whole row in one line while there is room for it; where there is none, the last column is what breaks.
        table.add_column(
            say(heading),
            justify="right" if heading in _RIGHT else "left",
            no_wrap=not is_last or is_broad,
            overflow="fold" if is_last else "ellipsis",
        )
    for row in rows:
        table.add_row(*(Text(row[heading]) for heading in headings))
    return table
