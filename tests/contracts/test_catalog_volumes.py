"""What every catalog knows of volumes, and of segments that are not on theirs."""

from dataclasses import replace

from holdfast.domain.segments import LeftoverRemoved, SegmentMoved, SegmentState, VolumeForgotten, VolumeRecord
from holdfast.ports.catalog import CatalogPort
from tests.contracts.test_catalog_contract import put, segment, wall


def test_the_same_path_on_another_volume_is_another_segment(catalog: CatalogPort) -> None:
    here = segment(0, at=0)
    there = replace(here, volume="usb")
    put(catalog, here, there)
    assert catalog.segment(here.path, volume="usb") == there
    assert catalog.segments_in("cam_01/2023-11-14") == (here,)


def test_volumes_are_kept_by_name_as_they_were_seen_last(catalog: CatalogPort) -> None:
    seen = VolumeRecord(
        name="main", volume_id="id-1", path="/a", file_system="ext4", source="/dev/sdb1", seen_wall_ns=wall(0)
    )
    other = replace(seen, name="spare", volume_id="id-2")
    put(catalog, seen, other, replace(seen, seen_wall_ns=wall(5)))
    assert catalog.volumes() == (replace(seen, seen_wall_ns=wall(5)), other)
    put(catalog, VolumeForgotten(name="spare"))
    assert catalog.volumes() == (replace(seen, seen_wall_ns=wall(5)),)


def test_a_segment_that_came_home_is_where_it_belongs_and_known_by_its_new_name(catalog: CatalogPort) -> None:
    away = [replace(segment(number, at=10 * number), volume="spare", home="main") for number in range(3)]
    still_open = replace(segment(3, at=30, state=SegmentState.OPEN), volume="spare", home="main")
    for change in (*away, still_open, segment(4, at=40)):
        catalog.post(change)
    assert catalog.flush(5)
    assert catalog.away_from("main") == tuple(away)
    assert catalog.away_from("main", limit=1) == (away[0],)
    assert catalog.away_from("spare") == catalog.away_from("") == ()
    catalog.post(SegmentMoved(volume="spare", path=away[0].path, to_volume="main", to_path="cam_01/x/moved.mp4"))
    assert catalog.flush(5)
    assert catalog.away_from("main") == tuple(away[1:])
    assert catalog.leftovers("spare") == (away[0].path,)
    assert catalog.leftovers("main") == ()
    catalog.post(LeftoverRemoved(volume="spare", path=away[0].path))
    assert catalog.flush(5)
    assert catalog.leftovers("spare") == ()
    assert catalog.segment(away[0].path, volume="spare") is None
    assert catalog.segment("cam_01/x/moved.mp4") == replace(away[0], volume="main", home="", path="cam_01/x/moved.mp4")


def test_of_a_volume_that_is_gone_for_good_nothing_is_expected_any_more(catalog: CatalogPort) -> None:
    uncut = replace(segment(0, at=0, state=SegmentState.OPEN), volume="spare", keep_bytes=700)
    brought, stays = replace(segment(1, at=10), volume="spare"), replace(segment(2, at=20), home="spare")
    put(catalog, uncut, brought, stays)
    put(catalog, SegmentMoved(volume="spare", path=brought.path, to_volume="main", to_path=brought.path))
    put(catalog, VolumeForgotten(name="spare"))
    assert (len(catalog.leftovers("spare")), len(catalog.uncut("spare")), len(catalog.away_from("spare"))) == (0, 0, 0)
    gone = replace(uncut, state=SegmentState.MISSING, keep_bytes=None)
    assert list(catalog.segments()) == [gone, replace(brought, volume="main"), replace(stays, home="")]


def test_what_is_still_to_be_cut_is_remembered_until_it_is(catalog: CatalogPort) -> None:
    uncut = replace(segment(0, at=0, state=SegmentState.OPEN), keep_bytes=700)
    catalog.post(uncut)
    catalog.post(segment(1, at=10))
    assert catalog.flush(5)
    assert catalog.uncut("main") == (uncut,)
    assert catalog.uncut("spare") == ()
    catalog.post(replace(uncut, state=SegmentState.FINAL, keep_bytes=None))
    assert catalog.flush(5)
    assert catalog.uncut("main") == ()


def test_a_row_that_somebody_made_of_a_moved_file_makes_way_for_the_one_that_moves(catalog: CatalogPort) -> None:
    away = replace(segment(0, at=0), volume="spare", home="main", end_reason="rotation")
    made = replace(away, volume="main", home="", end_reason="unknown")
    for change in (away, made):
        catalog.post(change)
    assert catalog.flush(5)
    catalog.post(SegmentMoved(volume="spare", path=away.path, to_volume="main", to_path=made.path))
    assert catalog.flush(5)
    assert list(catalog.segments()) == [replace(made, end_reason="rotation")]
    assert catalog.leftovers("spare") == (away.path,)
