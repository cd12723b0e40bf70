"""Which folder a backup goes to: the right disk, and nothing below an empty mount point."""

import shutil
from pathlib import Path

import pytest

from holdfast.storage.backup_ledger import FOLDER
from holdfast.storage.backup_process import Backup
from tests.storage.backup_desk import THEIRS, Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_target_that_was_used_before_is_not_made_anew_below_an_empty_mount_point(desk: Desk) -> None:
    first = desk.backup.answer(desk.opening())["backup_id"]
    shutil.rmtree(desk.target)
    for _ in range(2):
        said = Backup(desk.told.append).answer(desk.opening(known=(first,)))
        assert "--new-target" in said["error"]
        desk.target.mkdir(exist_ok=True)
        assert list(desk.target.iterdir()) == []
    again = Backup(desk.told.append).answer(desk.opening(known=(first,), anew=True))
    assert again["backup_id"] not in ("", first)


def test_another_backup_disk_of_this_recorder_may_be_there(desk: Desk) -> None:
    other = desk.backup.answer(desk.opening())["backup_id"]
    assert Backup(desk.told.append).answer(desk.opening(how="plan", known=("some other id",)))["backup_id"] == other


def test_a_plan_changes_nothing(desk: Desk) -> None:
    assert desk.backup.answer(desk.opening(how="plan")) == {"backup_id": "", "free_bytes": None}
    assert desk.backup.answer({"do": "saved"}) == {"unaccounted": [], "ends": []}
    assert not desk.target.exists()


def test_the_backup_of_another_recorder_is_refused(desk: Desk) -> None:
    desk.backup.answer(desk.opening(recorder=THEIRS))
    assert "another recorder" in Backup(desk.told.append).answer(desk.opening())["error"]


def test_a_marker_that_makes_no_sense_is_refused_and_half_of_one_is_mended(desk: Desk) -> None:
    folder = desk.target / FOLDER
    folder.mkdir(parents=True)
    (folder / "backup.json").write_text("nonsense", encoding="utf-8")
    assert "cannot be used" in desk.backup.answer(desk.opening())["error"]
    (folder / "backup.json").write_text('{"format": 1, "volu', encoding="utf-8")
    assert desk.backup.answer(desk.opening())["backup_id"]


def test_one_backup_at_a_time(desk: Desk) -> None:
    desk.opened()
    assert Backup(desk.told.append).answer(desk.opening())["of"] == "busy"


@pytest.mark.parametrize("made", ["file", "nothing above"])
def test_a_place_that_cannot_be_a_folder_is_refused(desk: Desk, tmp_path: Path, made: str) -> None:
    if made == "file":
        desk.target.write_text("x", encoding="utf-8")
    else:
        desk.target = tmp_path / "no" / "such"
    assert desk.backup.answer(desk.opening())["of"] == "target"
