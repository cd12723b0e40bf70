"""Copies what is new to a backup, file by file, and says what became of each; nothing unverified counts as saved."""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from holdfast.app.backup_helper import Helper, HelperError
from holdfast.app.backup_state import remember, remembered
from holdfast.app.deleting import Deleting, note, who
from holdfast.app.identity import recorder_id
from holdfast.app.language import say, translated
from holdfast.app.moments import iso
from holdfast.app.problems import Exit, Problem
from holdfast.app.volume_places import VolumePlace
from holdfast.app.volumes import looked_at
from holdfast.domain.backups import BackupDone, SavedSegment, SegmentKey
from holdfast.domain.segments import Json, SegmentRecord
from holdfast.domain.times import WallNs
from holdfast.policy.backups import BackupPlan, Span, key_of, plan, spans
from holdfast.ports.catalog import CatalogPort, CatalogReads

REMOVED_AT_ONCE = 50
INTERRUPTED = "It was interrupted."
FROM_CATALOG = ("size_bytes", "camera", "stream", "run_id", "session", "ordinal", "wall_start_ns", "duration_ns")
Said = dict[str, Any]


@dataclass(frozen=True, slots=True)
class BackupOrder:
    """What is to be saved, and where."""

    root: Path
    """Folder of the catalog."""
    to: Path
    cameras: tuple[str, ...] = ()
    """Empty: all of them."""
    from_ns: WallNs | None = None
    until_ns: WallNs | None = None
    rate_bytes: int = 20 << 20
    """Read and written in a second at most, together."""
    removes: bool = False
    begins_anew: bool = False
    same_disk: bool = False


@dataclass(slots=True)
class Outcome:
    """What came of it."""

    plan: BackupPlan = field(default_factory=BackupPlan)
    saved: list[SavedSegment] = field(default_factory=list)
    removed: list[SegmentRecord] = field(default_factory=list)
    """Sources that went because their copies were read back and compared."""
    held_back: int = 0
    """Sources that are saved and held: they stay."""
    not_removed: int = 0
    gone: int = 0
    """Files that moved or were deleted while the backup ran."""
    failed: list[tuple[SegmentRecord, str]] = field(default_factory=list)
    stopped: str = ""
    """Why it ended before its end: a sentence. Empty when it did not."""
    is_full: bool = False

    @property
    def saved_bytes(self) -> int:
        """Copied and compared."""
        return sum(one.size_bytes for one in self.saved)

    @property
    def left(self) -> int:
        """Files that were to be saved and are not."""
        return len(self.plan.to_save) - len(self.saved) - self.gone

    @property
    def left_bytes(self) -> int:
        """Of those."""
        keys = {one.key for one in self.saved}
        return sum(one.size_bytes for one in self.plan.to_save if key_of(one) not in keys)

    @property
    def is_complete(self) -> bool:
        """Everything that was asked for is in the backup."""
        return not (self.stopped or self.left or self.plan.not_there or self.not_removed)

    @property
    def reason(self) -> str:
        """Why it is not complete, in English; empty when it is."""
        if self.stopped or self.is_complete:
            return self.stopped
        if self.failed:
            row, reason = self.failed[0]
            return f"{len(self.failed)} files could not be saved. {row.path}: {reason}"
        if self.plan.not_there:
            names = ", ".join(sorted({row.volume for row in self.plan.not_there}))
            return f"{len(self.plan.not_there)} files are on volumes that are not there: {names}."
        return f"{self.not_removed} files stay here: their copies are not what was saved any more."


class Watches(Protocol):
    """Who is told how far it is."""

    def begins(self, planned: BackupPlan) -> None:
        """So much is to be done."""

    def at(self, row: SegmentRecord, done_bytes: int) -> None:
        """So many bytes of this file are copied and read back, one by one counted twice."""

    def ended(self, row: SegmentRecord) -> None:
        """It is saved, or it is not."""


def planned(order: BackupOrder, catalog: CatalogReads, places: Mapping[str, VolumePlace], helper: Helper) -> BackupPlan:
    """What a backup would do; nothing is changed. Raises Problem, CatalogError, HelperError."""
    target = _target(order, places)
    _open(order, helper, target, "plan")
    return plan(_asked(order, catalog), _saved(helper).keys, places)


def back_up(
    order: BackupOrder,
    catalog: CatalogPort,
    places: Mapping[str, VolumePlace],
    helper: Helper,
    watches: Watches,
    should_stop: Callable[[], bool] = bool,
) -> Outcome:
    """Make a backup. Raises Problem when the target cannot be used, CatalogError, and HelperError before it began."""
    target = _target(order, places)
    opened = _open(order, helper, target, "write")
    # At once, so that the next one knows what belongs there, whatever becomes of this one.
    remember(order.root, remembered(order.root).with_target(target, opened["backup_id"]))
    run = _Run(order, catalog, places, helper, watches, should_stop, backup_id=opened["backup_id"])
    run.all()
    return run.outcome


@dataclass(slots=True)
class _Run:
    """One backup while it is made."""

    order: BackupOrder
    catalog: CatalogPort
    places: Mapping[str, VolumePlace]
    helper: Helper
    watches: Watches
    should_stop: Callable[[], bool]
    backup_id: str
    outcome: Outcome = field(default_factory=Outcome)
    begun_ns: WallNs = field(default_factory=lambda: WallNs(time.time_ns()))
    ours: str = ""
    to_remove: list[SegmentRecord] = field(default_factory=list)
    deleting: Deleting | None = None

    def all(self) -> None:
        self.ours = recorder_id(self.order.root)
        before = _saved(self.helper)
        self.outcome.plan = plan(_asked(self.order, self.catalog), before.keys, self.places)
        detail = self._detail()
        if self.order.removes:
            self.deleting = Deleting(self.catalog, self.places, self.helper, detail)
            self.deleting.remove_leftovers()
        self.watches.begins(self.outcome.plan)
        try:
            self._save_all()
            if self.order.removes and not self.outcome.stopped:
                self._remove_earlier()
            self._remove_sources(at_least=1)
            self._account(before)
        except HelperError as error:
            self.outcome.stopped = str(error)
        note(self.order.root, "moved to a backup", self.outcome.removed, detail)

    def _save_all(self) -> None:
        for row in self.outcome.plan.to_save:
            if self.should_stop():
                self.outcome.stopped = INTERRUPTED
                return
            self._take(row, self.helper.ask(self._request(row), partial(self._hear, row)))
            self.watches.ended(row)
            if self.outcome.stopped:
                return
            self._remove_sources(at_least=REMOVED_AT_ONCE)

    def _hear(self, row: SegmentRecord, said: Said) -> None:
        if self.should_stop():
            # In the middle of a file: the next backup goes on there.
            raise HelperError(INTERRUPTED)
        self.watches.at(row, said["at_bytes"])

    def _request(self, row: SegmentRecord) -> Said:
        place = self.places[row.volume]
        return {
            "do": "save",
            "source_root": str(place.root),
            "source_id": place.volume_id,
            "path": row.path,
            "bytes_per_s": self.order.rate_bytes,
            "entry": {name: getattr(row, name) for name in (*FROM_CATALOG, "frames")} | {"recorder_id": self.ours},
        }

    def _take(self, row: SegmentRecord, said: Said) -> None:
        """What came of one file."""
        if "saved" in said:
            self.outcome.saved.append(_segment(said["saved"]))
            self._may_go(row)
        elif said["of"] == "source":
            if self.catalog.segment(row.path, volume=row.volume) is None:
                # It came home or was deleted meanwhile.
                self.outcome.gone += 1
            else:
                self.outcome.failed.append((row, said["error"]))
        else:
            self.outcome.stopped, self.outcome.is_full = said["error"], said["of"] == "full"

    def _may_go(self, row: SegmentRecord) -> None:
        if not self.order.removes:
            return
        if any(hold.covers(row) for hold in self.catalog.holds(row.camera)):
            self.outcome.held_back += 1
        else:
            self.to_remove.append(row)

    def _remove_earlier(self) -> None:
        """Sources that an earlier backup saved: they go when their copies are read once more and are whole."""
        for row in self.outcome.plan.saved:
            if self.should_stop():
                self.outcome.stopped = INTERRUPTED
                return
            if row.volume not in self.places:
                continue
            request = {"do": "again", "key": key_of(row), "bytes_per_s": self.order.rate_bytes}
            if self.helper.ask(request).get("state") == "whole":
                self._may_go(row)
            else:
                self.outcome.not_removed += 1
            self._remove_sources(at_least=REMOVED_AT_ONCE)

    def _remove_sources(self, at_least: int) -> None:
        if self.deleting is None or len(self.to_remove) < at_least:
            return
        rows, self.to_remove = self.to_remove, []
        deleted = self.deleting.delete(sorted(rows, key=_in_order))
        self.outcome.removed += deleted.gone
        self.outcome.held_back += len(deleted.kept)

    def _detail(self) -> dict[str, Json]:
        at = iso(self.begun_ns)
        text = f"moved to backup {self.order.to} at {at}"
        return {
            "text": text,
            "by": who(),
            "at": at,
            "how": "backup",
            "backup": self.backup_id,
        }

    def _account(self, before: "_Before") -> None:
        """Write down what is missing in what was saved, what of it is held, and how this backup ended.

        Also for what a backup had saved that was killed before it came to that.
        """
        saved = [*self.outcome.saved, *before.unaccounted]
        if not saved and not self.outcome.left:
            return
        ended_ns = WallNs(time.time_ns())
        done = BackupDone(
            begun_wall_ns=self.begun_ns,
            ended_wall_ns=ended_ns,
            files=len(self.outcome.saved),
            size_bytes=self.outcome.saved_bytes,
            left=self.outcome.left,
        )
        lines = [*self._missing(spans(before.ends, saved)), {"kind": "run", **asdict(done)}]
        said = self.helper.ask({"do": "note", "lines": lines})
        if "error" in said and not self.outcome.stopped:
            self.outcome.stopped, self.outcome.is_full = said["error"], said["of"] == "full"
        if self.outcome.is_complete:
            self.helper.ask({"do": "tidy"})

    def _missing(self, found: Sequence[Span]) -> Iterator[Said]:
        seen: set[str] = set()
        for span in found:
            for gap in self.catalog.gaps(span.camera, stream=span.stream, from_ns=span.from_ns, to_ns=span.to_ns):
                if gap.detail.get("backup") != self.backup_id:
                    yield {"kind": "gap", **asdict(gap)}
            for hold in self.catalog.holds(span.camera, from_ns=span.from_ns, to_ns=span.to_ns):
                if hold.hold_id not in seen:
                    seen.add(hold.hold_id)
                    yield {"kind": "hold", **asdict(hold)}


# ------------------------------------------------------------------ the target


def _target(order: BackupOrder, places: Mapping[str, VolumePlace]) -> Path:
    """Its folder without symbolic links, when it may be one. Raises Problem."""
    (seen,) = looked_at([order.to])
    path, device = seen.get("path"), seen.get("device")
    if not isinstance(path, str) or not isinstance(device, str):
        sentence = "{path} does not answer. Check its disk, its cable, or the network to it."
        raise Problem(Exit.FOLDER, say(sentence, path=order.to))
    target = Path(path)
    if seen.get("is_marked") or seen.get("within"):
        volume = seen.get("within") or path
        sentence = "{path} lies in the volume {volume} of a recorder. Choose a folder on another disk."
        raise Problem(Exit.FOLDER, say(sentence, path=order.to, volume=volume))
    for place in places.values():
        _check_beside(order, target, device, place)
    return target


def _check_beside(order: BackupOrder, target: Path, device: str, place: VolumePlace) -> None:
    if target.is_relative_to(place.root) or place.root.is_relative_to(target):
        sentence = "{path} and volume {name} ({place}) lie one inside the other. Choose a folder on another disk."
        raise Problem(Exit.FOLDER, say(sentence, path=order.to, name=place.name, place=place.root))
    if device == place.device and not order.same_disk:
        sentence = (
            "{path} lies on the same disk as volume {name} ({place}): what ends one ends both. Choose a folder on "
            "another disk. To do it all the same: --same-disk"
        )
        raise Problem(Exit.FOLDER, say(sentence, path=order.to, name=place.name, place=place.root))


def _open(order: BackupOrder, helper: Helper, target: Path, how: str) -> Said:
    """Raises Problem, HelperError."""
    request = {
        "do": "open",
        "as": how,
        "target": os.fspath(target),
        "recorder_id": recorder_id(order.root),
        "known": remembered(order.root).known_at(target),
        "begins_anew": order.begins_anew,
    }
    said = helper.ask(request)
    if "error" not in said:
        return said
    raise Problem(Exit.BUSY if said["of"] == "busy" else Exit.FOLDER, translated(said["error"]))


@dataclass(frozen=True, slots=True)
class _Before:
    """What earlier backups saved, and is there."""

    keys: set[SegmentKey]
    unaccounted: tuple[SavedSegment, ...]
    """Of which the record does not say yet what is missing between them."""
    ends: Mapping[tuple[str, str], int]
    """Up to when it does, by camera and stream."""


def _saved(helper: Helper) -> _Before:
    """What is in the backup. Raises Problem, HelperError."""
    found: set[SegmentKey] = set()

    def hear(said: Said) -> None:
        found.update((sys.intern(run_id), ordinal, size_bytes) for run_id, ordinal, size_bytes in said["saved"])

    said = helper.ask({"do": "saved"}, hear)
    if "error" in said:
        raise Problem(Exit.FOLDER, translated(said["error"]))
    ends = {(camera, stream): end_ns for camera, stream, end_ns in said["ends"]}
    return _Before(found, tuple(map(_segment, said["unaccounted"])), ends)


def _segment(said: Said) -> SavedSegment:
    return SavedSegment(**{one.name: said[one.name] for one in fields(SavedSegment)})


def _asked(order: BackupOrder, catalog: CatalogReads) -> Iterator[SegmentRecord]:
    """The segments of the cameras and the time that were asked for. Raises Problem, CatalogError."""
    known = sorted({extent.camera for extent in catalog.cameras()})
    for camera in order.cameras:
        if camera not in known:
            sentence = "There is no camera {camera} in this catalog. There are: {cameras}."
            raise Problem(Exit.USAGE, say(sentence, camera=camera, cameras=", ".join(known) or "-"))
    for camera in order.cameras or known:
        yield from catalog.segments(camera, from_ns=order.from_ns, to_ns=order.until_ns)


def _in_order(row: SegmentRecord) -> tuple[str, str, int, int]:
    return row.camera, row.stream, row.wall_start_ns, row.ordinal
