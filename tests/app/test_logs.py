"""Logs: categories, no secrets, and nobody waits for whoever reads them."""

import io
import logging
import queue
import re
from collections.abc import Iterator

import pytest
from rich.console import Console

from holdfast.app import logs
from holdfast.app.logs import Detached, set_up_logs

SECRET_URL = "rtsp://admin:s3cr3t@192.0.2.10/live?password=s3cr3t&channel=1"


@pytest.fixture(autouse=True)
def logger() -> Iterator[logging.Logger]:
    """The program's logger, left as it was found."""
    ours = logging.getLogger("holdfast")
    before = ours.handlers, ours.level, ours.propagate
    yield ours
    ours.handlers, ours.propagate = before[0], before[2]
    ours.setLevel(before[1])


def written(logger: logging.Logger) -> None:
    """Wait until all that was logged is written."""
    for handler in logger.handlers:
        if isinstance(handler, Detached):
            assert isinstance(handler.queue, queue.Queue)
            handler.queue.join()


def test_a_line_has_time_level_and_category(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(verbose=False, console=None)
    logging.getLogger("holdfast.rtsp").info("cam_01: %s", "connected")
    logging.getLogger("holdfast.catalog.writer").info("slow")
    written(logger)
    first, second = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO    \[RTSP\] cam_01: connected", first)
    assert second.endswith("[CATALOG] slow")


def test_attempts_are_told_only_when_asked_for(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    for verbose in (False, True):
        set_up_logs(verbose=verbose, console=None)
        logging.getLogger("holdfast.reconnect").debug("an attempt")
        written(logger)
        assert ("an attempt" in capsys.readouterr().err) is verbose


@pytest.mark.parametrize("has_console", [False, True])
def test_no_password_is_ever_written(
    *, has_console: bool, logger: logging.Logger, capsys: pytest.CaptureFixture[str]
) -> None:
    console = Console(file=io.StringIO(), width=200) if has_console else None
    set_up_logs(verbose=True, console=console)
    log = logging.getLogger("holdfast.rtsp")
    log.info("opening %s", SECRET_URL)
    log.info(f"opening {SECRET_URL}")  # noqa: G004 - what somebody may do one day
    try:
        raise ValueError(SECRET_URL)
    except ValueError:
        log.info("failed", exc_info=True)
    written(logger)
    shown = console.file.getvalue() if console and isinstance(console.file, io.StringIO) else capsys.readouterr().err
    assert shown.count("rtsp://***@192.0.2.10/live") == 3
    assert "ValueError" in shown
    assert "s3cr3t" not in shown
    assert "admin" not in shown


def test_beside_the_table_a_line_has_clock_and_category(logger: logging.Logger) -> None:
    console = Console(file=io.StringIO(), width=100)
    set_up_logs(verbose=False, console=console)
    logging.getLogger("holdfast.recording").info("cam_01: [b]on[/b]")
    written(logger)
    assert isinstance(console.file, io.StringIO)
    assert re.fullmatch(r"\d\d:\d\d:\d\d \[RECORDING\] cam_01: \[b\]on\[/b\]\s*", console.file.getvalue())


def test_a_reader_who_takes_nothing_stops_nobody(logger: logging.Logger) -> None:
    never_read: queue.Queue[logging.LogRecord] = queue.Queue(2)
    logger.handlers = [Detached(never_read)]
    logger.setLevel(logging.INFO)
    for number in range(10):
        logging.getLogger("holdfast.rtsp").info("line %d", number)
    assert never_read.qsize() == 2


def test_there_is_a_limit_to_lines_that_wait() -> None:
    assert 0 < logs.MOST_WAITING_LINES <= 100_000
