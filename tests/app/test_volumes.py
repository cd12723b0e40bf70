"""Volumes as people name them: what is refused at once, and what reaches the policy."""

import argparse
import subprocess
import sys
from pathlib import Path

import pytest

from holdfast.app import memory, volumes
from holdfast.app.commands import run
from holdfast.app.memory import machine_bytes, memory_limit
from holdfast.app.problems import Exit, Problem
from holdfast.app.record_command import order_from
from holdfast.app.volumes import check_volumes, known_volumes, rules_from, state_place
from holdfast.config.settings import StorageSettings, VolumeSettings
from holdfast.policy.volume_events import VolumeRules
from holdfast.storage.identity import adopt
from holdfast.storage.marker import new_id
from tests.storage.volumes import small_disk

NONE: frozenset[str] = frozenset()


def named(*paths: Path) -> list[VolumeSettings]:
    return [VolumeSettings(path, f"v{number}") for number, path in enumerate(paths, 1)]


def refused(found: list[VolumeSettings], memory_bytes: int | None = None, known: frozenset[str] | None = NONE) -> str:
    with pytest.raises(Problem) as problem:
        check_volumes(found, memory_bytes, known=known)
    assert problem.value.exit_code is Exit.FOLDER
    return str(problem.value)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[argparse.Namespace]:
    """What a command was asked for, instead of doing it."""
    seen: list[argparse.Namespace] = []

    def record(options: argparse.Namespace) -> int:
        seen.append(options)
        return 0

    monkeypatch.setattr("holdfast.app.record_command.record", record)
    return seen


def test_options_become_volumes_in_order_of_preference(
    tmp_path: Path, asked: list[argparse.Namespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Both lie on one disk here.
    monkeypatch.setattr("holdfast.app.record_command.check_volumes", lambda *_args, **_more: None)
    first, second = tmp_path / "with space", tmp_path / "앞문"
    arguments = ["record", "rtsp://h", "--to", f"{first}/", "--to", str(second), "--state", str(tmp_path / "state")]
    assert run([*arguments, "--memory", "2G", "--hang-after", "30s"]) == 0
    order = order_from(asked[0])
    assert order.places.volumes == (VolumeSettings(first, "main"), VolumeSettings(second, "volume2"))
    assert order.places.storage == StorageSettings(state=tmp_path / "state", memory_bytes=2 << 30, hang_after_s=30)
    assert order.places.root == tmp_path / "state"


def test_one_folder_is_a_volume_with_all_as_usual(tmp_path: Path, asked: list[argparse.Namespace]) -> None:
    assert run(["record", "rtsp://h", "--to", str(tmp_path)]) == 0
    order = order_from(asked[0])
    assert (order.places.volumes, order.places.storage) == ((VolumeSettings(tmp_path),), StorageSettings())


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--memory", "15M"], "--memory must be at least 16M."),
        (["--hang-after", "1s"], "--hang-after must be between 2s and 10m."),
        (["--hang-after", "11m"], "--hang-after must be between 2s and 10m."),
        (["--to", "/x"] * 16, "There are more than 16 volumes (--to)."),
    ],
)
def test_values_out_of_range_are_refused(
    tmp_path: Path, asked: list[argparse.Namespace], arguments: list[str], said: str
) -> None:
    assert run(["record", "rtsp://h", "--to", str(tmp_path), *arguments]) == 0
    with pytest.raises(Problem) as problem:
        order_from(asked[0])
    assert (problem.value.exit_code, str(problem.value)) == (Exit.USAGE, said)


def test_the_same_folder_one_inside_another_and_a_file_are_refused_also_behind_links(tmp_path: Path) -> None:
    real = tmp_path / "real disk"
    (real / "deep").mkdir(parents=True)
    (tmp_path / "link").symlink_to(real)
    (tmp_path / "file").touch()
    assert "is the folder of volume v1, too" in refused(named(real, tmp_path / "link"))
    assert "lies inside volume v1" in refused(named(real, tmp_path / "link" / "deep"))
    assert "has volume v1" in refused(named(tmp_path / "link" / "deep" / "new", real))
    assert "is a file, not a folder." in refused(named(real, tmp_path / "file"))


def test_two_on_one_disk_are_refused_unless_one_of_them_may_not_be_mounted(tmp_path: Path) -> None:
    found = named(tmp_path / "a", tmp_path / "b")
    assert "lies on the same file system as volume v1" in refused(found)
    check_volumes(found, None, known=frozenset({"v2"}))
    check_volumes(found, None, known=None)
    for volume in found:
        volume.path.mkdir()
        adopt(volume.path, volume.name, new_id())
    assert "lies on the same file system as volume v1" in refused(found, known=None)
    assert "lies on the same file system as volume v1" in refused(found, known=frozenset({"v1", "v2"}))


@pytest.mark.root
def test_volumes_on_disks_of_their_own_are_good_and_a_small_one_needs_a_small_memory(tmp_path: Path) -> None:
    with small_disk(tmp_path / "a b", "size=32m"), small_disk(tmp_path / "앞", "size=64m"):
        found = named(tmp_path / "a b" / "footage/", tmp_path / "앞")
        check_volumes(found, None, known=NONE)
        check_volumes(found, 32 << 20, known=NONE)
        assert "has 32M in all, less than the 33M that may be held in memory" in refused(found, 33 << 20)
        assert "has 32M in all" in refused(found[:1], 33 << 20)


def test_one_volume_whose_memory_nobody_limited_is_not_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "LOOK_COMMAND", ("/nonsense",))
    check_volumes(named(tmp_path), None, known=NONE)


@pytest.mark.parametrize("says", ["import time; time.sleep(600)", "print('nonsense')", "print('[]')", "1 / 0"])
def test_a_disk_that_does_not_answer_or_answers_nonsense_keeps_nobody_from_recording(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str
) -> None:
    monkeypatch.setattr(volumes, "LOOK_PATIENCE_S", 1.0)
    monkeypatch.setattr(volumes, "LOOK_COMMAND", (sys.executable, "-c", says))
    check_volumes(named(tmp_path / "a", tmp_path / "b"), None, known=NONE)
    assert "is the folder of volume v1, too" in refused(named(tmp_path / "a", tmp_path / "a"))


def test_looking_changes_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "holdfast.storage.look", str(tmp_path / "none" / "deeper")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert '"is_marked": false' in said
    assert list(tmp_path.iterdir()) == []


def test_what_is_said_about_storage_reaches_the_policy() -> None:
    assert rules_from(StorageSettings()) == VolumeRules()
    storage = StorageSettings(None, 1 << 30, 30, 10 << 30, 6, 20)
    assert rules_from(storage) == VolumeRules(30, 10 << 30, 1 << 30, 6, 20)


def test_the_catalog_of_one_volume_lies_in_it_and_of_several_where_none_can_take_it_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = named(tmp_path), named(tmp_path / "a", tmp_path / "b")
    for name in ("STATE_DIRECTORY", "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", "/home/one")
    assert state_place(one, StorageSettings()) is None
    assert state_place(one, StorageSettings(state=tmp_path)) == tmp_path
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert state_place(two, StorageSettings()) == Path("/var/lib/holdfast")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert state_place(two, StorageSettings()) == Path("/home/one/.local/state/holdfast")
    monkeypatch.setenv("STATE_DIRECTORY", "/var/lib/mine:/var/lib/other")
    assert state_place(two, StorageSettings()) == Path("/var/lib/mine")


def test_memory_is_what_was_said_or_a_quarter_of_what_there_is_up_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory_limit(5) == 5
    monkeypatch.setattr(memory, "machine_bytes", lambda: 8 << 30)
    assert memory_limit(None) == 2 << 30
    monkeypatch.setattr(memory, "machine_bytes", lambda: 64 << 30)
    assert memory_limit(None) == 4 << 30


def test_the_memory_of_a_service_or_container_is_that_of_its_group_and_those_around_it(tmp_path: Path) -> None:
    own, groups = tmp_path / "own", tmp_path / "groups"
    whole = machine_bytes(groups, own)
    assert whole > 0
    inner = groups / "system.slice" / "holdfast.service"
    inner.mkdir(parents=True)
    own.write_text("1:name=systemd:/x\n0::/system.slice/holdfast.service\n", encoding="utf-8")
    (groups / "memory.max").write_text("max\n", encoding="ascii")
    assert machine_bytes(groups, own) == whole
    (groups / "system.slice" / "memory.max").write_text("3000000\n", encoding="ascii")
    (inner / "memory.max").write_text("4000000\n", encoding="ascii")
    assert machine_bytes(groups, own) == 3_000_000


def test_where_nothing_was_recorded_yet_every_volume_is_compared(tmp_path: Path) -> None:
    assert known_volumes(tmp_path) == ()


def test_a_person_is_told_that_a_disk_is_that_of_another_recorder(tmp_path: Path) -> None:
    ours, theirs = new_id(), new_id()
    (tmp_path / "a").mkdir()
    adopt(tmp_path / "a", "main", theirs)
    found = (VolumeSettings(tmp_path / "a"),)
    check_volumes(found, None, known=None, recorder=theirs)
    check_volumes(found, None, known=None)
    with pytest.raises(Problem, match="is a volume of another recorder"):
        check_volumes(found, None, known=None, recorder=ours)
