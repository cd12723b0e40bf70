"""Files are brought to another volume whole, once, wherever that is stopped."""

import errno
import os
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.storage import moving
from holdfast.storage.moving import MoveError, bring, pace_of, remove

PATH = "cam_01/2026-11-26/cam_01_20261126_120000.mp4"


class StoppedError(Exception):
    """Somebody pulled the plug."""


def stop_after(calls: int) -> moving.Pace:
    left = calls

    def pace(_size_bytes: int) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise StoppedError

    return pace


def never_wait(_size_bytes: int) -> None:
    """As fast as it goes."""


def volume(tmp_path: Path, name: str) -> Path:
    root = tmp_path / name
    root.mkdir(parents=True)
    return root


@pytest.fixture
def source(tmp_path: Path) -> Path:
    file = volume(tmp_path, "spare") / PATH
    file.parent.mkdir(parents=True)
    file.write_bytes(os.urandom(3 * moving.CHUNK_BYTES + 12345))
    return file


def files(root: Path) -> list[str]:
    return sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())


def test_a_file_is_brought_whole_under_its_name(tmp_path: Path, source: Path) -> None:
    home = volume(tmp_path, "home")
    moved = bring(source, home, PATH, never_wait)
    assert moved.path == PATH
    assert (home / PATH).read_bytes() == source.read_bytes()
    assert files(home) == [PATH]


def test_a_name_that_is_taken_stays_and_another_one_is_found(tmp_path: Path, source: Path) -> None:
    home = volume(tmp_path, "home")
    (home / PATH).parent.mkdir(parents=True)
    (home / PATH).write_bytes(b"somebody else's")
    moved = bring(source, home, PATH, never_wait)
    assert moved.path == PATH.replace(".mp4", "_2.mp4")
    assert (home / PATH).read_bytes() == b"somebody else's"
    assert (home / moved.path).read_bytes() == source.read_bytes()


@given(stops=st.lists(st.integers(0, 9), max_size=4))
def test_wherever_it_is_stopped_it_goes_on_and_is_there_once(
    tmp_path_factory: pytest.TempPathFactory, stops: list[int]
) -> None:
    tmp_path = tmp_path_factory.mktemp("moving")
    file, home = volume(tmp_path, "spare") / "a.mp4", volume(tmp_path, "home")
    file.write_bytes(os.urandom(4 * moving.CHUNK_BYTES + 1))
    placed = set()
    for stop in stops:
        try:
            placed.add(bring(file, home, "a.mp4", stop_after(stop)).path)
        except StoppedError:
            assert not (home / "a.mp4").exists() or placed
    placed.add(bring(file, home, "a.mp4", never_wait).path)
    assert placed == {"a.mp4"}
    assert files(home) == ["a.mp4"]
    assert (home / "a.mp4").read_bytes() == file.read_bytes()


def test_what_was_copied_and_is_damaged_is_copied_again(tmp_path: Path, source: Path) -> None:
    home = volume(tmp_path, "home")
    with pytest.raises(StoppedError):
        bring(source, home, PATH, stop_after(2))
    (part,) = (home / ".holdfast" / "moving").iterdir()
    damaged = bytearray(part.read_bytes())
    damaged[5] ^= 1
    part.write_bytes(damaged + b"and something behind it" * 1000)
    assert bring(source, home, PATH, never_wait).size_bytes == source.stat().st_size
    assert (home / PATH).read_bytes() == source.read_bytes()


def test_a_file_that_somebody_writes_to_is_not_brought(tmp_path: Path, source: Path) -> None:
    home = volume(tmp_path, "home")

    def grow(_size_bytes: int) -> None:
        with source.open("ab") as file:
            file.write(b"more")

    with pytest.raises(MoveError, match="somebody writes to it"):
        bring(source, home, PATH, grow)
    assert not (home / PATH).exists()


def test_a_removed_file_takes_its_empty_folders_with_it_and_no_others(tmp_path: Path, source: Path) -> None:
    root = tmp_path / "spare"
    (root / "cam_01" / "2026-11-27").mkdir()
    remove(root, PATH)
    remove(root, PATH)
    assert sorted(one.relative_to(root).as_posix() for one in root.rglob("*")) == ["cam_01", "cam_01/2026-11-27"]
    assert not source.exists()


def test_it_gives_way() -> None:
    waits: list[float] = []
    pace = pace_of(1000, waits.append)
    for _ in range(10):
        pace(100)
    assert 0.9 < waits[-1] <= 1.0


def test_a_file_system_without_links_will_do(tmp_path: Path, source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_args: object) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    home = volume(tmp_path, "home")
    assert bring(source, home, PATH, never_wait).path == PATH
    assert (home / PATH).read_bytes() == source.read_bytes()
    assert files(home) == [PATH]
    source.write_bytes(b"another one of the same name")
    assert bring(source, home, PATH, never_wait).path == PATH.replace(".mp4", "_2.mp4")


def test_a_part_that_nobody_goes_on_with_does_not_take_up_room_for_ever(tmp_path: Path, source: Path) -> None:
    home = volume(tmp_path, "home")
    parts = []
    for name in ("of a file that was deleted", "of one that is being brought"):
        with pytest.raises(StoppedError):
            bring(source, home, PATH, stop_after(2), name)
        parts.append(moving.part_of(home, PATH, name))
    assert all(part.exists() for part in parts)
    an_age_s = time.time() - moving.LEFT_S - 60
    os.utime(parts[0], (an_age_s, an_age_s))
    bring(source, home, PATH, never_wait)
    assert [part.exists() for part in parts] == [False, True]
