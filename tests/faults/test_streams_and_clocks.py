"""Short runs of the scenarios about streams that change, cameras that are away, and clocks that jump."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import clocks, outages, streams
from tests.rows import assert_all_pass

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]


def test_new_parameters_in_mid_stream_begin_a_new_file_and_cost_at_most_one_group_of_pictures(
    tmp_path: Path, seed: int
) -> None:
    assert_all_pass(streams.parameters(tmp_path / "rec", times=2, seed=seed))


def test_a_camera_that_changes_its_codec_is_recorded_again_at_once(tmp_path: Path, seed: int) -> None:
    assert_all_pass(streams.codecs(tmp_path / "rec", times=1, seed=seed))


def test_no_video_track_and_no_key_frame_are_said_and_disturb_nobody(tmp_path: Path, seed: int) -> None:
    assert_all_pass(streams.edges(tmp_path / "rec", seconds=4, seed=seed))


def test_files_know_when_they_begin_whatever_the_network_did(tmp_path: Path, seed: int) -> None:
    assert_all_pass(streams.dates(tmp_path / "rec", rotations=2, seed=seed))


def test_cameras_that_were_away_are_recorded_again_by_themselves(tmp_path: Path, seed: int) -> None:
    assert_all_pass(outages.outages(tmp_path / "rec", times=1, seed=seed))


def test_a_restarted_recorder_brings_in_line_what_the_killed_one_left(tmp_path: Path, seed: int) -> None:
    assert_all_pass(outages.restarts(tmp_path / "rec", times=1, seed=seed))


def test_a_clock_that_jumps_loses_repeats_and_overwrites_nothing(tmp_path: Path, seed: int) -> None:
    assert_all_pass(clocks.jumps(tmp_path / "rec", stretch_s=7, seed=seed))


def test_the_night_in_which_summer_time_ends_has_two_oclock_twice(tmp_path: Path, seed: int) -> None:
    assert_all_pass(clocks.autumn_night(tmp_path / "rec", stretch_s=7, seed=seed))


def test_the_night_in_which_summer_time_begins_has_no_two_oclock(tmp_path: Path, seed: int) -> None:
    assert_all_pass(clocks.spring_night(tmp_path / "rec", stretch_s=7, seed=seed))
