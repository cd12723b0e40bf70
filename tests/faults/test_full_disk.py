from pathlib import Path

import pytest

from holdfast.lab.scenarios import disks
from tests.rows import assert_all_pass


@pytest.mark.root
@pytest.mark.timeout(240)
def test_a_full_disk_costs_no_frame_and_no_other_recorder_once_there_is_space_again(tmp_path: Path, seed: int) -> None:
    assert_all_pass(disks.full(tmp_path / "rec", times=1, seed=seed))
