"""The verdict on a scenario's rows."""

from collections.abc import Sequence
from dataclasses import replace

from holdfast.lab.scenarios.stand import Row


def assert_all_pass(rows: Sequence[Row]) -> None:
    """Every figure keeps its bar, and there is one."""
    assert rows
    missed = [row for row in rows if not row.passed]
    assert not missed, missed


def leisurely(rows: Sequence[Row]) -> list[Row]:
    """The rows, and those about moments with a tenfold bar: the machine of a test may be busy."""
    return [replace(row, bar=10 * row.bar) if row.unit in ("s", "") else row for row in rows]
