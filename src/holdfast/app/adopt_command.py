"""The command `adopt`: a person says that the disk that is there now is the volume that belongs there."""

import argparse
import os
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from holdfast.app.check_volumes import known_paths
from holdfast.app.deciding import check_user
from holdfast.app.identity import recorder_id
from holdfast.app.language import say, translated
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.volumes import default_state
from holdfast.app.volumes_command import volumes_now
from holdfast.app.where import configured_paths, followed, root_of
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import MAIN_VOLUME, VolumeRecord
from holdfast.domain.times import WallNs
from holdfast.domain.volumes import FileSystem, VolumeIdentity
from holdfast.ports.catalog import CatalogError
from holdfast.storage import identity
from holdfast.storage.identity import VolumeError, file_system_of, identity_of
from holdfast.storage.marker import MarkerError

YES = frozenset({"y", "yes", "예", "네"})


def adopt(options: argparse.Namespace) -> int:
    """`holdfast adopt PATH`: its marker says from then on that it is this recorder's, and the catalog knows it."""
    place: Path = options.path.absolute()
    root = _root(options, place)
    name, path = _volume_at(place, _known(root, options), root)
    named = options.root is not None or options.config is not None
    # Another user's own state would be looked for elsewhere.
    check_user(root, [*options.arguments, *([] if named else ["--in", str(root)])])
    try:
        ours = recorder_id(root)
        file_system = _file_system(place)
        if _is_adopted(place, name, ours, root):
            print(say("{path} is volume {name} of this recorder already.", path=place, name=name))
            return Exit.OK
        if not options.yes:
            _ask(place, name, ours, file_system)
        made = identity.adopt(place, name, ours)
    except VolumeError as error:
        raise Problem(Exit.FOLDER, translated(error.sentence)) from error
    except OSError as error:
        reason = translated(error.strerror or str(error))
        raise Problem(Exit.FOLDER, say("{path} cannot be written ({reason}).", path=place, reason=reason)) from error
    _remember(root, path, made, file_system)
    sentence = "{path} is volume {name} of this recorder now. A recorder that runs uses it within some seconds."
    print(say(sentence, path=place, name=name))
    return Exit.OK


def _root(options: argparse.Namespace, place: Path) -> Path:
    """The folder of the catalog. Raises Problem."""
    if options.root is not None or options.config is not None:
        return root_of(options).absolute()
    if catalog_path(place).exists():
        return followed(place)
    root = default_state()
    if not catalog_path(root).exists():
        sentence = "Which recorder is it? Name the folder of its catalog with --in DIR, or its configuration: --config."
        raise Problem(Exit.USAGE, say(sentence))
    return root


def _known(root: Path, options: argparse.Namespace) -> dict[str, str]:
    """Folders of the volumes of this recorder, by name. Raises Problem."""
    known = known_paths(root)
    # The catalog may be damaged, or not made yet: who is running and the configuration know, too.
    known |= {volume.name: volume.path for volume in volumes_now(root) or ()}
    return known | {name: str(path) for name, path in configured_paths(options).items()}


def _volume_at(place: Path, known: Mapping[str, str], root: Path) -> tuple[str, str]:
    """Name of the volume whose folder this is, and the folder as the recorder knows it. Raises Problem."""
    wanted = os.path.realpath(place)
    for name, path in known.items():
        if os.path.realpath(path) == wanted:
            return name, path
    if not known and os.path.realpath(root) == wanted:
        return MAIN_VOLUME, str(place)
    places = ", ".join(f"{name} ({path})" for name, path in known.items()) or "-"
    sentence = "{path} is no volume of the recorder in {root}. Its volumes: {places}."
    raise Problem(Exit.USAGE, say(sentence, path=place, root=root, places=places))


def _file_system(place: Path) -> FileSystem | None:
    """What the folder lies on. Raises OSError."""
    folder = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        return file_system_of(folder, os.path.realpath(place))
    finally:
        os.close(folder)


def _is_adopted(place: Path, name: str, ours: str, root: Path) -> bool:
    try:
        found = identity_of(place)
        known = {volume.name: volume.volume_id for volume in CatalogReader(catalog_path(root)).volumes()}
    except (MarkerError, CatalogError):
        return False
    return found is not None and found.recorder_id == ours and found.volume_id == known.get(name)


def _ask(place: Path, name: str, ours: str, file_system: FileSystem | None) -> None:
    """Raises Problem when a person does not want it, or nobody can be asked."""
    if not sys.stdin.isatty():
        raise Problem(Exit.USAGE, say("Nobody can be asked here. To do it without being asked: --yes"))
    source = "-" if file_system is None else f"{file_system.kind} {file_system.source}".strip()
    print(say("{path} lies on {source}.", path=place, source=source), _found(place, ours))
    print(say("What was recorded on another disk of volume {name} then counts as missing.", name=name))
    if input(say("Make it volume {name} of this recorder? [y/N] ", name=name)).strip().lower() not in YES:
        raise Problem(Exit.INCOMPLETE, say("Nothing was changed."))


def _found(place: Path, ours: str) -> str:
    try:
        found = identity_of(place)
    except MarkerError:
        return say("Its marker cannot be understood.")
    if found is None:
        return say("It has no marker: nobody has recorded there.")
    if found.recorder_id == ours:
        return say("It is a disk of this recorder, its volume {name}.", name=found.name)
    return say("It is a disk of another recorder, its volume {name}.", name=found.name)


def _remember(root: Path, path: str, made: VolumeIdentity, file_system: FileSystem | None) -> None:
    """Tell the catalog, which a running recorder asks at every try. Raises Problem."""
    try:
        catalog = Catalog.open(catalog_path(root))
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    catalog.post(
        VolumeRecord(
            name=made.name,
            volume_id=made.volume_id,
            path=path,
            file_system="" if file_system is None else file_system.kind,
            source="" if file_system is None else file_system.source,
            seen_wall_ns=WallNs(time.time_ns()),
        )
    )
    if not catalog.close():
        raise Problem(Exit.FOLDER, translated(catalog.condition.trouble or ""))
