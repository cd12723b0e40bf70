"""The schedule of the demo."""

from itertools import pairwise

import pytest

from holdfast.app.demo_script import AWAY, FIRST_AT_S, LAST_BEFORE_END_S, UNTOUCHED, Trouble, schedule

FORGOTTEN_S = 5.0
"""After frames have flowed for so long a camera's next trouble counts as its first."""
LENGTHS_S = [0.5, 17.9, 18, 20, 45, 89, 90, 300, 3600]


def test_ninety_seconds_have_room_for_every_trouble() -> None:
    assert [scene.trouble for scene in schedule(90)] == list(Trouble)


def test_a_short_demo_has_fewer_troubles_and_the_shortest_has_none() -> None:
    assert schedule(10) == ()
    assert [scene.trouble for scene in schedule(20)] == [Trouble.RESET]
    assert 1 < len(schedule(45)) < len(Trouble)


@pytest.mark.parametrize("for_s", LENGTHS_S)
def test_one_is_over_before_the_next_begins_and_all_are_before_the_end(for_s: float) -> None:
    scenes = schedule(for_s)
    assert all(before.at_s + before.needs_s <= after.at_s for before, after in pairwise(scenes))
    assert all(scene.at_s >= FIRST_AT_S and scene.lasts_s < scene.needs_s for scene in scenes)
    assert all(scene.at_s + scene.needs_s <= for_s - LAST_BEFORE_END_S + 1e-6 for scene in scenes)


@pytest.mark.parametrize("for_s", LENGTHS_S)
def test_a_camera_has_come_to_rest_before_its_next_trouble_and_one_camera_has_none(for_s: float) -> None:
    scenes = schedule(for_s)
    assert all(scene.camera != UNTOUCHED for scene in scenes)
    for camera in {scene.camera for scene in scenes}:
        own = [scene for scene in scenes if scene.camera == camera]
        assert all(after.at_s - (before.at_s + before.needs_s) >= FORGOTTEN_S for before, after in pairwise(own))


def test_more_time_is_spread_between_the_troubles_and_makes_none_longer() -> None:
    short, long = schedule(90), schedule(900)
    assert [scene.lasts_s for scene in short] == [scene.lasts_s for scene in long]
    assert all(after.at_s - before.at_s > 100 for before, after in pairwise(long))


def test_a_camera_that_is_away_is_away_for_a_while() -> None:
    assert {scene.trouble for scene in schedule(90) if scene.is_away} == AWAY
    assert all(scene.lasts_s > 0 for scene in schedule(90) if scene.is_away)
