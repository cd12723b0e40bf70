"""A short run of every kind of network fault, seven kinds in one recorder; `./dev faults --only network` at length."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import endurance, network
from holdfast.lab.scenarios.kinds import KINDS
from holdfast.lab.scenarios.stand import Row
from tests.rows import assert_all_pass

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]

HANDSHAKES = ("reset", "close", "half-close", "500", "454", "404", "no-key-frames")
DAMAGE = ("garbage", "framing", "lost-packets", "times-still", "times-random", "resolution", "worker-killed")
PATIENCE = ("held", "held-path", "drip", "late", "slow-describe", "no-video")
SILENCES = ("dead", "unreachable", "one-session-453", "one-session-503", "one-session-kick", "503")
LONG = ("dark", "deaf", "boot", "silent", "away-5", "worker-stopped")
OTHER_CLIENT = ("reset", "half-close", "dead", "held", "404", "one-session-453", "worker-killed")
"""What a client can do right or wrong; `./dev faults --only network-rtspsrc` has all."""
CLOSELY_TIMED_S = 1.0
RARE = ("401", "away-60", "away-300")
"""They take so long that only `./dev faults` has them; the wrong password has a test of its own."""


def judged(rows: list[Row]) -> list[Row]:
    """The rows but those about moments, unless a busy machine would have to be ten times slower to miss the bar."""
    return [row for row in rows if row.what != network.NOTICED or row.bar < CLOSELY_TIMED_S]


def test_every_kind_has_its_place() -> None:
    assert sorted((*HANDSHAKES, *DAMAGE, *PATIENCE, *SILENCES, *LONG, *RARE)) == sorted(KINDS)


def test_connections_that_are_closed_and_refused_in_words_cost_a_second_and_one_group_of_pictures(
    tmp_path: Path, seed: int
) -> None:
    assert_all_pass(judged(network.network(tmp_path / "rec", kinds=HANDSHAKES, times=1, seed=seed)))


def test_the_other_client_keeps_the_same_bars(tmp_path: Path, seed: int) -> None:
    rows = network.network(tmp_path / "rec", kinds=OTHER_CLIENT, times=1, seed=seed, source="rtspsrc")
    assert_all_pass(judged(rows))


def test_damage_on_the_way_ends_with_its_cause(tmp_path: Path, seed: int) -> None:
    assert_all_pass(judged(network.network(tmp_path / "rec", kinds=DAMAGE, times=1, seed=seed)))


def test_what_is_only_late_is_not_lost(tmp_path: Path, seed: int) -> None:
    assert_all_pass(judged(network.network(tmp_path / "rec", kinds=PATIENCE, times=1, seed=seed)))


def test_a_connection_that_died_without_a_word_is_replaced(tmp_path: Path, seed: int) -> None:
    assert_all_pass(judged(network.network(tmp_path / "rec", kinds=SILENCES, times=1, seed=seed)))


def test_cameras_that_boot_or_are_silent_for_long_are_recorded_again_by_themselves(tmp_path: Path, seed: int) -> None:
    assert_all_pass(judged(network.network(tmp_path / "rec", kinds=LONG, times=1, seed=seed)))


def test_a_camera_that_cannot_be_recorded_is_named_after_its_trouble(tmp_path: Path, seed: int) -> None:
    assert_all_pass(endurance.named(tmp_path / "rec", seconds=10, seed=seed))


def test_seven_cameras_lose_nothing_beside_one_that_fails_in_every_way(tmp_path: Path, seed: int) -> None:
    assert_all_pass(endurance.beside(tmp_path / "rec", seconds=10, seed=seed))


def test_reconnecting_again_and_again_leaks_nothing(tmp_path: Path, seed: int) -> None:
    assert_all_pass(endurance.reconnections(tmp_path / "rec", cameras=3, rounds=2, seed=seed))
