"""What every catalog knows of moments, and of what is left of a run."""

from dataclasses import replace

from holdfast.domain.keeping import SegmentDeleted
from holdfast.domain.segments import SegmentState
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogPort
from tests.contracts.test_catalog_contract import put, segment, wall


def test_the_footage_after_a_moment_begins_with_the_first_segment_that_begins_then(catalog: CatalogPort) -> None:
    rows = [segment(number, at=10 * number) for number in range(3)]
    put(catalog, *rows)
    assert catalog.footage_begin("cam_01", "main", after_ns=wall(0)) == rows[0].wall_start_ns
    assert catalog.footage_begin("cam_01", "main", after_ns=WallNs(wall(0) + 1)) == rows[1].wall_start_ns
    assert catalog.footage_begin("cam_01", "main", after_ns=wall(20.5)) is None
    assert catalog.footage_begin("cam_02", "main", after_ns=wall(0)) is None


def test_of_a_run_the_segments_are_known_that_are_still_there(catalog: CatalogPort) -> None:
    rows = [segment(number, at=10 * number) for number in range(4)]
    rows[2] = replace(rows[2], state=SegmentState.MISSING)
    put(catalog, *rows, SegmentDeleted(path=rows[0].path, volume=rows[0].volume))
    assert catalog.ordinals(rows[0].run_id) == {rows[1].ordinal, rows[3].ordinal}
    assert catalog.ordinals("another") == frozenset()
