"""Short runs of the scenarios about cleaning; `./dev faults --only retention-...` at length. All need root."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import retention
from tests.having import skip_without
from tests.rows import assert_all_pass

pytestmark = [pytest.mark.root, pytest.mark.timeout(240), pytest.mark.xdist_group("faults")]


def test_a_disk_that_another_program_fills_is_cleaned_and_nothing_else_goes(tmp_path: Path, seed: int) -> None:
    skip_without("loop", "ext4")
    rows = retention.beside_another_program(tmp_path / "rec", rounds=1, seed=seed, has_second=bool(seed % 2))
    assert_all_pass(rows)
