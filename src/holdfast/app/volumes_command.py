"""The command `volumes`: the disks that are recorded to, as the running recorder or the catalog has them."""

import argparse
import contextlib
import json
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path

from holdfast.app.control import ask
from holdfast.app.folder import folder_of_recordings
from holdfast.app.language import say, translated
from holdfast.app.moments import local
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.tables import Row, print_table
from holdfast.app.volumes_shown import VolumeShown
from holdfast.app.where import root_of
from holdfast.app.words import space_words, volume_words
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.segments import VolumeRecord
from holdfast.domain.volumes import VolumeState
from holdfast.ports.catalog import CatalogError

BROAD = ("Volume", "State", "Since", "Free", "Total", "File system", "Folder")
NARROW = ("Volume", "State", "Free", "Folder")
SEEN = ("Volume", "Last seen", "File system", "Folder")


def volumes(options: argparse.Namespace) -> int:
    """`holdfast volumes DIR`."""
    root = root_of(options)
    shown = volumes_now(root)
    if shown is not None:
        _print(shown, is_json=options.json)
        return Exit.OK
    folder_of_recordings(root)
    try:
        known = CatalogReader(catalog_path(root)).volumes()
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    _print_known(known, is_json=options.json)
    return Exit.OK


def volumes_now(root: Path) -> list[VolumeShown] | None:
    """As the recorder that runs there tells them, in order of preference; None when there is none, or an older one."""
    names = {field.name for field in fields(VolumeShown)}
    with contextlib.suppress(Problem, KeyError, TypeError, AttributeError):
        answer = ask(root, "GET", "/volumes")["volumes"]
        return [VolumeShown(**{key: value for key, value in one.items() if key in names}) for one in answer]
    return None


def volume_line(volume: VolumeShown) -> str:
    """A volume in one line."""
    parts = [_state_words(volume)]
    if volume.free_bytes is not None and volume.total_bytes is not None:
        free, total = space_words(volume.free_bytes), space_words(volume.total_bytes)
        parts.append(say("{free} of {total} free", free=free, total=total))
    line = say("Volume {name} ({path}): {what}", name=volume.name, path=volume.path, what=", ".join(parts))
    return f"{line}. {translated(volume.sentence)}" if volume.sentence else line


def worth_a_line(shown: Sequence[VolumeShown]) -> bool:
    """Whether people should see them beside their cameras: there are several, or one is not well."""
    return len(shown) > 1 or any(volume.state != VolumeState.HEALTHY for volume in shown)


def _print(shown: Sequence[VolumeShown], *, is_json: bool) -> None:
    if is_json:
        for volume in shown:
            print(json.dumps(asdict(volume), ensure_ascii=False))
        return
    print_table([_cells(volume) for volume in shown], BROAD, NARROW)
    for volume in shown:
        if volume.sentence:
            print(f"{volume.name}: {translated(volume.sentence)}")


def _print_known(known: Sequence[VolumeRecord], *, is_json: bool) -> None:
    if is_json:
        for volume in known:
            print(json.dumps(asdict(volume), ensure_ascii=False))
        return
    if known:
        print_table([_seen_cells(volume) for volume in known], SEEN, SEEN)
    print(say("No recorder answers here: volumes are shown as they were last seen."))


def _state_words(volume: VolumeShown) -> str:
    words = volume_words(volume.state)
    return say("{state}, in use", state=words) if volume.in_use else words


def _cells(volume: VolumeShown) -> Row:
    return {
        "Volume": volume.name,
        "State": _state_words(volume),
        "Since": local(volume.since_ns),
        "Free": "-" if volume.free_bytes is None else space_words(volume.free_bytes),
        "Total": "-" if volume.total_bytes is None else space_words(volume.total_bytes),
        "File system": _file_system(volume.file_system, volume.source),
        "Folder": volume.path,
    }


def _seen_cells(volume: VolumeRecord) -> Row:
    return {
        "Volume": volume.name,
        "Last seen": local(volume.seen_wall_ns),
        "File system": _file_system(volume.file_system, volume.source),
        "Folder": volume.path,
    }


def _file_system(kind: str, source: str) -> str:
    return f"{kind} {source}".strip() or "-"
