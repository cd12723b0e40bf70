"""Short runs of the scenario about recorders that end and begin again."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import lives
from tests.rows import assert_all_pass

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]


def test_the_time_between_two_recorders_is_in_the_ledger(tmp_path: Path, seed: int) -> None:
    assert_all_pass(lives.lives(tmp_path / "rec", times=1, seed=seed))
