"""Commands that ask a running recorder, and the drawing of graphs."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from holdfast.app import remote
from holdfast.app.commands import run
from holdfast.app.problems import Exit
from holdfast.recorder.status import RecordingState
from tests.app.statuses import CONNECTED, failing, status

DOT = 'digraph "카메라" { rankdir=LR; source -> parse -> tee; }'
needs_graphviz = pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """What was asked, by commands that get made-up answers."""
    questions: list[tuple[object, ...]] = []

    def answer(_root: Path, method: str, path: str, body: object = None) -> Any:
        questions.append((method, path, body))
        if path == "/status":
            return [CONNECTED.as_json(), failing(camera="cam_02").as_json() | {"of_a_newer_version": 1}]
        if "/graph" in path:
            return {"dot": DOT}
        return status(recording=RecordingState.OFF).as_json()

    monkeypatch.setattr(remote, "ask", answer)
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    return questions


def test_status_is_a_line_per_camera(asked: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["status", "/x"]) == Exit.OK
    first, second = capsys.readouterr().out.splitlines()
    assert "cam_01  connected  recording" in first
    assert "cam_02  reconnecting" in second


def test_status_as_json_is_what_the_recorder_said(
    asked: list[tuple[object, ...]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "/x", "--json"]) == Exit.OK
    first, _ = capsys.readouterr().out.splitlines()
    assert json.loads(first) == CONNECTED.as_json()


@pytest.mark.parametrize(
    ("arguments", "question"),
    [
        (["start", "cam_01"], ("POST", "/cameras/cam_01/recording", {"wanted": True})),
        (["stop", "cam_01"], ("POST", "/cameras/cam_01/recording", {"wanted": False})),
        (["stop", "cam_01/sub"], ("POST", "/cameras/cam_01/recording?stream=sub", {"wanted": False})),
        (["stop", "앞 문?"], ("POST", "/cameras/%EC%95%9E%20%EB%AC%B8%3F/recording", {"wanted": False})),
        (["mode", "cam_01", "both"], ("POST", "/cameras/cam_01/mode", {"mode": "both"})),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_command_asks_for_its_camera(
    arguments: list[str], question: tuple[object, ...], asked: list[tuple[object, ...]]
) -> None:
    assert run([*arguments, "--in", "/x"]) == Exit.OK
    assert asked == [question]


@needs_graphviz
def test_a_graph_is_drawn_as_svg(asked: list[tuple[object, ...]], tmp_path: Path) -> None:
    assert run(["graph", "cam_01", "--in", "/x", "-o", str(tmp_path / "g.svg")]) == Exit.OK
    drawn = (tmp_path / "g.svg").read_text(encoding="utf-8")
    assert "<svg" in drawn
    assert "parse" in drawn


def test_a_graph_has_the_name_of_its_camera_unless_told_otherwise(
    asked: list[tuple[object, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(remote, "_drawn", lambda _dot: b"<svg/>")
    assert run(["graph", "앞문 카메라/sub", "--in", "/x"]) == Exit.OK
    assert capsys.readouterr().out.strip() == "앞문 카메라_sub.svg"
    assert (tmp_path / "앞문 카메라_sub.svg").read_bytes() == b"<svg/>"


def test_text_needs_no_graphviz(
    asked: list[tuple[object, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run(["graph", "cam_01", "--in", "/x", "-o", str(tmp_path / "g.dot")]) == Exit.OK
    assert (tmp_path / "g.dot").read_text(encoding="utf-8") == DOT


def test_missing_graphviz_is_named_with_its_package(
    asked: list[tuple[object, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", "")
    assert run(["graph", "cam_01", "--in", "/x", "-o", str(tmp_path / "g.svg")]) == Exit.MISSING_SOFTWARE
    assert "apt install graphviz" in capsys.readouterr().err
    assert not (tmp_path / "g.svg").exists()


@pytest.mark.parametrize("trouble", ["refuses", "hangs"])
def test_a_graph_that_cannot_be_drawn_leaves_no_file(
    trouble: str,
    asked: list[tuple[object, ...]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fails(command: list[str], **_options: object) -> subprocess.CompletedProcess[bytes]:
        if trouble == "hangs":
            raise subprocess.TimeoutExpired(command, 60)
        return subprocess.CompletedProcess(command, 1, b"", b"syntax error")

    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/dot")
    monkeypatch.setattr(subprocess, "run", fails)
    assert run(["graph", "cam_01", "--in", "/x", "-o", str(tmp_path / "g.svg")]) == Exit.INCOMPLETE
    assert "Graphviz" in capsys.readouterr().err
    assert not (tmp_path / "g.svg").exists()


def test_a_graph_that_cannot_be_written_says_why(
    asked: list[tuple[object, ...]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["graph", "cam_01", "--in", "/x", "-o", str(tmp_path / "no" / "g.dot")]) == Exit.INCOMPLETE
    assert "No such file or directory" in capsys.readouterr().err


@pytest.mark.parametrize(("language", "words"), [("en", "segment is no time"), ("ko", "시간이 아닙니다")])
def test_status_says_what_is_wrong_with_the_configuration(
    language: str, words: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sentence = "segment = 5 is no time. Write it as 500ms, 90s, 15m or 1h, in quotation marks."
    error = f"/etc/holdfast.toml:7: [[camera]] one: {sentence}\n/x: y"
    monkeypatch.setattr(remote, "ask", lambda *_: [CONNECTED.as_json() | {"config_error": error}])
    monkeypatch.setenv("HOLDFAST_LANG", language)
    assert run(["status", "/x"]) == Exit.OK
    shown = capsys.readouterr().out
    assert "/etc/holdfast.toml:7: [[camera]] one: segment = 5" in shown
    assert words.replace("segment is", "segment = 5 is") in shown
    assert shown.endswith("\n/x: y\n")


def test_a_recording_that_the_user_switched_off_is_said_to_be_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    off = status(recording=RecordingState.OFF)
    answers = [off.as_json(), off.as_json() | {"switched_off": True}]
    monkeypatch.setattr(remote, "ask", lambda *_: answers)
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    assert run(["status", "/x"]) == Exit.OK
    configured, switched = capsys.readouterr().out.splitlines()
    assert "recording: off  " in configured
    assert "recording: switched off  " in switched
