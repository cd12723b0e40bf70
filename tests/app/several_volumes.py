"""Folders of a recorder with several volumes, as a recorder that has ended left them."""

from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.app.check_file import record_of
from holdfast.app.identity import recorder_id
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentRecord, VolumeRecord
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import Change
from holdfast.storage.identity import open_volume
from tests.app.recordings import Segment, make


@dataclass(frozen=True)
class Several:
    """A state folder, and two volumes with a file on each."""

    state: Path
    first: Path
    second: Path

    def post(self, *changes: Change) -> None:
        catalog = Catalog.open(catalog_path(self.state))
        for change in changes:
            catalog.post(change)
        assert catalog.close()

    def rows(self) -> dict[tuple[str, str], SegmentRecord]:
        return {(row.volume, row.path): row for row in CatalogReader(catalog_path(self.state)).segments()}

    def known(self) -> dict[str, VolumeRecord]:
        return {volume.name: volume for volume in CatalogReader(catalog_path(self.state)).volumes()}


def several(folder: Path, *segments: tuple[str, Segment]) -> Several:
    """Volumes "main" and "second" with these files."""
    made = Several(folder / "state", folder / "디스크 1", folder / "disk2")
    made.state.mkdir()
    ours = recorder_id(made.state)
    changes: list[Change] = []
    for name, root in (("main", made.first), ("second", made.second)):
        opened = open_volume(root, name=name, recorder_id=ours, expected=None, reserve_bytes=0)
        volume_id = opened.identity.volume_id
        changes.append(
            VolumeRecord(
                name=name,
                volume_id=volume_id,
                path=str(root),
                file_system="ext4",
                source="/dev/x",
                seen_wall_ns=WallNs(1),
            )
        )
    for name, segment in segments:
        root = made.first if name == "main" else made.second
        make(root, segment)
        record = record_of(root, segment.path, None)
        assert record is not None
        changes.append(replace(record, volume=name))
    made.post(*changes)
    return made
