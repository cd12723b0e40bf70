"""Volumes as values."""

from dataclasses import replace

from holdfast.domain.volumes import FileSystem, VolumeSpace, VolumeState

MIB = 1 << 20


def test_new_segments_go_to_volumes_that_are_well_or_only_slow() -> None:
    assert {state for state in VolumeState if state.is_writable} == {VolumeState.HEALTHY, VolumeState.SLOW}


def test_a_mount_is_the_same_only_with_the_same_number_and_device() -> None:
    one = FileSystem("ext4", "/dev/sdb1", "/a", 36, "8:17")
    assert one.is_same_mount(replace(one, is_read_only=True))
    assert not one.is_same_mount(replace(one, mount_id=37))
    assert not one.is_same_mount(replace(one, device="8:18"))
    assert not one.is_same_mount(None)


def test_a_small_volume_keeps_only_a_share_of_it_free() -> None:
    assert VolumeSpace(0, 200 * MIB).reserve_bytes(500 * MIB) == 10 * MIB
    assert VolumeSpace(0, 1 << 40).reserve_bytes(500 * MIB) == 500 * MIB
