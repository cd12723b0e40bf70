"""Logs: categories, no secrets, and nobody waits for whoever reads them."""

import io
import json
import logging
import queue
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from holdfast.app import logs
from holdfast.app.logs import Detached, set_levels, set_up_logs
from holdfast.config.settings import CATEGORIES, LogFormat, LoggingSettings
from holdfast.domain.streams import StreamId

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


# ------------------------------------------------------------ categories, levels, JSON


@pytest.fixture
def levels() -> Iterator[None]:
    """Those of the categories, left as they were found."""
    yield
    set_levels(LoggingSettings())


def test_every_category_of_the_requirements_has_a_page_and_is_written_as_people_know_it(
    logger: logging.Logger, levels: None, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (Path(__file__).resolve().parent.parent.parent / "docs/reference/logs.md").read_text(encoding="utf-8")
    set_up_logs(console=None)
    for category in CATEGORIES:
        logging.getLogger(f"holdfast.{category}").info("x")
        assert f"| `{category}` |" in page
    written(logger)
    shown = capsys.readouterr().err
    required = "RTSP, RECONNECT, STORAGE, RECORDING, RECORDING RETRY, DISK, DECODER, VIDEOSINK, BUFFERING"
    for tag in (*required.split(", "), "CONNECTION SYNC", "UI SYNC"):
        assert f"[{tag}] x" in shown


def test_every_logger_of_the_program_is_a_category() -> None:
    source = Path(logs.__file__).parent.parent
    used = {
        name.partition(".")[0]
        for file in source.rglob("*.py")
        for name in re.findall(r"getLogger\(\"holdfast\.([\w.]+)\"\)", file.read_text(encoding="utf-8"))
    }
    assert used <= set(CATEGORIES)


def test_a_category_may_have_a_level_of_its_own(
    logger: logging.Logger, levels: None, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(console=None, settings=LoggingSettings(level="warning", levels=(("rtsp", "debug"), ("disk", "error"))))
    for category in ("rtsp", "reconnect", "disk"):
        for level in (logging.DEBUG, logging.INFO, logging.WARNING):
            logging.getLogger(f"holdfast.{category}").log(level, "%s", logging.getLevelName(level))
    written(logger)
    assert [line.split(" ", 2)[2] for line in capsys.readouterr().err.splitlines()] == [
        "DEBUG   [RTSP] DEBUG",
        "INFO    [RTSP] INFO",
        "WARNING [RTSP] WARNING",
        "WARNING [RECONNECT] WARNING",
    ]


def test_levels_can_be_changed_and_taken_back_while_it_runs(logger: logging.Logger, levels: None) -> None:
    set_levels(LoggingSettings(level="error", levels=(("rtsp", "debug"),)))
    assert logging.getLogger("holdfast.rtsp").isEnabledFor(logging.DEBUG)
    assert not logging.getLogger("holdfast.disk").isEnabledFor(logging.WARNING)
    set_levels(LoggingSettings())
    assert not logging.getLogger("holdfast.rtsp").isEnabledFor(logging.DEBUG)
    assert logging.getLogger("holdfast.disk").isEnabledFor(logging.INFO)


def test_a_json_line_has_time_level_category_camera_and_message_and_no_secret(
    logger: logging.Logger, levels: None, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(console=None, settings=LoggingSettings(format=LogFormat.JSON))
    log = logging.getLogger("holdfast.rtsp")
    log.info("%s: opening %s", StreamId("앞문", "sub"), SECRET_URL)
    try:
        raise ValueError(SECRET_URL)
    except ValueError:
        log.exception("failed")
    written(logger)
    shown = capsys.readouterr().err
    assert "s3cr3t" not in shown
    first, second = (json.loads(line) for line in shown.splitlines())
    assert list(first) == ["time", "level", "category", "camera", "message"]
    assert (first["level"], first["category"], first["camera"]) == ("info", "rtsp", "앞문/sub")
    assert first["message"].startswith("앞문/sub: opening rtsp://***@192.0.2.10/live")
    assert datetime.fromisoformat(first["time"]).tzinfo is not None
    assert list(second) == ["time", "level", "category", "message"]
    assert "ValueError: rtsp://***@192.0.2.10" in second["message"]


def test_a_stack_is_redacted_too(logger: logging.Logger, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(console=None)
    record = logging.LogRecord("holdfast.rtsp", logging.INFO, "x", 1, "here", None, None, sinfo=f"Stack {SECRET_URL}")
    logger.handle(record)
    written(logger)
    shown = capsys.readouterr().err
    assert "Stack rtsp://***@" in shown
    assert "s3cr3t" not in shown
