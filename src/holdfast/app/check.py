"""`holdfast check`: compares the catalog with the files, and mends what can be mended. Never deletes footage.

Works folder by folder: plan, then do, then forget; so a million files need no more memory than one day of one camera.
"""

import contextlib
import os
import re
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast.app.check_catalog import trouble_of
from holdfast.app.check_file import (
    Finding,
    FindingKind,
    Plan,
    examine,
    foreign,
    is_surely_gone,
    is_utf8,
    record_of,
    without_file,
)
from holdfast.app.check_report import MOST_FINDINGS, CheckProgress, CheckReport
from holdfast.app.holds import copy_in, recall
from holdfast.app.read_ahead import ReadAhead
from holdfast.app.recording_root import (
    CheckError,
    catalog_path,
    check_lock,
    recorder_is_running,
    volume_is_written,
)
from holdfast.catalog import connect
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import LOCAL_NODE, MAIN_VOLUME, RebuildDone, SegmentRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.fmp4 import Fmp4Error
from holdfast.ports.catalog import (
    CatalogPort,
    CatalogReads,
    CatalogTooOldError,
)
from holdfast.storage.repair import StalePlanError, carry_out

RECENT_NS = 60 * NS_PER_S
"""Beside a running recorder whose open files are not known, what changed this lately is taken to be in its hands."""
SETTLED_NS = 10 * NS_PER_S
"""When the open files are known: a file this young may have been created a moment before the recorder knew."""
_SETTLE_POLL_S = 0.5
_POSTS_PER_FLUSH = 5_000
_FLUSH_S = 60.0
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SET_ASIDE = re.compile(r".+\.mp4\.damaged(_\d+)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """How a check works beside others."""

    live_paths: Callable[[], frozenset[str]] | None = None
    """The running recorder's open files, when the check runs inside the recorder. Called from the check's thread."""
    progress: Callable[[CheckProgress], None] | None = None
    should_stop: Callable[[], bool] = bool
    wall_ns: Callable[[], int] = time.time_ns
    sleep: Callable[[float], None] = time.sleep
    node: str = LOCAL_NODE
    volume: str = MAIN_VOLUME
    """Name of the volume that is checked."""
    state: Path | None = None
    """Folder of the catalog, when it is not the volume's."""
    is_last: bool = True
    """No other volume is checked after this one: the catalog is then as complete as it can be made."""
    reads_ahead: int = 0
    """Threads that read files before their turn. None beside a recorder: disk and processor are for recording."""
    is_there: Callable[[], bool] = lambda: True
    """Whether the folder is still that of the volume; asked before a file is said to be missing."""

    writing: contextlib.AbstractContextManager[object] = field(default_factory=contextlib.nullcontext)
    """Held while a row is written, so that nobody deletes it just then."""

    def catalog_root(self, root: Path) -> Path:
        """The folder of the catalog for a volume in `root`."""
        return root if self.state is None else self.state


def check(
    root: Path, *, repair: bool = False, catalog: CatalogPort | None = None, settings: CheckSettings | None = None
) -> CheckReport:
    """Compare the catalog of a volume in `root` with its files, and with `repair` mend what differs.

    `catalog` is the recorder's own when the check runs inside it. Without `repair` nothing at all is written.
    Raises CheckError, and CatalogError for a catalog that a newer program wrote or that nobody may read.
    """
    wanted = settings or CheckSettings()
    if not root.is_dir():
        raise CheckError(f"{root} is not a folder. Name the folder that recordings were made to.")
    if not repair:
        return _check_only(root, catalog, wanted)
    with check_lock(root):
        return _check_and_repair(root, catalog, wanted)


def _check_only(root: Path, catalog: CatalogReads | None, settings: CheckSettings) -> CheckReport:
    rows: CatalogReads | None = catalog
    trouble: Finding | None = None
    if rows is None:
        trouble = trouble_of(settings.catalog_root(root))
        rows = None if trouble else CatalogReader(catalog_path(settings.catalog_root(root)), node=settings.node)
    run = _Check(root, settings, rows, None)
    if trouble is not None:
        run.report_finding(trouble)
    return run.all()


def _check_and_repair(root: Path, catalog: CatalogPort | None, settings: CheckSettings) -> CheckReport:
    if catalog is not None:
        return _Check(root, settings, catalog, catalog).all()
    path = catalog_path(settings.catalog_root(root))
    trouble: Finding | None = None
    # An old catalog is brought up to date by opening it.
    with contextlib.suppress(CatalogTooOldError):
        trouble = trouble_of(settings.catalog_root(root))
    try:
        connect.restore(path, node=settings.node)
    except (sqlite3.Error, OSError) as error:
        raise CheckError(
            f"The catalog {path} cannot be written ({error}). Check its permissions and the disk."
        ) from error
    opened = Catalog.open(path, node=settings.node)
    try:
        if opened.condition.rebuild_needed:
            recall(opened, (*copy_in(settings.catalog_root(root)), *copy_in(root)))
        run = _Check(root, settings, opened, opened)
        if trouble is not None:
            run.report_finding(replace(trouble, is_done=True))
        return run.all()
    finally:
        opened.close()


@dataclass(slots=True)
class _Check:
    """One check while it runs. `rows` is None when there is no catalog to compare with, `writes` without a repair."""

    root: Path
    settings: CheckSettings
    rows: CatalogReads | None
    writes: CatalogPort | None
    findings: list[Finding] = field(default_factory=list)
    counts: Counter[FindingKind] = field(default_factory=Counter)
    files: int = 0
    row_count: int = 0
    in_use: int = 0
    set_aside: int = 0
    unresolved: int = 0
    posted: int = 0
    known: frozenset[str] = frozenset()
    """Paths that had a row when their folder was read; of this folder, or of those that are looked at again."""
    ahead: ReadAhead = field(init=False)
    settling: list[str] = field(default_factory=list)
    """Files too young to say whose they are; looked at again at the end."""

    def __post_init__(self) -> None:
        self.ahead = ReadAhead(self.root, self.settings.reads_ahead)

    def all(self) -> CheckReport:
        on_disk = dict.fromkeys(self._folders_on_disk())
        catalogued = () if self.rows is None else self.rows.folders(volume=self.settings.volume)
        folders = sorted({*on_disk, *catalogued})
        stopped = False
        with contextlib.closing(self.ahead):
            for number, folder in enumerate(folders):
                if stopped := self.settings.should_stop():
                    break
                self._tell(folder, number, len(folders))
                self._check_folder(folder, is_on_disk=folder in on_disk)
        if not stopped:
            stopped = not self._check_settling()
        self._finish(is_complete=not stopped)
        self._tell("", len(folders), len(folders))
        return CheckReport(
            root=self.root,
            is_repair=self.writes is not None,
            findings=tuple(self.findings),
            counts=dict(self.counts),
            files=self.files,
            rows=self.row_count,
            in_use=self.in_use,
            set_aside=self.set_aside,
            unresolved=self.unresolved,
            was_stopped=stopped,
        )

    def report_finding(self, finding: Finding) -> None:
        self.counts[finding.kind] += 1
        if not finding.is_note and not finding.is_done:
            self.unresolved += 1
        if len(self.findings) < MOST_FINDINGS:
            self.findings.append(finding)

    def _tell(self, folder: str, done: int, total: int) -> None:
        if self.settings.progress is not None:
            self.settings.progress(CheckProgress(folder, done, total, self.files, sum(self.counts.values())))

    def _folders_on_disk(self) -> Iterator[str]:
        """Days of cameras. Other folders in the root are not cameras and none of our business."""
        for camera in self._entries(""):
            if camera.name.startswith(".") or not camera.is_dir():
                continue
            if camera.is_symlink():
                self._do(foreign(camera.name, "is a symbolic link, which is not followed"))
                continue
            if not is_utf8(camera.name):
                self._do(foreign(camera.name, "has a name that is not UTF-8"))
                continue
            inside = self._entries(camera.name)
            days = [entry for entry in inside if _DATE.fullmatch(entry.name) and entry.is_dir(follow_symlinks=False)]
            for entry in inside:
                if days and entry not in days:
                    self._do(foreign(f"{camera.name}/{entry.name}", "is no folder of a day"))
            for day in days:
                yield f"{camera.name}/{day.name}"

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(self.root / folder) as found:
                return sorted(found, key=lambda entry: entry.name)
        except OSError as error:
            shown = folder or "."
            sentence = f"The folder {shown} cannot be read ({error.strerror}). Check its permissions and the disk."
            self.report_finding(Finding(shown, FindingKind.UNREADABLE, sentence))
            return []

    def _check_folder(self, folder: str, *, is_on_disk: bool) -> None:
        live = self._live()
        entries = self._entries(folder) if is_on_disk else []
        rows = {
            row.path: row
            for row in (() if self.rows is None else self.rows.segments_in(folder, volume=self.settings.volume))
        }
        self.row_count += len(rows)
        self.known = frozenset(rows)
        leftovers = () if self.rows is None else self.rows.leftovers(self.settings.volume)
        for entry in self.ahead.over(folder, entries):
            path = f"{folder}/{entry.name}"
            if path in leftovers and path not in rows:
                # It was moved to another volume, and is about to be removed here.
                self.in_use += 1
                continue
            row = rows.pop(path, None)
            try:
                self._check_entry(path, entry, row, live)
            except OSError as error:
                sentence = f"{path} cannot be read ({error.strerror}). Check its permissions and the disk."
                self.report_finding(Finding(path, FindingKind.UNREADABLE, sentence))
        for row in rows.values():
            # Behind a link that is not followed, or in a folder that cannot be read, the file may well be there.
            if row.path not in live and is_surely_gone(self.root / row.path):
                # Where a disk was unmounted no file is to be found, and none is missing.
                if not self.settings.is_there():
                    raise CheckError(f"The disk of volume {self.settings.volume} is not there any more.")
                self._do(without_file(row))

    def _check_entry(self, path: str, entry: os.DirEntry[str], row: SegmentRecord | None, live: frozenset[str]) -> None:
        if _SET_ASIDE.fullmatch(entry.name):
            self.set_aside += 1
            return
        if entry.is_symlink():
            self._do(foreign(path, "is a symbolic link, which is not followed"))
            return
        if not entry.name.endswith(".mp4") or not entry.is_file() or not is_utf8(path):
            self._do(foreign(path, "is no segment of Holdfast"))
            return
        self.files += 1
        if path in live:
            self.in_use += 1
            return
        self._check_file(path, row)

    def _check_file(self, path: str, row: SegmentRecord | None, *, is_last_look: bool = False) -> None:
        if row is not None and row.keep_bytes is not None:
            # Not all of it counts. It is cut by the recorder, which knows where.
            self.in_use += 1
            return
        plan = examine(self.root, path, row)
        if plan is None:
            return
        if path in self._live() or self._is_in_foreign_hands(path):
            self.in_use += 1
            return
        if plan.repair is not None and self.settings.live_paths is not None and not is_last_look:
            self.settling.append(path)
            return
        self._do(plan)

    def _live(self) -> frozenset[str]:
        return frozenset() if self.settings.live_paths is None else self.settings.live_paths()

    def _age_ns(self, path: str) -> int:
        return self.settings.wall_ns() - (self.root / path).lstat().st_mtime_ns

    def _is_in_foreign_hands(self, path: str) -> bool:
        if self.settings.live_paths is not None or not self._is_written():
            return False
        return self._age_ns(path) < RECENT_NS

    def _is_written(self) -> bool:
        return recorder_is_running(self.settings.catalog_root(self.root)) or volume_is_written(self.root)

    def _check_settling(self) -> bool:
        """Look again at open files that nobody claimed, once they are old enough; False when told to stop."""
        for path in self.settling:
            waited_s = 0.0
            while self._age_ns(path) < SETTLED_NS and waited_s * NS_PER_S < SETTLED_NS:
                if self.settings.should_stop():
                    return False
                self.settings.sleep(_SETTLE_POLL_S)
                waited_s += _SETTLE_POLL_S
            row = self._row_of(path)
            self.known = frozenset() if row is None else frozenset([path])
            self._check_file(path, row, is_last_look=True)
        return True

    def _do(self, plan: Plan | None) -> None:
        """Carry out a plan, when there is something to do and this is a repair, and report it."""
        if plan is None:
            return
        if self.writes is None or not plan.finding.action:
            self.report_finding(plan.finding)
            return
        try:
            record = self._repair_file(plan)
        except (OSError, StalePlanError, Fmp4Error, CheckError) as error:
            sentence = f"{plan.finding.sentence} It could not be mended: {error}"
            self.report_finding(replace(plan.finding, sentence=sentence))
            return
        if record is not None:
            self._post(record)
        self.report_finding(replace(plan.finding, is_done=True))

    def _repair_file(self, plan: Plan) -> SegmentRecord | None:
        if plan.repair is None:
            return plan.record
        if self.settings.live_paths is None and self._is_written():
            raise CheckError("The recorder is running, which may still write it. It mends such files when it starts.")
        carry_out(plan.repair)
        if plan.repair.action == "set_aside":
            return plan.record
        path = plan.finding.path
        return record_of(self.root, path, self._row_of(path))

    def _row_of(self, path: str) -> SegmentRecord | None:
        return None if self.rows is None else self.rows.segment(path, volume=self.settings.volume)

    def _post(self, record: SegmentRecord) -> None:
        assert self.writes is not None
        with self.settings.writing:
            # One that had no row when its folder was read cannot have lost it since.
            if record.path in self.known and self._row_of(record.path) is None:
                return
            self.writes.post(replace(record, node=self.settings.node, volume=self.settings.volume))
        self.posted += 1
        # Faster than the database the queue would overflow, and drop what was just found.
        if self.posted % _POSTS_PER_FLUSH == 0:
            self._flush()

    def _flush(self) -> None:
        assert self.writes is not None
        if not self.writes.flush(_FLUSH_S):
            trouble = self.writes.condition.trouble or "The catalog answers too slowly."
            raise CheckError(f"{trouble} Check the disk, then run the check again.")

    def _finish(self, *, is_complete: bool) -> None:
        if self.writes is None:
            return
        if is_complete and self.settings.is_last:
            self.writes.post(RebuildDone(wall_ns=WallNs(self.settings.wall_ns()), node=self.settings.node))
        self._flush()
