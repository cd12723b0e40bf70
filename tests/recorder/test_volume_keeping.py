"""Volumes as they are: what their processes say, and what is known and done by that."""

from dataclasses import replace

import pytest

from holdfast.domain.segments import VolumeRecord
from holdfast.domain.times import WallNs
from holdfast.domain.volumes import FileSystem, VolumeIdentity, VolumeSpace, VolumeState
from holdfast.ports.volumes import VolumeExited, VolumeLost, VolumeReady, VolumeRefused
from tests.fakes.volumes import GIB
from tests.recorder.volumes_rig import OURS, VolumesRig

pytestmark = pytest.mark.expects_log("volume (first|second): ", optional=True)


def state(rig: VolumesRig, name: str) -> VolumeState:
    return rig.set.state.of(name).state


def test_all_volumes_are_opened_as_they_are_known() -> None:
    rig = VolumesRig()
    rig.catalog.post(
        VolumeRecord(
            name="second", volume_id="id of second", path="/old", file_system="", source="", seen_wall_ns=WallNs(1)
        )
    )
    rig.start()
    first, second = (process.opening for process in rig.processes.started)
    assert (first.root, first.name, first.recorder_id, first.expected) == ("/disks/first", "first", OURS, None)
    assert second.expected == VolumeIdentity("id of second", OURS, "second")
    assert rig.set.keeper.is_looking


def test_what_is_found_is_known_to_the_catalog_and_expected_from_then_on() -> None:
    rig = VolumesRig()
    rig.start()
    rig.open()
    (first, second) = rig.catalog.volumes()
    assert (first.name, first.volume_id, first.path) == ("first", "id of first", "/disks/first")
    assert (first.file_system, first.source) == ("ext4", "/dev/sd1")
    assert first.seen_wall_ns == rig.clock.wall_ns()
    assert second.name == "second"
    assert rig.opened == ["first", "second"]
    assert not rig.set.keeper.is_looking
    rig.process("first").die()
    rig.hear()
    assert rig.process("first").opening.expected == VolumeIdentity("id of first", OURS, "first")


def test_a_disk_that_a_person_adopted_is_expected_at_the_next_opening() -> None:
    rig = VolumesRig()
    rig.start()
    rig.open()
    (first, _) = rig.catalog.volumes()
    rig.catalog.post(replace(first, volume_id="another"))
    rig.process("first").die()
    rig.hear()
    assert rig.process("first").opening.expected == VolumeIdentity("another", OURS, "first")
    rig.open("first")
    assert state(rig, "first") is VolumeState.REFUSED


def test_a_process_that_was_given_up_and_then_opens_the_volume_is_not_heard() -> None:
    rig = VolumesRig(("first",))
    rig.disks["first"].is_hung = True
    rig.start()
    rig.tick(61)
    old = rig.processes.started[0]
    assert old.abandoned is not None
    rig.tick(6)
    rig.disks["first"].is_hung = False
    rig.open("first")
    assert rig.opened == ["first"]
    known = rig.catalog.volumes()
    stale = VolumeIdentity("stale", OURS, "first")
    old.listener(VolumeReady(stale, FileSystem("", "", "/", 1, "8:1"), VolumeSpace(GIB, GIB), "/disks/first"))
    assert rig.opened == ["first"]
    assert rig.catalog.volumes() == known


def test_a_volume_that_is_open_and_turns_out_to_be_another_one_is_left() -> None:
    rig = VolumesRig()
    rig.start()
    rig.open()
    rig.process("first").events.append(VolumeRefused(VolumeState.READ_ONLY, "It was turned read-only."))
    rig.hear()
    assert state(rig, "first") is VolumeState.READ_ONLY
    assert rig.set.in_use == "second"


def test_a_process_that_ends_by_itself_is_started_again() -> None:
    rig = VolumesRig(("first",))
    rig.start()
    rig.open()
    rig.process("first").die()
    rig.hear()
    used = [rig.set.in_use]
    rig.open("first")
    assert [*used, rig.set.in_use] == [None, "first"]
    assert len(rig.processes.started) == 2


def test_a_process_that_is_gone_is_nobodys() -> None:
    rig = VolumesRig(("first",))
    rig.start()
    rig.open()
    process = rig.process("first")
    found = rig.set.keeper.process("first")
    assert found is not None
    assert found[1] is process
    process.listener(VolumeLost("It was lost."))
    assert rig.set.keeper.process("first") != found
    process.listener(VolumeExited(1))
    assert process.abandoned is not None


def test_mounts_that_change_are_looked_at_by_the_path_that_was_found() -> None:
    rig = VolumesRig()
    rig.start()
    rig.open()
    rig.mounts_changed()
    used = [rig.set.in_use]
    rig.disks["first"].vanish()
    rig.mounts_changed()
    used.append(rig.set.in_use)
    rig.disks["first"].come_back()
    rig.mounts_changed()
    rig.open("first")
    assert [*used, rig.set.in_use] == ["first", "second", "first"]
    assert rig.homecomings == ["first"]


def test_a_volume_that_is_mounted_elsewhere_by_the_time_it_is_open_is_not_told_to_be_open() -> None:
    rig = VolumesRig(("first",))
    rig.start()
    rig.process("first").open()
    rig.disks["first"].vanish()
    rig.hear()
    assert state(rig, "first") is VolumeState.GONE
    assert not rig.opened


def test_a_volume_that_fills_up_is_left_and_used_again_when_there_is_space() -> None:
    rig = VolumesRig()
    rig.start()
    rig.open()
    rig.disks["first"].free_bytes = 0
    rig.process("first").seen()
    rig.hear()
    assert (state(rig, "first"), rig.set.in_use) == (VolumeState.FULL, "second")
    rig.disks["first"].free_bytes = 100 * GIB
    rig.tick(10)
    rig.process("first").seen()
    rig.hear()
    assert rig.set.in_use == "first"


@pytest.mark.expects_log("WARNING holdfast.storage: volume first: gone: It is not mounted.$")
def test_what_becomes_of_a_volume_is_in_the_log() -> None:
    rig = VolumesRig(("first",))
    rig.disks["first"].is_mounted = False
    rig.start()
    rig.open()
    assert not rig.set.keeper.is_looking
