"""Every command's help is Korean where that is spoken, and fits a narrow terminal."""

import re

import pytest

from holdfast.app.commands import run
from holdfast.app.language import cells


@pytest.fixture
def in_korean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "ko")


LOOKING = "segments gaps alarms export verify check status volumes thumbnail holds retention timeline".split()  # noqa: SIM905 - a line is enough
DOING = ["record", "serve", "demo", "adopt", "backup", "delete", "start", "stop", "mode", "graph", "hold", "release"]


@pytest.mark.parametrize("command", ["", *LOOKING, *DOING])
def test_help_is_korean_and_fits_80_columns(
    command: str, in_korean: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as ended:
        run([command, "--help"] if command else ["--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "사용법" in shown
    assert not re.search(r"\b(usage|options|arguments|show|default|folder)\b", shown), shown
    assert [line for line in shown.splitlines() if cells(line) > 80] == []
