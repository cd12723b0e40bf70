"""The command line as a whole: exit codes, refusals, and readers that go away."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any

import pytest

from holdfast.app import cli, commands, record_command
from holdfast.app.commands import run
from holdfast.app.problems import Exit, Problem
from holdfast.app.record import RecordOrder
from tests.app.recordings import Segment, make

URL = "rtsp://admin:s3cr3t@192.0.2.10/live"


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


@pytest.fixture
def orders(monkeypatch: pytest.MonkeyPatch) -> list[RecordOrder]:
    """What a recorder was told to do, by a command that starts none."""
    given: list[RecordOrder] = []

    def note(order: RecordOrder, _show: object) -> Exit:
        given.append(order)
        return Exit.OK

    monkeypatch.setattr(record_command, "run", note)
    monkeypatch.setattr(record_command, "check_software", lambda: None)
    monkeypatch.setattr(record_command, "set_up_logs", lambda **_: None)
    return given


def holdfast(*arguments: str, **options: Any) -> "subprocess.CompletedProcess[str]":
    """The command in a process of its own."""
    command = [sys.executable, "-m", "holdfast.app.cli", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["record"],
        ["record", URL],
        ["record", URL, "--to"],
        ["record", URL, "--to", "x", "--segment", "soon"],
        ["record", URL, "--to", "x", "--cameras-per-worker", "many"],
        ["record", URL, "--to", "x", "--seg", "15m"],
        ["mode", "cam_01", "upside_down", "--in", "x"],
        ["record", URL, "--to", "x", "--log-level", "rstp=debug"],
        ["record", URL, "--to", "x", "--log-level", "loud"],
        ["record", URL, "--to", "x", "--log-format", "xml"],
    ],
    ids=" ".join,
)
def test_a_command_line_that_cannot_be_read_ends_with_2(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(arguments)
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: holdfast")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--segment", "0s"], "--segment must be"),
        (["--segment", "7h"], "--segment must be"),
        (["--segment-size", "1"], "--segment-size must be"),
        (["--pre-record", "6m"], "--pre-record must be"),
        (["--cameras-per-worker", "0"], "--cameras-per-worker must be"),
        (["--cameras-per-worker", "65"], "--cameras-per-worker must be"),
        (["--worker-memory", "1M"], "--worker-memory must be"),
        (["--name", "a", "--name", "b"], "more names"),
        (["--name", "///"], "cannot be the name"),
        (["--password-file", "/nowhere/at/all"], "No such file"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_values_that_make_no_sense_end_with_2_before_anything_is_made(
    options: list[str], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], orders: list[RecordOrder]
) -> None:
    assert run(["record", URL, "--to", str(tmp_path / "footage"), *options]) == Exit.USAGE
    shown = capsys.readouterr().err
    assert shown.startswith("holdfast: ")
    assert words in shown
    assert orders == []
    assert not (tmp_path / "footage").exists()


def test_two_cameras_cannot_have_one_name(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    twice = ["--name", "문", "--name", "문"]
    assert run(["record", URL, URL, "--to", str(tmp_path / "x"), *twice]) == Exit.USAGE
    assert "same name: 문" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"\nsecond line\n", b"\xff\xfe"])
def test_a_password_file_without_a_password_is_refused(
    content: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_bytes(content)
    arguments = ["record", "rtsp://admin@h", "--to", str(tmp_path / "x"), "--password-file", str(tmp_path / "password")]
    assert run(arguments) == Exit.USAGE
    assert str(tmp_path / "password") in capsys.readouterr().err


def test_an_order_has_what_was_asked_for(
    tmp_path: Path, orders: list[RecordOrder], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "password").write_text("비 밀\n", encoding="utf-8")
    urls = [URL, "rtsp://guest@192.0.2.11/live", "rtsp://192.0.2.12/live"]
    options = ["--name", "앞문 카메라", "--segment", "1h", "--pre-record", "10s", "--cameras-per-worker", "8"]
    password = ["--password-file", str(tmp_path / "password"), "--no-intent", "--for", "2s"]
    assert run(["record", *urls, "--to", str(tmp_path / "a b"), *options, *password]) == Exit.OK
    (order,) = orders
    assert [plan.stream.camera for plan in order.plans] == ["앞문 카메라", "cam_02", "cam_03"]
    assert [plan.address.password for plan in order.plans] == ["s3cr3t", "비 밀", "비 밀"]
    assert [plan.address.user for plan in order.plans] == ["admin", "guest", ""]
    assert {plan.rules.duration_ns for plan in order.plans} == {3_600_000_000_000}
    assert {plan.records for plan in order.plans} == {False}
    assert (order.for_s, order.pool.streams_per_worker) == (2.0, 8)
    assert f"holdfast segments '{tmp_path}/a b'" in capsys.readouterr().out


def test_the_end_names_every_volume_and_the_folder_that_commands_take(
    tmp_path: Path, orders: list[RecordOrder], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_command, "check_volumes", lambda *_, **__: None)
    first, second, state = tmp_path / "a", tmp_path / "b", tmp_path / "state"
    first.mkdir()
    assert run(["record", URL, "--to", str(first), "--to", str(second), "--state", str(state)]) == Exit.OK
    ended = f"Ended. The files are in {first}, {second}. To list them: holdfast segments {state}"
    assert capsys.readouterr().out.splitlines()[-1] == ended
    assert run(["record", URL, "--to", f"{first}/"]) == Exit.OK
    ended = f"Ended. The files are in {first}. To list them: holdfast segments {first}"
    assert capsys.readouterr().out.splitlines()[-1] == ended


def test_a_folder_that_cannot_be_used_ends_with_4(tmp_path: Path, orders: list[RecordOrder]) -> None:
    assert run(["record", URL, "--to", str(tmp_path / "a" / "b")]) == Exit.FOLDER
    assert run(["segments", str(tmp_path / "nowhere")]) == Exit.FOLDER
    assert run(["segments", str(tmp_path)]) == Exit.FOLDER


def test_missing_software_ends_with_3(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "GStreamer's element mp4mux is missing: install the package p (sudo apt install p)."
    missing = subprocess.CompletedProcess(["inspect"], 1, f"{said}\n{said}\n", "")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: missing)
    monkeypatch.setenv("HOLDFAST_LANG", "ko")
    assert run(["record", URL, "--to", str(tmp_path / "x")]) == Exit.MISSING_SOFTWARE
    shown = capsys.readouterr().err
    assert shown.count("mp4mux") == 2
    assert "missing" not in shown


def test_without_a_recorder_commands_to_it_end_with_6(tmp_path: Path) -> None:
    for arguments in (["status", str(tmp_path)], ["stop", "cam_01", "--in", str(tmp_path)]):
        assert run(arguments) == 6


def test_an_interrupted_command_ends_as_shells_have_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_options: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(commands, "_segments", interrupted)
    assert run(["segments", "/x"]) == 130


def test_a_problem_is_a_sentence_and_a_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_options: object) -> int:
        raise Problem(Exit.BUSY, "Somebody is here.")

    monkeypatch.setattr(commands, "_check", refuse)
    assert run(["check", "/x"]) == 5
    assert capsys.readouterr().err == "holdfast: Somebody is here.\n"


@pytest.mark.parametrize("command", [["segments"], ["segments", "--json"], ["check"]], ids=" ".join)
def test_a_reader_who_has_seen_enough_is_no_error(command: list[str], tmp_path: Path) -> None:
    make(tmp_path, *(Segment(ordinal=number) for number in range(3)))
    assert holdfast("check", str(tmp_path), "--repair").returncode == Exit.OK
    read_end, write_end = os.pipe()
    os.close(read_end)
    try:
        arguments = [sys.executable, "-m", "holdfast.app.cli", command[0], str(tmp_path), *command[1:]]
        ended = subprocess.run(arguments, stdout=write_end, stderr=subprocess.PIPE, check=False, timeout=60)
    finally:
        os.close(write_end)
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_what_a_check_found_is_told_with_what_is_to_be_done(tmp_path: Path) -> None:
    make(tmp_path, Segment())
    found = holdfast("check", str(tmp_path))
    path = Segment().path
    assert found.returncode == Exit.INCOMPLETE
    assert f"{path} is not in the catalog. To do: add it to the catalog." in found.stdout
    assert f"holdfast check {tmp_path} --repair" in found.stdout
    repaired = holdfast("check", str(tmp_path), "--repair", env={**os.environ, "HOLDFAST_LANG": "ko"})
    assert repaired.returncode == Exit.OK
    assert f"{path}: 카탈로그에 없습니다. 완료: 카탈로그에 추가." in repaired.stdout
    assert "Findings: 0" in holdfast("check", str(tmp_path)).stdout


def test_segments_are_one_line_each_where_there_is_no_terminal(tmp_path: Path) -> None:
    name = "앞문 카메라 " * 6 + "x"
    make(tmp_path, Segment(), Segment(camera=name, run="b"))
    holdfast("check", str(tmp_path), "--repair")
    lines = holdfast("segments", str(tmp_path)).stdout.splitlines()
    assert len(lines) == 4
    assert any(line.rstrip().endswith(Segment(camera=name).path) for line in lines)
    assert lines[-1] == "2 files"


def test_segments_fit_80_columns_with_the_whole_name_of_the_file(tmp_path: Path) -> None:
    make(tmp_path, Segment())
    holdfast("check", str(tmp_path), "--repair")
    lines = in_terminal(80, "segments", str(tmp_path))
    assert any(Segment().path in line for line in lines)
    assert all(len(line) <= 80 for line in lines)


def in_terminal(columns: int, *arguments: str) -> list[str]:
    """What the command shows in a terminal of that width."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")}
    command = [sys.executable, "-m", "holdfast.app.cli", *arguments]
    ended = subprocess.run(command, stdout=theirs, stdin=theirs, env=environment, check=False, timeout=60)
    os.close(theirs)
    assert ended.returncode == Exit.OK
    shown = os.read(ours, 65536).decode()
    os.close(ours)
    return [re.sub(r"\x1b\[[0-9;]*m", "", line).rstrip() for line in shown.splitlines()]


def test_the_process_list_never_shows_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    titles: list[str] = []
    monkeypatch.setattr("setproctitle.setproctitle", titles.append)
    monkeypatch.setattr(sys, "argv", ["holdfast", "record", URL, "--to", "x"])
    cli.hide_secrets()
    assert titles == ["holdfast record rtsp://***@192.0.2.10/live --to x"]


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("holdfast ")
