"""Gaps stand in no file: whatever happens to the catalog, they are not to be lost with it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.catalog import connect, migrate, queries
from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import Heartbeat, RecorderStopped
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import Change, LastLife


def gap(number: int) -> GapRecord:
    return GapRecord(
        gap_id=f"gap-{number}",
        camera="cam_01",
        stream="main",
        cause="camera_closed",
        sentence="카메라가 스트림을 끝냈습니다.",
        from_wall_ns=WallNs(number * 10),
        to_wall_ns=WallNs(number * 10 + 5) if number else None,
        detail={"text": "EOF"},
    )


GAPS = tuple(map(gap, range(200)))


def filled(path: Path, *changes: Change) -> None:
    catalog = Catalog.open(path)
    for change in changes:
        catalog.post(change)
    assert catalog.close()


def damage_table(path: Path, name: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (name,)).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))


@pytest.mark.expects_log("is damaged")
@pytest.mark.expects_log("set aside")
@pytest.mark.parametrize(
    "life", [Heartbeat(wall_ns=WallNs(7), boot_id="a"), RecorderStopped(wall_ns=WallNs(7))], ids=str
)
def test_gaps_and_the_last_life_are_saved_from_a_damaged_catalog(
    tmp_path: Path, life: Heartbeat | RecorderStopped
) -> None:
    path = tmp_path / "catalog.db"
    filled(path, *GAPS, life)
    damage_table(path, "segments_by_wall")
    catalog = Catalog.open(path)
    assert catalog.gaps() == GAPS
    boot_id = "" if isinstance(life, RecorderStopped) else "a"
    in_order = isinstance(life, RecorderStopped)
    assert catalog.last_life() == LastLife(wall_ns=WallNs(7), stopped_in_order=in_order, boot_id=boot_id)
    assert catalog.close()


@pytest.mark.expects_log("is damaged")
@pytest.mark.expects_log("set aside")
def test_the_last_life_is_saved_from_a_damaged_catalog_of_the_first_schema(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        migrate.migrate(connection, path, node="local", steps=migrate.migrations()[:1])
        connection.execute("INSERT INTO heartbeats (node, wall_ns) VALUES ('local', 7)")
    damage_table(path, "segments_by_wall")
    catalog = Catalog.open(path)
    assert catalog.last_life() == LastLife(wall_ns=WallNs(7), stopped_in_order=False)
    assert catalog.close()


def test_the_end_of_footage_is_found_by_indices_alone(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    filled(path)
    given = {"node": "local", "camera": "c", "stream": "main", "before_ns": 1 << 62}
    with closing(connect.open_for_reading(path)) as connection:
        plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {queries.FOOTAGE_END}", given)]
    assert not [step for step in plan if step.startswith("SCAN")], plan
    for index in ("segments_by_wall", "segments_by_duration"):
        assert [step for step in plan if index in step], plan
