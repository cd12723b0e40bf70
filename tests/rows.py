"""The verdict on a scenario's rows."""

from collections.abc import Sequence

from holdfast.lab.scenarios.stand import Row


def assert_all_pass(rows: Sequence[Row]) -> None:
    """Every figure keeps its bar, and there is one."""
    assert rows
    missed = [row for row in rows if not row.passed]
    assert not missed, missed
