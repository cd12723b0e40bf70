"""What must outlive a power cut is synced at once; what stands in the files as well need not be."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.catalog import connect
from holdfast.catalog.writer import _write_all
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.segments import (
    FaultRecord,
    Heartbeat,
    IntentRecord,
    RecorderStopped,
    RunRecord,
    SessionRecord,
)
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import Change

NOW = WallNs(7)
GAP = GapRecord(gap_id="g", camera="cam", stream="main", cause="silent", sentence="", from_wall_ns=NOW)
RUN = RunRecord(run_id="r", camera="cam", stream="main", session=1, started_wall_ns=NOW)
SESSION = SessionRecord(camera="cam", stream="main", number=1, started_wall_ns=NOW)
FAULT = FaultRecord(kind="mux", sentence="", wall_ns=NOW)
NORMAL, FULL = 1, 2


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(connect.open_for_writing(tmp_path / "catalog.db", node="local").connection) as opened:
        yield opened


@pytest.mark.parametrize(
    "change",
    [
        IntentRecord(camera="cam", stream="main", wanted=True, since_wall_ns=NOW),
        GAP,
        GapRemoved(gap_id="g"),
        Heartbeat(wall_ns=NOW),
        RecorderStopped(wall_ns=NOW),
    ],
    ids=lambda change: type(change).__name__,
)
def test_what_no_file_knows_is_synced_with_all_that_comes_with_it(
    connection: sqlite3.Connection, change: Change
) -> None:
    _write_all(connection, (RUN, change))
    assert connection.execute("PRAGMA synchronous").fetchone() == (FULL,)


def test_what_the_files_know_waits_for_the_next_sync(connection: sqlite3.Connection) -> None:
    _write_all(connection, (RUN, SESSION, FAULT))
    assert connection.execute("PRAGMA synchronous").fetchone() == (NORMAL,)


def test_the_catalog_is_written_ahead_so_that_a_power_cut_never_leaves_half_of_a_change(
    connection: sqlite3.Connection,
) -> None:
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
