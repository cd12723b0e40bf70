"""The command `export`: footage of a range as MP4 files with a signed manifest."""

import argparse
import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from holdfast.app.check_volumes import places_of
from holdfast.app.export_plan import Found, Places, Planned, Wanted, film_of, find, groups, is_inside, open_many
from holdfast.app.export_words import change_words, missing_lines, nothing_words
from holdfast.app.export_writing import Order, Output, output_of, write
from holdfast.app.folder import folder_of_recordings, state_folder
from holdfast.app.identity import recorder_id
from holdfast.app.language import say, translated
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import STATE_FOLDER, catalog_path
from holdfast.app.where import configured_paths, root_of
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.times import WallNs
from holdfast.fmp4.errors import Fmp4Error
from holdfast.policy.exporting import Missing, missing_in
from holdfast.ports.catalog import CatalogError, CatalogReads
from holdfast.storage.signing import KEY_NAME, KeyFileError, Signer, signer

MOST_CAMERAS = 256


@dataclass(frozen=True, slots=True)
class Plan:
    """All that is to be written."""

    files: list[tuple[str, Planned]]
    found: list[tuple[Found, tuple[Missing, ...]]]

    @property
    def is_incomplete(self) -> bool:
        """Whether something is catalogued that could not be read, or a camera has nothing."""
        return any(one.unreadable or not one.takes for one, _ in self.found)


def export(options: argparse.Namespace) -> int:
    """`holdfast export CAMERA … --from MOMENT --to MOMENT -o FILE.mp4`."""
    wanted = _wanted(options)
    root = folder_of_recordings(root_of(options))
    output = output_of(options.output, single=len(wanted) == 1)
    open_many()
    try:
        reader = CatalogReader(catalog_path(root))
        places = places_of(root, configured_paths(options)) or {"main": root}
        _refuse_inside(output, root, places)
        _refuse_unknown(reader, wanted)
        by_whom = None if options.unsigned else _signer(root)
        with contextlib.ExitStack() as held:
            plan = _plan(reader, places, wanted, output, options, held)
            order = Order(
                output=output,
                files=plan.files,
                found=plan.found,
                recorder=_recorder(root),
                signer=by_whom,
                fragmented=options.fragmented,
                overwrite=options.overwrite,
            )
            lines = write(order)
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    print("\n".join([*lines, *missing_lines(plan.found)]))
    return Exit.INCOMPLETE if plan.is_incomplete else Exit.OK


def _wanted(options: argparse.Namespace) -> list[Wanted]:
    now_ns = time.time_ns()
    to_ns = WallNs(min(options.to_ns, now_ns))
    if options.from_ns >= options.to_ns:
        raise Problem(Exit.USAGE, say("--from must be before --to: nothing lies in between."))
    if options.from_ns >= now_ns:
        raise Problem(Exit.USAGE, say("--from is in the future: nothing was recorded then."))
    cameras = list(dict.fromkeys(options.cameras))
    if len(cameras) > MOST_CAMERAS:
        raise Problem(Exit.USAGE, say("There are more than {most} cameras in one export.", most=MOST_CAMERAS))
    return [
        Wanted(camera=name, stream=options.stream, from_ns=options.from_ns, to_ns=to_ns, sound=options.sound)
        for name in cameras
    ]


def _refuse_inside(output: Output, root: Path, places: Places) -> None:
    folders = [root, *(place for place in places.values() if place is not None)]
    inside = is_inside(output.folder, folders)
    if inside is not None:
        sentence = "{path} lies in a folder of recordings ({folder}), where an export has no place. Choose another."
        raise Problem(Exit.USAGE, say(sentence, path=output.named, folder=inside))


def _refuse_unknown(reader: CatalogReads, wanted: Sequence[Wanted]) -> None:
    known = {(one.camera, one.stream) for one in reader.cameras()}
    for one in wanted:
        if (one.camera, one.stream) not in known:
            names = ", ".join(sorted({camera for camera, stream in known if stream == one.stream})) or "-"
            sentence = "There is no camera {camera} with a stream {stream} here. There are: {names}"
            raise Problem(Exit.INCOMPLETE, say(sentence, camera=one.camera, stream=one.stream, names=names))


def _recorder(root: Path) -> str:
    """The id of the recorder; empty where it has none and the folder cannot be written."""
    try:
        return recorder_id(root)
    except OSError:
        return ""


def _signer(root: Path) -> Signer:
    file = root / STATE_FOLDER / KEY_NAME
    try:
        return signer(state_folder(root))
    except OSError as error:
        sentence = (
            "The key that signs exports cannot be used: {path} ({reason}). Export as the user that the recorder runs "
            "as, or without a signature: --unsigned"
        )
        reason = translated(error.strerror or str(error))
        raise Problem(Exit.FOLDER, say(sentence, path=file, reason=reason)) from error
    except KeyFileError as error:
        sentence = (
            "{path} is no Ed25519 key. Put the right one back; or move it away, and a new one is made, whose "
            "fingerprint is another."
        )
        raise Problem(Exit.FOLDER, say(sentence, path=file)) from error


def _plan(
    reader: CatalogReads,
    places: Places,
    wanted: Sequence[Wanted],
    output: Output,
    options: argparse.Namespace,
    held: contextlib.ExitStack,
) -> Plan:
    """Everything is opened before anything is written: what is deleted meanwhile is there to the end."""
    plan = Plan([], [])
    for one in wanted:
        found = find(reader, places, one, held)
        there = [take.span for take in found.takes]
        gaps = reader.gaps(one.camera, stream=one.stream, from_ns=one.from_ns, to_ns=one.to_ns)
        missing = missing_in((one.from_ns, one.to_ns), there, gaps, found.unreadable)
        plan.found.append((found, missing))
        try:
            _add_films(plan, found, output, options)
        except Fmp4Error as error:
            sentence = "The footage of {camera} does not fit into one file ({reason}). Export the range in parts."
            said = say(sentence, camera=one.camera, reason=translated(str(error)))
            raise Problem(Exit.INCOMPLETE, said) from error
    if not plan.files:
        raise Problem(Exit.INCOMPLETE, "\n".join(nothing_words(reader, plan.found)))
    return plan


def _add_films(plan: Plan, found: Found, output: Output, options: argparse.Namespace) -> None:
    one = found.wanted
    parts = list(groups(found.takes, sound=one.sound))
    if len(parts) > 1 and not options.split:
        raise Problem(Exit.USAGE, change_words(parts, one, options))
    for number, takes in enumerate(parts, 1):
        film = film_of(takes, sound=one.sound)
        plan.files.append((output.name_of(one, number), Planned(one, film, takes)))
