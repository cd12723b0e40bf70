"""`holdfast demo`, as short as it can be: one fault, and the account of it."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from holdfast.lab.scenarios.stand import HOLDFAST

pytestmark = [pytest.mark.timeout(180), pytest.mark.xdist_group("faults")]


def test_the_demo_provokes_a_fault_and_accounts_for_every_frame(tmp_path: Path) -> None:
    english = {**os.environ, "HOLDFAST_LANG": "en"}
    command = [*HOLDFAST, "demo", "--to", str(tmp_path / "footage"), "--for", "19s", "--plain"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=english)
    said = answer.stdout
    assert answer.returncode == 0, said + answer.stderr
    assert ">>> Now cam_02 crashes for a moment" in said
    assert re.search(r">>> cam_02: noticed after [\d.]+ s; ", said)
    assert re.search(r"^cam_01 .* 0\.0 s +(\d+) +\1 +0 +0$", said, re.MULTILINE)
    assert re.search(r"^cam_02  .*(connection lost|ended by the camera)\s*$", said, re.MULTILINE)
    assert "Every missing second is accounted for." in said
    assert f"gaps {tmp_path}" in said
    assert answer.stderr == ""
