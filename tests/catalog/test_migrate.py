import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from holdfast.catalog.migrate import Migration, migrate, migrations, version_of
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogTooNewError, LastLife

FIRST = Migration(
    1, "first", "CREATE TABLE a (x TEXT DEFAULT ';');\n-- a comment; with a semicolon\nCREATE TABLE b (y);"
)
SECOND = Migration(2, "second", "ALTER TABLE a ADD COLUMN z;")
BROKEN = Migration(2, "broken", "CREATE TABLE c (x);\nCREATE TABLE a (x);")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "catalog.db"


@pytest.fixture
def connection(path: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(path, isolation_level=None)) as opened:
        yield opened


def tables(connection: sqlite3.Connection) -> set[str]:
    return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}


def test_every_step_has_a_number_of_its_own() -> None:
    versions = [step.version for step in migrations()]
    assert versions == sorted(set(versions))


def test_every_table_has_a_node(connection: sqlite3.Connection, path: Path) -> None:
    migrate(connection, path, node="local")
    for table in tables(connection):
        columns = {name for _, name, *_ in connection.execute(f"PRAGMA table_info({table})")}
        assert "node" in columns, table


def test_applies_what_is_missing_and_records_it(connection: sqlite3.Connection, path: Path) -> None:
    assert migrate(connection, path, node="n", steps=(FIRST,)) == 0
    assert migrate(connection, path, node="n", steps=(FIRST, SECOND)) == 1
    assert migrate(connection, path, node="n", steps=(FIRST, SECOND)) == 2
    recorded = connection.execute("SELECT version, name, node FROM schema_version ORDER BY version").fetchall()
    assert recorded == [(1, "first", "n"), (2, "second", "n")]


def test_a_catalog_of_the_first_schema_keeps_what_it_knows(connection: sqlite3.Connection, path: Path) -> None:
    first, *later = migrations()
    migrate(connection, path, node="local", steps=(first,))
    connection.execute("INSERT INTO heartbeats (node, wall_ns) VALUES ('local', 7)")
    assert migrate(connection, path, node="local") == 1
    assert version_of(connection) == later[-1].version
    reader = CatalogReader(path)
    assert reader.last_life() == LastLife(wall_ns=WallNs(7), stopped_in_order=False)
    assert reader.gaps() == ()
    assert reader.alarms() == ()
    assert reader.certificates() == ()


def test_a_step_that_fails_leaves_nothing_behind(connection: sqlite3.Connection, path: Path) -> None:
    migrate(connection, path, node="n", steps=(FIRST,))
    with pytest.raises(sqlite3.OperationalError, match="already exists"):
        migrate(connection, path, node="n", steps=(FIRST, BROKEN))
    assert version_of(connection) == 1
    assert "c" not in tables(connection)


def test_a_newer_catalog_is_refused_with_the_place_and_the_remedy(connection: sqlite3.Connection, path: Path) -> None:
    migrate(connection, path, node="n", steps=(FIRST, SECOND))
    with pytest.raises(CatalogTooNewError) as refused:
        migrate(connection, path, node="n", steps=(FIRST,))
    assert str(path) in str(refused.value)
    assert "schema 2" in str(refused.value)
    assert "holdfast check" in str(refused.value)
