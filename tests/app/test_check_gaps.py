"""`holdfast check` compares segments with files; gaps stand in no file, so it leaves them alone."""

from pathlib import Path

from holdfast.app.check import CheckSettings, check
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import WallNs
from tests.app.recordings import FIRST_NS, NOW_NS, Segment, make


def test_a_repair_keeps_every_gap(tmp_path: Path) -> None:
    make(tmp_path, Segment(0), Segment(1, is_open=True))
    gap = GapRecord(
        gap_id="a",
        camera="cam_01",
        stream="main",
        cause="stalled",
        sentence="The connection is open, but no frames arrive.",
        from_wall_ns=WallNs(FIRST_NS),
    )
    catalog = Catalog.open(catalog_path(tmp_path))
    catalog.post(gap)
    assert catalog.close()
    report = check(tmp_path, repair=True, settings=CheckSettings(wall_ns=lambda: NOW_NS))
    assert report.is_clean
    assert CatalogReader(catalog_path(tmp_path)).gaps() == (gap,)
