"""The order in which a segment comes to the disk: data first, then the names by which it is found."""

import os
import stat
from pathlib import Path

import pytest

from holdfast.storage import segment_file
from holdfast.storage.segment_file import SegmentFile


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """What was synced, in order, relative to the volume."""
    found: list[str] = []

    def note(fd: int) -> None:
        found.append(str(Path(f"/proc/self/fd/{fd}").readlink().relative_to(tmp_path)))

    monkeypatch.setattr(os, "fdatasync", note)
    monkeypatch.setattr(os, "fsync", note)
    return found


def test_the_first_sync_brings_every_new_folder_to_the_disk_after_the_data(tmp_path: Path, synced: list[str]) -> None:
    file = SegmentFile(tmp_path, ("cam/2026-01-01/a.mp4",), b"header")
    file.append(b"data")
    assert synced == [], "making a file waits for no disk"
    file.sync()
    assert synced == ["cam/2026-01-01/a.mp4", "cam/2026-01-01", "cam", "."]
    file.append(b"more")
    file.sync()
    assert synced[4:] == ["cam/2026-01-01/a.mp4"]
    file.close()


def test_only_what_has_a_new_entry_is_synced(tmp_path: Path, synced: list[str]) -> None:
    (tmp_path / "cam" / "2026-01-01").mkdir(parents=True)
    for path, folders in (
        ("cam/2026-01-01/a.mp4", ["cam/2026-01-01"]),
        ("cam/2026-01-02/a.mp4", ["cam/2026-01-02", "cam"]),
        ("a.mp4", ["."]),
    ):
        synced.clear()
        file = SegmentFile(tmp_path, (path,), b"header")
        file.sync()
        assert synced == [path, *folders]
        file.close()


def test_a_file_is_called_final_only_when_all_else_is_on_the_disk(tmp_path: Path, synced: list[str]) -> None:
    file = SegmentFile(tmp_path, ("cam/a.mp4",), b"header")
    file.finish(b"index", 0, b"H")
    assert synced == ["cam/a.mp4", "cam", ".", "cam/a.mp4"]
    assert (tmp_path / "cam" / "a.mp4").read_bytes() == b"Headerindex"


def test_a_folder_that_could_not_be_synced_is_synced_the_next_time(
    tmp_path: Path, synced: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = SegmentFile(tmp_path, ("cam/a.mp4",), b"header")
    with monkeypatch.context() as broken:
        broken.setattr(segment_file, "sync_folder", _refuse)
        with pytest.raises(OSError, match="broken"):
            file.sync()
        assert file.is_dirty
    synced.clear()
    file.sync()
    assert synced == ["cam/a.mp4", "cam", "."]
    file.close()


def _refuse(folder: Path) -> None:
    raise OSError(5, "broken", str(folder))


def test_folders_are_for_the_owner_and_the_group_only(tmp_path: Path) -> None:
    SegmentFile(tmp_path, ("cam/2026-01-01/a.mp4",), b"header").close()
    for folder in (tmp_path / "cam", tmp_path / "cam" / "2026-01-01"):
        assert stat.S_IMODE(folder.stat().st_mode) & 0o027 == 0
