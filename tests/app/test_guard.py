"""The process that starts the service again, with small programs in the place of the service."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.app.commands import run
from holdfast.app.problems import Exit

pytestmark = pytest.mark.timeout(120)
BEGIN = """
import os, signal, sys, time
from holdfast.app.notify import Notifier
notifier = Notifier.from_environment()
lives = open(sys.argv[1], "a")
def note(what):
    lives.write(f"{what} {os.getpid()}\\n"); lives.flush()
note("begun")
"""
SERVES = """
def end(number, _):
    note("ended"); notifier.tell("STOPPING=1"); sys.exit(0)
signal.signal(signal.SIGTERM, end); signal.signal(signal.SIGINT, end)
signal.signal(signal.SIGHUP, lambda *_: note("reloaded"))
notifier.tell("READY=1")
note("ready")
while True:
    notifier.tell("WATCHDOG=1"); time.sleep(0.1)
"""
HANGS_ONCE = """
import faulthandler
faulthandler.enable()
notifier.tell("READY=1")
note("ready")
if open(sys.argv[1]).read().count("ready") == 1:
    time.sleep(3600)
""" + SERVES.replace('note("ready")', "")
GUARD = """
import sys
from holdfast.app.logs import set_up_logs
from holdfast.app.one_life import Patience
from holdfast.app.guard import Guard
set_up_logs(console=None)
patience = Patience(watchdog_s=2.0, start_s=4.0, stop_s=3.0, abort_s=1.0)
sys.exit(Guard([sys.executable, *sys.argv[1:]], patience).run())
"""


class Supervised:
    """A guard, and a program that it takes for the service."""

    def __init__(self, folder: Path) -> None:
        self._lives, self._log = folder / "lives", folder / "log"
        self._lives.touch()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, program: str) -> None:
        command = [sys.executable, "-c", GUARD, "-c", BEGIN + program, str(self._lives)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log, start_new_session=True)

    def lives(self, what: str) -> list[int]:
        """The processes of which this was noted."""
        noted = (line.split() for line in self._lives.read_text(encoding="ascii").splitlines())
        return [int(line[1]) for line in noted if line[0] == what]

    def said(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def await_lives(self, what: str, count: int) -> list[int]:
        until(lambda: len(self.lives(what)) >= count)
        return self.lives(what)

    def tell(self, number: int) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def end(self) -> int:
        assert self.process is not None
        return self.process.wait(30)


def until(done: Callable[[], bool], patience_s: float = 60) -> None:
    until_s = time.monotonic() + patience_s
    while not done():
        assert time.monotonic() < until_s
        time.sleep(0.02)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def kill(pid: int) -> None:
    if is_alive(pid):
        os.kill(pid, signal.SIGKILL)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Supervised]:
    supervised = Supervised(tmp_path)
    yield supervised
    if supervised.process is not None and supervised.process.poll() is None:
        supervised.process.kill()
        supervised.process.wait()
    for pid in supervised.lives("begun"):
        kill(pid)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda number: number.name)
def test_told_to_end_it_tells_the_service_and_ends_as_that_does(made: Supervised, number: signal.Signals) -> None:
    made.start(SERVES)
    made.await_lives("ready", 1)
    made.tell(number)
    assert made.end() == 0
    assert made.lives("ended") == made.lives("begun")
    assert "started again" not in made.said()


def test_a_hangup_is_passed_on_and_ends_nothing(made: Supervised) -> None:
    made.start(SERVES)
    made.await_lives("ready", 1)
    until(lambda: "the recorder is ready" in made.said())
    made.tell(signal.SIGHUP)
    made.await_lives("reloaded", 1)
    made.tell(signal.SIGTERM)
    assert made.end() == 0
    assert len(made.lives("begun")) == 1


def test_a_hangup_that_comes_before_the_service_is_ready_waits_until_it_is(made: Supervised) -> None:
    made.start("time.sleep(2)\n" + SERVES)
    made.await_lives("begun", 1)
    made.tell(signal.SIGHUP)
    made.await_lives("reloaded", 1)
    made.tell(signal.SIGTERM)
    assert made.end() == 0
    assert len(made.lives("begun")) == 1


def test_a_service_that_is_killed_is_started_again_and_the_cause_is_logged(made: Supervised) -> None:
    made.start(SERVES)
    (first,) = made.await_lives("ready", 1)
    os.kill(first, signal.SIGKILL)
    second = made.await_lives("ready", 2)[1]
    assert second != first
    assert "the recorder ended: signal SIGKILL" in made.said()
    made.tell(signal.SIGTERM)
    assert made.end() == 0


def test_an_end_that_nobody_asked_for_is_followed_by_a_start(made: Supervised) -> None:
    made.start(SERVES)
    (first,) = made.await_lives("ready", 1)
    os.kill(first, signal.SIGTERM)
    made.await_lives("ready", 2)
    assert "the recorder ended: exit code 0" in made.said()


def test_a_service_whose_pings_stop_says_where_it_stands_and_is_replaced(made: Supervised) -> None:
    made.start(HANGS_ONCE)
    first, second = made.await_lives("ready", 2)[:2]
    until(lambda: "the recorder ended" in made.said())
    said = made.said()
    assert re.search(r"watchdog: its event loop stood still for 2 s \(signal SIGABRT\)", said), said
    assert "Fatal Python error: Aborted" in said
    assert not is_alive(first)
    made.tell(signal.SIGTERM)
    assert made.end() == 0
    assert made.lives("ended") == [second]


def test_a_service_that_hears_no_signal_is_killed(made: Supervised) -> None:
    made.start("signal.signal(signal.SIGABRT, signal.SIG_IGN)\ntime.sleep(3600)\n")
    made.await_lives("begun", 2)
    until(lambda: "the recorder ended" in made.said())
    assert "it was not ready within 4 s (signal SIGKILL)" in made.said()


def test_an_end_that_takes_too_long_is_made_an_end(made: Supervised) -> None:
    made.start(SERVES.replace('note("ended")', "time.sleep(3600)"))
    made.await_lives("ready", 1)
    made.tell(signal.SIGTERM)
    assert made.end() == Exit.INCOMPLETE
    assert "it did not end within 3 s" in made.said()
    assert not is_alive(made.lives("begun")[0])


def test_what_dies_at_the_start_again_and_again_is_started_more_seldom(made: Supervised) -> None:
    made.start("sys.exit(4)\n")
    until(lambda: "the next one is in 1 s" in made.said())
    assert "it died 2 times at its start; the next one is in 0.5 s" in made.said()
    made.tell(signal.SIGTERM)
    assert made.end() == 0


def test_an_exit_code_that_needs_a_person_ends_it(made: Supervised) -> None:
    made.start("sys.exit(2)\n")
    assert made.end() == 2
    assert len(made.lives("begun")) == 1


def test_a_service_goes_on_when_its_guard_is_killed(made: Supervised) -> None:
    made.start(SERVES)
    (service,) = made.await_lives("ready", 1)
    made.tell(signal.SIGKILL)
    made.end()
    time.sleep(0.5)
    assert is_alive(service)


def test_what_another_process_tells_is_not_heard(made: Supervised) -> None:
    # The child of the service is no service: were it heard, the watchdog would not notice that the service hangs.
    pings = """
parent = os.getpid()
if os.fork() == 0:
    while os.getppid() == parent:
        notifier.tell('WATCHDOG=1'); time.sleep(0.1)
    os._exit(0)
"""
    made.start("notifier.tell('READY=1')\n" + pings + "time.sleep(3600)\n")
    made.await_lives("begun", 2)
    until(lambda: "stood still" in made.said())


def test_without_a_configuration_nothing_is_started(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--supervised"]) == Exit.USAGE
    assert "--config" in capsys.readouterr().err
