"""Moving gives way to everything else."""

from dataclasses import replace

import pytest

from holdfast.domain.volumes import FileSystem, VolumeSpace, VolumeState
from holdfast.policy.home_coming import may_move
from holdfast.policy.volume_events import Volume, VolumeRules

RULES = VolumeRules(reserve_bytes=100)
DISK = FileSystem("ext4", "/dev/sdb1", "/mnt", 30, "8:17")
HOME = Volume("main", VolumeState.HEALTHY, file_system=DISK, space=VolumeSpace(1000, 10_000))
SPARE = Volume("spare", VolumeState.HEALTHY, file_system=DISK, space=VolumeSpace(0, 10_000))


def test_a_segment_comes_home_when_both_are_well_and_there_is_room() -> None:
    assert may_move(HOME, SPARE, 800, RULES)
    assert not may_move(HOME, SPARE, 801, RULES)


def test_a_volume_that_is_full_can_be_emptied() -> None:
    assert may_move(HOME, replace(SPARE, state=VolumeState.FULL), 10, RULES)


@pytest.mark.parametrize(
    ("home", "source"),
    [
        (replace(HOME, state=VolumeState.SLOW), SPARE),
        (replace(HOME, state=VolumeState.GONE), SPARE),
        (replace(HOME, held_until_s=5.0), SPARE),
        (replace(HOME, space=None), SPARE),
        (HOME, replace(SPARE, state=VolumeState.SLOW)),
        (HOME, replace(SPARE, file_system=None)),
    ],
)
def test_it_waits_for_a_volume_in_trouble(home: Volume, source: Volume) -> None:
    assert not may_move(home, source, 10, RULES)
