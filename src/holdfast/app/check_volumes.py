"""`holdfast check` for all volumes of a recorder. One that is not there is not taken for one that lost its files."""

import contextlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.app.check import CheckSettings, check
from holdfast.app.check_report import CheckReport
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import VolumeRecord
from holdfast.ports.catalog import CatalogError, CatalogTooOldError
from holdfast.storage.identity import identity_of
from holdfast.storage.marker import MarkerError


@dataclass(frozen=True, slots=True)
class VolumeToCheck:
    """A volume that the catalog or the configuration knows."""

    name: str
    path: Path | None
    """Its folder; None: it is not there, or something else is."""


@dataclass(frozen=True, slots=True)
class VolumeChecked:
    """What came of one."""

    name: str
    """Empty when nobody knows how it is called."""
    report: CheckReport | None
    """None: it is not there, and nothing was compared."""


def check_volumes(
    root: Path, configured: Mapping[str, Path], *, repair: bool, settings: CheckSettings
) -> list[VolumeChecked]:
    """Check every volume of the recorder whose catalog is in `root`.

    `configured`: folders by name, where a configuration says so. Raises CheckError, CatalogError.
    """
    if repair:
        _bring_up_to_date(root)
    found, known = [], _volumes(root, configured)
    if not known:
        # No volume was ever known here; or the catalog is broken, and knows them again when it is mended.
        found.append(VolumeChecked("", check(root, repair=repair, settings=_named_by_marker(root, settings))))
        known = _volumes(root, configured) if repair else []
        known = [volume for volume in known if volume.path != root]
    is_whole = all(volume.path is not None for volume in known)
    for number, volume in enumerate(known, 1):
        if volume.path is None:
            found.append(VolumeChecked(volume.name, None))
            continue
        one = replace(settings, volume=volume.name, state=root, is_last=is_whole and number == len(known))
        report = check(volume.path, repair=repair, settings=one)
        found.append(VolumeChecked(volume.name, report))
        if report.was_stopped:
            break
    return found


def known_paths(root: Path) -> dict[str, str]:
    """Folders of the volumes that the catalog in `root` knows, by name; none when it cannot be read."""
    try:
        return {volume.name: volume.path for volume in CatalogReader(catalog_path(root)).volumes()}
    except CatalogError:
        return {}


def places_of(root: Path, configured: Mapping[str, Path]) -> dict[str, Path | None]:
    """Where each volume of the recorder really is, by name; None: it is not there."""
    return {volume.name: volume.path for volume in _volumes(root, configured)}


def _bring_up_to_date(root: Path) -> None:
    """An older catalog cannot say which volumes there are. Raises CatalogError."""
    try:
        CatalogReader(catalog_path(root)).volumes()
    except CatalogTooOldError:
        Catalog.open(catalog_path(root)).close()
    except CatalogError:
        # Missing or damaged: the check says so, and mends it.
        return


def _named_by_marker(root: Path, settings: CheckSettings) -> CheckSettings:
    with contextlib.suppress(OSError, MarkerError):
        found = identity_of(root)
        return settings if found is None else replace(settings, volume=found.name)
    return settings


def _volumes(root: Path, configured: Mapping[str, Path]) -> list[VolumeToCheck]:
    try:
        known = {volume.name: volume for volume in CatalogReader(catalog_path(root)).volumes()}
    except CatalogError:
        return []
    names = [*configured, *(name for name in known if name not in configured)]
    return [VolumeToCheck(name, _place(root, known.get(name), configured.get(name))) for name in names]


def _place(root: Path, known: VolumeRecord | None, configured: Path | None) -> Path | None:
    """Where the volume really is. Found by its marker, so that a folder may have been moved with its catalog."""
    if known is None:
        # Never opened yet: nothing in the catalog could go missing.
        return configured if configured is not None and configured.is_dir() else None
    for path in (root, configured, Path(known.path)):
        if path is not None and _id_of(path) == known.volume_id:
            return Path(os.path.realpath(path))
    return None


def _id_of(path: Path) -> str | None:
    try:
        found = identity_of(path)
    except (OSError, MarkerError):
        return None
    return None if found is None else found.volume_id
