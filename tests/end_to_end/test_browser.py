"""A recorded file in a real browser."""

import json
import os
import queue
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from holdfast.lab import processes, reader
from holdfast.lab.scenarios.stand import small, stand

CHROMIUM = shutil.which("chromium")
PAGE = """<video id=v muted src="{name}"></video><script>
const told = {{}};
const tell = () => {{ new Image().src = "{listener}/?told=" + encodeURIComponent(JSON.stringify(told)); }};
v.onerror = () => {{ told.error = v.error.message; tell(); }};
v.onloadedmetadata = () => {{ told.duration = v.duration; v.currentTime = v.duration / 2; }};
v.onseeked = () => {{ told.at = v.currentTime; told.width = v.videoWidth; tell(); }};
</script>"""
OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
PATIENCE_S = 90


@contextmanager
def listener() -> Iterator[tuple[str, queue.Queue[str]]]:
    """Where the page reports to, and what it reported: whenever it has something, however long that takes."""
    told: queue.Queue[str] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            for text in parse_qs(urlsplit(self.path).query).get("told", []):
                told.put(text)
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", told
        server.shutdown()


@pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium")
@pytest.mark.timeout(180)
def test_chromium_knows_how_long_a_file_is_and_seeks_in_it(tmp_path: Path, seed: int) -> None:
    with stand([small()], tmp_path / "rec", seed=seed) as made:
        made.start()
        made.await_recording([0])
        time.sleep(3)
        assert made.stop() == 0
        (file,) = made.files(0)
    page = file.with_suffix(".html")
    with listener() as (address, reports):
        page.write_text(PAGE.format(name=file.name, listener=address), encoding="utf-8")
        profile = f"--user-data-dir={tmp_path / 'profile'}"
        quiet = subprocess.DEVNULL
        command = [str(CHROMIUM), *OPTIONS, profile, page.as_uri()]
        # Its own socket lies in a temporary folder, and must have a short name (unix(7)).
        browser = processes.start(command, stdout=quiet, stderr=quiet, env=os.environ | {"TMPDIR": "/tmp"})
        try:
            told = json.loads(reports.get(timeout=PATIENCE_S))
        finally:
            processes.end(browser)
    assert "error" not in told
    assert told["duration"] == pytest.approx(len(reader.read(file).frames) / 15, abs=0.2)
    assert told["at"] == pytest.approx(told["duration"] / 2, abs=0.1)
    assert told["width"] == 320
