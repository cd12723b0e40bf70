"""The command `delete`: a range of a camera's footage goes, by the hand of a person."""

import argparse
import json
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from holdfast.app.backup_helper import Helper, HelperError
from holdfast.app.deciding import ask_for_yes, check_user, existing_catalog
from holdfast.app.deleting import Deleted, Deleting, Tell, note, who
from holdfast.app.folder import folder_of_recordings
from holdfast.app.language import say, translated
from holdfast.app.logs import set_up_logs
from holdfast.app.moments import iso, local
from holdfast.app.problems import Exit, Problem
from holdfast.app.tables import print_table
from holdfast.app.volume_places import VolumePlace, volume_places
from holdfast.app.where import configured_paths, root_of
from holdfast.app.words import space_words
from holdfast.domain.segments import Json, SegmentRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.deleting import DeletionPlan, plan
from holdfast.ports.catalog import CatalogError, CatalogPort

COLUMNS = ("Camera", "Begin", "Length", "Size", "What", "File")
NARROW = ("Size", "What", "File")
WHAT: Mapping[str, str] = {
    "goes": "goes",
    "held": "held",
    "beyond": "partly outside",
    "in_use": "being written",
}
"""What becomes of a file, as programs and as people read it."""
MOST_REASON = 500


def delete(options: argparse.Namespace) -> int:
    """`holdfast delete CAMERA --from … --to …`: plan, ask, do."""
    _check_range(options)
    root = folder_of_recordings(root_of(options))
    check_user(root, options.arguments)
    set_up_logs(console=None, settings=None)
    try:
        catalog = existing_catalog(root)
        try:
            return _delete(options, root, catalog)
        finally:
            catalog.close()
    except (CatalogError, HelperError) as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error


def _check_range(options: argparse.Namespace) -> None:
    """Raises Problem."""
    if options.from_ns >= options.to_ns:
        raise Problem(Exit.USAGE, say("Nothing lies in between: --from must be before --to."))
    if len(options.reason) > MOST_REASON or not (options.reason.isprintable()):
        raise Problem(Exit.USAGE, say("The reason must be one line of at most {most} letters.", most=MOST_REASON))


def _delete(options: argparse.Namespace, root: Path, catalog: CatalogPort) -> int:
    places = volume_places(root, configured_paths(options))
    detail = _detail(options)
    planned = _planned(options, catalog)
    if not options.json:
        _print_plan(planned)
    with Helper() as helper:
        deleting = Deleting(catalog, places, helper, detail)
        if not options.plan:
            # What an earlier deletion was killed over.
            deleting.remove_leftovers()
        if options.plan or not planned.go:
            _print_json(planned, Deleted(), is_json=options.json)
            return _nothing_done(options, planned)
        _check_there(planned.go, places)
        if not options.yes:
            ask_for_yes(say("Type yes to delete them; nothing brings them back: "))
        with _progress(len(planned.go)) as tell:
            deleted = deleting.delete(planned.go, tell)
    note(root, "deleted by hand", deleted.gone, detail)
    _print_json(planned, deleted, is_json=options.json)
    if not options.json:
        _print_done(deleted)
    return Exit.INCOMPLETE if deleted.kept or deleted.waiting else Exit.OK


def _planned(options: argparse.Namespace, catalog: CatalogPort) -> DeletionPlan:
    """Raises Problem when there is no such camera."""
    cameras = sorted({extent.camera for extent in catalog.cameras()})
    if options.camera not in cameras:
        sentence = "There is no camera {camera} in this catalog. There are: {cameras}."
        raise Problem(Exit.USAGE, say(sentence, camera=options.camera, cameras=", ".join(cameras) or "-"))
    from_ns, to_ns = WallNs(options.from_ns), WallNs(options.to_ns)
    found = catalog.segments(options.camera, from_ns=from_ns, to_ns=to_ns)
    return plan(found, catalog.holds(options.camera, from_ns=None, to_ns=None), from_ns, to_ns)


def _detail(options: argparse.Namespace) -> dict[str, Json]:
    user, at = who(), iso(WallNs(time.time_ns()))
    # In English: it stands in the catalog, for whoever reads it.
    text = f"deleted by {user} at {at}: {options.reason}" if options.reason else f"deleted by {user} at {at}"
    return {"text": text, "by": user, "at": at, "reason": options.reason, "how": "by hand"}


def _check_there(rows: Sequence[SegmentRecord], places: dict[str, VolumePlace]) -> None:
    """What is on a disk that is not there would stay on it for long. Raises Problem."""
    away = sorted({row.volume for row in rows} - set(places))
    if away:
        sentence = "Volume {name} is not there: its files could not be removed. Mount it, then try again."
        raise Problem(Exit.FOLDER, say(sentence, name=", ".join(away)))


def _nothing_done(options: argparse.Namespace, planned: DeletionPlan) -> Exit:
    if options.plan:
        return Exit.OK
    if not options.json:
        print(say("Nothing is deleted."))
    return Exit.INCOMPLETE if planned.held or planned.beyond or planned.in_use else Exit.OK


# ------------------------------------------------------------------ what is said


def _print_plan(planned: DeletionPlan) -> None:
    rows = [_cells(row, what) for what, some in _sorted(planned) for row in some]
    if rows:
        print_table(rows, COLUMNS, NARROW)
    print(say("{count} files go, {size}.", count=len(planned.go), size=space_words(planned.size_bytes)))
    if planned.held:
        print(
            say(
                "Held, and not deleted: {count} files. To see the holds: holdfast holds FOLDER", count=len(planned.held)
            )
        )
    if planned.beyond:
        first = min(row.wall_start_ns for row in planned.beyond)
        last = max(row.wall_end_ns for row in planned.beyond)
        sentence = "Partly outside the range, and left whole: {count} files, between {first} and {last}."
        print(say(sentence, count=len(planned.beyond), first=local(first), last=local(WallNs(last + NS_PER_S - 1))))
    if planned.in_use:
        print(say("Being written, and left: {count} files.", count=len(planned.in_use)))


def _sorted(planned: DeletionPlan) -> Iterator[tuple[str, Sequence[SegmentRecord]]]:
    yield from zip(WHAT, (planned.go, planned.held, planned.beyond, planned.in_use), strict=True)


def _cells(row: SegmentRecord, what: str) -> dict[str, str]:
    is_open = what == "in_use"
    begin = datetime.fromtimestamp(row.wall_start_ns / NS_PER_S, tz=UTC).astimezone()
    return {
        "Camera": row.camera if row.stream == "main" else f"{row.camera}/{row.stream}",
        "Begin": f"{begin:%Y-%m-%d %H:%M:%S}",
        "Length": "-" if is_open else f"{row.duration_ns / NS_PER_S:.1f} s",
        "Size": "-" if is_open else f"{row.size_bytes / 1e6:.1f} MB",
        "What": say(WHAT[what]),
        "File": row.path,
    }


def _print_done(deleted: Deleted) -> None:
    print(say("Deleted: {count} files, {size}.", count=len(deleted.gone), size=space_words(deleted.size_bytes)))
    if deleted.kept:
        sentence = "{count} files stay: they were held meanwhile, or came home to another disk. Look again: --plan"
        print(say(sentence, count=len(deleted.kept)))
    if deleted.waiting:
        sentence = (
            "{count} of their files could not be removed from their disks yet. Call it again, or start the recorder."
        )
        print(say(sentence, count=len(deleted.waiting)))


def _print_json(planned: DeletionPlan, deleted: Deleted, *, is_json: bool) -> None:
    if not is_json:
        return
    gone = {(row.volume, row.path) for row in deleted.gone}
    for what, some in _sorted(planned):
        for row in some:
            line = {
                "camera": row.camera,
                "stream": row.stream,
                "volume": row.volume,
                "path": row.path,
                "bytes": row.size_bytes,
                "from_ns": row.wall_start_ns,
                "to_ns": row.wall_end_ns,
                "plan": what,
                "is_deleted": (row.volume, row.path) in gone,
            }
            print(json.dumps(line, ensure_ascii=False))


@contextmanager
def _progress(files: int) -> Iterator[Tell]:
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("Deleting"), total=files)
        yield lambda _: bar.advance(task)
