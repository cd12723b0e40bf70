"""What every test has: a seed that is printed and replays, no unexpected warning in the log, skips that say why."""

import hashlib
import logging
import os
import re
import secrets
import time
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings

SEED_VARIABLE = "HOLDFAST_SEED"

# A busy machine with two cores makes single examples slow; what is too slow is decided by the timeout of the test.
settings.register_profile(
    "holdfast", print_blob=True, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=False
)
settings.load_profile("holdfast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="run the tests marked slow, too")


def pytest_configure() -> None:
    # In the environment, so that the worker processes of a parallel run have the same one.
    os.environ.setdefault(SEED_VARIABLE, str(secrets.randbelow(2**32)))


def pytest_report_header() -> str:
    return f"{SEED_VARIABLE}={os.environ[SEED_VARIABLE]} (set it to replay this run)"


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.stats.get("failed") or terminalreporter.stats.get("error"):
        terminalreporter.write_line(f"replay: {SEED_VARIABLE}={os.environ[SEED_VARIABLE]} ./dev test")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    without_root = pytest.mark.skip(reason="needs root: mounts or loop devices")
    without_time = pytest.mark.skip(reason="slow: run with --slow")
    for item in items:
        if item.get_closest_marker("root") and os.geteuid() != 0:
            item.add_marker(without_root)
        if item.get_closest_marker("slow") and not config.getoption("--slow"):
            item.add_marker(without_time)


@pytest.fixture(autouse=True)
def local_time() -> Iterator[None]:
    """What a test says of the time zone counts for it alone."""
    yield
    time.tzset()


@pytest.fixture
def seed(request: pytest.FixtureRequest) -> int:
    """The number from which this test draws its chance: its own, and the same again under the same HOLDFAST_SEED."""
    text = f"{os.environ[SEED_VARIABLE]}:{request.node.nodeid}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big")


class _Collector(logging.Handler):
    """Keeps the warnings and errors of one test as lines."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(f"{record.levelname} {record.name}: {record.getMessage()}")


@pytest.fixture(autouse=True)
def no_unexpected_log(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test that logs a warning or worse which it does not declare, or declares one that does not come.

    `@pytest.mark.expects_log("disk .* is full")` searches in "LEVEL logger: message"; with `optional=True` the line
    may come or not.
    """
    collector = _Collector()
    logger = logging.getLogger("holdfast")
    logger.addHandler(collector)
    try:
        yield
    finally:
        logger.removeHandler(collector)
    marks = [(mark.args[0], mark.kwargs.get("optional", False)) for mark in request.node.iter_markers("expects_log")]
    unexpected = [line for line in collector.lines if not any(re.search(regex, line) for regex, _ in marks)]
    missed = [
        regex
        for regex, optional in marks
        if not optional and not any(re.search(regex, line) for line in collector.lines)
    ]
    if unexpected:
        pytest.fail("unexpected in the log:\n" + "\n".join(unexpected), pytrace=False)
    if missed:
        pytest.fail("expected in the log, and not there:\n" + "\n".join(missed), pytrace=False)
