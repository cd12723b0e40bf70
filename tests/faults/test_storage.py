"""Short runs of the scenarios about disks; `./dev faults --only storage-...` at length. All need root."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import power, storage
from holdfast.lab.scenarios.stand import Row
from holdfast.lab.storage.mounts import Kind
from holdfast.lab.storage.ways import WAYS, Fault
from tests.having import skip_without
from tests.rows import assert_all_pass

pytestmark = [pytest.mark.root, pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]

LOST_AND_BACK: tuple[tuple[Fault, str], ...] = (
    ("readonly", "erofs"),
    ("eio", "eio"),
    ("eio", "enodev"),
    ("eio", "ext4-down"),
    ("full", "ext4"),
    ("full", "tmpfs"),
    ("full", "enospc"),
    ("hung", "hang"),
)
"""A test has one of them, as its seed says; `./dev faults` has all, and those that need several volumes to pass."""
TIMED = {power.FLUSHED, power.LOST, storage.BACK}
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
    fault, way = LOST_AND_BACK[seed % len(LOST_AND_BACK)]
    skip_without(*WAYS[fault][way].needs)
    assert_all_pass(judged(storage.lost_and_back(tmp_path / "rec", fault=fault, ways=[way], seed=seed, away_s=4)))


def test_a_disk_whose_syncs_take_a_second_costs_no_frame(tmp_path: Path, seed: int) -> None:
    skip_without("fuse")
    rows = storage.slow(tmp_path / "rec", sync_s=1, seconds=4, seed=seed)
    assert_all_pass([row for row in rows if row.what != storage.SAYS_SLOW])
