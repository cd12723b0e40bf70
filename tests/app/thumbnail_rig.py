"""A folder of real films, the catalog that knows them, and who makes pictures of them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

import pytest

from holdfast.app.recording_root import STATE_FOLDER
from holdfast.app.thumbnail_maker import Maker
from holdfast.app.thumbnails import Makes, NoThumbnail, Thumbnail, Thumbnails, VolumePlace, Why
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, PtsNs, WallNs
from holdfast.fmp4 import SegmentStamp
from holdfast.lab.films import Film
from holdfast.storage.picture_cache import PictureCache
from tests.fakes.catalog import FakeCatalog

BEGIN_NS = 1_700_000_000_000_000_000
RUN = UUID("00112233-4455-6677-8899-aabbccddeeff")
CAMERA = StreamId("cam_01")
LIMIT_BYTES = 10**6


@dataclass
class Rig:
    root: Path
    makers: list[Makes] = field(default_factory=lambda: [Maker()])
    catalog: FakeCatalog = field(default_factory=FakeCatalog)
    now_ns: int = BEGIN_NS + 86_400 * NS_PER_S
    volume_id: str = ""
    limit_bytes: int = LIMIT_BYTES

    def __post_init__(self) -> None:
        cache = PictureCache(self.root / STATE_FOLDER / "thumbnails", self.limit_bytes)
        self.thumbnails = Thumbnails(self.catalog, cache, lambda: self.now_ns, self.makers)

    @property
    def kept(self) -> list[Path]:
        """The files of the pictures that are kept."""
        return sorted((self.root / STATE_FOLDER / "thumbnails").rglob("*.jpg"))

    def record(self, film: Film, *, at_s: float = 0, ordinal: int = 0, is_open: bool = False) -> SegmentRecord:
        """Write a file, and tell the catalog."""
        wall_ns = BEGIN_NS + round(at_s * NS_PER_S)
        parts = film.parts(SegmentStamp(wall_start_ns=wall_ns, run_id=RUN, session=1, ordinal=ordinal))
        path = self.root / CAMERA.camera / f"{ordinal}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(parts.open_file if is_open else parts.final_file)
        video = film.init.video
        row = SegmentRecord(
            path=f"{CAMERA.camera}/{ordinal}.mp4",
            camera=CAMERA.camera,
            stream=CAMERA.stream,
            run_id=str(RUN),
            session=1,
            ordinal=ordinal,
            wall_start_ns=WallNs(wall_ns),
            duration_ns=0 if is_open else video.to_ns(parts.durations[video.track_id]),
            pts_start_ns=PtsNs(round(at_s * NS_PER_S)),
            size_bytes=path.stat().st_size,
            codec=video.codec,
            width=video.width,
            height=video.height,
            frames=0,
            state=SegmentState.OPEN if is_open else SegmentState.FINAL,
        )
        self.catalog.post(row)
        return row

    def file(self, row: SegmentRecord) -> Path:
        return self.root / row.path

    def change(self, row: SegmentRecord, **changes: object) -> SegmentRecord:
        """Tell the catalog something else of a file."""
        changed = replace(row, **changes)  # type: ignore[arg-type] # fields of the record
        self.catalog.post(changed)
        return changed

    def at(self, at_s: float, width: int = 320, trouble: str = "") -> Thumbnail:
        """At so many seconds after BEGIN_NS."""
        return self.at_ns(BEGIN_NS + round(at_s * NS_PER_S), width, trouble)

    def at_ns(self, at_ns: int, width: int = 320, trouble: str = "") -> Thumbnail:
        places = {"main": VolumePlace((str(self.root),), self.volume_id, trouble)}
        return self.thumbnails.at(CAMERA, WallNs(at_ns), width, places)

    def close(self) -> None:
        self.thumbnails.close()


def refused(ask: Callable[[], Thumbnail], why: Why, said: str) -> NoThumbnail:
    with pytest.raises(NoThumbnail) as caught:
        ask()
    assert caught.value.why is why
    assert said in caught.value.sentence
    return caught.value
