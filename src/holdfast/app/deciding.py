"""What commands share that change what others rely on: who may, and a question that a person answers."""

import contextlib
import os
import pwd
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from holdfast.app.language import say
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import STATE_FOLDER, catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.ports.catalog import CatalogTooOldError

YES = frozenset({"yes", "예", "네"})


def check_user(root: Path, arguments: Sequence[str]) -> None:
    """Files of another user beside the catalog would end the recorder.

    Raises Problem, with the command for the right user. `arguments`: of `holdfast`.
    """
    try:
        owner = (root / STATE_FOLDER).stat().st_uid
    except OSError:
        return
    if owner == os.geteuid():
        return
    try:
        user = pwd.getpwuid(owner).pw_name
    except KeyError:
        user = f"#{owner}"
    command = f"sudo -u {shlex.quote(user)} holdfast {shlex.join(arguments)}"
    raise Problem(Exit.FOLDER, say("Do it as the user that the recorder runs as: {command}", command=command))


def existing_catalog(root: Path) -> Catalog:
    """The catalog in a folder, to be written to; none is made where there is none. Raises CatalogError."""
    # One of an older release is brought up to date by opening it.
    with contextlib.suppress(CatalogTooOldError):
        CatalogReader(catalog_path(root)).volumes()
    return Catalog.open(catalog_path(root))


def ask_for_yes(question: str) -> None:
    """Raises Problem when a person does not want it, or nobody can be asked."""
    if not sys.stdin.isatty():
        raise Problem(Exit.USAGE, say("Nobody can be asked here. To do it without being asked: --yes"))
    if input(question).strip().lower() not in YES:
        raise Problem(Exit.INCOMPLETE, say("Nothing was changed."))
