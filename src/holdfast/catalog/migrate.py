"""Brings a catalog to the program's schema: one numbered SQL file per step, all steps in one transaction."""

import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from holdfast.ports.catalog import CatalogTooNewError

_FILE_NAME = re.compile(r"(\d{4})_(\w+)\.sql")
_VERSION_TABLE = """
CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    node TEXT NOT NULL
) STRICT
"""


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of the schema."""

    version: int
    name: str
    sql: str


def migrations() -> tuple[Migration, ...]:
    """All steps this program knows, by version."""
    found = []
    for entry in files("holdfast.catalog").joinpath("migrations").iterdir():
        match = _FILE_NAME.fullmatch(entry.name)
        if match:
            found.append(Migration(int(match[1]), match[2], entry.read_text("utf-8")))
    return tuple(sorted(found, key=lambda step: step.version))


def version_of(connection: sqlite3.Connection) -> int:
    """The schema version of an open catalog; 0 for an empty database."""
    known = connection.execute("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_version'")
    if known.fetchone() is None:
        return 0
    (version,) = connection.execute("SELECT COALESCE(MAX(version), 0) FROM schema_version").fetchone()
    return int(version)


def refuse_newer(found: int, path: Path, steps: tuple[Migration, ...] | None = None) -> None:
    """Raise CatalogTooNewError when the catalog's version is beyond what this program knows."""
    known = max((step.version for step in (migrations() if steps is None else steps)), default=0)
    if found > known:
        text = (
            f"The catalog {path} was written by a newer Holdfast (schema {found}, this program knows up to {known}). "
            "Install that version or a later one. To go on with this one, move the catalog aside and rebuild it "
            "from the files with `holdfast check DIR --repair`."
        )
        raise CatalogTooNewError(text)


def migrate(
    connection: sqlite3.Connection, path: Path, *, node: str, steps: tuple[Migration, ...] | None = None
) -> int:
    """Apply the steps a catalog lacks and return the version it had before.

    `connection` must be in autocommit mode. Either all steps are applied or none. Raises CatalogTooNewError, or
    sqlite3.Error when a step fails.
    """
    todo = migrations() if steps is None else steps
    before = version_of(connection)
    refuse_newer(before, path, todo)
    if before == max((step.version for step in todo), default=0):
        return before
    connection.execute("BEGIN IMMEDIATE")
    try:
        # Another process may have migrated while this one waited for the lock.
        before = version_of(connection)
        connection.execute(_VERSION_TABLE)
        for step in todo:
            if step.version > before:
                _apply(connection, step, node)
        connection.execute("COMMIT")
    except BaseException:  # undone whatever happened, then raised again
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return before


def _apply(connection: sqlite3.Connection, step: Migration, node: str) -> None:
    for statement in _statements(step.sql):
        connection.execute(statement)
    connection.execute(
        "INSERT INTO schema_version (version, name, node) VALUES (?, ?, ?)", (step.version, step.name, node)
    )


def _statements(sql: str) -> Iterator[str]:
    # Every statement ends with its line.
    # executescript() would commit before each script, which would break "all or none".
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        yield statement
