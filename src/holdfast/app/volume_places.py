"""Where the volumes of a recorder are at this moment, for commands that read or remove their files."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from holdfast.app.recording_root import catalog_path
from holdfast.app.volumes import looked_at
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.segments import MAIN_VOLUME, VolumeRecord


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """A volume that is there."""

    name: str
    root: Path
    """Its folder without symbolic links."""
    volume_id: str
    device: str
    """Of its file system, "major:minor"."""


def volume_places(root: Path, configured: Mapping[str, Path]) -> dict[str, VolumePlace]:
    """Volumes by name, those that are there. `root`: the folder of the catalog. `configured`: as a configuration says.

    A folder may have been moved with its catalog: a volume is known by its marker. A disk that does not answer within
    some seconds is not there. Raises CatalogError.
    """
    known = {volume.name: volume for volume in CatalogReader(catalog_path(root)).volumes()}
    names = {*configured, *known} or {MAIN_VOLUME}
    candidates = [(name, path) for name in sorted(names) for path in _candidates(name, root, known, configured)]
    found: dict[str, VolumePlace] = {}
    for (name, _), seen in zip(candidates, looked_at([path for _, path in candidates]), strict=True):
        path, volume_id, device = seen.get("path"), seen.get("volume_id"), seen.get("device")
        if not (isinstance(path, str) and isinstance(volume_id, str) and isinstance(device, str) and volume_id):
            continue
        wanted = known[name].volume_id if name in known else None
        # What was never opened is believed by its place; the folder of the catalog only when nothing else is known.
        is_it = volume_id == wanted if wanted is not None else Path(path) != root or not known
        if is_it:
            found.setdefault(name, VolumePlace(name, Path(path), volume_id, device))
    return found


def _candidates(
    name: str, root: Path, known: Mapping[str, VolumeRecord], configured: Mapping[str, Path]
) -> Iterable[Path]:
    """Where a volume may be: an only one also in the folder of the catalog, which may have been moved with it."""
    found = [configured[name]] if name in configured else []
    found += [Path(known[name].path)] if name in known else []
    found += [root] if len(known) <= 1 else []
    return dict.fromkeys(found)
