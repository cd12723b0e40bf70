"""A recorded file in a real browser."""

import json
import re
import shutil
import subprocess
import time
from pathlib import Path

import pytest

from holdfast.lab import reader
from holdfast.lab.scenarios.stand import small, stand

CHROMIUM = shutil.which("chromium")
PAGE = """<video id=v muted src="{name}"></video><pre id=told></pre><script>
const told = {{}};
const tell = () => document.getElementById("told").textContent = JSON.stringify(told);
v.onerror = () => {{ told.error = v.error.message; tell(); }};
v.onloadedmetadata = () => {{ told.duration = v.duration; v.currentTime = v.duration / 2; }};
v.onseeked = () => {{ told.at = v.currentTime; told.width = v.videoWidth; tell(); }};
</script>"""
OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--virtual-time-budget=10000", "--dump-dom")


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
@pytest.mark.timeout(120)
def test_chromium_knows_how_long_a_file_is_and_seeks_in_it(tmp_path: Path, seed: int) -> None:
    with stand([small()], tmp_path / "rec", seed=seed) as made:
        made.start()
        made.await_recording([0])
        time.sleep(3)
        assert made.stop() == 0
        (file,) = made.files(0)
    page = file.with_suffix(".html")
    page.write_text(PAGE.format(name=file.name), encoding="utf-8")
    profile = f"--user-data-dir={tmp_path / 'profile'}"
    command = [str(CHROMIUM), *OPTIONS, profile, page.as_uri()]
    shown = subprocess.run(command, capture_output=True, text=True, check=False, timeout=90).stdout
    match = re.search(r"<pre id=\"told\">(.*?)</pre>", shown)
    assert match is not None, shown
    told = json.loads(match[1])
    assert "error" not in told
    assert told["duration"] == pytest.approx(len(reader.read(file).frames) / 15, abs=0.2)
    assert told["at"] == pytest.approx(told["duration"] / 2, abs=0.1)
    assert told["width"] == 320
