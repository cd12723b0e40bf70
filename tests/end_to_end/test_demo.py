"""`holdfast demo`, as short as it can be: one fault, and the account of it; and, with root, the pulled disk."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from holdfast.lab.scenarios.stand import HOLDFAST
from tests.having import skip_without

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("faults")]
ENGLISH = {**os.environ, "HOLDFAST_LANG": "en"}


def holdfast(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    env = {**ENGLISH, **environment}
    return subprocess.run([*HOLDFAST, *words], capture_output=True, text=True, check=False, timeout=200, env=env)


def test_the_demo_provokes_a_fault_and_accounts_for_every_frame(tmp_path: Path) -> None:
    answer = holdfast("demo", "--to", str(tmp_path / "footage"), "--for", "19s", "--plain")
    said = answer.stdout
    assert answer.returncode == 0, said + answer.stderr
    assert ">>> Now cam_02 crashes for a moment" in said
    assert re.search(r">>> cam_02: noticed after [\d.]+ s; ", said)
    assert re.search(r"^cam_01 .* 0\.0 s +(\d+) +\1 +0 +0$", said, re.MULTILINE)
    assert re.search(r"^cam_02  .*(connection lost|ended by the camera)\s*$", said, re.MULTILINE)
    assert "Every missing second is accounted for." in said
    assert f"gaps {tmp_path}" in said
    assert answer.stderr == ""


@pytest.mark.root
def test_the_demo_pulls_its_disk_without_losing_a_frame_and_leaves_all_in_the_folder(tmp_path: Path) -> None:
    skip_without("loop", "ext4")
    folder, place = str(tmp_path / "footage"), tmp_path / "disks"
    place.mkdir()
    answer = holdfast("demo", "--to", folder, "--for", "58s", "--plain", TMPDIR=str(place))
    said = answer.stdout
    assert answer.returncode == 0, said + answer.stderr
    assert ">>> Now the disk is pulled out for 6 s" in said
    assert re.search(r">>> Disk: recording went on in the folder after .* s after it was back; 0 frames lost\.", said)
    assert "The disk was pulled out while 4 cameras were recorded: 0 frames were lost by it." in said
    assert re.search(r"^cam_01 .* 0\.0 s +(\d+) +\1 +0 +0$", said, re.MULTILINE)
    assert answer.stderr == ""
    assert str(place) not in Path("/proc/self/mountinfo").read_text(encoding="utf-8")
    assert not list(place.glob("holdfast-disk-*"))
    assert "Findings: 0, unresolved: 0." in holdfast("check", folder).stdout
