"""`holdfast alarms`, and the open alarms in `holdfast status`."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.app import remote
from holdfast.app.commands import run
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.words import ALARMS, SEVERITIES, alarm_line, alarm_words, severity_words
from holdfast.catalog.store import Catalog
from holdfast.domain.alarms import AlarmKind, AlarmRecord, Severity
from holdfast.domain.segments import Heartbeat
from holdfast.domain.times import NS_PER_S, WallNs
from tests.app.statuses import status
from tests.notify.receiver import receiver

BEGIN_NS = 1_795_651_200 * NS_PER_S
"""2026-11-26 09:00 in Seoul."""


@pytest.fixture(autouse=True)
def in_seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    monkeypatch.setenv("TZ", "Asia/Seoul")
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


def wall(second: float) -> WallNs:
    return WallNs(BEGIN_NS + round(second * NS_PER_S))


OPEN = AlarmRecord(
    alarm_id="b",
    kind="volume_gone",
    severity="critical",
    subject="usb",
    sentence="The volume is gone. Connect and mount it again.",
    raised_wall_ns=wall(60),
)
OVER = AlarmRecord(
    alarm_id="a",
    kind="memory",
    severity="warning",
    subject="",
    sentence="More than 50 % of the memory for footage is in use: the disks do not keep up.",
    raised_wall_ns=wall(0),
    cleared_wall_ns=wall(90),
)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "rec"
    folder.mkdir()
    catalog = Catalog.open(catalog_path(folder))
    for record in (OVER, OPEN, Heartbeat(wall_ns=wall(120))):
        catalog.post(record)
    assert catalog.close()
    return folder


def shown(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[str]:
    assert run(["alarms", *map(str, arguments)]) == Exit.OK
    return capsys.readouterr().out.splitlines()


def test_open_alarms_are_listed_also_while_nothing_runs(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    heading, row, count, said = shown(capsys, root)
    assert heading.split() == ["Severity", "Alarm", "About", "Raised", "Cleared", "Sentence"]
    assert row.split(maxsplit=7)[:6] == ["critical", "volume", "gone", "usb", "2026-11-26", "09:01:00"]
    assert row.endswith("not over  The volume is gone. Connect and mount it again.")
    assert count == "1 open alarm"
    assert said == "No recorder runs here. The last one was alive until 2026-11-26 09:02:00."


def test_what_is_over_is_listed_when_it_is_asked_for(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, root, "--all")
    assert "memory filling up  -      2026-11-26 09:00:00  2026-11-26 09:01:30" in lines[1]
    assert lines[3] == "2 alarms"
    for limits in (["--to", "2026-11-26 09:01:00"], ["--from", "2026-11-26", "--to", "2026-11-26 09:00:30"]):
        assert shown(capsys, root, *limits)[2] == "1 alarm"
    assert shown(capsys, root, "--from", "2026-11-26 09:01:30")[2] == "1 alarm", "the one that is open"
    assert shown(capsys, root, "--to", "2026-11-25")[0] == "0 alarms"


def test_a_program_gets_an_object_per_line(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    over, is_open = (json.loads(line) for line in shown(capsys, root, "--all", "--json"))
    assert over == {
        "id": "a",
        "kind": "memory",
        "severity": "warning",
        "subject": "",
        "sentence": OVER.sentence,
        "raised": "2026-11-26T09:00:00.000+09:00",
        "cleared": "2026-11-26T09:01:30.000+09:00",
        "raised_ns": OVER.raised_wall_ns,
        "cleared_ns": OVER.cleared_wall_ns,
        "duration_s": 90.0,
    }
    assert (is_open["cleared"], is_open["cleared_ns"]) == (None, None)


def test_alarms_are_shown_in_korean(
    root: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "ko")
    text = "\n".join(shown(capsys, root, "--all"))
    assert "볼륨이 없어졌습니다. 다시 연결하고 마운트하십시오." in text
    assert "영상용 메모리의 50%를 넘게 쓰고 있습니다." in text
    assert "경보 2개" in text


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["{root}/none"], Exit.FOLDER, "is not a folder"),
        (["{root}/empty"], Exit.FOLDER, "There is no catalog at"),
        (["{root}", "--from", "2026-11-26", "--to", "2026-11-26"], Exit.USAGE, "Nothing lies in between"),
        ([], Exit.USAGE, "Name either the folder"),
        (["--test"], Exit.USAGE, "Name the configuration that says who is told"),
    ],
)
def test_what_cannot_be_done_is_said(
    root: Path, arguments: list[str], code: Exit, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "empty").mkdir()
    assert run(["alarms", *(one.format(root=root) for one in arguments)]) == code
    assert said in capsys.readouterr().err


def test_every_kind_and_severity_has_words() -> None:
    assert set(ALARMS) == set(AlarmKind)
    assert set(SEVERITIES) == set(Severity)
    assert alarm_words("of_a_newer_program") == "of_a_newer_program"
    assert severity_words("dire") == "dire"


# ------------------------------------------------------------ status


def test_status_has_a_line_for_each_open_alarm(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = replace(OPEN, subject="", severity="warning")
    answers = {"/status": [status().as_json()], "/alarms": {"alarms": [asdict(OPEN), asdict(whole)]}}
    monkeypatch.setattr(remote, "ask", lambda _root, _method, path: answers[path])
    assert run(["status", "/x"]) == Exit.OK
    assert capsys.readouterr().out.splitlines()[1:] == [
        "critical since 2026-11-26 09:01:00: usb: The volume is gone. Connect and mount it again.",
        "warning since 2026-11-26 09:01:00: The volume is gone. Connect and mount it again.",
    ]
    assert alarm_line(OPEN).startswith("critical since")


@pytest.mark.parametrize("answer", [None, {}, {"alarms": [{"of": "a newer one"}]}])
def test_status_works_with_another_recorder(
    answer: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ask(_root: Path, _method: str, path: str) -> Any:
        if path == "/status":
            return [status().as_json()]
        if answer is None:
            raise Problem(Exit.INCOMPLETE, "Not Found")
        return answer

    monkeypatch.setattr(remote, "ask", ask)
    assert run(["status", "/x"]) == Exit.OK
    assert len(capsys.readouterr().out.splitlines()) == 1


# ------------------------------------------------------------ --test


def config(folder: Path, lines: str) -> Path:
    file = folder / "holdfast.toml"
    rest = '[[volume]]\npath = "x"\n[[camera]]\nid = "one"\nurl = "rtsp://h"\n'
    file.write_text(f"[alarms]\n{lines}\n{rest}", encoding="utf-8")
    return file


def test_a_test_alarm_reaches_everybody(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"
    with receiver() as server:
        command = json.dumps([sys.executable, "-c", script, str(tmp_path / "out")])
        lines = f'command = {command}\nwebhook = "{server.url}/t0ken"\nheartbeat = "{server.url}/beat"'
        assert run(["alarms", "--test", "--config", str(config(tmp_path, lines))]) == Exit.OK
        assert [one.path for one in server.taken] == ["/t0ken", "/beat"]
        assert server.taken[0].json["kind"] == "test"
    assert json.loads((tmp_path / "out").read_text(encoding="utf-8"))["sentence"].startswith("This is a test")
    place = f"{server.url}/…"
    assert capsys.readouterr().out.splitlines() == [f"{one}: delivered" for one in (sys.executable, place, place)]


def test_a_receiver_that_is_not_reached_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with receiver(404) as server:
        lines = f'command = ["/nowhere"]\nwebhook = "{server.url}/t0ken"'
        assert run(["alarms", "--test", "--config", str(config(tmp_path, lines))]) == Exit.INCOMPLETE
    said = capsys.readouterr().out
    assert "/nowhere: not delivered: it cannot be run (No such file or directory)" in said
    assert f"{server.url}/…: not delivered: the server answers with 404" in said
    assert "t0ken" not in said


def test_a_configuration_without_receivers_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["alarms", "--test", "--config", str(config(tmp_path, ""))]) == Exit.USAGE
    assert "has no receiver in [alarms]" in capsys.readouterr().err
    assert run(["alarms", "--test", "--config", str(config(tmp_path, "nonsense = 1"))]) == Exit.USAGE
    assert "nonsense is not known here" in capsys.readouterr().err
