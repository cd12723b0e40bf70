"""Short runs of the scenarios about the service's own death; `./dev faults` has the long ones."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import supervised
from tests.rows import assert_all_pass

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]


def test_a_service_that_is_killed_records_again_at_once_and_the_ledger_says_so(tmp_path: Path, seed: int) -> None:
    assert_all_pass(supervised.kill_service(tmp_path / "rec", times=2, seed=seed))


def test_a_service_whose_loop_stands_still_is_replaced(tmp_path: Path, seed: int) -> None:
    assert_all_pass(supervised.hang_service(tmp_path / "rec", times=1, seed=seed))
