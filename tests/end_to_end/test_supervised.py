"""The service as its guard sees it, and a repair that never ends."""

import os
import signal
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from holdfast.lab.scenarios.stand import await_that, small
from tests.app.managing import Manager, managers
from tests.end_to_end.serving import service

pytestmark = pytest.mark.timeout(180)
WATCHDOG_S = 4
BLOCK = "import signal, time\nsignal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))\n"
"""As `sitecustomize`: the event loop stands still when this signal comes."""
REPAIR_HANGS = """
import sys, time
from holdfast.app import record
from holdfast.app.cli import main
record.check = lambda *_, **__: time.sleep(3600)
sys.exit(main())
"""


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    """What is started in the test is guarded by it."""
    for made in managers():
        monkeypatch.setenv("NOTIFY_SOCKET", made.address)
        monkeypatch.setenv("WATCHDOG_USEC", str(WATCHDOG_S * 1_000_000))
        yield made


def test_the_service_tells_when_it_records_that_it_lives_and_that_it_ends(tmp_path: Path, manager: Manager) -> None:
    with service([small()], tmp_path) as made:
        made.write()
        made.serve(wait=False)
        manager.await_line("READY=1")
        assert len(made.status()) == 1, "its control socket listens"
        manager.await_line("STATUS=recording 1 of 1 streams")
        before = manager.pings()
        await_that(lambda: manager.pings() >= before + 2, 30)
        assert made.process is not None
        made.process.send_signal(signal.SIGHUP)
        manager.await_line("RELOADING=1")
        await_that(lambda: manager.lines().count("READY=1") == 2, 30)
        assert "STOPPING=1" not in manager.lines()
        for worker in made.workers():
            assert b"NOTIFY_SOCKET" not in Path(f"/proc/{worker}/environ").read_bytes()
        assert made.stop(signal.SIGTERM) == 0
        assert "STOPPING=1" in manager.lines()


def test_a_service_whose_loop_is_blocked_tells_nothing_more(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text(BLOCK, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with service([small()], tmp_path) as made:
        made.write()
        made.serve(wait=False)
        manager.await_line("READY=1")
        manager.await_line("WATCHDOG=1")
        assert made.process is not None
        os.kill(made.process.pid, signal.SIGUSR1)
        time.sleep(0.2)
        before = manager.pings()
        time.sleep(2 * WATCHDOG_S)
        assert manager.pings() == before
        # What the watchdog sends: every thread says where it stands.
        os.kill(made.process.pid, signal.SIGABRT)
        process, made.process = made.process, None
        assert process.wait(30) == -signal.SIGABRT
        assert "Fatal Python error: Aborted" in made.said()
        assert "sitecustomize.py" in made.said()


def test_recording_does_not_wait_for_a_repair_and_neither_does_the_end(tmp_path: Path) -> None:
    with service([small()], tmp_path) as made:
        made.start([sys.executable, "-c", REPAIR_HANGS])
        made.await_recording([0])
        begun_s = time.monotonic()
        assert made.stop() == 0
        assert time.monotonic() - begun_s < 25
        assert {row["state"] for row in made.segments()} == {"final"}


def test_after_a_kill_in_another_boot_the_power_is_the_cause(tmp_path: Path) -> None:
    with service([small()], tmp_path) as made:
        made.start()
        await_that(lambda: len(made.segments()) == 1, 30)
        made.kill_everything()
        with closing(sqlite3.connect(made.root / ".holdfast" / "catalog.db", isolation_level=None)) as catalog:
            # As a machine would have written it before it lost its power.
            assert catalog.execute("UPDATE heartbeats SET boot_id = 'before'").rowcount == 1
        before = set(made.files(0))
        made.start()
        await_that(partial(made.has_new_file, 0, before), 30)
        assert made.stop() == 0
        causes = [gap["cause"] for gap in made.ask_json("gaps", str(made.root), "--json") if "cause" in gap]
        assert [cause for cause in causes if cause != "starting"] == ["power_lost"]
        assert "power lost" in made.ask("gaps", str(made.root)).stdout
