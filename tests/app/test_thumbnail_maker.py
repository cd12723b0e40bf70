"""The process that makes pictures, and others in its place: they hang, lie, die and end."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator

import pytest

pytest.importorskip("av", reason="needs PyAV")

from holdfast.app.thumbnail_maker import COMMAND, Maker, MakerDied

REQUEST = {"do": "find", "roots": ["/nowhere"], "volume_id": "", "path": "a.mp4", "keep_bytes": None, "at_ns": 0}
WAIT = "import sys, time, os\nsys.stdin.readline()\n"
SAY = WAIT + "sys.stdout.buffer.write({data!r}); sys.stdout.flush(); time.sleep({then_s})"


@pytest.fixture
def made() -> Iterator[Callable[..., Maker]]:
    makers = []

    def make(*command: str, patience_s: float = 30.0) -> Maker:
        makers.append(Maker(command or COMMAND, patience_s))
        return makers[-1]

    yield make
    for maker in makers:
        maker.close()


def is_gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_process_answers_many_questions_and_ends_with_its_pipe(made: Callable[..., Maker]) -> None:
    maker = made()
    for _ in range(3):
        said, data = maker.ask(REQUEST)
        assert (said["error"], data) == ("a.mp4 cannot be read (No such file or directory)", b"")
    pid = maker.pid
    assert pid is not None
    process = maker._process  # noqa: SLF001 - as if the service had died
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(20) == 0


@pytest.mark.parametrize(
    "data",
    [
        b"no JSON\n",
        b"[]\n",
        b"[" * 50_000 + b"\n",
        b"{}\n",
        b'{"jpeg_bytes": -1}\n',
        b'{"jpeg_bytes": 99999999999}\n',
        b'{"jpeg_bytes": 1}\nab',
        b"x" * 70_000,
    ],
)
def test_what_makes_no_sense_ends_the_process(data: bytes, made: Callable[..., Maker]) -> None:
    maker = made(sys.executable, "-c", SAY.format(data=data, then_s=60))
    with pytest.raises(MakerDied, match="said what makes no sense"):
        maker.ask(REQUEST)
    assert maker.pid is None


def test_one_that_hangs_is_ended(made: Callable[..., Maker]) -> None:
    for data in (b"", b'{"jpeg_bytes"', b'{"jpeg_bytes": 5}\nabc'):
        maker = made(sys.executable, "-c", SAY.format(data=data, then_s=600), patience_s=1.0)
        began_s = time.monotonic()
        with pytest.raises(MakerDied, match="did not answer within 1 s and was ended"):
            maker.ask(REQUEST)
        assert time.monotonic() - began_s < 30
        assert maker.pid is None


def test_one_that_does_not_even_end_when_it_is_stopped_is_ended(made: Callable[..., Maker]) -> None:
    maker = made(sys.executable, "-c", WAIT + "import signal\nos.kill(os.getpid(), signal.SIGSTOP)", patience_s=1.0)
    with pytest.raises(MakerDied, match="did not answer"):
        maker.ask(REQUEST)


@pytest.mark.parametrize(
    ("end", "how"),
    [("os.abort()", "signal 6"), ("os._exit(7)", "exit code 7"), ("os.kill(os.getpid(), 9)", "signal 9")],
)
def test_how_one_died_is_said(end: str, how: str, made: Callable[..., Maker]) -> None:
    with pytest.raises(MakerDied, match=how):
        made(sys.executable, "-c", WAIT + end).ask(REQUEST)


def test_one_that_ended_by_itself_is_started_again(made: Callable[..., Maker]) -> None:
    maker = made()
    maker.ask(REQUEST)
    first = maker.pid
    assert first is not None
    os.kill(first, signal.SIGTERM)
    while not is_gone(first) and maker._process is not None and maker._process.poll() is None:  # noqa: SLF001
        time.sleep(0.01)
    maker.ask(REQUEST)
    assert maker.pid not in (None, first)


def test_one_that_always_ends_at_once_is_not_started_without_end(made: Callable[..., Maker]) -> None:
    with pytest.raises(MakerDied, match="ends as soon as it is started"):
        made(sys.executable, "-c", "pass").ask(REQUEST)


def test_one_that_cannot_be_started_is_said(made: Callable[..., Maker]) -> None:
    with pytest.raises(MakerDied, match="cannot be started"):
        made("/nowhere/at/all").ask(REQUEST)


def test_it_ends_when_nobody_has_asked_for_a_while() -> None:
    code = (
        "import sys\nfrom holdfast.app.thumbnail_process import serve\nserve(sys.stdin.buffer, sys.stdout.buffer, 0.2)"
    )
    maker = Maker((sys.executable, "-c", code))
    try:
        maker.ask(REQUEST)
        process = maker._process  # noqa: SLF001 - whose end is waited for
        assert process is not None
        assert process.wait(20) == 0
        maker.ask(REQUEST)
        assert maker.pid != process.pid
    finally:
        maker.close()


LIMITED = """
import resource, signal, sys
from holdfast.app import thumbnail_process
thumbnail_process.limit_process()
thumbnail_process.CPU_S = 1
sys.stdin.readline()
thumbnail_process._limit_cpu()
{work}
"""


@pytest.mark.parametrize(
    ("work", "how"),
    [
        ("while True: pass", "signal 24"),
        ("bytearray(2 << 30)", "exit code 1"),
        ("import os; os.write(os.memfd_create('a file in memory'), b'x')", "exit code 1"),
    ],
    ids=["time", "memory", "writing"],
)
def test_limits_of_time_memory_and_files_hold(work: str, how: str, made: Callable[..., Maker]) -> None:
    with pytest.raises(MakerDied, match=how):
        made(sys.executable, "-c", LIMITED.format(work=work)).ask(REQUEST)
