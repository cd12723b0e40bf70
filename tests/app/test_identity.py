"""A recorder knows itself again; otherwise it would take its own disks for somebody else's."""

import uuid
from pathlib import Path

import pytest

from holdfast.app.identity import NAME, recorder_id
from holdfast.app.recording_root import STATE_FOLDER


def file_of(root: Path) -> Path:
    return root / STATE_FOLDER / NAME


def test_it_is_made_once_and_is_a_uuid(tmp_path: Path) -> None:
    made = recorder_id(tmp_path)
    assert str(uuid.UUID(made)) == made
    assert recorder_id(tmp_path) == made
    assert file_of(tmp_path).read_text() == f"{made}\n"
    assert [file.name for file in file_of(tmp_path).parent.iterdir()] == [NAME]


def test_two_recorders_are_two(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    assert recorder_id(tmp_path / "a") != recorder_id(tmp_path / "b")


def test_however_it_is_written_it_is_the_same(tmp_path: Path) -> None:
    made = recorder_id(tmp_path)
    file_of(tmp_path).write_text(f"  {made.upper()} \n\n")
    assert recorder_id(tmp_path) == made


@pytest.mark.parametrize("content", [b"", b"no uuid\n", b"\xff\xfe", b"1" * 500])
def test_one_that_says_nothing_is_made_anew(tmp_path: Path, content: bytes) -> None:
    recorder_id(tmp_path)
    file_of(tmp_path).write_bytes(content)
    made = recorder_id(tmp_path)
    assert recorder_id(tmp_path) == made == str(uuid.UUID(made))


def test_one_whose_making_was_cut_off_is_made_anew(tmp_path: Path) -> None:
    file_of(tmp_path).parent.mkdir()
    file_of(tmp_path).with_suffix(".new").write_bytes(b"half")
    made = recorder_id(tmp_path)
    assert recorder_id(tmp_path) == made


def test_one_that_cannot_be_read_is_not_replaced(tmp_path: Path) -> None:
    file_of(tmp_path).mkdir(parents=True)
    with pytest.raises(IsADirectoryError):
        recorder_id(tmp_path)
    assert file_of(tmp_path).is_dir()
