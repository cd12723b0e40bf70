"""The volumes of a configuration, in order of preference, and what holds for all of them.

Nothing here looks at a disk: one that hangs must not keep a configuration from being read.
"""

import os
from collections.abc import Sequence
from pathlib import Path

from holdfast.config.settings import StorageSettings, VolumeSettings
from holdfast.config.tables import Table, given_or, shown
from holdfast.domain.segments import MAIN_VOLUME
from holdfast.policy.volume_places import Place, objection

MOST_VOLUMES = 16
MOST_NAME = 64
NOWHERE = Path()
"""Of a volume whose path is missing or wrong, which is a problem already."""


def read_volumes(top: Table, folder: Path) -> tuple[VolumeSettings, ...]:
    """Every `[[volume]]`. `folder`: where relative paths begin."""
    tables = top.tables("volume")
    if not tables:
        top.problem("volume", "There is no volume. Write [[volume]] and its path below it.")
        return (VolumeSettings(NOWHERE),)
    if len(tables) > MOST_VOLUMES:
        top.problem("volume", f"There are more than {MOST_VOLUMES} volumes.")
    volumes = [_volume(table, number, folder) for number, table in enumerate(tables, 1)]
    _check_names(tables, volumes)
    _check_places(tables, volumes)
    return tuple(volumes)


def usual_name(number: int) -> str:
    """The name of a volume that was given none, by its place from 1."""
    return MAIN_VOLUME if number == 1 else f"volume{number}"


def read_storage(table: Table, folder: Path) -> StorageSettings:
    """The table `[storage]`. `folder`: where relative paths begin."""
    usual = StorageSettings()
    state = _path(table, "state")
    settings = StorageSettings(
        state=None if state is None else folder / state,
        memory_bytes=table.size_bytes("memory", "16M", "1T"),
        hang_after_s=given_or(table.duration_s("hang_after", "2s", "10m"), usual.hang_after_s),
        reserve_bytes=given_or(table.size_bytes("reserve", "0", "1T"), usual.reserve_bytes),
        retry_every_s=table.duration_s("retry_every", "1s", "1h"),
        retries=table.integer("retries", 1, 1_000_000),
        move_rate_bytes=given_or(table.size_bytes("move_rate", "64K", "100G"), usual.move_rate_bytes),
    )
    table.end()
    return settings


def place_of(volume: VolumeSettings) -> Place:
    """Where a volume is, as far as its name says it."""
    return Place(volume.name, os.path.normpath(volume.path.absolute()))


def _volume(table: Table, number: int, folder: Path) -> VolumeSettings:
    name = table.text("name")
    if table.has("name") and not _is_usable(name):
        value = shown("name", name)
        table.problem("name", f"name = {value} cannot be used. A name has 1 to {MOST_NAME} letters, digits or signs.")
    if _is_usable(name):
        table.section = f"[[volume]] {name}"
    path = _path(table, "path", required=True)
    table.end()
    return VolumeSettings(NOWHERE if path is None else folder / path, name or usual_name(number))


def _is_usable(name: str) -> bool:
    return bool(name.strip()) and len(name) <= MOST_NAME and name.isprintable()


def _path(table: Table, key: str, *, required: bool = False) -> str | None:
    path = table.text(key, required=required)
    if "\0" in path:
        table.problem(key, f"{key} = {shown(key, Path(path))} cannot be the name of a folder.")
        return None
    return path or None


def _check_names(tables: Sequence[Table], volumes: Sequence[VolumeSettings]) -> None:
    names: set[str] = set()
    for table, volume in zip(tables, volumes, strict=True):
        key = volume.name.casefold()
        if key in names:
            value = shown("name", volume.name)
            table.problem("name", f"name = {value} is the name of another volume, too. Give each its own.")
        names.add(key)


def _check_places(tables: Sequence[Table], volumes: Sequence[VolumeSettings]) -> None:
    """Note folders that are the same, or one inside the other, as far as their names say so."""
    places: list[Place] = []
    for table, volume in zip(tables, volumes, strict=True):
        if volume.path == NOWHERE:
            continue
        place = place_of(volume)
        sentence = objection(place, places)
        if sentence is not None:
            table.problem("path", sentence)
        places.append(place)
