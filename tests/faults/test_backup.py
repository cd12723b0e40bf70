"""Short runs of the scenarios about backups; `./dev faults --only backup` at length. All need root."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import backup
from tests.having import skip_without
from tests.rows import assert_all_pass

pytestmark = [pytest.mark.root, pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]


def test_a_backup_whose_disk_is_pulled_or_that_is_killed_goes_on_and_counts_nothing_unverified(
    tmp_path: Path, seed: int
) -> None:
    skip_without("loop", "ext4")
    scenario = (backup.pulled, backup.killed)[seed % 2]
    assert_all_pass(scenario(tmp_path / "rec", times=1, seed=seed))
