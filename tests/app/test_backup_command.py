"""`holdfast backup`: several volumes flow into one backup; what is not safe does not go; clear refusals."""

import json
import os
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.app import backup_command, backup_helper, delete_command
from holdfast.app.backup_helper import Helper, HelperError
from holdfast.app.backup_state import BackupMemory, remember, remembered
from holdfast.app.commands import run
from holdfast.app.problems import Exit
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.gaps import GapRecord
from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import SegmentState
from holdfast.domain.times import WallNs
from holdfast.policy.backups import BackupTimes, LastBackup
from holdfast.storage.backup_ledger import FOLDER, NAME, Saved, read_saved
from tests.app.recordings import FIRST_NS, LENGTH_NS, Segment
from tests.app.several_volumes import Several, several

ONE, TWO, THREE = Segment(0), Segment(1), Segment(2, camera="cam_02", run="b")
Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    # The log of commands goes where other tests do not look for it.
    for module in (backup_command, delete_command):
        monkeypatch.setattr(module, "set_up_logs", lambda **_: None)


@pytest.fixture
def made(tmp_path: Path) -> Several:
    return several(tmp_path, ("main", ONE), ("second", TWO), ("main", THREE))


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "백업 disk" / "backup"


def back_up(made: Several, target: Path, *options: str) -> int:
    target.parent.mkdir(exist_ok=True)
    return run(["backup", str(made.state), "--to", str(target), "--same-disk", "--rate", "1T", *options])


def saved(target: Path) -> Saved:
    folder = os.open(target, os.O_RDONLY | os.O_DIRECTORY)
    try:
        return read_saved(folder)
    finally:
        os.close(folder)


def files(root: Path) -> dict[str, bytes]:
    return {file.relative_to(root).as_posix(): file.read_bytes() for file in sorted(root.rglob("*.mp4"))}


def holding(*segments: Segment) -> list[HoldRecord]:
    return [
        HoldRecord(
            hold_id=f"hold {one.ordinal}",
            camera=one.camera,
            from_wall_ns=WallNs(FIRST_NS + one.ordinal * LENGTH_NS + 1),
            to_wall_ns=WallNs(FIRST_NS + one.ordinal * LENGTH_NS + 2),
            reason="theft",
            created_wall_ns=WallNs(1),
        )
        for one in segments
    ]


def gaps(made: Several) -> list[GapRecord]:
    return [gap for gap in CatalogReader(catalog_path(made.state)).gaps() if gap.cause == "deleted"]


def test_all_volumes_flow_into_one_backup_and_nothing_is_copied_twice(
    made: Several, target: Path, capsys: Shown
) -> None:
    assert back_up(made, target) == Exit.OK
    assert files(target) == {one.path: one.content() for one in (ONE, TWO, THREE)}
    assert "3 files were saved" in capsys.readouterr().out
    before = (target / FOLDER / NAME).read_bytes()
    assert back_up(made, target) == Exit.OK
    assert "3 files were saved before." in capsys.readouterr().out
    assert (target / FOLDER / NAME).read_bytes() == before
    assert run(["backup", "--verify", str(target)]) == Exit.OK
    assert "3 files: 3 whole" in capsys.readouterr().out


def test_a_plan_says_what_would_be_done_and_changes_nothing(made: Several, target: Path, capsys: Shown) -> None:
    assert back_up(made, target, "--plan") == Exit.OK
    shown = capsys.readouterr().out
    assert ONE.path in shown
    assert "3 files are to be saved" in shown
    assert not target.exists()
    assert back_up(made, target, "--plan", "--json") == Exit.OK
    assert [json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()] == [
        ONE.path,
        TWO.path,
        THREE.path,
    ]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--camera", "cam_02"], [THREE]),
        (["--camera", "cam_01", "--camera", "cam_02"], [ONE, TWO, THREE]),
        (["--until", "2023-11-14T22:13:25Z"], [ONE]),
        (["--from", "2023-11-14T22:13:25Z"], [TWO, THREE]),
    ],
)
def test_only_what_was_asked_for_is_saved(
    made: Several, target: Path, options: list[str], expected: list[Segment]
) -> None:
    assert back_up(made, target, *options) == Exit.OK
    assert sorted(files(target)) == sorted(one.path for one in expected)


def test_what_is_being_written_waits_for_the_next_time(made: Several, target: Path, capsys: Shown) -> None:
    row = made.rows()["main", ONE.path]
    made.post(replace(row, state=SegmentState.OPEN))
    assert back_up(made, target) == Exit.OK
    assert "1 file is still being written" in capsys.readouterr().out
    made.post(row)
    assert back_up(made, target) == Exit.OK
    assert ONE.path in files(target)


def test_what_is_on_a_volume_that_is_not_there_is_said_and_not_forgotten(
    made: Several, target: Path, capsys: Shown
) -> None:
    aside = made.second.rename(made.second.with_name("aside"))
    assert back_up(made, target) == Exit.INCOMPLETE
    assert "1 file is on volumes that are not there: second." in capsys.readouterr().out
    aside.rename(made.second)
    assert back_up(made, target) == Exit.OK
    assert TWO.path in files(target)


def test_a_file_that_is_not_as_the_catalog_has_it_is_named_and_the_others_are_saved(
    made: Several, target: Path, capsys: Shown
) -> None:
    (made.first / ONE.path).write_bytes(b"something else")
    assert back_up(made, target, "--json") == Exit.INCOMPLETE
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["failed"] for line in lines if "failed" in line] == [ONE.path]
    assert (lines[-1]["files"], lines[-1]["left"], lines[-1]["is_complete"]) == (2, 1, False)
    assert "14 bytes" in lines[-1]["error"]
    assert sorted(files(target)) == sorted([TWO.path, THREE.path])


def test_a_file_that_was_deleted_meanwhile_is_no_failure(
    made: Several, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    (made.first / ONE.path).unlink()
    monkeypatch.setattr(CatalogReader, "segment", lambda *_, **__: None)
    assert back_up(made, target) == Exit.OK
    assert "1 file moved or were deleted meanwhile." in capsys.readouterr().out


def test_the_backup_accounts_for_its_own_gaps_and_holds(made: Several, target: Path, capsys: Shown) -> None:
    begin_ns = WallNs(FIRST_NS + LENGTH_NS // 2)
    gap = GapRecord(
        gap_id="g", camera="cam_01", stream="main", cause="stalled", sentence="", from_wall_ns=begin_ns, to_wall_ns=None
    )
    elsewhere = replace(gap, gap_id="h", camera="cam_03")
    made.post(gap, elsewhere, *holding(TWO))
    assert back_up(made, target) == Exit.OK
    found = saved(target)
    assert set(found.gaps) == {"g"}
    assert set(found.holds) == {"hold 1"}
    assert found.runs == 1
    run(["backup", "--verify", str(target)])
    assert "It accounts for 1 gap, and knows of 1 hold." in capsys.readouterr().out


# ---------------------------------------------------------------- removing the source


def test_a_source_goes_when_its_copy_was_read_back_and_the_ledger_says_where_it_is(
    made: Several, target: Path, capsys: Shown
) -> None:
    assert back_up(made, target, "--camera", "cam_01") == Exit.OK
    assert back_up(made, target, "--remove") == Exit.OK
    assert files(made.first) == files(made.second) == {}
    assert made.rows() == {}
    assert "3 files were removed here" in capsys.readouterr().out
    told = gaps(made)
    assert {gap.camera for gap in told} == {"cam_01", "cam_02"}
    assert all(f"moved to backup {target}" in str(gap.detail["text"]) for gap in told)
    audit = (made.state / ".holdfast" / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(json.loads(line)["files"] for line in audit) == 3
    assert run(["check", str(made.state)]) == Exit.OK
    assert len(files(target)) == 3


def test_what_is_held_or_open_never_goes(made: Several, target: Path, capsys: Shown) -> None:
    row = made.rows()["main", THREE.path]
    made.post(*holding(ONE), replace(row, state=SegmentState.OPEN))
    for _ in range(2):
        assert back_up(made, target, "--remove") == Exit.OK
        assert "1 file is held: they are in the backup, and stay here." in capsys.readouterr().out
    assert set(made.rows()) == {("main", ONE.path), ("main", THREE.path)}
    assert sorted(files(made.first)) == sorted([ONE.path, THREE.path])


@pytest.mark.parametrize("harm", ["flipped", "gone"])
def test_a_source_whose_earlier_copy_is_not_whole_stays_until_it_is_saved_again(
    made: Several, target: Path, harm: str
) -> None:
    assert back_up(made, target) == Exit.OK
    if harm == "gone":
        (target / ONE.path).unlink()
    else:
        (target / ONE.path).write_bytes(bytes(len(ONE.content())))
        assert back_up(made, target, "--remove") == Exit.INCOMPLETE
        assert files(made.first) == {ONE.path: ONE.content()}
    assert back_up(made, target, "--remove") == Exit.OK
    assert files(made.first) == {}
    assert ONE.content() in files(target).values()


# ---------------------------------------------------------------- which target


def test_the_same_disk_is_refused_unless_somebody_wants_it(made: Several, target: Path, capsys: Shown) -> None:
    target.parent.mkdir()
    assert run(["backup", str(made.state), "--to", str(target)]) == Exit.FOLDER
    assert "lies on the same disk as volume main" in capsys.readouterr().err
    assert not target.exists()


@pytest.mark.parametrize("place", ["디스크 1", "디스크 1/inside", "disk2/deep/er", "."])
def test_a_target_inside_or_around_a_volume_is_refused(
    made: Several, tmp_path: Path, place: str, capsys: Shown
) -> None:
    assert back_up(made, tmp_path / place) == Exit.FOLDER
    said = capsys.readouterr().err
    assert "lies in the volume" in said or "lie one inside the other" in said


def test_a_target_inside_another_recorders_volume_is_refused(
    made: Several, tmp_path_factory: pytest.TempPathFactory
) -> None:
    theirs = several(tmp_path_factory.mktemp("theirs"))
    assert back_up(made, theirs.first / "backup") == Exit.FOLDER
    assert not (theirs.first / "backup").exists()


def test_the_backup_of_another_recorder_is_refused(
    made: Several, target: Path, tmp_path_factory: pytest.TempPathFactory, capsys: Shown
) -> None:
    assert back_up(several(tmp_path_factory.mktemp("theirs"), ("main", ONE)), target) == Exit.OK
    before = files(target)
    assert back_up(made, target) == Exit.FOLDER
    assert "is the backup of another recorder" in capsys.readouterr().err
    assert files(target) == before


def test_nothing_lands_below_an_empty_mount_point(made: Several, target: Path, capsys: Shown) -> None:
    assert back_up(made, target) == Exit.OK
    aside = target.rename(target.with_name("aside"))
    target.mkdir()
    assert back_up(made, target) == Exit.FOLDER
    assert "Mount it. If it is to be a new backup: --new-target" in capsys.readouterr().err
    assert list(target.iterdir()) == []
    target.rmdir()
    aside.rename(target)
    assert back_up(made, target) == Exit.OK
    shutil.rmtree(target)
    assert back_up(made, target, "--new-target") == Exit.OK
    assert len(files(target)) == 3


def test_a_target_that_is_not_there_is_refused(made: Several, tmp_path: Path) -> None:
    options = ["--same-disk", "--rate", "1T"]
    assert run(["backup", str(made.state), "--to", str(tmp_path / "no/such"), *options]) == Exit.FOLDER
    assert run(["backup", "--verify", str(tmp_path / "no/such")]) == Exit.FOLDER


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--to", "x", "--rate", "1K"],
        ["--to", "x", "--from", "2026-11-26", "--until", "2026-11-25"],
        ["--to", "/tmp/x-holdfast", "--camera", "cam_99", "--plan", "--same-disk"],
    ],
)
def test_what_makes_no_sense_is_refused(made: Several, options: list[str]) -> None:
    assert run(["backup", str(made.state), *options]) == Exit.USAGE


def test_no_catalog_is_made_where_there_is_none(tmp_path: Path, capsys: Shown) -> None:
    (tmp_path / "empty").mkdir()
    assert run(["backup", str(tmp_path / "empty"), "--to", str(tmp_path / "backup")]) == Exit.FOLDER
    command = ["delete", "cam_01", "--from", "2h", "--to", "1h", "--in", str(tmp_path / "empty"), "--yes"]
    assert run(command) == Exit.FOLDER
    assert "There is no catalog" in capsys.readouterr().err
    assert not list((tmp_path / "empty").iterdir())
    assert not (tmp_path / "backup").exists()


def test_files_of_another_user_are_not_made_beside_the_catalog(
    made: Several, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert back_up(made, target) == Exit.FOLDER
    assert "Do it as the user that the recorder runs as: sudo -u" in capsys.readouterr().err


def test_two_at_once_are_one_too_many(made: Several, target: Path) -> None:
    assert back_up(made, target) == Exit.OK
    with Helper() as other:
        request = {"do": "open", "as": "write", "target": str(target), "known": [], "begins_anew": False}
        recorder = (made.state / ".holdfast" / "recorder.id").read_text(encoding="ascii").strip()
        assert "error" not in other.ask({**request, "recorder_id": recorder})
        assert back_up(made, target) == Exit.BUSY
    assert back_up(made, target) == Exit.OK


# ---------------------------------------------------------------- the process


def test_a_process_that_is_silent_or_dead_ends_the_backup_and_what_was_saved_stays(
    made: Several, target: Path, monkeypatch: pytest.MonkeyPatch, capsys: Shown
) -> None:
    asked: list[str] = []
    real = Helper.ask

    def dying(helper: Helper, request: dict[str, object], *hear: object) -> object:
        asked.append(str(request["do"]))
        if asked.count("save") == 2:
            helper.close()
        return real(helper, request, *hear)  # type: ignore[arg-type] # as given

    end_ns = FIRST_NS + 2 * LENGTH_NS
    gap = GapRecord(
        gap_id="g", camera="cam_01", stream="main", cause="stalled", sentence="", from_wall_ns=WallNs(FIRST_NS + 1)
    )
    made.post(replace(gap, to_wall_ns=WallNs(FIRST_NS + 2)), replace(gap, gap_id="late", from_wall_ns=WallNs(end_ns)))
    with monkeypatch.context() as patched:
        patched.setattr(Helper, "ask", dying)
        assert back_up(made, target) == Exit.INCOMPLETE
    assert "the process that copies the files has ended" in capsys.readouterr().out
    assert len(list(saved(target).whole())) == 1
    assert saved(target).gaps == {}
    assert back_up(made, target) == Exit.OK
    # Also for what the first one saved.
    assert set(saved(target).gaps) == {"g"}
    assert saved(target).unaccounted == set()


def test_a_disk_that_does_not_answer_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backup_helper, "SILENT_S", 0.1)
    monkeypatch.setattr(backup_helper, "COMMAND", (sys.executable, "-c", "import time; time.sleep(1000)"))
    with Helper() as helper, pytest.raises(HelperError, match="does not answer"):
        helper.ask({"do": "tidy"})


# ---------------------------------------------------------------- what is remembered


def test_what_is_remembered_comes_back(made: Several) -> None:
    memory = BackupMemory({"/b": ("id",)}, LastBackup(WallNs(5), 7), BackupTimes(at_minute=180))
    remember(made.state, memory)
    assert remembered(made.state) == memory
    every = (
        replace(memory, times=BackupTimes(every_s=3600.0)).with_target(Path("/b"), "id").with_target(Path("/b"), "2")
    )
    remember(made.state, every)
    assert remembered(made.state).known_at(Path("/b")) == ("id", "2")
    assert remembered(made.state).times == BackupTimes(every_s=3600.0)


@pytest.mark.parametrize("text", ["", "[]", '{"targets": 5, "last": {"day": "x"}}', "[" * 10_000])
def test_a_memory_that_makes_no_sense_is_none(made: Several, text: str) -> None:
    (made.state / ".holdfast" / "backups.json").write_text(text, encoding="utf-8")
    assert remembered(made.state) == BackupMemory()
