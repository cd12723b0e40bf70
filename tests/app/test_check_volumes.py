"""`holdfast check` and `holdfast segments` for a recorder with several volumes."""

import fcntl
import json
import shutil
from pathlib import Path

import pytest

from holdfast.app.commands import run
from holdfast.app.problems import Exit
from holdfast.app.recording_root import catalog_path
from holdfast.domain.segments import SegmentState
from holdfast.storage.volume_opening import STATE_NAME
from tests.app.recordings import Segment
from tests.app.several_volumes import Several, several

ONE, TWO = Segment(0), Segment(1)


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


@pytest.fixture
def made(tmp_path: Path) -> Several:
    return several(tmp_path, ("main", ONE), ("second", TWO))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_every_volume_is_checked(made: Several, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(made.state)]) == Exit.OK
    text = said(capsys)
    assert f"Volume main ({made.first}):" in text
    assert f"Volume second ({made.second}):" in text
    assert text.count("Files compared: 1. Entries of the catalog: 1. Findings: 0, unresolved: 0.") == 2


def test_a_volume_that_is_not_there_loses_nothing(made: Several, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(made.first)
    made.first.mkdir()
    (made.second / TWO.path).unlink()
    assert run(["check", str(made.state), "--repair"]) == Exit.INCOMPLETE
    assert "Volume main is not there: it was not checked." in said(capsys)
    rows = made.rows()
    assert rows["main", ONE.path].state is SegmentState.FINAL
    assert rows["second", TWO.path].state is SegmentState.MISSING


def test_another_disk_in_the_place_of_a_volume_is_not_checked(
    made: Several, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(made.first)
    shutil.copytree(made.second, made.first)
    assert run(["check", str(made.state), "--json"]) == Exit.INCOMPLETE
    assert [json.loads(line)["kind"] for line in said(capsys).splitlines()] == ["volume_away"]


def test_nothing_is_repaired_while_a_process_holds_the_volume(
    made: Several, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = made.second / TWO.path
    content = Segment(1, is_open=True).content()
    broken.write_bytes(content)
    with (made.second / ".holdfast" / "writer.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run(["check", str(made.state), "--repair"]) in {Exit.OK, Exit.INCOMPLETE}
        assert broken.read_bytes() == content
    assert run(["check", str(made.state), "--repair"]) == Exit.OK
    assert broken.read_bytes() != content


def test_a_volumes_folder_leads_to_the_catalog(made: Several, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", str(made.second)]) == Exit.FOLDER
    assert "the catalog of its recorder lies elsewhere" in capsys.readouterr().err
    (made.second / ".holdfast" / STATE_NAME).write_text(f"{made.state}\n", encoding="utf-8")
    assert run(["check", str(made.second)]) == Exit.OK
    assert "Volume main" in said(capsys)
    assert run(["segments", str(made.second), "--json"]) == Exit.OK
    files = [json.loads(line)["file"] for line in said(capsys).splitlines()]
    assert files == [str(made.first / ONE.path), str(made.second / TWO.path)]


def test_a_disk_that_names_a_catalog_that_does_not_know_it_is_not_believed(
    made: Several, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "others").mkdir()
    others = several(tmp_path / "others")
    shutil.copytree(made.state / ".holdfast", made.second / ".holdfast", dirs_exist_ok=True)
    (made.second / ".holdfast" / STATE_NAME).write_text(f"{others.state}\n", encoding="utf-8")
    assert run(["segments", str(made.second), "--json"]) == Exit.OK
    assert len(said(capsys).splitlines()) == 2


def test_files_are_listed_with_their_volume_and_whole_path(made: Several, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["segments", str(made.state)]) == Exit.OK
    text = said(capsys)
    assert "Volume" in text.splitlines()[0]
    assert str(made.first / ONE.path) in text
    assert str(made.second / TWO.path) in text


@pytest.mark.expects_log("is damaged")
@pytest.mark.expects_log("set aside")
def test_a_damaged_catalog_is_made_anew_from_all_volumes(
    made: Several, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog_path(made.state).write_bytes(b"no database at all" * 1000)
    config = tmp_path / "holdfast.toml"
    config.write_text(
        f'[storage]\nstate = "{made.state}"\n[[volume]]\nname = "main"\npath = "{made.first}"\n'
        f'[[volume]]\nname = "second"\npath = "{made.second}"\n'
        '[[camera]]\nid = "one"\nurl = "rtsp://192.0.2.1/a"\n',
        encoding="utf-8",
    )
    assert run(["check", "--config", str(config), "--repair"]) == Exit.OK
    assert {(volume, path) for volume, path in made.rows()} == {("main", ONE.path), ("second", TWO.path)}
