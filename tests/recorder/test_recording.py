"""Recording one stream, case by case; every order of everything is in test_recording_machine.py."""

from dataclasses import replace

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.segments import RunRecord, SegmentState
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from holdfast.ports.volumes import AppendData, Created, CreateSegment, Cut, CutFailed, CutSegment
from tests.fmp4.builder import FTYP, Sample, box, fragment, moov, payload, trak, visual_entry
from tests.recorder.rig import STREAM, Rig

MINUTE = SegmentRules(duration_ns=60 * NS_PER_S)


@pytest.fixture
def rig() -> Rig:
    return Rig(MINUTE)


def recorded(rig: Rig) -> list[int]:
    return [index for file in rig.files() for index in file.indexes]


def test_records_from_the_first_key_frame_and_ends_idle(rig: Rig) -> None:
    rig.recording.start()
    for _ in range(3):
        rig.group()
    rig.end()
    assert recorded(rig) == [0, 1, 2, 3, 4, 5]
    assert rig.recording.is_idle
    (row,) = rig.catalog.segments(STREAM.camera)
    assert (row.state, row.end_reason, row.frames, row.duration_ns) == (
        SegmentState.FINAL,
        "session_ended",
        30,
        3 * NS_PER_S,
    )
    (run,) = rig.catalog.runs()
    assert run.end_reason == "session_ended"
    assert run.ended_wall_ns == row.wall_end_ns


def test_a_manual_start_begins_with_the_key_frame_before_it_and_a_stop_ends_with_its_own_fragment(rig: Rig) -> None:
    for _ in range(3):
        rig.group()
    rig.deliver(is_sync=True)
    rig.clock.advance(0.2)
    rig.recording.start()
    rig.clock.at_ns -= NS_PER_S // 5
    rig.deliver()
    rig.deliver(is_sync=True)
    rig.clock.advance(0.2)
    rig.recording.stop()
    rig.clock.at_ns -= NS_PER_S // 5
    rig.deliver()
    rig.group()
    rig.settle()
    assert recorded(rig) == [6, 7, 8, 9]


def test_a_stop_whose_last_frames_do_not_come_is_over_after_a_while(rig: Rig) -> None:
    rig.recording.start()
    for _ in range(5):
        rig.group()
    rig.clock.advance(0.3)
    rig.recording.stop()
    rig.settle()
    assert rig.recording.open_paths
    rig.clock.advance(2.5)
    rig.recording.tick()
    rig.settle()
    assert rig.recording.is_idle
    assert recorded(rig) == list(range(10))


def test_nothing_is_held_longer_than_a_start_might_need_it(rig: Rig) -> None:
    for _ in range(50):
        rig.group()
    assert rig.held == [98, 99]


def test_what_is_synced_leaves_memory_up_to_the_last_key_frame(rig: Rig) -> None:
    rig.recording.start()
    for _ in range(10):
        rig.group()
    assert rig.recording.ring.oldest == 0
    rig.settle()
    assert rig.held == [18, 19]


def test_memory_that_is_full_drops_the_oldest_group_and_says_how_much(rig: Rig) -> None:
    rig = Rig(MINUTE, ring_limit_bytes=6000)
    rig.recording.start()
    rig.writer.broken = True
    rig.group()
    rig.work(100)
    rig.listen(100)
    assert [fault.kind for fault in rig.faults] == [FaultKind.DISK_FULL]
    for _ in range(12):
        rig.group()
    assert rig.recording.ring.size_bytes <= 6000
    dropped = [fault for fault in rig.faults if fault.kind is FaultKind.FOOTAGE_DROPPED]
    assert dropped[0].sentence.startswith("1.0 s of footage were lost")
    oldest = rig.recording.ring.oldest
    rig.end()
    assert recorded(rig) == list(range(oldest, 26))
    assert rig.recording.is_idle


def test_memory_that_is_full_of_what_nobody_wanted_is_no_loss() -> None:
    rig = Rig(replace(MINUTE, pre_record_ns=60 * NS_PER_S), ring_limit_bytes=6000)
    for _ in range(12):
        rig.group()
    assert rig.recording.ring.size_bytes <= 6000
    assert not rig.faults


def test_a_bad_disk_is_reported_once_until_something_was_synced(rig: Rig) -> None:
    rig.recording.start()
    rig.writer.broken = True
    for _ in range(5):
        rig.group()
        rig.work(100)
        rig.listen(100)
        rig.clock.advance(5)
        rig.recording.tick()
    assert len(rig.faults) == 1
    rig.writer.broken = False
    rig.settle()
    rig.clock.advance(5)
    rig.recording.tick()
    rig.settle()
    assert rig.recording.storage_fault is None
    rig.writer.broken = True
    rig.group()
    rig.work(100)
    rig.listen(100)
    assert len(rig.faults) == 2


def test_a_segment_given_up_before_its_file_was_made_leaves_no_file(rig: Rig) -> None:
    rig = Rig(SegmentRules(duration_ns=NS_PER_S))
    rig.recording.start()
    rig.group()
    rig.settle()
    rig.group(4)
    rig.writer.broken = True
    rig.work(1)
    rig.writer.broken = False
    rig.listen(1)
    assert sum(isinstance(order, CutSegment) for order in rig.writer.orders) >= 1
    rig.end()
    assert sorted(recorded(rig)) == list(range(6))
    assert all(file.is_final for file in rig.files())


def test_a_file_that_cannot_be_cut_stays_catalogued_as_open_until_it_can(rig: Rig) -> None:
    rig.recording.start()
    for _ in range(3):
        rig.group()
    rig.settle()
    rig.writer.broken = True
    rig.group()
    rig.work(100)
    rig.listen(100)
    rig.work(100)
    rig.listen(100)
    (row,) = rig.catalog.segments(STREAM.camera)
    assert (row.state, row.end_reason, row.frames) == (SegmentState.OPEN, "write_failed", 30)
    assert rig.writer.cuts_failed == 1
    rig.writer.broken = False
    rig.settle()
    (row,) = rig.catalog.segments(STREAM.camera)
    assert (row.state, row.end_reason, row.frames) == (SegmentState.FINAL, "write_failed", 30)


def test_a_finish_that_fails_with_all_frames_safe_has_the_file_made_final(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    rig.clock.advance(5)
    rig.settle()
    rig.end_take()
    rig.writer.broken = True
    rig.work(1)
    rig.writer.broken = False
    rig.listen(1)
    rig.settle()
    assert rig.recording.is_idle
    (row,) = rig.catalog.segments(STREAM.camera)
    assert row.state is SegmentState.FINAL
    assert recorded(rig) == [0, 1]


def test_answers_about_others_are_left_to_them(rig: Rig) -> None:
    assert not rig.recording.answered(Created(99, "cam_02/x.mp4", 0.0))


def test_an_answer_to_a_cut_that_was_never_ordered_changes_nothing(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    assert rig.recording.answered(Cut(1, 0))
    assert rig.recording.answered(CutFailed(1, "no"))
    rig.end()
    assert recorded(rig) == [0, 1]


def test_garbage_from_the_muxer_ends_the_take_and_is_reported(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    rig.recording.take_bytes(TakeBytes(STREAM, 1, 1, b"this is no box at all"))
    assert [fault.kind for fault in rig.faults] == [FaultKind.MUX]
    rig.deliver()
    rig.take_is_open = False
    rig.group()
    rig.end()
    assert recorded(rig) == [0, 1, 3, 4]


def test_a_stream_that_fits_into_no_file_is_reported_and_stops_nothing_else(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    rig.end_take()
    rig.take += 1
    rig.take_is_open, rig.decode_time = True, 0
    opened = TakeOpened(STREAM, 1, rig.take, PtsNs(0), MonoNs(0), reorders=False, reason="test")
    rig.recording.take_opened(opened)
    huge = trak(entry=visual_entry(config=box(b"avcC", bytes.fromhex("01640028ffe1"), bytes(70_000))))
    rig.recording.take_bytes(TakeBytes(STREAM, 1, rig.take, FTYP + moov(huge)))
    rig.group()
    assert {fault.kind for fault in rig.faults} == {FaultKind.MUX}
    rig.end_take()
    rig.group()
    rig.end()
    assert recorded(rig) == [0, 1, 4, 5]
    assert rig.recording.is_idle


def test_bytes_and_ends_of_another_take_are_ignored(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    rig.recording.take_bytes(TakeBytes(STREAM, 1, 9, b"garbage"))
    rig.recording.take_closed(TakeClosed(STREAM, 1, 9))
    rig.group()
    rig.end()
    assert recorded(rig) == [0, 1, 2, 3]
    assert len(rig.files()) == 1


def test_a_wall_clock_that_jumps_changes_neither_files_nor_frames(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    before = next(rig.catalog.segments(STREAM.camera), None)
    rig.clock.jump(-3600)
    rig.group()
    rig.clock.jump(7200)
    rig.group()
    rig.end()
    assert before is None
    (file,) = rig.files()
    assert file.indexes == list(range(6))
    assert file.stamp.wall_start_ns == 1_700_001_000 * NS_PER_S


def test_a_segment_that_ends_within_a_burst_is_dated_by_the_live_frames_that_follow(rig: Rig) -> None:
    rig.recording.start()
    begun_ns = rig.clock.mono_ns()
    rig.group()
    rig.clock.at_ns = begun_ns
    rig.recording.stop()
    rig.settle()
    assert not rig.recording.is_idle
    first_pts_ns = begun_ns - NS_PER_S
    rig.recording.clock.observe(1, first_pts_ns + 3 * NS_PER_S, begun_ns)
    rig.recording.tick()
    rig.settle()
    assert not rig.recording.is_idle
    rig.clock.advance(5)
    rig.recording.tick()
    rig.settle()
    (row,) = rig.catalog.segments(STREAM.camera)
    assert row.state is SegmentState.FINAL
    assert row.wall_start_ns == begun_ns + rig.clock.wall_ahead_ns - 3 * NS_PER_S


def test_media_time_that_broke_is_dated_anew(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    rig.end_take()
    rig.take, rig.take_is_open, rig.decode_time = 2, True, 0
    hour_back_ns = PtsNs(rig.clock.at_ns - 3600 * NS_PER_S)
    opened = TakeOpened(STREAM, 1, 2, hour_back_ns, rig.clock.mono_ns(), reorders=False, reason="media time broke")
    rig.recording.take_opened(opened)
    rig.recording.take_bytes(TakeBytes(STREAM, 1, 2, FTYP + moov()))
    rig.group()
    rig.end()
    starts_s = sorted(file.stamp.wall_start_ns // NS_PER_S for file in rig.files())
    assert starts_s == [1_700_001_000, 1_700_001_001]


def test_the_first_segment_of_a_run_carries_its_record(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    rig.settle()
    records = [change for change in rig.catalog.posted if isinstance(change, RunRecord)]
    assert len(records) == 1
    assert records[0].ended_wall_ns is None


def test_orders_carry_the_media_as_they_are_held(rig: Rig) -> None:
    rig.recording.start()
    rig.deliver()
    create, append = rig.writer.orders
    assert isinstance(create, CreateSegment)
    assert create.paths[:2] == (
        "cam_01/2023-11-14/cam_01_20231114_233000.mp4",
        "cam_01/2023-11-14/cam_01_20231114_233000_2.mp4",
    )
    assert isinstance(append, AppendData)
    assert isinstance(append.rest, memoryview)


def lying(rig: Rig, first_tick: int, *, duration: int = 9000) -> None:
    """A fragment with a key frame at this decode time of the current take."""
    data = fragment(first_tick, [Sample(64, duration, sync=True), Sample(64, 9000)], number=99, media=payload(128, 1))
    rig.recording.take_bytes(TakeBytes(STREAM, rig.session, rig.take, data))


@pytest.mark.parametrize(
    ("first_tick", "duration"),
    [(1 << 62, 9000), (90_000 * 3600 * 30, 9000), (90_000 * 10, 90_000 * 4000)],
    ids=["another century", "a day ahead", "a frame of an hour"],
)
def test_a_camera_whose_times_lie_costs_that_fragment_and_is_told(rig: Rig, first_tick: int, duration: int) -> None:
    rig.recording.start()
    rig.group()
    lying(rig, first_tick, duration=duration)
    assert [fault.kind for fault in rig.faults] == [FaultKind.NO_TIMES]
    rig.group()
    rig.end()
    assert recorded(rig) == [0, 1, 2, 3]
    assert all(file.is_final for file in rig.files())


def test_a_file_that_would_be_longer_than_any_is_ended(rig: Rig) -> None:
    rig.recording.start()
    rig.group()
    for hours in range(1, 30):
        rig.clock.advance(3500)
        data = fragment(90_000 * 3500 * hours, [Sample(64, 9000), Sample(64, 9000)], number=9, media=payload(128, 1))
        rig.recording.take_bytes(TakeBytes(STREAM, rig.session, rig.take, data))
    rig.end()
    assert {fault.kind for fault in rig.faults} == {FaultKind.NO_TIMES}
    assert all(file.is_final for file in rig.files())


def test_what_memory_dropped_before_it_was_asked_for_is_not_asked_for() -> None:
    rig = Rig(SegmentRules(pre_record_ns=60 * NS_PER_S), ring_limit_bytes=3000)
    for _ in range(10):
        rig.group()
    rig.recording.start()
    rig.group(1)
    rig.group()
    rig.settle()
    assert rig.recording.current is not None
    assert rig.files()[0].indexes[-2:] == [21, 22]
