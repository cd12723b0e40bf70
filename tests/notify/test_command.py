"""The hook: a real command that works, fails, hangs, and leaves others behind."""

import json
import os
import sys
import threading
import time
from pathlib import Path

import pytest

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.times import WallNs
from holdfast.notify.command import Hook
from holdfast.notify.message import message_of
from holdfast.notify.undelivered import Undelivered

ALARM = AlarmRecord(
    alarm_id="x",
    kind="volume_gone",
    severity="critical",
    subject='현관 $(id); "disk"\0',
    sentence="The disk is gone.",
    raised_wall_ns=WallNs(1_700_000_000_000_000_000),
)
MESSAGE = message_of(ALARM)


def hook(script: str, *arguments: str, timeout_s: float = 30) -> Hook:
    return Hook((sys.executable, "-c", script, *arguments), timeout_s)


def is_there(pid: int) -> bool:
    """A process that ended and was not waited for yet is not there."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def await_that_it_is_gone(pid: int) -> None:
    deadline_s = time.monotonic() + 20
    while is_there(pid):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)


def await_pid(file: Path) -> int:
    deadline_s = time.monotonic() + 20
    while not file.exists() or not file.read_text(encoding="ascii").endswith("\n"):
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    return int(file.read_text(encoding="ascii"))


def test_the_command_gets_the_alarm_as_json_and_in_its_environment(tmp_path: Path) -> None:
    script = """
import json, os, sys
found = {"in": json.load(sys.stdin), "env": {k: v for k, v in os.environ.items() if k.startswith("HOLDFAST_ALARM_")}}
open(sys.argv[1], "w").write(json.dumps([found, sys.argv[2:]]))
"""
    hook(script, str(tmp_path / "out"), "$HOME", "a b").deliver(MESSAGE)
    found, arguments = json.loads((tmp_path / "out").read_text(encoding="utf-8"))
    assert found["in"] == MESSAGE
    assert found["env"]["HOLDFAST_ALARM_SUBJECT"] == '현관 $(id); "disk" '
    assert found["env"]["HOLDFAST_ALARM_EVENT"] == "raised"
    assert found["env"]["HOLDFAST_ALARM_CLEARED"] == ""
    assert arguments == ["$HOME", "a b"], "no shell reads them"


def test_a_cleared_alarm_says_when() -> None:
    cleared = message_of(
        AlarmRecord(
            alarm_id="x",
            kind="memory",
            severity="warning",
            subject="",
            sentence="Full.",
            raised_wall_ns=WallNs(1_700_000_000_000_000_000),
            cleared_wall_ns=WallNs(1_700_000_001_500_000_000),
        )
    )
    assert cleared["event"] == "cleared"
    assert cleared["cleared_ns"] == 1_700_000_001_500_000_000
    assert str(cleared["text"]).endswith(": cleared, warning: Full.")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import sys; sys.exit(3)", "it ended with 3"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGTERM)", "it ended with -15"),
    ],
)
def test_a_command_that_fails_is_said_and_not_tried_again(script: str, said: str) -> None:
    with pytest.raises(Undelivered, match=said) as failed:
        hook(script).deliver(MESSAGE)
    assert failed.value.tries == 1


@pytest.mark.parametrize("program", ["/nowhere/at all", "/tmp", "no-such-program-anywhere"])
def test_a_command_that_cannot_be_run_is_said(program: str) -> None:
    with pytest.raises(Undelivered, match="it cannot be run"):
        Hook((program,), 5).deliver(MESSAGE)


def test_a_command_that_reads_nothing_and_prints_much_is_no_trouble(capfd: pytest.CaptureFixture[str]) -> None:
    hook("import sys; sys.stdin.close(); [print('x' * 1000, file=sys.stderr) for _ in range(3000)]").deliver(MESSAGE)
    assert capfd.readouterr() == ("", "")


def test_a_command_that_hangs_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    script = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open(sys.argv[1], "w").write(f"{child.pid}\\n")
time.sleep(600)
"""
    pid_file = tmp_path / "pid"
    hanging = hook(script, str(pid_file), timeout_s=3)
    with pytest.raises(Undelivered, match="it had not ended after 3 s and was killed"):
        hanging.deliver(MESSAGE)
    if pid_file.exists():
        await_that_it_is_gone(await_pid(pid_file))


def test_an_end_of_the_recorder_kills_what_still_runs_and_starts_nothing_more(tmp_path: Path) -> None:
    script = "import os, sys, time; open(sys.argv[1], 'w').write(f'{os.getpid()}\\n'); time.sleep(600)"
    hanging = hook(script, str(tmp_path / "pid"), timeout_s=600)
    failures: list[str] = []

    def deliver() -> None:
        with pytest.raises(Undelivered) as failed:
            hanging.deliver(MESSAGE)
        failures.append(str(failed.value))

    thread = threading.Thread(target=deliver)
    thread.start()
    pid = await_pid(tmp_path / "pid")
    assert os.getpgid(pid) == pid, "a process group of its own: Ctrl-C in the terminal is not for it"
    hanging.stop()
    thread.join(20)
    assert failures == ["it ended with -9"]
    await_that_it_is_gone(pid)
    with pytest.raises(Undelivered, match="the recorder ends"):
        hanging.deliver(MESSAGE)
