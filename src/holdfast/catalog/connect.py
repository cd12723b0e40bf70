"""Opens SQLite files: for the one writer, for readers, and what is left of a damaged one."""

import contextlib
import logging
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from holdfast.catalog import migrate, rows
from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.certificates import CertificateRecord
from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import StreamRecord, VolumeRecord
from holdfast.ports.catalog import CatalogMissingError, CatalogTooOldError, CatalogUnreadableError, Change

log = logging.getLogger(__name__)

WRITER_BUSY_S = 1.0
READER_BUSY_S = 3.0
QUICK_CHECK_LIMIT_BYTES = 16 << 20
"""Larger catalogs are not read through when opened: the recorder must be ready at once. `damage_of` does it."""
_SIDE_FILES = ("-wal", "-shm")
_MOST_SET_ASIDE = 1000


@dataclass(slots=True)
class Opened:
    """A catalog open for writing."""

    connection: sqlite3.Connection
    identity: tuple[int, int]
    """Device and inode, by which a replaced file is noticed."""
    rebuild_needed: bool
    set_aside: Path | None = None


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the error says that the file itself is broken, rather than busy, full or forbidden."""
    code = getattr(error, "sqlite_errorcode", None)
    if code is None:
        # The module raises some errors by itself, such as undecodable text, without a code.
        return False
    return (code & 0xFF) in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def identity_of(path: Path) -> tuple[int, int] | None:
    """Device and inode of the file at `path`, or None when there is none."""
    try:
        status = path.stat()
    except FileNotFoundError:
        return None
    return status.st_dev, status.st_ino


def open_for_writing(path: Path, *, node: str, suspect: bool = False) -> Opened:
    """Open or make the catalog; a damaged one is set aside first, and what only it knew is saved from it.

    `suspect` reads the whole file first. Raises CatalogTooNewError, sqlite3.Error or OSError.
    """
    path.parent.mkdir(exist_ok=True)
    fresh = _fresh_name(path)
    if fresh.exists() and not path.exists():
        # Killed between the two renames of _replace: the new one was complete by then.
        fresh.rename(path)
        _sync_folder(path.parent)
    try:
        return _open(path, node, suspect=suspect)
    except sqlite3.DatabaseError as error:
        if not is_damage(error):
            raise
        log.warning("The catalog %s is damaged (%s).", path, error)
    aside = _replace(path, node)
    log.warning("The damaged catalog was set aside as %s; the new one is rebuilt from the files.", aside)
    opened = _open(path, node)
    opened.set_aside = aside
    return opened


def _replace(path: Path, node: str) -> Path:
    """Put a new catalog in the place of a damaged one, at no moment losing what only the damaged one knew."""
    fresh = _fresh_name(path)
    for suffix in ("", *_SIDE_FILES):
        Path(f"{fresh}{suffix}").unlink(missing_ok=True)
    opened = _open(fresh, node)
    with contextlib.closing(opened.connection):
        opened.connection.execute("BEGIN IMMEDIATE")
        for change in salvage(path):
            rows.write(opened.connection, change)
        opened.connection.execute("COMMIT")
    aside = set_aside(path)
    fresh.rename(path)
    _sync_folder(path.parent)
    return aside


def _sync_folder(folder: Path) -> None:
    """After a rename: a power cut must not leave the damaged catalog in its place, nor none."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _fresh_name(path: Path) -> Path:
    return path.with_name(f"{path.name}.new")


def _open(path: Path, node: str, *, suspect: bool = False) -> Opened:
    connection = sqlite3.connect(path, timeout=WRITER_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        # WAL lets readers and the writer work at the same time; with NORMAL a power cut may cost the last
        # transactions, which the files can give back, and never the database. What no file knows is written with FULL
        # (catalog/writer.py).
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")
        connection.execute("PRAGMA foreign_keys = ON")
        if suspect or path.stat().st_size <= QUICK_CHECK_LIMIT_BYTES:
            _raise_when_damaged(connection)
        migrate.migrate(connection, path, node=node)
        done = connection.execute("SELECT 1 FROM rebuilds WHERE node = ?", (node,)).fetchone()
        identity = identity_of(path)
    except BaseException:  # undone whatever happened, then raised again
        connection.close()
        raise
    return Opened(connection, identity or (0, 0), rebuild_needed=done is None)


def _raise_when_damaged(connection: sqlite3.Connection) -> None:
    (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if verdict != "ok":
        error = sqlite3.DatabaseError(verdict)
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error


def set_aside(path: Path) -> Path:
    """Rename a damaged catalog and its side files to `<name>.damaged-<n>` and return the new path. Raises OSError."""
    for number in range(1, _MOST_SET_ASIDE):
        target = path.with_name(f"{path.name}.damaged-{number}")
        if not target.exists():
            break
    else:
        text = (
            f"There are {_MOST_SET_ASIDE} damaged catalogs beside {path} already. Look at the disk, then remove them."
        )
        raise OSError(text)
    path.rename(target)
    for suffix in _SIDE_FILES:
        with contextlib.suppress(FileNotFoundError):
            Path(f"{path}{suffix}").rename(f"{target}{suffix}")
    return target


def salvage(path: Path) -> tuple[Change, ...]:
    """What only a damaged catalog knows and can still be read: intents, holds, certificates, names, life, gaps …."""
    saved: list[Change] = []
    with (
        contextlib.suppress(sqlite3.Error, ValueError, TypeError),
        contextlib.closing(sqlite3.connect(path, timeout=WRITER_BUSY_S)) as connection,
    ):
        connection.row_factory = sqlite3.Row
        saved += [StreamRecord(**dict(row)) for row in _try(connection, "SELECT * FROM streams")]
        saved += [rows.intent_from(row) for row in _try(connection, "SELECT * FROM intents")]
        saved += [CertificateRecord(**dict(row)) for row in _try(connection, "SELECT * FROM certificates")]
        saved += [rows.life_from(row) for row in _try(connection, "SELECT * FROM heartbeats")]
        saved += [VolumeRecord(**dict(row)) for row in _try(connection, "SELECT * FROM volumes")]
        saved += [HoldRecord(**dict(row)) for row in _try(connection, "SELECT * FROM holds")]
        saved += [AlarmRecord(**dict(row)) for row in _try(connection, "SELECT * FROM alarms")]
        saved += [rows.gap_from(row) for row in _try(connection, "SELECT * FROM gaps")]
    return tuple(saved)


def _try(connection: sqlite3.Connection, query: str) -> list[sqlite3.Row]:
    found: list[sqlite3.Row] = []
    with contextlib.suppress(sqlite3.Error):
        found.extend(connection.execute(query))
    return found


def open_for_reading(path: Path) -> sqlite3.Connection:
    """Open an existing catalog of a schema this program knows, unable to change it. Raises CatalogError."""
    try:
        is_there = path.exists()
    except OSError as error:
        text = f"The catalog {path} cannot be read ({error.strerror}). Check the disk."
        raise CatalogUnreadableError(text) from error
    if not is_there:
        text = f"There is no catalog at {path}. Make it from the files with `holdfast check DIR --repair`."
        raise CatalogMissingError(text)
    try:
        return _connect_for_reading(path, "mode=ro")
    except sqlite3.OperationalError as error:
        # On a read-only or full file system SQLite cannot make the side files it wants for a catalog nobody has open.
        if not _is_without_side_files(path, error):
            raise unreadable(path, error) from error
    except sqlite3.Error as error:
        raise unreadable(path, error) from error
    try:
        return _connect_for_reading(path, "immutable=1")
    except sqlite3.Error as error:
        raise unreadable(path, error) from error


def _is_without_side_files(path: Path, error: sqlite3.OperationalError) -> bool:
    """Whether all of a catalog is in its own file, and SQLite only could not make others beside it."""
    try:
        if path.with_name(f"{path.name}-wal").stat().st_size > 0:
            return False
    except OSError:
        pass
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return not os.access(path.parent, os.W_OK) or code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL)


def _connect_for_reading(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"file:{quote(str(path.absolute()))}?{mode}", uri=True, timeout=READER_BUSY_S, isolation_level=None
    )
    try:
        connection.row_factory = sqlite3.Row
        found = migrate.version_of(connection)
        migrate.refuse_newer(found, path)
        if found < migrate.migrations()[-1].version:
            text = (
                f"The catalog {path} is of an older schema ({found}). Start the recorder, or run "
                "`holdfast check DIR --repair`: both bring it up to date."
            )
            raise CatalogTooOldError(text)
    except BaseException:  # undone whatever happened, then raised again
        connection.close()
        raise
    return connection


def unreadable(path: Path, error: sqlite3.Error) -> CatalogUnreadableError:
    """The sentence for a catalog that exists and cannot be read."""
    if is_damage(error):
        text = f"The catalog {path} is damaged ({error}). Rebuild it from the files with `holdfast check DIR --repair`."
    else:
        text = f"The catalog {path} cannot be read ({error}). Check its permissions and the disk, then try again."
    return CatalogUnreadableError(text)


def damage_of(path: Path) -> str | None:
    """Read a catalog through; what is broken in it, or None. Takes seconds per gigabyte. Raises CatalogError."""
    try:
        with contextlib.closing(open_for_reading(path)) as connection:
            (verdict,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        if is_damage(error):
            return str(error)
        raise unreadable(path, error) from error
    return None if verdict == "ok" else str(verdict)


def restore(path: Path, *, node: str) -> Path | None:
    """Read a catalog through; when it is damaged, set it aside, put a new one in its place, and say where it is.

    Raises CatalogTooNewError, sqlite3.Error or OSError.
    """
    opened = open_for_writing(path, node=node, suspect=True)
    opened.connection.close()
    return opened.set_aside
