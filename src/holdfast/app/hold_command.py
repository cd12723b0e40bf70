"""The commands `hold`, `holds` and `release`.

They write the catalog themselves, whether a recorder runs or not: the database decides which of two came first, a hold
or a deletion, and a hold is confirmed only when it is in it. So there is one way, and no moment in between.
"""

import argparse
import json
import subprocess
import time
import uuid
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from holdfast.app.deciding import check_user
from holdfast.app.folder import folder_of_recordings
from holdfast.app.holds import MOST_HOLDS, keep_copy, text_of
from holdfast.app.home_coming import COMMAND
from holdfast.app.language import say, translated
from holdfast.app.moments import iso, local
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.tables import Row, print_table
from holdfast.app.where import root_of
from holdfast.app.words import space_words
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapCause
from holdfast.domain.keeping import HoldRecord, HoldReleased
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogError, CatalogReads, Change

HOLDS = ("Hold", "Camera", "From", "To", "Since", "Reason")
HOLDS_NARROW = ("Hold", "Camera", "From", "To")
MOST_LETTERS = 500
SHOWN_LETTERS = 8
PATIENCE_S = 10.0
COPY_S = 5.0
"""A disk that does not answer within it gets its copy from the recorder, when that finds it well."""


def hold(options: argparse.Namespace) -> int:
    """`holdfast hold CAMERA --from … --to … --reason …`."""
    root = folder_of_recordings(root_of(options))
    reason = " ".join(options.reason.split())
    if not reason or len(reason) > MOST_LETTERS or not reason.isprintable():
        raise Problem(Exit.USAGE, say("--reason needs 1 to {most} letters.", most=MOST_LETTERS))
    if options.from_ns >= options.to_ns:
        raise Problem(Exit.USAGE, say("Nothing lies in between: --from must be before --to."))
    check_user(root, options.arguments)
    made = HoldRecord(
        hold_id=str(uuid.uuid4()),
        camera=options.camera,
        from_wall_ns=options.from_ns,
        to_wall_ns=options.to_ns,
        reason=reason,
        created_wall_ns=WallNs(time.time_ns()),
    )
    with_catalog = CatalogReader(catalog_path(root))
    try:
        _check_range(with_catalog, made)
        _write(root, made)
        if made.hold_id not in {one.hold_id for one in with_catalog.holds(made.camera)}:
            raise Problem(Exit.INCOMPLETE, say("The catalog did not take the hold: nothing is held. See its log."))
        held, deleted = _held(with_catalog, made), _deleted(with_catalog, made)
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    print(say("Held until it is released: {id}", id=made.hold_id))
    size = space_words(sum(one.size_bytes for one in held))
    files = len(held)
    print(say("Kept of {camera}: {files} files, {size}.", files=files, size=size, camera=made.camera))
    if deleted:
        print(say("A part of this range had been deleted before: holdfast gaps shows it."))
    if made.to_wall_ns > made.created_wall_ns:
        print(say("What is recorded until {moment} is kept, too.", moment=local(made.to_wall_ns)))
    return Exit.OK


def holds(options: argparse.Namespace) -> int:
    """`holdfast holds DIR`."""
    root = folder_of_recordings(root_of(options))
    try:
        found = CatalogReader(catalog_path(root)).holds(options.camera)
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    if options.json:
        for one in found:
            line = asdict(one) | {"from": iso(one.from_wall_ns), "to": iso(one.to_wall_ns)}
            print(json.dumps(line, ensure_ascii=False))
        return Exit.OK
    if found:
        print_table([_cells(one) for one in found], HOLDS, HOLDS_NARROW)
    print(say("1 hold") if len(found) == 1 else say("{count} holds", count=len(found)))
    return Exit.OK


def release(options: argparse.Namespace) -> int:
    """`holdfast release ID`."""
    root = folder_of_recordings(root_of(options))
    check_user(root, options.arguments)
    try:
        known = CatalogReader(catalog_path(root)).holds()
        found = [one for one in known if options.hold and one.hold_id.startswith(options.hold.lower())]
        if not found:
            sentence = "There is no hold {id}. To see all of them: holdfast holds"
            raise Problem(Exit.USAGE, say(sentence, id=options.hold))
        if len(found) > 1:
            ids = ", ".join(one.hold_id for one in found[:10])
            raise Problem(Exit.USAGE, say("Several holds begin like this: {ids}. Write more of the id.", ids=ids))
        _write(root, HoldReleased(hold_id=found[0].hold_id))
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    one = found[0]
    begin, end = local(one.from_wall_ns), local(one.to_wall_ns)
    sentence = "Released: {camera}, {begin} to {end}. Its footage may be deleted again."
    print(say(sentence, camera=one.camera, begin=begin, end=end))
    return Exit.OK


def _check_range(catalog: CatalogReads, made: HoldRecord) -> None:
    """Refuse what would protect nothing. Raises Problem, CatalogError."""
    known = sorted({one.camera for one in catalog.cameras()})
    if made.camera not in known:
        cameras = ", ".join(known) or "-"
        raise Problem(
            Exit.USAGE,
            say("{camera} was never recorded here. Known are: {cameras}", camera=made.camera, cameras=cameras),
        )
    if len(catalog.holds()) >= MOST_HOLDS:
        raise Problem(Exit.INCOMPLETE, say("There are {count} holds already. Release some.", count=MOST_HOLDS))
    if made.to_wall_ns > made.created_wall_ns or _held(catalog, made):
        return
    if not catalog.gaps(made.camera, from_ns=made.from_wall_ns, to_ns=made.to_wall_ns):
        sentence = "There is nothing to hold: of {camera} nothing was recorded between {begin} and {end}."
        begin, end = local(made.from_wall_ns), local(made.to_wall_ns)
        raise Problem(Exit.USAGE, say(sentence, camera=made.camera, begin=begin, end=end))


def _held(catalog: CatalogReads, made: HoldRecord) -> list[SegmentRecord]:
    found = catalog.segments(made.camera, from_ns=made.from_wall_ns, to_ns=made.to_wall_ns)
    return [one for one in found if one.state is not SegmentState.MISSING]


def _deleted(catalog: CatalogReads, made: HoldRecord) -> bool:
    gaps = catalog.gaps(made.camera, from_ns=made.from_wall_ns, to_ns=made.to_wall_ns)
    return any(gap.cause == GapCause.DELETED for gap in gaps)


def _write(root: Path, change: Change) -> None:
    """Have it in the catalog, synced, and then in the copies. Raises Problem, CatalogError."""
    catalog = Catalog.open(catalog_path(root))
    catalog.post(change)
    if not catalog.close(PATIENCE_S):
        trouble = catalog.condition.trouble or "The catalog answers too slowly."
        raise Problem(Exit.INCOMPLETE, say("Nothing was changed: {trouble}", trouble=translated(trouble)))
    reader = CatalogReader(catalog_path(root))
    text = text_of(reader.holds())
    keep_copy(root, text)
    asked = [
        {"do": "keep_holds", "root": volume.path, "volume_id": volume.volume_id, "text": text}
        for volume in reader.volumes()
        if Path(volume.path) != root
    ]
    _copy(asked)


def _copy(asked: Sequence[dict[str, str]]) -> None:
    """Have the copies on the volumes written; a recorder that runs makes up for what fails."""
    processes = [subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) for _ in asked]
    for process, request in zip(processes, asked, strict=True):
        try:
            process.communicate(json.dumps(request).encode() + b"\n", timeout=COPY_S)
        except subprocess.TimeoutExpired:
            # It may be in a wait that not even this ends.
            process.kill()


def _cells(one: HoldRecord) -> Row:
    return {
        "Hold": one.hold_id[:SHOWN_LETTERS],
        "Camera": one.camera,
        "From": local(one.from_wall_ns),
        "To": local(one.to_wall_ns),
        "Since": local(one.created_wall_ns),
        "Reason": one.reason,
    }
