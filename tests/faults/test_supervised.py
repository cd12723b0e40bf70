"""Short runs of the scenarios about the service's own death; `./dev faults` has the long ones."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import crowded, supervised
from holdfast.lab.scenarios.ledger import Leniency
from tests.rows import assert_all_pass, leisurely

pytestmark = [pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]

BUSY = Leniency(edge_ns=1_000_000_000)


def test_a_service_that_is_killed_records_again_at_once_and_the_ledger_says_so(tmp_path: Path, seed: int) -> None:
    assert_all_pass(leisurely(supervised.kill_service(tmp_path / "rec", times=2, seed=seed, leniency=BUSY)))


def test_a_service_whose_loop_stands_still_is_replaced(tmp_path: Path, seed: int) -> None:
    assert_all_pass(leisurely(supervised.hang_service(tmp_path / "rec", times=1, seed=seed, leniency=BUSY)))


def test_recording_begins_beside_the_repair_of_a_long_past(tmp_path: Path, seed: int) -> None:
    rows = crowded.crowded_start(tmp_path / "rec", files=300, segments=5_000, seconds=5, seed=seed)
    assert_all_pass(leisurely(rows))
