"""What every catalog knows of holds, of what may be deleted, and of how much there is."""

from dataclasses import replace

from holdfast.domain.gaps import GapRecord
from holdfast.domain.keeping import HoldRecord, HoldReleased, SegmentDeleted, StreamUsage
from holdfast.domain.segments import SegmentState
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogPort
from tests.contracts.test_catalog_contract import put, segment, wall


def hold(number: int, *, at: float, to: float, camera: str = "cam_01") -> HoldRecord:
    return HoldRecord(
        hold_id=f"hold-{number}",
        camera=camera,
        from_wall_ns=wall(at),
        to_wall_ns=wall(to),
        reason="evidence",
        created_wall_ns=wall(100),
    )


def deleted_gap(*, at: float, to: float) -> GapRecord:
    return GapRecord(
        gap_id="gap-1",
        camera="cam_01",
        stream="main",
        cause="deleted",
        sentence="Deleted.",
        from_wall_ns=wall(at),
        to_wall_ns=wall(to),
        detail={"by": "retention"},
    )


def test_holds_are_kept_until_they_are_released(catalog: CatalogPort) -> None:
    first, second, other = hold(1, at=0, to=10), hold(2, at=5, to=20), hold(3, at=0, to=10, camera="cam_02")
    put(catalog, second, first, other)
    assert catalog.holds() == (first, other, second)
    assert catalog.holds("cam_01") == (first, second)
    assert catalog.holds("cam_01", from_ns=wall(10), to_ns=wall(30)) == (second,)
    assert catalog.holds("cam_01", from_ns=wall(20)) == ()
    put(catalog, replace(first, reason="another"), HoldReleased(hold_id="hold-2"))
    assert catalog.holds("cam_01") == (replace(first, reason="another"),)


def test_the_oldest_may_go_first_and_never_what_is_open_uncut_missing_or_held(catalog: CatalogPort) -> None:
    rows = [segment(number, at=10 * number) for number in range(6)]
    rows[2] = replace(rows[2], state=SegmentState.OPEN)
    rows[3] = replace(rows[3], keep_bytes=100)
    rows[5] = replace(rows[5], state=SegmentState.MISSING)
    end = rows[0].wall_end_ns
    held = replace(hold(1, at=0, to=0), from_wall_ns=WallNs(end - 1), to_wall_ns=end)
    put(catalog, *rows)
    assert catalog.deletable() == (rows[0], rows[1], rows[4])
    assert catalog.deletable(limit=2) == (rows[0], rows[1])
    assert catalog.deletable(before_ns=rows[1].wall_end_ns) == (rows[0], rows[1])
    assert catalog.deletable(before_ns=WallNs(rows[1].wall_end_ns - 1)) == (rows[0],)
    assert catalog.deletable(before_ns={"cam_01": rows[1].wall_end_ns, "cam_02": WallNs(0)}) == (rows[0], rows[1])
    assert catalog.deletable(before_ns={"cam_02": rows[1].wall_end_ns}) == catalog.deletable(before_ns={}) == ()
    assert catalog.deletable(volume="spare") == catalog.deletable(stream=("cam_02", "main")) == ()
    assert catalog.deletable(volume="main", stream=("cam_01", "main"), limit=1) == (rows[0],)
    put(catalog, held)
    assert catalog.deletable() == (rows[1], rows[4])
    put(catalog, HoldReleased(hold_id=held.hold_id))
    assert catalog.deletable() == (rows[0], rows[1], rows[4])


def test_what_is_deleted_is_a_gap_and_its_file_a_leftover(catalog: CatalogPort) -> None:
    first, second = segment(0, at=0), segment(1, at=10)
    put(catalog, first, second)
    gap = deleted_gap(at=0, to=10)
    put(catalog, SegmentDeleted(path=first.path, gap=gap))
    assert list(catalog.segments()) == [second]
    assert catalog.leftovers("main") == (first.path,)
    assert catalog.gaps() == (gap,)
    assert catalog.last_deleted("cam_01", "main", before_ns=wall(10)) == gap
    assert catalog.last_deleted("cam_01", "main", before_ns=wall(9)) is None
    assert catalog.last_deleted("cam_02", "main", before_ns=wall(10)) is None
    grown = replace(gap, to_wall_ns=wall(20))
    put(catalog, SegmentDeleted(path=second.path, gap=grown))
    assert catalog.gaps() == (grown,)


def test_what_is_open_uncut_held_or_gone_is_not_deleted_whatever_is_said(catalog: CatalogPort) -> None:
    rows = [segment(number, at=10 * number) for number in range(3)]
    rows[0] = replace(rows[0], state=SegmentState.OPEN)
    rows[1] = replace(rows[1], keep_bytes=100)
    put(catalog, *rows, hold(1, at=20, to=21))
    for number, row in enumerate(rows):
        put(catalog, SegmentDeleted(path=row.path, gap=deleted_gap(at=10 * number, to=10 * number + 10)))
    put(catalog, SegmentDeleted(path="cam_01/nowhere.mp4", gap=deleted_gap(at=0, to=10)))
    assert list(catalog.segments()) == rows
    assert catalog.leftovers("main") == ()
    assert catalog.gaps() == ()


def test_usage_is_told_by_camera_stream_and_volume(catalog: CatalogPort) -> None:
    rows = [segment(number, at=10 * number) for number in range(4)]
    rows[2] = replace(rows[2], volume="spare", state=SegmentState.DAMAGED)
    rows[3] = replace(rows[3], state=SegmentState.OPEN)
    put(catalog, *rows)
    first, second = rows[:2]
    here = StreamUsage(
        camera="cam_01",
        stream="main",
        volume="main",
        segments=2,
        size_bytes=first.size_bytes + second.size_bytes,
        duration_ns=first.duration_ns + second.duration_ns,
    )
    there = replace(here, volume="spare", segments=1, size_bytes=rows[2].size_bytes, duration_ns=rows[2].duration_ns)
    assert catalog.usage() == (here, there)
    put(catalog, SegmentDeleted(path=first.path))
    assert catalog.usage()[0] == replace(here, segments=1, size_bytes=second.size_bytes, duration_ns=second.duration_ns)
