"""What failed on a volume is cut there as soon as that can be done, by whoever can."""

from dataclasses import replace

import pytest

from holdfast.domain.segments import SegmentState
from holdfast.domain.times import NS_PER_S
from holdfast.domain.volumes import VolumeState
from holdfast.ports.volumes import (
    CreateSegment,
    Cut,
    CutFailed,
    CutSegment,
    SegmentFailed,
)
from tests.recorder.volumes_rig import VolumesRig, mount, pull, recording

pytestmark = pytest.mark.expects_log("volume (first|second|third): ", optional=True)


@pytest.mark.parametrize("keeps_unsynced", [False, True])
def test_what_is_written_again_elsewhere_is_cut_when_the_volume_is_back(*, keeps_unsynced: bool) -> None:
    rig = recording()
    stream = rig.rigs[0]
    rig.process("first").work(100)
    pull(rig, "first", keeps_unsynced=keeps_unsynced)
    rig.settle()
    assert len(rig.said(CutFailed)) == 1
    (row,) = rig.catalog.uncut("first")
    assert row.state is SegmentState.OPEN
    assert row.keep_bytes == rig.disks["first"].files[row.path].synced_bytes
    assert (row.frames, row.duration_ns) == (10, NS_PER_S)
    assert stream.recording.open_paths.count(row.path) >= 1
    assert not stream.recording.segmenter.suspended
    mount(rig, "first")
    assert not rig.catalog.uncut("first")
    file = rig.disks["first"].files[row.path]
    assert file.is_final
    after = rig.rows()["first", row.path]
    assert after == replace(row, state=SegmentState.FINAL, size_bytes=len(file.data), keep_bytes=None)
    assert rig.indexes("first", stream)[row.path] == [0, 1]


def test_a_file_of_which_nothing_counts_is_removed_when_its_volume_is_back_and_the_catalog_says_so() -> None:
    rig = VolumesRig()
    rig.start()
    rig.open()
    rig.rigs[0].recording.start()
    rig.rigs[0].group()
    rig.process("first").work(100)
    rig.hear()
    pull(rig, "first", keeps_unsynced=True)
    rig.settle()
    (row,) = rig.catalog.uncut("first")
    assert row.keep_bytes == 0
    mount(rig, "first")
    assert not rig.disks["first"].files
    assert rig.rows()["first", row.path].state is SegmentState.MISSING


def test_the_next_life_of_the_recorder_cuts_what_this_one_could_not() -> None:
    rig = recording()
    rig.process("first").work(100)
    pull(rig, "first", keeps_unsynced=True)
    rig.settle()
    (row,) = rig.catalog.uncut("first")
    rig.disks["first"].come_back()
    after = VolumesRig(disks=rig.disks, catalog=rig.catalog)
    after.start()
    after.open()
    after.settle()
    assert not after.catalog.uncut("first")
    assert rig.disks["first"].files[row.path].is_final
    assert after.rows()["first", row.path].state is SegmentState.FINAL
    assert not after.answers, "no recording of this life knows of it"


def test_the_next_life_cuts_it_though_the_volume_goes_once_more() -> None:
    rig = recording()
    rig.process("first").work(100)
    pull(rig, "first", keeps_unsynced=True)
    rig.settle()
    (row,) = rig.catalog.uncut("first")
    rig.disks["first"].come_back()
    after = VolumesRig(disks=rig.disks, catalog=rig.catalog)
    after.start()
    after.open()
    assert [type(order) for order in after.process("first").writer.orders] == [CutSegment]
    pull(after, "first", keeps_unsynced=True)
    assert after.catalog.uncut("first") == (row,)
    mount(after, "first")
    assert after.rows()["first", row.path].state is SegmentState.FINAL


def test_a_file_of_whose_creation_nobody_heard_is_removed_and_no_row_of_the_catalog() -> None:
    rig = VolumesRig()
    rig.start()
    rig.open()
    stream = rig.rigs[0]
    stream.recording.start()
    stream.group()
    rig.process("first").work(2)
    rig.process("first").sync()
    rig.process("first").events.clear()
    pull(rig, "first")
    assert len(rig.disks["first"].files) == 1
    assert [type(answer) for answer in rig.answers] == [SegmentFailed, Cut]
    rig.settle()
    assert {row.volume for row in rig.rows().values()} == {"second"}
    assert stream.recording.open_paths == [path for volume, path in rig.rows() if volume == "second"]
    mount(rig, "first")
    assert not rig.disks["first"].files


def test_a_file_that_only_has_the_name_is_left_alone() -> None:
    rig = recording()
    stream = rig.rigs[0]
    (path,) = rig.disks["first"].files
    rig.settle()
    end = VolumesRig(disks=rig.disks, clock=rig.clock)
    end.start()
    end.open()
    order = CreateSegment(5, (path,), b"not the header of that file")
    end.set.order(order)
    pull(end, "first", keeps_unsynced=True)
    end.set.order(CutSegment(5, 0))
    end.hear()
    mount(end, "first")
    assert rig.indexes("first", stream)[path] == [0, 1, 2, 3]


def test_a_full_volume_keeps_its_process_which_cuts_at_once() -> None:
    rig = recording()
    rig.disks["first"].trouble = VolumeState.FULL
    rig.process("first").work(100)
    rig.hear()
    rig.settle()
    assert not rig.catalog.uncut("first")
    assert rig.indexes("first", rig.rigs[0]).popitem()[1] == [0, 1]
    assert rig.indexes("second", rig.rigs[0]).popitem()[1] == [2, 3]
    assert len(rig.processes.alive("first")) == 1


def test_an_order_to_cut_what_is_nowhere_is_answered() -> None:
    rig = VolumesRig()
    rig.start()
    rig.open()
    rig.set.order(CutSegment(7, 100))
    assert not rig.answers, "nothing is answered from within a call"
    rig.hear()
    assert rig.answers == [Cut(7, 0)]


def test_a_cut_that_was_made_and_not_heard_of_does_not_touch_the_file_that_took_the_name() -> None:
    rig = VolumesRig(("first",))
    rig.start()
    rig.open()
    stream = rig.rigs[0]
    stream.recording.start()
    stream.group()
    rig.process("first").work(100)
    rig.hear()
    (path,) = rig.disks["first"].files
    pull(rig, "first", keeps_unsynced=True)
    rig.disks["first"].come_back()
    rig.mounts_changed()
    rig.open("first")
    rig.process("first").die(100)
    assert list(rig.disks["first"].files) != [path]
    rig.hear()
    rig.disks["first"].come_back()
    mount(rig, "first")
    assert sorted(rig.indexes("first", stream).values()) == [[0, 1]]
    assert not rig.catalog.uncut("first")


def test_a_file_that_is_finished_while_its_volume_is_given_up_as_full_is_not_there_twice() -> None:
    rig = VolumesRig(("first",), streams=2)
    rig.start()
    rig.open()
    for stream in rig.rigs:
        stream.recording.start()
        stream.group()
    process = rig.process("first")
    process.work(100)
    process.sync()
    rig.tick(5)
    rig.hear()
    rig.disks["first"].trouble = VolumeState.FULL
    rig.rigs[1].group()
    process.work()
    rig.disks["first"].trouble = None
    rig.rigs[0].group()
    rig.rigs[0].end_take()
    process.work(100)
    rig.hear()
    assert len(rig.said(SegmentFailed)) == 2
    rig.end()
    for stream in rig.rigs:
        files = rig.indexes("first", stream)
        assert sorted(index for indexes in files.values() for index in indexes) == sorted(stream.recording.wanted)
        for path, file in rig.disks["first"].files.items():
            assert rig.rows()["first", path].size_bytes == len(file.data)
