"""All volumes as one writer: orders go to where their segment is, and what failed goes on elsewhere."""

import asyncio

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.segments import SegmentState
from holdfast.domain.volumes import VolumeState
from holdfast.ports.volumes import (
    AppendData,
    Created,
    CreateSegment,
    Cut,
    Finished,
    FinishSegment,
    SegmentFailed,
    Synced,
    VolumeEvent,
    VolumeLost,
)
from tests.recorder.volumes_rig import VolumesRig, mount, pull, recording

pytestmark = pytest.mark.expects_log("volume (first|second|third): ", optional=True)


def failed_keys(rig: VolumesRig) -> list[int]:
    return [answer.key for answer in rig.answers if isinstance(answer, SegmentFailed)]


def test_orders_wait_until_a_volume_was_looked_at() -> None:
    rig = VolumesRig()
    rig.start()
    rig.rigs[0].recording.start()
    rig.rigs[0].group()
    rig.tick()
    rig.hear()
    assert not rig.answers
    rig.open("second")
    assert [type(order) for order in rig.process("second").writer.orders] == [CreateSegment, AppendData, AppendData]
    rig.settle()
    assert rig.indexes("second", rig.rigs[0]).popitem()[1] == [0, 1]


def test_orders_fail_when_no_volume_can_be_used_and_are_given_again() -> None:
    rig = VolumesRig()
    for disk in rig.disks.values():
        disk.is_mounted = False
    rig.start()
    rig.rigs[0].recording.start()
    rig.rigs[0].group()
    rig.open("first")
    rig.tick()
    assert not rig.answers, "the second may still be there"
    rig.open("second")
    rig.tick()
    rig.hear()
    (failed,) = rig.said(SegmentFailed)
    assert isinstance(failed, SegmentFailed)
    assert failed.kind is FaultKind.STORAGE_DISCONNECTED
    assert "There is no volume that can be written." in failed.sentence
    assert "first: It is not mounted. second: It is not mounted." in failed.sentence
    rig.tick(60)
    assert len(rig.said(SegmentFailed)) == 1, "nothing is tried while there is nothing to try it on"
    mount(rig, "second")
    assert rig.indexes("second", rig.rigs[0]).popitem()[1] == [0, 1]


@pytest.mark.expects_log("cannot be started")
def test_a_volume_without_a_process_is_no_place_for_a_segment() -> None:
    rig = VolumesRig(("first",))
    rig.processes.refuses = True
    rig.start()
    rig.rigs[0].recording.start()
    rig.rigs[0].group()
    rig.hear()
    for _ in range(3):
        rig.tick()
    assert not rig.processes.started
    rig.processes.refuses = False
    mount(rig, "first")
    assert rig.indexes("first", rig.rigs[0]).popitem()[1] == [0, 1]


def test_a_segment_goes_on_where_it_was_begun() -> None:
    rig = VolumesRig()
    rig.disks["first"].is_mounted = False
    rig.start()
    rig.open()
    stream = rig.rigs[0]
    stream.recording.start()
    stream.group()
    rig.settle()
    mount(rig, "first")
    assert rig.homecomings == ["first"]
    stream.deliver()
    rig.settle()
    assert rig.indexes("second", stream).popitem()[1] == [0, 1, 2]
    assert not rig.disks["first"].files
    stream.group()
    rig.tick(5)
    rig.settle()
    assert rig.indexes("first", stream).popitem()[1] == [3, 4]
    homes = {row.volume: (row.home, row.state) for row in rig.rows().values()}
    assert homes == {"second": ("first", SegmentState.FINAL), "first": ("", SegmentState.OPEN)}


def test_when_the_volume_in_use_fails_every_open_segment_fails_once_and_goes_on_elsewhere_at_once() -> None:
    rig = recording(streams=2)
    pull(rig, "first")
    keys = failed_keys(rig)
    assert len(keys) == len(set(keys)) == 2
    assert {answer.volume for answer in rig.answers if isinstance(answer, SegmentFailed)} == {"first"}
    begun = [order for order in rig.process("second").writer.orders if isinstance(order, CreateSegment)]
    assert len(begun) == 2, "without a tick"
    rig.settle()
    for stream in rig.rigs:
        assert rig.indexes("first", stream).popitem()[1] == [0, 1]
        assert rig.indexes("second", stream).popitem()[1] == [2, 3]
        assert not rig.missing(stream)
    assert {row.home for row in rig.rows().values() if row.volume == "second"} == {"first"}


def test_an_order_that_fails_with_the_disk_is_told_once() -> None:
    rig = recording(streams=2)
    rig.disks["first"].trouble = VolumeState.READ_ONLY
    rig.process("first").work(100)
    rig.hear()
    keys = failed_keys(rig)
    assert len(keys) == len(set(keys)) == 2
    rig.settle()
    for stream in rig.rigs:
        assert rig.indexes("second", stream).popitem()[1] == [2, 3]


def test_a_file_that_fails_by_itself_is_no_reason_to_leave_the_volume() -> None:
    rig = recording()
    rig.disks["first"].spoils_one = True
    rig.process("first").work(100)
    rig.disks["first"].spoils_one = False
    rig.hear()
    assert len(rig.said(SegmentFailed)) == 1
    assert rig.set.in_use == "first"
    mount(rig, "first")
    assert sorted(rig.indexes("first", rig.rigs[0]).values()) == [[0, 1], [2, 3]]


def test_what_a_process_says_that_was_given_up_is_ignored() -> None:
    rig = recording()
    process = rig.process("first")
    process.work(100)
    process.sync()
    late = [event for event in process.events if isinstance(event, Synced)]
    assert late
    process.events.clear()
    rig.disks["first"].is_hung = True
    process.since_s = rig.clock.mono_ns() / 1e9
    rig.tick(16)
    assert process.abandoned is not None
    rig.hear()
    said = len(rig.answers)
    key = failed_keys(rig)[0]
    others: list[VolumeEvent] = [
        Finished(key, 5),
        Created(key, "another", 0.0),
        Cut(key, 0),
        VolumeLost("It was lost."),
    ]
    for event in (*late, *others):
        process.listener(event)
    rig.hear()
    assert len(rig.answers) == said
    assert rig.set.in_use == "second"
    (row,) = rig.catalog.uncut("first")
    assert row.frames == 10


def test_a_hung_volume_is_left_and_its_process_is_given_up() -> None:
    rig = recording()
    rig.disks["first"].is_hung = True
    for _ in range(50):
        rig.tick()
        rig.hear()
    assert rig.set.in_use == "first"
    assert rig.set.state.of("first").state is VolumeState.SLOW
    for _ in range(12):
        rig.tick()
        rig.hear()
    assert rig.set.state.of("first").state is VolumeState.HUNG
    assert rig.processes.alive("first")[0].abandoned is not None
    rig.settle()
    assert rig.indexes("second", rig.rigs[0]).popitem()[1] == [2, 3]
    rig.process("first").die()
    mount(rig, "first")
    assert rig.indexes("first", rig.rigs[0]).popitem()[1] == [0, 1]


def test_memory_that_is_full_drops_the_oldest_and_says_so() -> None:
    rig = recording()
    stream = rig.rigs[0]
    for name in rig.names:
        pull(rig, name)
    for _ in range(4):
        stream.group()
    held = stream.held
    stream.recording.shrink(stream.recording.ring.size_bytes - 1)
    assert stream.held == held[2:]
    assert stream.faults[-1].kind is FaultKind.FOOTAGE_DROPPED
    mount(rig, "second")
    assert stream.held == held[-2:]
    assert rig.indexes("second", stream).popitem()[1] == held[2:]
    assert rig.indexes("first", stream).popitem()[1] == [0, 1]


def test_come_home_ends_what_is_open_elsewhere_with_the_next_key_frame_of_each_stream() -> None:
    rig = VolumesRig(streams=2)
    rig.disks["first"].is_mounted = False
    rig.start()
    rig.open()
    for stream in rig.rigs:
        stream.recording.start()
        stream.group()
    rig.settle()
    mount(rig, "first")
    rig.rigs[0].group()
    rig.tick(5)
    rig.settle()
    there = {row.camera: row.state for row in rig.rows().values() if row.volume == "second"}
    assert there == {"cam_01": SegmentState.FINAL, "cam_02": SegmentState.OPEN}


@pytest.mark.parametrize("hangs", [False, True])
def test_the_end_waits_for_what_is_to_be_written_and_gives_up_what_hangs(*, hangs: bool) -> None:
    rig = recording()
    rig.disks["first"].is_hung = hangs
    for stream in rig.rigs:
        stream.recording.shut_down()
    process = rig.process("first")
    assert any(isinstance(order, FinishSegment) for order in process.writer.orders)
    assert asyncio.run(rig.set.keeper.close(1.0)) is not hangs
    assert process.is_closed
    assert (process.abandoned is not None) is hangs
    assert rig.rows().popitem()[1].state is (SegmentState.OPEN if hangs else SegmentState.FINAL)


def test_the_end_gives_up_processes_that_were_left_before() -> None:
    rig = recording()
    rig.disks["first"].is_hung = True
    for _ in range(65):
        rig.tick()
    rig.tick(6)
    before, now = rig.processes.alive("first")
    assert asyncio.run(rig.set.keeper.close(1.0)) is False
    assert (before.is_closed, now.is_closed) == (False, True)
    assert before.abandoned is not None
