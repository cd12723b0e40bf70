"""Short runs of the scenarios about disks; `./dev faults --only storage-...` at length. All need root."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import power, storage, volumes
from holdfast.lab.scenarios.stand import Row
from holdfast.lab.storage.mounts import Kind
from holdfast.lab.storage.ways import WAYS, Fault
from tests.having import skip_without
from tests.rows import assert_all_pass

pytestmark = [pytest.mark.root, pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]

EVERY: tuple[tuple[Fault, str], ...] = tuple((fault, way) for fault, ways in WAYS.items() for way in ways)
"""A test has one of them, as its seed says; `./dev faults` has all."""
TIMED = {power.FLUSHED, power.LOST, storage.BACK, volumes.HOME}
"""How long something takes on a busy machine is for `./dev faults`."""


def judged(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row.what not in TIMED]


@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_a_power_cut_leaves_files_that_play_and_a_catalog_that_can_be_brought_in_line(
    tmp_path: Path, seed: int, kind: Kind
) -> None:
    skip_without("loop", "fuse", kind)
    rows = power.power(tmp_path / "rec", kind=kind, moments=3, seed=seed, is_short=True)
    assert_all_pass(judged(rows))
    assert max(row.measured for row in rows if row.what == power.LOST) < 3 * power.LOST_S


def test_a_disk_that_was_lost_and_is_back_costs_no_frame(tmp_path: Path, seed: int) -> None:
    fault, way = EVERY[seed % len(EVERY)]
    skip_without(*WAYS[fault][way].needs)
    assert_all_pass(judged(storage.lost_and_back(tmp_path / "rec", fault=fault, ways=[way], seed=seed, away_s=4)))


def test_a_disk_whose_syncs_take_a_second_costs_no_frame(tmp_path: Path, seed: int) -> None:
    skip_without("fuse")
    rows = storage.slow(tmp_path / "rec", sync_s=1, seconds=4, seed=seed)
    assert_all_pass(rows)


def test_a_preferred_disk_that_was_lost_and_is_back_costs_no_frame_and_all_comes_home(
    tmp_path: Path, seed: int
) -> None:
    fault = sorted(WAYS)[seed % len(WAYS)]
    ways = volumes.ways_of(fault)
    way = ways[seed // len(WAYS) % len(ways)]
    skip_without(*WAYS[fault][way].needs)
    assert_all_pass(judged(volumes.failover(tmp_path / "rec", fault=fault, ways=[way], seed=seed, away_s=6)))
