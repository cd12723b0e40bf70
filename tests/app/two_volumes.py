"""Two real folders that are volumes, a real catalog, and segments on the wrong one of them."""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Self

from holdfast.app.check import CheckSettings, check
from holdfast.app.home_coming import HomeComing, Moves
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.volumes import FileSystem, VolumeSpace, VolumeState
from holdfast.policy.volume_events import Volume, VolumeRules, Volumes
from holdfast.ports.catalog import Change
from holdfast.storage.identity import adopt
from tests.app.recordings import NOW_NS, Segment, make

OURS = "11111111-1111-4111-8111-111111111111"
GIB = 1 << 30
RATE = 1 << 40


class LateCatalog(Catalog):
    """What is posted is written when it is flushed, and only then: a crash before loses it."""

    posted: list[Change]

    @classmethod
    def begin(cls, state: Path) -> Self:
        catalog = cls.open(catalog_path(state))
        catalog.posted = []
        return catalog

    def post(self, change: Change) -> None:
        self.posted.append(change)

    def flush(self, timeout_s: float) -> bool:
        for change in self.posted:
            super().post(change)
        self.posted.clear()
        return super().flush(timeout_s)


@dataclass
class TwoVolumes:
    """Implements `home_coming.KnowsVolumes`."""

    tmp_path: Path
    state: Volumes = field(init=False)
    roots: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        volumes = []
        for number, name in enumerate(("home", "spare"), 1):
            root = self.roots[name] = self.tmp_path / name
            root.mkdir(parents=True)
            identity = adopt(root, name, OURS)
            volumes.append(
                Volume(
                    name,
                    VolumeState.HEALTHY,
                    file_system=FileSystem("ext4", "/dev/sda", str(root), number, f"8:{number}"),
                    volume_id=identity.volume_id,
                    path=str(root),
                    space=VolumeSpace(100 * GIB, 200 * GIB),
                )
            )
        self.state = Volumes(VolumeRules(), tuple(volumes), "home")
        (self.tmp_path / "state").mkdir()
        self.catalog = LateCatalog.begin(self.tmp_path / "state")

    def change(self, name: str, volume: Volume) -> None:
        """Another state of one volume."""
        volumes = tuple(volume if one.name == name else one for one in self.state.volumes)
        self.state = replace(self.state, volumes=volumes)

    def record_elsewhere(self, *segments: Segment) -> None:
        """Segments on the spare volume that belong home."""
        make(self.roots["spare"], *segments)
        self.check("spare")
        for row in self.rows():
            if row.volume == "spare" and not row.home:
                self.catalog.post(replace(row, home="home"))
        assert self.catalog.flush(30)

    def check(self, name: str) -> None:
        """Look at a volume as a recorder does when it has started."""
        settings = CheckSettings(live_paths=frozenset, volume=name, wall_ns=lambda: NOW_NS)
        assert check(self.roots[name], repair=True, catalog=self.catalog, settings=settings).unresolved == 0

    def next_life(self, *, posted_is_lost: bool) -> None:
        """The recorder was killed, and begins anew."""
        if posted_is_lost:
            self.catalog.posted.clear()
        self.catalog.flush(30)
        assert self.catalog.close()
        self.catalog = LateCatalog.begin(self.tmp_path / "state")

    def home_coming(self, mover: Moves) -> HomeComing:
        return HomeComing(self, self.catalog, self.roots, RATE, mover)

    def rows(self) -> list[SegmentRecord]:
        return list(self.catalog.segments())

    def files(self, name: str) -> dict[str, bytes]:
        """What is on a volume, without its marker and locks."""
        root = self.roots[name]
        found = {path.relative_to(root).as_posix(): path for path in root.rglob("*") if path.is_file()}
        marks = (".holdfast/volume.json", ".holdfast/check.lock")
        return {name: path.read_bytes() for name, path in found.items() if name not in marks}
