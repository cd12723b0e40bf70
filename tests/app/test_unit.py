"""The unit for systemd that is printed for an installation."""

import shutil
import subprocess
from pathlib import Path

import pytest

from holdfast.app import unit
from holdfast.app.commands import run
from holdfast.app.problems import Exit

TEXT = '[[volume]]\npath = "{volume}"\n[[camera]]\nid = "one"\nurl = "rtsp://192.0.2.1/a"\n'


def printed(config: Path, capsys: pytest.CaptureFixture[str], volume: str = "footage") -> dict[str, str]:
    config.write_text(TEXT.format(volume=volume), encoding="utf-8")
    assert run(["serve", "--unit", "--config", str(config)]) == Exit.OK
    lines = [line for line in capsys.readouterr().out.splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_the_unit_has_the_real_paths_and_is_restarted_always(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "my cameras%.toml"
    unit_of = printed(config, capsys)
    command = unit_of["ExecStart"]
    assert command.endswith(f' serve --config "{tmp_path}/my cameras%%.toml"')
    assert Path(command.split()[0]).is_file()
    wanted = {"Type": "notify", "Restart": "always", "StartLimitIntervalSec": "0", "StateDirectory": "holdfast"}
    assert wanted.items() <= unit_of.items()
    assert not (tmp_path / "footage").exists()


def test_no_volume_is_mounted_for_the_service_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    unit_of = printed(tmp_path / "holdfast.toml", capsys)
    assert not {"ReadWritePaths", "BindPaths", "RequiresMountsFor", "PrivateTmp"} & unit_of.keys()
    assert unit_of["ProtectSystem"] == "full"
    assert printed(tmp_path / "holdfast.toml", capsys, "/usr/local/footage")["ProtectSystem"] == "no"


def test_every_volume_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    second = 'footage"\n[[volume]]\npath = "/usr/local/more'
    unit_of = printed(tmp_path / "holdfast.toml", capsys, second)
    assert unit_of["ProtectSystem"] == "no"
    assert unit_of["StateDirectory"] == "holdfast"
    state = 'footage"\n[storage]\nstate = "/usr/local/state'
    assert printed(tmp_path / "holdfast.toml", capsys, state)["ProtectSystem"] == "no"


def test_homes_are_hidden_only_when_nothing_of_the_service_lies_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit, "HOMES", (Path("/nobody/lives/here"),))
    assert printed(tmp_path / "holdfast.toml", capsys)["ProtectHome"] == "yes"
    monkeypatch.setattr(unit, "HOMES", (tmp_path,))
    assert "ProtectHome" not in printed(tmp_path / "holdfast.toml", capsys)


def test_a_configuration_that_cannot_be_used_gives_no_unit(tmp_path: Path) -> None:
    assert run(["serve", "--unit", "--config", str(tmp_path / "none.toml")]) == Exit.USAGE


@pytest.mark.parametrize(
    ("word", "written"),
    [("plain", "plain"), ("two words", '"two words"'), ("", '""'), ('a"b\\c', '"a\\"b\\\\c"'), ("$HOME", '"$$HOME"')],
)
def test_a_word_of_a_command_stays_one_word(word: str, written: str) -> None:
    assert unit.quoted(word) == written


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (Debian package systemd)")
def test_systemd_understands_the_unit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "holdfast.toml"
    config.write_text(TEXT.format(volume="footage"), encoding="utf-8")
    run(["serve", "--unit", "--config", str(config)])
    file = tmp_path / "holdfast-try.service"
    file.write_text(capsys.readouterr().out, encoding="utf-8")
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(file)], capture_output=True, text=True, check=False, timeout=60
    )
    complaints = [line for line in verified.stderr.splitlines() if file.name in line]
    assert complaints == []
