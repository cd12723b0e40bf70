"""The thread that writes the catalog, so that recording never waits for a database."""

import contextlib
import logging
import sqlite3
import threading
from dataclasses import dataclass
from pathlib import Path

from holdfast.catalog import connect, rows
from holdfast.catalog.pending import Entry, Pending
from holdfast.domain.segments import (
    FaultRecord,
    IntentRecord,
    RebuildDone,
    RunRecord,
    SegmentRecord,
    SessionRecord,
)
from holdfast.ports.catalog import CatalogCondition, CatalogTooNewError, Change

log = logging.getLogger(__name__)

_BAD_VALUE = (sqlite3.IntegrityError, sqlite3.InterfaceError, sqlite3.ProgrammingError, sqlite3.DataError)
"""SQLite's errors about what is written; all others are about the file."""


IN_FILES = (SegmentRecord, RunRecord, SessionRecord, FaultRecord)
"""What can be found again, or is only told: it need not outlive a power cut at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriterSettings:
    """Limits of the writer; the defaults suit hundreds of cameras."""

    most_waiting: int = 50_000
    """Changes kept in memory while nothing can be written; about 1 kB each."""
    most_at_once: int = 2_000
    """Changes per transaction: the longest others wait for the database, some 50 ms."""
    gather_s: float = 0.2
    """How long changes are gathered into one transaction."""
    first_retry_s: float = 0.2
    last_retry_s: float = 2.0
    """The wait doubles from the first to the last while writing fails."""


class CatalogWriter:
    """Writes changes in the background. All public methods are thread-safe; `post` and `condition` never block."""

    def __init__(self, path: Path, *, node: str, settings: WriterSettings) -> None:
        self._path = path
        self._node = node
        self._settings = settings
        self._change = threading.Condition()
        # Everything from here to `_stop` is guarded by `_change`.
        self._pending = Pending(settings.most_waiting)
        self._dropped = 0
        self._trouble: str | None = None
        self._rebuild_needed = False
        self._refusal: CatalogTooNewError | None = None
        self._tried = False
        self._hurry = 0
        self._stop = False
        # The writer thread's own.
        self._opened: connect.Opened | None = None
        self._intents: dict[tuple[str, str, str], IntentRecord] = {}
        self._drop_said = False
        self._suspect = False
        # A daemon: a disk that never answers must not keep the recorder from ending.
        self._thread = threading.Thread(target=self._work, name="catalog-writer", daemon=True)

    def start(self, timeout_s: float) -> None:
        """Begin, and give the catalog `timeout_s` to open; later it goes on trying. Raises CatalogTooNewError."""
        self._thread.start()
        with self._change:
            self._change.wait_for(lambda: self._tried, timeout_s)
            if self._refusal is not None:
                raise self._refusal

    def post(self, change: Change) -> None:
        """See CatalogWrites."""
        with self._change:
            was_empty = len(self._pending) == 0
            self._dropped += self._pending.put(change)
            if was_empty:
                self._change.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """See CatalogWrites."""
        with self._change:
            number = self._pending.number
            self._hurry += 1
            self._change.notify_all()
            try:
                return self._change.wait_for(lambda: not self._pending.has_before(number), timeout_s)
            finally:
                self._hurry -= 1

    def close(self, timeout_s: float) -> bool:
        """See CatalogWrites."""
        written = self.flush(timeout_s)
        with self._change:
            self._stop = True
            self._change.notify_all()
        self._thread.join(connect.WRITER_BUSY_S + self._settings.last_retry_s)
        return written

    @property
    def condition(self) -> CatalogCondition:
        """See CatalogWrites."""
        with self._change:
            return CatalogCondition(
                waiting=len(self._pending),
                dropped=self._dropped,
                trouble=self._trouble,
                rebuild_needed=self._rebuild_needed,
            )

    def _work(self) -> None:
        retry_s = self._settings.first_retry_s
        try:
            while self._wait_for_work():
                if self._try_once():
                    retry_s = self._settings.first_retry_s
                    continue
                self._pause(retry_s)
                retry_s = min(2 * retry_s, self._settings.last_retry_s)
        finally:
            self._let_go()

    def _wait_for_work(self) -> bool:
        with self._change:
            if not self._tried:
                return not self._stop
            self._change.wait_for(lambda: self._stop or len(self._pending) > 0)
            if not self._stop:
                self._change.wait_for(lambda: self._stop or self._hurry > 0, self._settings.gather_s)
            return not self._stop

    def _pause(self, for_s: float) -> None:
        with self._change:
            self._change.wait_for(lambda: self._stop, for_s)

    def _try_once(self) -> bool:
        """Open the catalog if need be and write one batch; False when that did not work and is to be tried again."""
        try:
            opened = self._ready()
            self._write_batch(opened.connection)
        except Exception as error:  # noqa: BLE001 - the end of this thread would be the end of the catalog
            self._let_go()
            self._suspect = isinstance(error, sqlite3.Error) and connect.is_damage(error)
            self._note_trouble(error)
            return False
        self._note_success()
        return True

    def _ready(self) -> connect.Opened:
        # Somebody may have moved or replaced the file, for instance `holdfast check --repair` a damaged one.
        if self._opened is not None and connect.identity_of(self._path) == self._opened.identity:
            return self._opened
        self._let_go()
        opened = connect.open_for_writing(self._path, node=self._node, suspect=self._suspect)
        self._opened = opened
        with self._change:
            self._rebuild_needed = opened.rebuild_needed
        _write_all(opened.connection, tuple(self._intents.values()))
        return opened

    def _write_batch(self, connection: sqlite3.Connection) -> None:
        with self._change:
            entries = self._pending.first(self._settings.most_at_once)
        if not entries:
            return
        changes = tuple(change for _, _, change in entries)
        intents = [change for change in changes if isinstance(change, IntentRecord)]
        try:
            _write_all(connection, changes)
        except Exception as error:  # values are refused in many ways; errors of the file go on
            if not _is_bad_value(error):
                raise
            self._write_singly(connection, changes)
        for intent in intents:
            self._intents[intent.node, intent.camera, intent.stream] = intent
        self._note_written(entries, rebuilt=any(isinstance(change, RebuildDone) for change in changes))

    def _write_singly(self, connection: sqlite3.Connection, changes: tuple[Change, ...]) -> None:
        # One value the database refuses must not keep the others out for ever.
        for change in changes:
            try:
                _write_all(connection, (change,))
            except Exception as error:  # as above
                if not _is_bad_value(error):
                    raise
                log.error("The catalog %s refused %r (%s); it is left out.", self._path, change, error)  # noqa: TRY400
                with self._change:
                    self._dropped += 1

    def _note_written(self, entries: tuple[Entry, ...], *, rebuilt: bool) -> None:
        with self._change:
            self._pending.done(entries)
            if rebuilt:
                self._rebuild_needed = False
            self._change.notify_all()

    def _note_success(self) -> None:
        with self._change:
            ended = self._trouble is not None
            self._trouble = None
            self._tried = True
            waiting = len(self._pending)
            dropped = self._dropped
            self._change.notify_all()
        if ended:
            self._drop_said = False
            log.info(
                "The catalog %s is written again; %d changes wait, %d were given up.", self._path, waiting, dropped
            )

    def _note_trouble(self, error: Exception) -> None:
        with self._change:
            begins = self._trouble is None
            self._trouble = f"The catalog {self._path} cannot be written: {error}."
            if isinstance(error, CatalogTooNewError) and not self._tried:
                self._refusal = error
                self._stop = True
            self._tried = True
            dropped = self._dropped
            self._change.notify_all()
        if begins and self._refusal is None:
            log.warning(
                "The catalog %s cannot be written (%s). Recording goes on; up to %d changes wait in memory.",
                self._path,
                error,
                self._settings.most_waiting,
            )
        if dropped and not self._drop_said:
            self._drop_said = True
            log.warning(
                "Too many changes wait for the catalog %s; the oldest are given up. `holdfast check DIR --repair` "
                "finds their files again.",
                self._path,
            )

    def _let_go(self) -> None:
        if self._opened is None:
            return
        with contextlib.suppress(sqlite3.Error):
            self._opened.connection.close()
        self._opened = None


def _is_bad_value(error: Exception) -> bool:
    # Besides SQLite, the conversion of numbers, texts and details can refuse a value, each in its own way.
    return isinstance(error, _BAD_VALUE) or not isinstance(error, sqlite3.Error | OSError)


def _write_all(connection: sqlite3.Connection, changes: tuple[Change, ...]) -> None:
    if not changes:
        return
    # What no file knows must outlive a power cut: intents, gaps, the end of a life. So must a heartbeat, and with it
    # all that was written before: the catalog is never further behind the files than the heart beats.
    is_durable = not all(isinstance(change, IN_FILES) for change in changes)
    connection.execute(f"PRAGMA synchronous = {'FULL' if is_durable else 'NORMAL'}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        for change in changes:
            rows.write(connection, change)
        connection.execute("COMMIT")
    except BaseException:  # undone whatever happened, then raised again
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
