"""Changing a value in the text of a configuration: comments, order and everything else stay as they are."""

import os
import tempfile
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

Place = tuple[str, ...]
"""`("recorder",)`; or, of `[[camera]]`, the name and the id: `("camera", "cam_01")`."""
Value = str | int | bool
MADE_WHEN_MISSING = (("recorder",), ("logging",), ("alarms",), ("backup",), ("retention",))


def set_value(text: str, place: Place, key: str, value: Value | None) -> str:
    """The text with the key set to the value; None takes the key out.

    Raises LookupError when there is no such table, ValueError when the text is no TOML.
    """
    document = tomlkit.parse(text)
    table = _table(document, place)
    if value is None:
        if key in table:
            del table[key]
    else:
        table[key] = value
    return tomlkit.dumps(document)


def write(path: Path, text: str) -> None:
    """Replace the file at once, so that nobody ever reads half of it; owner and mode stay. Raises OSError."""
    place = path.resolve()
    before = place.stat()
    descriptor, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name}.")
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - a descriptor has no path
            os.fchmod(descriptor, before.st_mode & 0o777)
            if (before.st_uid, before.st_gid) != (os.getuid(), os.getgid()):
                os.fchown(descriptor, before.st_uid, before.st_gid)
            file.write(text)
            file.flush()
            os.fsync(descriptor)
        Path(name).replace(place)
    except BaseException:  # whatever ends it: no half of a file with passwords may stay behind
        Path(name).unlink(missing_ok=True)
        raise


def _table(document: tomlkit.TOMLDocument, place: Place) -> MutableMapping[str, Any]:
    found = document.get(place[0])
    if isinstance(found, AoT):
        matches: list[MutableMapping[str, Any]] = [one for one in found if place[1:] == (one.get("id"),)]
        if len(matches) == 1:
            return matches[0]
    elif found is None and place in MADE_WHEN_MISSING:
        made = tomlkit.table()
        document[place[0]] = made
        return made
    elif isinstance(found, Table) and not place[1:]:
        return found
    raise LookupError(f"there is no {' '.join(place)} in the configuration")
