"""`holdfast serve`, before it runs: what it is asked for, what it refuses, what it only says."""

from pathlib import Path

import pytest

from holdfast.app import serve_command
from holdfast.app.commands import run
from holdfast.app.problems import Exit
from holdfast.app.record import RecordOrder
from holdfast.config.settings import LoggingSettings
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S

ROOT = Path(__file__).resolve().parent.parent.parent
TEXT = """\
[recorder]
segment = "10m"
retry_base = "5s"
cameras_per_worker = 8
[logging]
level = "warning"
levels = { rtsp = "debug" }
[[volume]]
path = "footage"
[[camera]]
id = "one"
name = "Front"
url = "rtsp://192.0.2.1/a"
user = "admin"
password = "s3cr3t"
sub_url = "rtsp://192.0.2.1/b"
record_sub = true
[[camera]]
id = "two"
url = "rtsp://192.0.2.2/a"
sub_url = "rtsp://192.0.2.2/b"
record = false
segment = "1m"
"""


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "holdfast.toml"
    file.write_text(TEXT, encoding="utf-8")
    return file


@pytest.fixture
def logged() -> list[LoggingSettings]:
    """How logs were set up."""
    return []


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch, logged: list[LoggingSettings]) -> list[RecordOrder]:
    """What a recorder was told to do, by a command that starts none."""
    given: list[RecordOrder] = []

    def note(order: RecordOrder, show: object) -> Exit:
        assert show is None
        given.append(order)
        return Exit.OK

    monkeypatch.setattr(serve_command, "run", note)
    monkeypatch.setattr(serve_command, "check_software", lambda: None)
    monkeypatch.setattr(serve_command, "set_up_logs", lambda **given: logged.append(given["settings"]))
    return given


def test_the_example_is_printed_as_it_is_documented(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve", "--example"]) == Exit.OK
    documented = ROOT / "docs" / "reference" / "holdfast.toml"
    assert capsys.readouterr().out == documented.read_text(encoding="utf-8")


def test_a_check_says_that_a_configuration_is_good_and_starts_nothing(
    config: Path, orders: list[RecordOrder], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["serve", "--config", str(config), "--check"]) == Exit.OK
    assert capsys.readouterr().out == f"{config} is good. Cameras: 2.\n"
    assert not orders
    assert not (config.parent / "footage").exists()


@pytest.mark.parametrize("options", [["--check"], []])
def test_everything_that_is_wrong_is_said_and_ends_with_2(
    options: list[str], config: Path, orders: list[RecordOrder], capsys: pytest.CaptureFixture[str]
) -> None:
    config.write_text(TEXT.replace('"1m"', '"soon"') + 'recrod = true\npassword = "s3cr3t"\n', encoding="utf-8")
    assert run(["serve", "--config", str(config), *options]) == Exit.USAGE
    said = capsys.readouterr().err
    assert said.splitlines()[0] == "holdfast: The configuration cannot be used:"
    assert f'{config}:23: [[camera]] two: segment = "soon" is no time.' in said
    assert f"{config}:24: [[camera]] two: recrod is not known here. Did you mean record?" in said
    assert "s3cr3t" not in said
    assert not orders


def test_it_is_said_in_korean_too(
    config: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "ko")
    config.write_text(TEXT.replace('"1m"', '"soon"'), encoding="utf-8")
    assert run(["serve", "--config", str(config), "--check"]) == Exit.USAGE
    assert f'{config}:23: [[camera]] two: segment = "soon": 시간이 아닙니다.' in capsys.readouterr().err


def test_without_a_configuration_it_says_how_to_get_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["serve"]) == Exit.USAGE
    assert "holdfast serve --example" in capsys.readouterr().err


def test_the_recorder_is_asked_for_what_the_configuration_says(config: Path, orders: list[RecordOrder]) -> None:
    assert run(["serve", "--config", str(config)]) == Exit.OK
    (order,) = orders
    assert order.places.root == config.parent / "footage"
    assert order.pool.streams_per_worker == 8
    assert order.configured is not None
    assert order.configured.state.path == config
    plans = {plan.stream: plan for plan in order.plans}
    one, two = StreamId("one"), StreamId("two")
    assert list(plans) == [one, StreamId("one", "sub"), two], "a second stream that is not recorded is not captured"
    assert [plan.records for plan in order.plans] == [True, True, False]
    assert (plans[one].name, plans[one].address.password) == ("Front", "s3cr3t")
    assert plans[one].rules.duration_ns == 600 * NS_PER_S
    assert plans[two].rules.duration_ns == 60 * NS_PER_S
    assert plans[one].connection.backoff.base_s == 5


def test_a_folder_that_cannot_be_used_ends_with_4(config: Path, orders: list[RecordOrder]) -> None:
    config.write_text(TEXT.replace("footage", "no/such"), encoding="utf-8")
    assert run(["serve", "--config", str(config)]) == Exit.FOLDER
    assert not orders


def test_the_command_line_wins_over_the_configuration_of_the_log(
    config: Path, orders: list[RecordOrder], logged: list[LoggingSettings]
) -> None:
    assert run(["serve", "--config", str(config)]) == Exit.OK
    assert (logged[-1].level, dict(logged[-1].levels), logged[-1].format) == ("warning", {"rtsp": "debug"}, "text")
    options = ["--log-level", "rtsp=error", "--log-level", "Disk=debug", "--log-level", "info", "--log-format", "json"]
    assert run(["serve", "--config", str(config), *options]) == Exit.OK
    assert (logged[-1].level, logged[-1].format) == ("info", "json")
    assert dict(logged[-1].levels) == {"rtsp": "error", "disk": "debug"}


@pytest.mark.parametrize(
    "command", [["status"], ["segments"], ["stop", "one"], ["mode", "one", "both"], ["graph", "one"]]
)
def test_commands_want_a_folder_or_a_configuration_and_not_both(
    command: list[str], config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = ["x"] if command[0] in ("status", "segments") else ["--in", "x"]
    for options in ([], [*root, "--config", str(config)]):
        assert run([*command, *options]) == Exit.USAGE
        assert "--config" in capsys.readouterr().err


def test_commands_find_the_folder_by_the_configuration_whatever_is_wrong_with_its_cameras(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (config.parent / "footage").mkdir()
    config.write_text(TEXT.replace('user = "admin"', ""), encoding="utf-8")
    assert run(["status", "--config", str(config)]) == Exit.NOT_RUNNING
    assert str(config.parent / "footage") in capsys.readouterr().err
    config.write_text("half = ", encoding="utf-8")
    assert run(["status", "--config", str(config)]) == Exit.USAGE
    assert f"{config}:1: A value is missing here" in capsys.readouterr().err
