"""What is wrong with a catalog as a whole."""

import sqlite3
from pathlib import Path

from holdfast.app.check_file import Finding, FindingKind
from holdfast.app.recording_root import CATALOG_NAME, STATE_FOLDER, catalog_path
from holdfast.catalog import connect
from holdfast.ports.catalog import CatalogMissingError, CatalogUnreadableError


def trouble_of(root: Path) -> Finding | None:
    """What is wrong with the catalog as a whole. Raises CatalogError."""
    path = catalog_path(root)
    shown = f"{STATE_FOLDER}/{CATALOG_NAME}"
    try:
        damage = connect.damage_of(path)
    except CatalogMissingError:
        sentence = f"There is no catalog in {root}."
        return Finding(shown, FindingKind.CATALOG_MISSING, sentence, "make it from the files")
    except CatalogUnreadableError as error:
        if not isinstance(error.__cause__, sqlite3.Error) or not connect.is_damage(error.__cause__):
            raise
        damage = str(error.__cause__)
    if damage is None:
        return None
    sentence = f"The catalog {path} is damaged ({damage})."
    return Finding(shown, FindingKind.CATALOG_DAMAGED, sentence, "set it aside and make a new one from the files")
