"""The process that a backup's files go through: what counts as saved was read back; wherever it stops, it goes on."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.storage import backup_process, moving
from holdfast.storage.backup_ledger import FOLDER, append, is_inside, read_saved
from holdfast.storage.backup_process import Backup
from holdfast.storage.backup_target import Target
from tests.storage.backup_desk import FAST, PATH, THEIRS, Desk

COMMAND = (sys.executable, "-m", "holdfast.storage.backup_process")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_file_is_saved_under_its_name_and_noted(desk: Desk) -> None:
    said = desk.opened().backup.answer(desk.saving())
    assert said["saved"]["path"] == PATH
    assert (desk.target / PATH).read_bytes() == desk.content
    assert desk.saved() == [PATH]
    assert desk.verified() == {PATH: "whole"}


def test_a_file_that_was_placed_and_not_noted_is_not_there_twice(desk: Desk) -> None:
    desk.opened().backup.answer(desk.saving())
    desk.record().unlink()
    assert desk.backup.answer(desk.saving())["saved"]["path"] == PATH
    assert [path.name for path in desk.target.rglob("*.mp4")] == [Path(PATH).name]


def test_another_file_of_that_name_is_never_overwritten(desk: Desk) -> None:
    desk.opened()
    (desk.target / PATH).parent.mkdir(parents=True)
    (desk.target / PATH).write_bytes(b"somebody else's")
    assert desk.backup.answer(desk.saving())["saved"]["path"] == PATH.replace(".mp4", "_2.mp4")
    assert (desk.target / PATH).read_bytes() == b"somebody else's"


def test_what_does_not_come_back_from_the_disk_does_not_count(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.opened()
    monkeypatch.setattr(moving, "digest_of", lambda *_: "0" * 64)
    said = desk.backup.answer(desk.saving())
    assert said["of"] == "target"
    assert said["error"].startswith(str(desk.target))
    assert not desk.record().exists()
    assert not list(desk.target.rglob("*.mp4"))


@pytest.mark.parametrize("there", [b"", b"something", None])
def test_a_file_that_is_not_as_the_catalog_has_it_is_left_out(desk: Desk, there: bytes | None) -> None:
    request = desk.opened().saving()
    if there is None:
        (desk.volume / PATH).unlink()
    else:
        (desk.volume / PATH).write_bytes(there)
    assert desk.backup.answer(request)["of"] == "source"
    assert not desk.record().exists()


def test_a_file_that_changes_while_it_is_copied_is_left_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.opened()

    def changing(_rate: float) -> moving.Pace:
        return lambda _size: os.utime(desk.volume / PATH, ns=(1, os.urandom(1)[0]))

    monkeypatch.setattr(backup_process, "pace_of", changing)
    said = desk.backup.answer(desk.saving())
    assert said["of"] == "source"
    assert "somebody writes to it" in said["error"]
    assert not desk.record().exists()


def test_a_volume_that_is_not_there_is_not_the_targets_fault(desk: Desk) -> None:
    request = desk.opened().saving()
    shutil.rmtree(desk.volume)
    assert desk.backup.answer(request)["of"] == "source"
    desk.volume.mkdir()
    assert desk.backup.answer(request)["of"] == "source"


def test_without_room_nothing_is_written(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.opened()
    monkeypatch.setattr(Target, "free_bytes", lambda _self: 1000)
    said = desk.backup.answer(desk.saving())
    assert (said["of"], "is full" in said["error"]) == ("full", True)
    assert not list(desk.target.rglob("*.part"))


def test_a_symbolic_link_on_the_way_is_not_followed(desk: Desk, tmp_path: Path) -> None:
    desk.opened()
    (tmp_path / "elsewhere").mkdir()
    (desk.target / "cam_01").symlink_to(tmp_path / "elsewhere")
    assert desk.backup.answer(desk.saving())["of"] == "target"
    assert not list((tmp_path / "elsewhere").iterdir())


# ---------------------------------------------------------------- the record


def test_a_torn_last_line_is_passed_over_and_the_next_begins_behind_it(desk: Desk) -> None:
    desk.put("cam_01/2026-11-26/2.mp4", b"two")
    desk.opened().backup.answer(desk.saving())
    with desk.record().open("ab") as record:
        record.write(b'{"kind": "segment", "path": "cam_01/2026-1')
    desk.backup.answer(desk.saving("cam_01/2026-11-26/2.mp4", ordinal=1))
    assert desk.saved() == ["cam_01/2026-11-26/2.mp4", PATH]
    desk.told.clear()
    said = desk.backup.answer({"do": "saved"})
    assert [one["path"] for one in said["unaccounted"]] == ["cam_01/2026-11-26/2.mp4", PATH]
    assert desk.told[0]["saved"] == [("run", 0, len(desk.content)), ("run", 1, 3)]
    assert desk.backup.answer({"do": "verify", "bytes_per_s": FAST})["unreadable"] == 1


@pytest.mark.parametrize(
    "change",
    [
        {"path": "../../etc/passwd"},
        {"path": "/etc/passwd"},
        {"path": ".holdfast/backup.jsonl"},
        {"path": 5},
        {"size_bytes": -1},
        {"size_bytes": True},
        {"sha256": "short"},
        {"frames": None},
    ],
)
def test_lines_that_make_no_sense_are_counted_and_not_believed(desk: Desk, change: dict[str, Any]) -> None:
    desk.opened().backup.answer(desk.saving())
    line = json.loads(desk.record().read_text(encoding="utf-8").splitlines()[0])
    desk.record().write_text(json.dumps(line | change) + "\n[1]\nnonsense\n" + "[" * 70_000 + "\n", encoding="utf-8")
    assert desk.saved() == []
    assert desk.backup.answer({"do": "verify", "bytes_per_s": FAST})["unreadable"] >= 4


def test_lines_of_a_newer_release_are_left_alone(desk: Desk) -> None:
    desk.opened().backup.answer(desk.saving())
    with desk.record().open("a", encoding="utf-8") as record:
        record.write('{"kind": "picture", "path": 1}\n{"kind": "run"}\n')
    said = desk.backup.answer({"do": "saved"})
    assert said == {"unaccounted": [], "ends": [["cam_01", "main", 3]]}
    assert desk.backup.answer({"do": "verify", "bytes_per_s": FAST})["unreadable"] == 0


@pytest.mark.parametrize(
    ("path", "expected"),
    [("a/b.mp4", True), ("a//b", False), ("a/./b", False), ("a/..", False), ("", False), ("a\0", False)],
)
def test_a_path_leads_to_footage_and_nowhere_else(path: str, expected: bool) -> None:  # noqa: FBT001 - a parameter
    assert is_inside(path) is expected


def test_a_record_without_space_gets_no_half_of_a_line_that_counts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.opened().backup.answer(desk.saving())
    folder = os.open(desk.target, os.O_RDONLY | os.O_DIRECTORY)
    real, left = os.write, [3]

    def write(file: int, data: bytes) -> int:
        given = real(file, data[: left[0]])
        left[0] = 0
        return given

    with monkeypatch.context() as patched:
        patched.setattr(os, "write", write)
        with pytest.raises(OSError, match="No space left"):
            append(folder, [{"kind": "run"}])
    append(folder, [{"kind": "run"}])
    found = read_saved(folder)
    assert (found.runs, found.unreadable, len(found.by_path)) == (1, 1, 1)
    os.close(folder)


# ---------------------------------------------------------------- reading again


def test_a_flipped_bit_is_found_and_the_file_is_saved_again(desk: Desk) -> None:
    desk.opened().backup.answer(desk.saving())
    data = bytearray(desk.content)
    data[1234567] ^= 4
    (desk.target / PATH).write_bytes(data)
    assert desk.verified() == {PATH: "changed"}
    assert desk.saved() == []
    again = desk.backup.answer(desk.saving())["saved"]["path"]
    assert again != PATH
    assert desk.verified() == {PATH: "changed", again: "whole"}
    assert desk.saved() == [again]
    (desk.target / PATH).unlink()
    assert desk.verified() == {again: "whole"}


@pytest.mark.parametrize(("harm", "state"), [("gone", "missing"), ("cut", "changed"), ("link", "unreadable")])
def test_what_became_of_a_file_is_told(desk: Desk, tmp_path: Path, harm: str, state: str) -> None:
    desk.opened().backup.answer(desk.saving())
    desk.backup.answer({"do": "saved"})
    file = desk.target / PATH
    if harm == "cut":
        os.truncate(file, 100)
    else:
        file.rename(tmp_path / "aside")
        if harm == "link":
            file.symlink_to(tmp_path / "aside")
    assert desk.backup.answer({"do": "again", "key": ["run", 0, len(desk.content)], "bytes_per_s": FAST}) == {
        "state": state
    }
    assert desk.verified() == {PATH: state}


def test_a_backup_can_be_read_on_any_machine(desk: Desk) -> None:
    desk.opened().backup.answer(desk.saving())
    (desk.target / "cam_01" / "stray.mp4").write_bytes(b"x")
    desk.backup = Backup(desk.told.append)
    assert "error" not in desk.backup.answer({"do": "open", "as": "any", "target": str(desk.target)})
    assert desk.verified() == {PATH: "whole"}
    assert desk.backup.answer({"do": "verify", "bytes_per_s": FAST})["unknown"] == ["cam_01/stray.mp4"]
    (desk.target / FOLDER / "backup.json").write_text("nonsense", encoding="utf-8")
    assert "error" not in Backup(desk.told.append).answer({"do": "open", "as": "any", "target": str(desk.target)})
    for place in (desk.volume, desk.volume / "nowhere"):
        said = Backup(desk.told.append).answer({"do": "open", "as": "any", "target": str(place)})
        assert said["error"].startswith("There is no backup in")


# ---------------------------------------------------------------- removing


def test_files_are_removed_with_what_was_set_aside_of_them(desk: Desk) -> None:
    aside, other = (
        desk.volume / "cam_01/2026-11-26/2.mp4.damaged_2",
        desk.volume / "cam_01/2026-11-26/2.mp4.damaged.txt",
    )
    for file in (aside, other, desk.volume / f"{PATH}.damaged"):
        file.write_bytes(b"x")
    request = {"do": "remove", "root": str(desk.volume), "volume_id": desk.volume_id}
    paths = [PATH, "cam_01/2026-11-26/2.mp4", "cam_02/2026-11-26/none.mp4"]
    said = desk.backup.answer({**request, "paths": paths})
    assert said == {"removed": paths, "failed": []}
    assert sorted(file.name for file in aside.parent.iterdir()) == [other.name, f"{Path(PATH).name}.damaged"]
    assert "error" in desk.backup.answer({**request, "volume_id": THEIRS, "paths": [PATH]})


# ---------------------------------------------------------------- killed


@pytest.fixture
def process() -> Iterator[list["subprocess.Popen[str]"]]:
    made: list[subprocess.Popen[str]] = []
    yield made
    for one in made:
        one.kill()
        one.communicate()


def test_a_kill_in_the_middle_of_a_file_goes_on_at_its_byte(
    desk: Desk, process: list["subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    process.append(asked)
    assert asked.stdin is not None
    assert asked.stdout is not None
    for request in (desk.opening(), desk.saving(rate=moving.CHUNK_BYTES)):
        asked.stdin.write(json.dumps(request) + "\n")
        asked.stdin.flush()
    assert "backup_id" in json.loads(asked.stdout.readline())
    at_bytes = json.loads(asked.stdout.readline())["at_bytes"]
    asked.kill()
    asked.wait()
    assert not desk.record().exists()
    (part,) = desk.target.rglob("*.part")
    there = part.stat().st_size
    assert there >= at_bytes > 0
    written: list[int] = []
    real = os.pwrite

    def write(file: int, data: bytes, at: int) -> int:
        written.append(at)
        return real(file, data, at)

    monkeypatch.setattr(os, "pwrite", write)
    assert desk.opened().backup.answer(desk.saving())["saved"]["path"] == PATH
    assert min(written) == there
    assert (desk.target / PATH).read_bytes() == desk.content
    assert not list(desk.target.rglob("*.part"))
