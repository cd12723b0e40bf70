"""What every catalog does, whether in a file or in memory."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.catalog.store import Catalog
from holdfast.domain.certificates import CertificateForgotten, CertificateRecord
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.segments import (
    FaultRecord,
    Heartbeat,
    IntentRecord,
    LeftoverRemoved,
    RebuildDone,
    RecorderStopped,
    RunRecord,
    SegmentMoved,
    SegmentRecord,
    SegmentState,
    SessionRecord,
    StreamExtent,
    StreamRecord,
    VolumeRecord,
)
from holdfast.domain.times import NS_PER_S, PtsNs, WallNs
from holdfast.ports.catalog import CatalogPort, Change, LastLife
from tests.fakes.catalog import FakeCatalog


@pytest.fixture(params=["file", "memory"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogPort]:
    made: CatalogPort = Catalog.open(tmp_path / "catalog.db") if request.param == "file" else FakeCatalog()
    yield made
    assert made.close()


def wall(second: float) -> WallNs:
    return WallNs(int((1_700_000_000 + second) * NS_PER_S))


def segment(
    ordinal: int,
    *,
    at: float,
    run: str = "run-a",
    camera: str = "cam_01",
    stream: str = "main",
    length: float = 10,
    folder: str | None = None,
    state: SegmentState = SegmentState.FINAL,
) -> SegmentRecord:
    return SegmentRecord(
        path=f"{folder or camera + '/2023-11-14'}/{run}_{ordinal}.mp4",
        camera=camera,
        stream=stream,
        run_id=run,
        session=1,
        ordinal=ordinal,
        wall_start_ns=wall(at),
        duration_ns=int(length * NS_PER_S),
        pts_start_ns=PtsNs(ordinal * 10 * NS_PER_S),
        size_bytes=1234,
        codec="avc1.640028",
        width=1920,
        height=1080,
        frames=250,
        state=state,
        end_reason=None if state is SegmentState.OPEN else "rotation",
    )


def gap(name: str, begin: float, end: float | None, *, camera: str = "cam_01", stream: str = "main") -> GapRecord:
    return GapRecord(
        gap_id=name,
        camera=camera,
        stream=stream,
        cause="rtsp_network",
        sentence="The camera cannot be reached.",
        from_wall_ns=wall(begin),
        to_wall_ns=None if end is None else wall(end),
        session=3,
        detail={"text": "연결 거부", "also": [{"kind": "not_found", "text": "404"}]},
    )


def put(catalog: CatalogPort, *records: Change) -> None:
    for record in records:
        catalog.post(record)
    assert catalog.flush(10)


def run(run_id: str, *, at: float, session: int = 1, camera: str = "cam_01") -> RunRecord:
    return RunRecord(run_id=run_id, camera=camera, stream="main", session=session, started_wall_ns=wall(at))


def test_gives_back_a_segment_as_it_was_put_in(catalog: CatalogPort) -> None:
    record = segment(0, at=0, camera="현관 카메라 1", folder="현관 카메라 1/2023-11-14")
    put(catalog, record)
    assert list(catalog.segments()) == [record]
    assert catalog.segment(record.path) == record
    assert catalog.segment("nowhere.mp4") is None


def test_a_later_record_of_the_same_path_replaces_the_earlier(catalog: CatalogPort) -> None:
    opened = segment(0, at=0, length=0, state=SegmentState.OPEN)
    final = segment(0, at=0.02, length=10)
    put(catalog, opened)
    put(catalog, final)
    assert list(catalog.segments()) == [final]


def test_the_same_path_on_another_volume_is_another_segment(catalog: CatalogPort) -> None:
    here = segment(0, at=0)
    there = replace(here, volume="usb")
    put(catalog, here, there)
    assert catalog.segment(here.path, volume="usb") == there
    assert catalog.segments_in("cam_01/2023-11-14") == (here,)


def test_segments_of_a_run_come_by_media_time_whatever_the_clock_did(catalog: CatalogPort) -> None:
    before, after_jump, last = segment(0, at=3600), segment(1, at=10), segment(2, at=20)
    put(catalog, run("run-a", at=3600), after_jump, last, before)
    assert list(catalog.segments("cam_01")) == [before, after_jump, last]


def test_runs_come_in_the_order_they_began_whatever_the_clock_did(catalog: CatalogPort) -> None:
    put(catalog, run("run-a", at=3600), segment(0, at=3600, run="run-a"))
    put(catalog, run("run-b", at=5), segment(0, at=5, run="run-b"))
    put(catalog, run("run-c", at=9), segment(0, at=9, run="run-c"))
    assert [one.run_id for one in catalog.segments()] == ["run-a", "run-b", "run-c"]
    assert [one.run_id for one in catalog.runs("cam_01")] == ["run-a", "run-b", "run-c"]


def test_runs_known_only_from_their_segments_come_by_wall_time(catalog: CatalogPort) -> None:
    late, early_end, early = (
        segment(0, at=500, run="run-a"),
        segment(1, at=20, run="run-b"),
        segment(0, at=10, run="run-b"),
    )
    put(catalog, late, early_end, early)
    assert list(catalog.segments()) == [early, early_end, late]
    assert [one.started_wall_ns for one in catalog.runs()] == [wall(10), wall(500)]


def test_a_run_that_ended_keeps_its_place(catalog: CatalogPort) -> None:
    put(catalog, run("run-a", at=10), run("run-b", at=5))
    ended = replace(run("run-a", at=10), ended_wall_ns=wall(20), end_reason="stopped")
    put(catalog, ended)
    assert catalog.runs() == (ended, run("run-b", at=5))


def test_a_range_holds_what_overlaps_it(catalog: CatalogPort) -> None:
    records = [segment(number, at=10 * number) for number in range(5)]
    put(catalog, *records)
    assert list(catalog.segments(from_ns=wall(15), to_ns=wall(30))) == records[1:3]
    assert list(catalog.segments(from_ns=wall(20))) == records[2:]
    assert list(catalog.segments(to_ns=wall(10))) == records[:1]
    assert list(catalog.segments(from_ns=wall(50), to_ns=wall(60))) == []


def test_an_open_segment_reaches_to_the_present(catalog: CatalogPort) -> None:
    still_open = segment(0, at=0, length=0, state=SegmentState.OPEN)
    put(catalog, still_open)
    assert list(catalog.segments(from_ns=wall(300), to_ns=wall(600))) == [still_open]
    assert list(catalog.segments(to_ns=wall(0))) == []


def test_segments_can_be_asked_for_by_camera_and_stream(catalog: CatalogPort) -> None:
    main = segment(0, at=0)
    sub = segment(0, at=0, stream="sub", run="run-s")
    other = segment(0, at=0, camera="cam_02", run="run-o")
    put(catalog, other, sub, main)
    assert list(catalog.segments()) == [main, sub, other]
    assert list(catalog.segments("cam_01")) == [main, sub]
    assert list(catalog.segments("cam_01", stream="sub", from_ns=wall(0))) == [sub]
    assert list(catalog.segments("cam_03")) == []


def test_folders_and_what_is_in_them(catalog: CatalogPort) -> None:
    names = ("cam 1/2023-11-14", "cam/2023-11-14", "cam/2023-11-15", "현관/2023-11-14")
    records = [segment(number, at=number, folder=name) for number, name in enumerate(names)]
    put(catalog, *records)
    assert catalog.folders() == names
    assert catalog.segments_in("cam/2023-11-14") == (records[1],)
    assert catalog.segments_in("cam") == (records[1], records[2])
    assert catalog.segments_in("nobody") == ()
    assert catalog.folders(volume="usb") == ()


def test_a_session_is_put_in_when_it_starts_and_again_when_it_ends(catalog: CatalogPort) -> None:
    started = SessionRecord(camera="cam_01", stream="main", number=7, started_wall_ns=wall(0))
    put(catalog, started)
    assert catalog.sessions() == (started,)
    ended = replace(started, ended_wall_ns=wall(60), end_reason="stalled")
    put(catalog, ended)
    assert catalog.sessions("cam_01", from_ns=wall(59)) == (ended,)
    assert catalog.sessions(from_ns=wall(60)) == ()
    assert catalog.sessions("cam_02") == ()


def test_session_numbers_can_go_on_where_they_ended(catalog: CatalogPort) -> None:
    assert catalog.last_session("cam_01", "main") == 0
    put(catalog, SessionRecord(camera="cam_01", stream="main", number=7, started_wall_ns=wall(0)))
    assert catalog.last_session("cam_01", "main") == 7
    put(catalog, run("run-a", at=0, session=9))
    assert catalog.last_session("cam_01", "main") == 9
    assert catalog.last_session("cam_01", "sub") == 0


def test_faults_are_added_and_the_latest_are_given(catalog: CatalogPort) -> None:
    faults = [
        FaultRecord(
            kind="rtsp_network",
            sentence="카메라가 연결을 거부했습니다",
            wall_ns=wall(number),
            camera="cam_01" if number % 2 else None,
            detail={"errno": 111, "tried": ["10.0.0.7", None]},
        )
        for number in range(4)
    ]
    put(catalog, *faults)
    assert catalog.faults() == tuple(faults)
    assert catalog.faults("cam_01") == (faults[1], faults[3])
    assert catalog.faults(limit=2) == (faults[2], faults[3])
    assert catalog.faults(from_ns=wall(1), to_ns=wall(3)) == (faults[1], faults[2])


def test_two_equal_faults_are_two(catalog: CatalogPort) -> None:
    fault = FaultRecord(kind="stalled", sentence="No frames.", wall_ns=wall(0))
    put(catalog, fault, fault)
    assert catalog.faults() == (fault, fault)


def test_cameras_are_all_that_were_ever_heard_of(catalog: CatalogPort) -> None:
    put(catalog, segment(0, at=0), segment(1, at=10))
    put(catalog, SessionRecord(camera="cam_02", stream="main", number=1, started_wall_ns=wall(0)))
    catalog.post(StreamRecord(camera="cam_02", stream="main", display_name="뒷문"))
    assert catalog.flush(10)
    first = StreamExtent(camera="cam_01", stream="main", display_name="", first_wall_ns=wall(0), last_wall_ns=wall(10))
    second = StreamExtent(camera="cam_02", stream="main", display_name="뒷문", first_wall_ns=None, last_wall_ns=None)
    assert catalog.cameras() == (first, second)


def test_intents_are_kept_and_replaced(catalog: CatalogPort) -> None:
    on = IntentRecord(camera="cam_01", stream="main", wanted=True, since_wall_ns=wall(0))
    off = IntentRecord(camera="cam_01", stream="main", wanted=False, since_wall_ns=wall(5))
    other = IntentRecord(camera="cam_00", stream="main", wanted=True, since_wall_ns=wall(6))
    for intent in (on, off, other):
        catalog.post(intent)
    assert catalog.flush(10)
    assert catalog.intents() == (other, off)


def test_certificates_are_kept_replaced_and_forgotten(catalog: CatalogPort) -> None:
    first = CertificateRecord(place="b:322", fingerprint="aa", seen_wall_ns=wall(0), camera="cam_01")
    second = CertificateRecord(place="b:322", fingerprint="bb", seen_wall_ns=wall(5), camera="cam_02")
    other = CertificateRecord(place="a:322", fingerprint="cc", seen_wall_ns=wall(6))
    put(catalog, first)
    put(catalog, second, other)
    assert catalog.certificates() == (other, second)
    put(catalog, CertificateForgotten(place="b:322"), CertificateForgotten(place="never heard of"))
    assert catalog.certificates() == (other,)
    assert catalog.cameras() == (), "a certificate makes no camera"


def test_the_heartbeat_is_the_latest(catalog: CatalogPort) -> None:
    assert catalog.heartbeat() is None
    catalog.post(Heartbeat(wall_ns=wall(1)))
    catalog.post(Heartbeat(wall_ns=wall(2)))
    assert catalog.flush(10)
    assert catalog.heartbeat() == wall(2)


def test_an_orderly_end_can_be_told_from_any_other(catalog: CatalogPort) -> None:
    assert catalog.last_life() is None
    put(catalog, Heartbeat(wall_ns=wall(1), boot_id="a"))
    assert catalog.last_life() == LastLife(wall_ns=wall(1), stopped_in_order=False, boot_id="a")
    put(catalog, RecorderStopped(wall_ns=wall(2)))
    assert catalog.last_life() == LastLife(wall_ns=wall(2), stopped_in_order=True)
    assert catalog.heartbeat() == wall(2)
    put(catalog, Heartbeat(wall_ns=wall(3)))
    assert catalog.last_life() == LastLife(wall_ns=wall(3), stopped_in_order=False), "another recorder began"


def test_a_gap_is_put_in_when_it_opens_and_again_when_it_ends(catalog: CatalogPort) -> None:
    put(catalog, gap("a", 10, None))
    assert catalog.gaps() == catalog.open_gaps() == (gap("a", 10, None),)
    put(catalog, gap("a", 11, 20))
    assert catalog.gaps() == (gap("a", 11, 20),)
    assert catalog.open_gaps() == ()
    assert [one.camera for one in catalog.cameras()] == ["cam_01"]


def test_a_gap_that_was_none_is_gone(catalog: CatalogPort) -> None:
    put(catalog, gap("a", 10, None), gap("b", 20, 30))
    put(catalog, GapRemoved(gap_id="a"), GapRemoved(gap_id="never heard of"))
    assert catalog.gaps() == (gap("b", 20, 30),)


def test_gaps_come_by_time_and_can_be_asked_for_by_camera_stream_and_range(catalog: CatalogPort) -> None:
    late, early, is_open = gap("a", 30, 40), gap("b", 10, 20), gap("c", 50, None)
    sub, other = gap("d", 12, 13, stream="sub"), gap("e", 5, 6, camera="cam_02")
    put(catalog, late, early, is_open, sub, other)
    assert catalog.gaps() == (other, early, sub, late, is_open)
    assert catalog.gaps("cam_01", stream="main") == (early, late, is_open)
    assert catalog.gaps("cam_03") == ()
    assert catalog.gaps("cam_01", from_ns=wall(20), to_ns=wall(31)) == (late,)
    assert catalog.gaps(from_ns=wall(900)) == (is_open,)
    assert catalog.gaps(to_ns=wall(5)) == ()
    assert catalog.open_gaps() == (is_open,)


def test_footage_ends_where_the_latest_segment_does(catalog: CatalogPort) -> None:
    assert catalog.footage_end("cam_01", "main") is None
    long, short = segment(0, at=0, length=100), segment(0, at=50, run="run-b")
    put(catalog, long, short, segment(0, at=500, camera="cam_02", run="run-c"))
    assert catalog.footage_end("cam_01", "main") == wall(100)
    put(catalog, segment(1, at=200, length=3, state=SegmentState.OPEN))
    assert catalog.footage_end("cam_01", "main") == wall(203)
    assert catalog.footage_end("cam_01", "sub") is None


def test_a_new_catalog_asks_for_a_rebuild_until_that_is_done(catalog: CatalogPort) -> None:
    before = catalog.condition
    catalog.post(RebuildDone(wall_ns=wall(0)))
    assert catalog.flush(10)
    after = catalog.condition
    assert (before.rebuild_needed, after.rebuild_needed) == (True, False)
    assert after.trouble is None


def test_records_of_another_node_are_not_shown(catalog: CatalogPort) -> None:
    put(catalog, replace(segment(0, at=0), node="elsewhere"), replace(gap("a", 1, None), node="elsewhere"))
    assert list(catalog.segments()) == []
    assert catalog.gaps() == catalog.open_gaps() == ()
    assert catalog.cameras() == ()
    assert catalog.folders() == ()


def test_volumes_are_kept_by_name_as_they_were_seen_last(catalog: CatalogPort) -> None:
    seen = VolumeRecord(
        name="main", volume_id="id-1", path="/a", file_system="ext4", source="/dev/sdb1", seen_wall_ns=wall(0)
    )
    other = replace(seen, name="spare", volume_id="id-2")
    for change in (seen, other, replace(seen, seen_wall_ns=wall(5))):
        catalog.post(change)
    assert catalog.flush(5)
    assert catalog.volumes() == (replace(seen, seen_wall_ns=wall(5)), other)


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
