"""`holdfast adopt`: another disk becomes the volume that belongs there, when a person says so."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from holdfast.app.commands import run
from holdfast.app.identity import recorder_id
from holdfast.app.problems import Exit
from holdfast.domain.volumes import VolumeState
from holdfast.storage.identity import VolumeError, adopt, identity_of, open_volume
from holdfast.storage.marker import new_id
from tests.app.several_volumes import Several, several


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)


@pytest.fixture
def made(tmp_path: Path) -> Several:
    return several(tmp_path)


class Terminal:
    """Where a person sits."""

    def isatty(self) -> bool:
        return True


def with_another_disk(made: Several, recorder: str | None = None) -> None:
    """In the place of the first volume: an empty one, or one of this recorder."""
    shutil.rmtree(made.first)
    made.first.mkdir()
    if recorder is not None:
        adopt(made.first, "theirs", recorder)


def refusal(made: Several) -> VolumeState | None:
    """As a running recorder opens it, with what the catalog says now."""
    known = made.known()["main"]
    marker = identity_of(made.second)
    assert marker is not None
    expected = type(marker)(known.volume_id, recorder_id(made.state), "main")
    try:
        open_volume(made.first, name="main", recorder_id=recorder_id(made.state), expected=expected, reserve_bytes=0)
    except VolumeError as error:
        return error.state
    return None


@pytest.mark.parametrize("recorder", [None, "ours", "theirs"])
def test_a_recorder_accepts_what_was_adopted(
    made: Several, recorder: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    ours = recorder_id(made.state)
    with_another_disk(made, {"ours": ours, "theirs": new_id(), None: None}[recorder])
    assert refusal(made) is (VolumeState.GONE if recorder is None else VolumeState.REFUSED)
    before = made.known()["main"]
    assert run(["adopt", f"{made.first}/", "--in", str(made.state), "--yes"]) == Exit.OK
    assert "is volume main of this recorder now" in capsys.readouterr().out
    assert refusal(made) is None
    after = made.known()["main"]
    assert after.volume_id != before.volume_id
    assert after.path == before.path
    assert run(["adopt", str(made.first), "--in", str(made.state)]) == Exit.OK
    assert "already" in capsys.readouterr().out


def test_a_folder_that_no_recorder_knows_is_refused(
    made: Several, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    assert run(["adopt", str(other), "--in", str(made.state), "--yes"]) == Exit.USAGE
    error = capsys.readouterr().err
    assert "no volume of the recorder" in error
    assert f"second ({made.second})" in error
    assert list(other.iterdir()) == []


def test_a_folder_that_is_not_there_is_refused(made: Several, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(made.first)
    assert run(["adopt", str(made.first), "--in", str(made.state), "--yes"]) == Exit.FOLDER
    assert str(made.first) in capsys.readouterr().err


def test_nothing_happens_when_nobody_can_be_asked(made: Several, capsys: pytest.CaptureFixture[str]) -> None:
    with_another_disk(made)
    assert run(["adopt", str(made.first), "--in", str(made.state)]) == Exit.USAGE
    assert "--yes" in capsys.readouterr().err
    assert list(made.first.iterdir()) == []


@pytest.mark.parametrize(("answer", "code"), [("y", Exit.OK), ("", Exit.INCOMPLETE), ("no", Exit.INCOMPLETE)])
def test_a_person_is_asked(
    made: Several, answer: str, code: Exit, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_another_disk(made, new_id())
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr("builtins.input", lambda _question: answer)
    assert run(["adopt", str(made.first), "--in", str(made.state)]) == code
    assert "a disk of another recorder, its volume theirs" in capsys.readouterr().out
    assert (refusal(made) is None) is (code is Exit.OK)


def test_the_usual_place_of_the_catalog_is_looked_at(
    made: Several, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_another_disk(made)
    monkeypatch.setenv("STATE_DIRECTORY", str(made.state.parent / "nothing"))
    assert run(["adopt", str(made.first), "--yes"]) == Exit.USAGE
    assert "--in DIR" in capsys.readouterr().err
    monkeypatch.setenv("STATE_DIRECTORY", str(made.state))
    assert run(["adopt", str(made.first), "--yes"]) == Exit.OK


def test_a_volume_that_holds_its_own_catalog_is_repaired_by_itself(tmp_path: Path) -> None:
    ours = recorder_id(tmp_path)
    (tmp_path / ".holdfast" / "volume.json").write_text("{broken}", encoding="utf-8")
    assert run(["adopt", str(tmp_path), "--in", str(tmp_path), "--yes"]) == Exit.OK
    found = identity_of(tmp_path)
    assert found is not None
    assert (found.recorder_id, found.name) == (ours, "main")


def test_another_user_is_told_how(
    made: Several, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with_another_disk(made)
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    assert run(["adopt", str(made.first), "--in", str(made.state), "--yes"]) == Exit.FOLDER
    assert "sudo -u" in capsys.readouterr().err
