"""`trust`: forgets a pinned certificate, so that the next one that is shown is pinned."""

import argparse
import contextlib
from pathlib import Path

from holdfast.app.control import ask
from holdfast.app.folder import folder_of_recordings, hold, usable_folder
from holdfast.app.language import say, translated
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.remote import path_of
from holdfast.app.where import root_of
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.certificates import CertificateForgotten, CertificateRecord
from holdfast.ports.catalog import CatalogError


def trust(options: argparse.Namespace) -> int:
    """`holdfast trust CAMERA --in DIR`: asks the recorder that runs there, else changes the catalog."""
    root, camera = folder_of_recordings(root_of(options)), options.camera
    try:
        is_forgotten = bool(ask(root, "POST", path_of(camera, "trust"))["forgotten"])
    except Problem as problem:
        if problem.exit_code is not Exit.NOT_RUNNING:
            raise
        _forget(root, camera)
        is_forgotten = True
    if is_forgotten:
        print(say("The certificate of {camera} is forgotten: the next one that it shows is pinned.", camera=camera))
    else:
        print(say("No certificate of {camera} is pinned.", camera=camera))
    return Exit.OK


def _forget(root: Path, camera: str) -> None:
    """`camera`: a camera that showed its certificate first, or host:port. Raises Problem."""
    usable_folder(root)
    with contextlib.closing(hold(root)):
        try:
            known = CatalogReader(catalog_path(root)).certificates()
            found = [one for one in known if _is_of(one, camera)]
            if not found:
                raise _nothing_of(camera, known)
            catalog = Catalog.open(catalog_path(root))
        except CatalogError as error:
            raise Problem(Exit.FOLDER, translated(str(error))) from error
        for one in found:
            catalog.post(CertificateForgotten(place=one.place))
        if not catalog.close():
            raise Problem(Exit.FOLDER, translated(catalog.condition.trouble or ""))


def _is_of(pinned: CertificateRecord, camera: str) -> bool:
    return pinned.place == camera.lower() or pinned.camera == camera.partition("/")[0]


def _nothing_of(camera: str, known: tuple[CertificateRecord, ...]) -> Problem:
    if not known:
        return Problem(Exit.INCOMPLETE, say("No certificate of {camera} is pinned.", camera=camera))
    places = ", ".join(f"{one.place} ({one.camera})" for one in known)
    sentence = "No certificate of {camera} is pinned. Name one of these by its address: {places}"
    return Problem(Exit.INCOMPLETE, say(sentence, camera=camera, places=places))
