"""The schedule of the demo."""

from itertools import pairwise

import pytest

from holdfast.app.demo_script import AWAY, FIRST_AT_S, LAST_BEFORE_END_S, UNTOUCHED, Trouble, schedule, whole_s

FORGOTTEN_S = 5.0
"""After frames have flowed for so long a camera's next trouble counts as its first."""
USUAL_S = 90
"""How long the demo is when nobody says."""
LENGTHS_S = [0.5, 17.9, 18, 20, 45, 89, 90, 105, 300, 3600]


def test_the_usual_length_has_room_for_seven_troubles_and_for_the_disk_when_there_is_one() -> None:
    without, usual = schedule(USUAL_S, has_disk=False), schedule(USUAL_S, has_disk=True)
    assert len(without) == len(usual) == 7
    assert {scene.trouble for scene in without} == set(Trouble) - {Trouble.DISK}
    assert Trouble.DISK in {scene.trouble for scene in usual}


@pytest.mark.parametrize("has_disk", [False, True])
def test_how_long_it_takes_to_show_all_is_known(*, has_disk: bool) -> None:
    known = set(Trouble) if has_disk else set(Trouble) - {Trouble.DISK}
    needed_s = whole_s(has_disk=has_disk)
    assert {scene.trouble for scene in schedule(needed_s, has_disk=has_disk)} == known
    assert len(schedule(needed_s - 5, has_disk=has_disk)) < len(known)


def test_the_disk_is_pulled_once_and_under_all_cameras() -> None:
    disks = [scene for scene in schedule(3600, has_disk=True) if scene.camera is None]
    assert [(scene.trouble, scene.is_away) for scene in disks] == [(Trouble.DISK, False)]
    assert disks[0].lasts_s == 6


def test_a_short_demo_has_fewer_troubles_and_the_shortest_has_none() -> None:
    assert schedule(10, has_disk=True) == ()
    assert [scene.trouble for scene in schedule(20, has_disk=True)] == [Trouble.RESET]
    assert 1 < len(schedule(45, has_disk=True)) < len(Trouble)


@pytest.mark.parametrize("has_disk", [False, True])
@pytest.mark.parametrize("for_s", LENGTHS_S)
def test_one_is_over_before_the_next_begins_and_all_are_before_the_end(for_s: float, *, has_disk: bool) -> None:
    scenes = schedule(for_s, has_disk=has_disk)
    assert all(before.at_s + before.needs_s <= after.at_s for before, after in pairwise(scenes))
    assert all(scene.at_s >= FIRST_AT_S and scene.lasts_s < scene.needs_s for scene in scenes)
    assert all(scene.at_s + scene.needs_s <= for_s - LAST_BEFORE_END_S + 1e-6 for scene in scenes)


@pytest.mark.parametrize("has_disk", [False, True])
@pytest.mark.parametrize("for_s", LENGTHS_S)
def test_a_camera_has_come_to_rest_before_its_next_trouble_and_one_camera_has_none(
    for_s: float, *, has_disk: bool
) -> None:
    scenes = schedule(for_s, has_disk=has_disk)
    assert all(scene.camera != UNTOUCHED for scene in scenes)
    for camera in {scene.camera for scene in scenes}:
        own = [scene for scene in scenes if scene.camera == camera]
        assert all(after.at_s - (before.at_s + before.needs_s) >= FORGOTTEN_S for before, after in pairwise(own))


def test_more_time_is_spread_between_the_troubles_and_makes_none_longer() -> None:
    short, long = schedule(105, has_disk=True), schedule(900, has_disk=True)
    assert [scene.lasts_s for scene in short] == [scene.lasts_s for scene in long]
    assert all(after.at_s - before.at_s > 100 for before, after in pairwise(long))


def test_a_camera_that_is_away_is_away_for_a_while() -> None:
    assert {scene.trouble for scene in schedule(105, has_disk=True) if scene.is_away} == AWAY
    assert all(scene.lasts_s > 0 for scene in schedule(105, has_disk=True) if scene.is_away)
