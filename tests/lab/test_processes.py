import signal
import subprocess
import sys

import pytest

from holdfast.lab import processes
from holdfast.lab.processes import ProcessError

STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"


def python(code: str) -> subprocess.Popen[bytes]:
    return processes.start([sys.executable, "-c", code], stdout=subprocess.PIPE, bufsize=0)


def test_a_line_of_json_is_read_from_a_process() -> None:
    process = python("print('{\"port\": 7}')")
    assert processes.read_json_line(process, 10) == {"port": 7}
    assert process.wait(10) == 0
    assert processes.end(process) == 0


@pytest.mark.parametrize(
    ("code", "reason"),
    [("pass", "ended"), ("print('hello')", "said b'hello"), ("import time; time.sleep(60)", "silent for 0.5 s")],
)
def test_a_process_that_says_nothing_useful_is_reported(code: str, reason: str) -> None:
    process = python(code)
    with pytest.raises(ProcessError, match=reason):
        processes.read_json_line(process, 10 if "sleep" not in code else 0.5)
    processes.end(process)


def test_a_process_that_ignores_the_signal_is_killed() -> None:
    process = python(STUBBORN)
    assert processes.read_json_line(process, 10) == 1
    assert processes.end(process, timeout_s=0.2) == -signal.SIGKILL
