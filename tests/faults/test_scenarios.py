"""Short runs of the scenarios; `./dev faults` runs them at length."""

import signal
from pathlib import Path

import pytest

from holdfast.lab.scenarios import processes, recording, sound
from tests.rows import assert_all_pass, leisurely

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]


def test_rotation_loses_no_frame_and_repeats_none(tmp_path: Path, seed: int) -> None:
    assert_all_pass(recording.rotation(tmp_path / "rec", seconds=13, segment_s=5, seed=seed))


def test_starting_and_stopping_at_random_moments_keeps_every_frame_that_was_asked_for(
    tmp_path: Path, seed: int
) -> None:
    assert_all_pass(recording.start_stop(tmp_path / "rec", times=6, seed=seed))


def test_pre_record_keeps_what_came_before_the_start(tmp_path: Path, seed: int) -> None:
    assert_all_pass(recording.start_stop(tmp_path / "rec", times=4, seed=seed, pre_record_s=3))


def test_the_first_frame_is_written_soon_after_the_command_begins(tmp_path: Path, seed: int) -> None:
    assert_all_pass(leisurely(recording.first_frame(tmp_path / "rec", times=1, seed=seed)))


@pytest.mark.parametrize("with_signal", [signal.SIGKILL, signal.SIGSTOP], ids=lambda s: s.name)
def test_a_worker_that_is_lost_is_replaced_and_the_others_lose_nothing(
    tmp_path: Path, seed: int, with_signal: signal.Signals
) -> None:
    assert_all_pass(processes.worker_lost(tmp_path / "rec", times=1, seed=seed, with_signal=with_signal))


def test_killing_everything_leaves_files_that_play_and_a_repair_that_is_complete(tmp_path: Path, seed: int) -> None:
    assert_all_pass(processes.kill_everything(tmp_path / "rec", times=2, seed=seed))


def test_replacing_workers_again_and_again_leaks_nothing(tmp_path: Path, seed: int) -> None:
    assert_all_pass(processes.replacements(tmp_path / "rec", times=6, seed=seed))


def test_recording_comes_back_by_itself_after_a_camera_reboot(tmp_path: Path, seed: int) -> None:
    assert_all_pass(processes.intent(tmp_path / "rec", seed=seed))


def test_sound_that_goes_wrong_costs_no_frame_and_comes_back_at_its_time(tmp_path: Path, seed: int) -> None:
    assert_all_pass(sound.sound(tmp_path / "rec", rounds=1, seed=seed))
