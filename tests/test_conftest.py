"""That the net under every test holds: unexpected warnings fail, seeds replay, skips say why."""

from pathlib import Path

import pytest

pytest_plugins = ["pytester"]

# The inner tests log in this process: what they log must not fail the test around them.
pytestmark = pytest.mark.expects_log(".", optional=True)

CONFIGURATION = """
[pytest]
addopts = --strict-markers -p no:cacheprovider
asyncio_default_fixture_loop_scope = function
markers =
    root: needs root
    slow: takes long
    expects_log(regex, optional=False): logs it
"""


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    """A run of pytest under the same conftest, whose result can be looked at."""
    pytester.makeconftest(Path(__file__).with_name("conftest.py").read_text(encoding="utf-8"))
    pytester.makeini(CONFIGURATION)
    monkeypatch.setenv("HOLDFAST_SEED", "7")
    return pytester


def outcomes(inner: pytest.Pytester, source: str, *arguments: str) -> dict[str, int]:
    inner.makepyfile("import logging, pytest\nlog = logging.getLogger('holdfast.recorder')\n" + source)
    return inner.runpytest_inprocess(*arguments).parseoutcomes()


@pytest.mark.parametrize("level", ["warning", "error", "critical"])
def test_a_warning_or_worse_in_the_log_fails_the_test(inner: pytest.Pytester, level: str) -> None:
    assert outcomes(inner, f"def test_x(): log.{level}('disk %s', 1)") == {"passed": 1, "errors": 1}


def test_other_lines_in_the_log_are_no_failure(inner: pytest.Pytester) -> None:
    assert outcomes(inner, "def test_x(): log.info('all well')") == {"passed": 1}


@pytest.mark.parametrize(
    ("mark", "line", "expected"),
    [
        ("'disk .* full'", "disk 1 is full", {"passed": 1}),
        ("'disk .* full'", "camera is gone", {"passed": 1, "errors": 1}),
        ("'WARNING holdfast.recorder: disk'", "disk 1 is full", {"passed": 1}),
        ("'camera', optional=True", None, {"passed": 1}),
        ("'camera'", None, {"passed": 1, "errors": 1}),
    ],
)
def test_a_declared_line_must_come_and_no_other(
    inner: pytest.Pytester, mark: str, line: str | None, expected: dict[str, int]
) -> None:
    body = f"log.warning({line!r})" if line else "pass"
    assert outcomes(inner, f"@pytest.mark.expects_log({mark})\ndef test_x(): {body}") == expected


def test_each_test_has_a_seed_of_its_own_that_replays(inner: pytest.Pytester) -> None:
    inner.makepyfile("def test_a(seed): print('SEED', seed)\ndef test_b(seed): print('SEED', seed)")
    runs = [
        [line for line in inner.runpytest_inprocess("-s").outlines if "SEED " in line and "=" not in line]
        for _ in range(2)
    ]
    assert runs[0] == runs[1]
    assert len(set(runs[0])) == 2


def test_the_seed_is_printed(inner: pytest.Pytester) -> None:
    inner.makepyfile("def test_a(): assert False")
    inner.runpytest_inprocess().stdout.fnmatch_lines(["HOLDFAST_SEED=7 *", "replay: HOLDFAST_SEED=7 ./dev test"])


def test_slow_tests_run_only_when_asked_for(inner: pytest.Pytester) -> None:
    source = "@pytest.mark.slow\ndef test_x(): pass"
    assert outcomes(inner, source) == {"skipped": 1}
    assert outcomes(inner, source, "--slow") == {"passed": 1}


def test_a_test_that_needs_root_is_skipped_without_it(inner: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert outcomes(inner, "@pytest.mark.root\ndef test_x(): pass") == {"skipped": 1}
