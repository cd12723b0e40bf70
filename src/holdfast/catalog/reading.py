"""What every part of the reader shares: the file, the node, and a connection for each question."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from holdfast.catalog import connect
from holdfast.domain.segments import LOCAL_NODE
from holdfast.domain.times import WallNs

EVER = (1 << 63) - 1


class Reading:
    """Opens the file for each question.

    Opening takes a fraction of a millisecond, and a question asked from any thread then works on a catalog that was
    meanwhile rebuilt.
    """

    def __init__(self, path: Path, *, node: str = LOCAL_NODE) -> None:
        self._path = path
        self._node = node

    def _given(self, **values: Any) -> dict[str, Any]:  # noqa: ANN401 - whatever SQLite stores
        return {"node": self._node, **values}

    @contextlib.contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        connection = connect.open_for_reading(self._path)
        try:
            yield connection
        except sqlite3.Error as error:
            raise connect.unreadable(self._path, error) from error
        finally:
            connection.close()


def given_range(from_ns: WallNs | None, to_ns: WallNs | None) -> dict[str, int]:
    """The range as parameters of a query."""
    # From the earliest to the latest a database can hold; 0 rather than the minimum, because durations are subtracted.
    return {"from_ns": 0 if from_ns is None else from_ns, "to_ns": EVER if to_ns is None else to_ns}
