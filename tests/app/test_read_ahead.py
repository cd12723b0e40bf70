"""A check with reading ahead finds what one without it finds, and touches nothing that could hold it up."""

import os
import threading
import time
from pathlib import Path

import pytest

from holdfast.app.read_ahead import MOST_AHEAD, ReadAhead


def entries(folder: Path) -> list[os.DirEntry[str]]:
    with os.scandir(folder) as found:
        return sorted(found, key=lambda entry: entry.name)


def readers() -> list[str]:
    return [one.name for one in threading.enumerate() if one.name.startswith("read-ahead")]


@pytest.mark.parametrize("threads", [0, 3])
def test_entries_come_as_they_are_and_the_threads_end(tmp_path: Path, threads: int) -> None:
    for number in range(2 * MOST_AHEAD + 5):
        (tmp_path / f"{number:04d}.mp4").write_bytes(b"x" * number)
    # None of these may be opened: a pipe would wait for ever.
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "link.mp4").symlink_to(tmp_path / "pipe.mp4")
    (tmp_path / "folder.mp4").mkdir()
    found = entries(tmp_path)
    ahead = ReadAhead(tmp_path.parent, threads)
    assert len(readers()) == threads
    assert list(ahead.over(tmp_path.name, found)) == found
    ahead.close()
    deadline_s = time.monotonic() + 20
    while readers() and time.monotonic() < deadline_s:
        time.sleep(0.01)
    assert readers() == []


def test_files_are_read_before_their_turn_both_ends_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(MOST_AHEAD + 1):
        (tmp_path / f"{number:04d}.mp4").write_bytes(bytes(1 << 20))
    asked: list[tuple[int, int]] = []
    pread = os.pread

    def counted(fd: int, length: int, offset: int) -> bytes:
        asked.append((length, offset))
        return pread(fd, length, offset)

    monkeypatch.setattr(os, "pread", counted)
    ahead = ReadAhead(tmp_path, 1)
    try:
        turns = ahead.over(".", entries(tmp_path))
        assert next(turns).name == "0000.mp4"
        deadline_s = time.monotonic() + 20
        while len(asked) < 2 * (MOST_AHEAD + 1) and time.monotonic() < deadline_s:
            time.sleep(0.01)
    finally:
        ahead.close()
    assert sorted(asked) == sorted([(4096, 0), (4096, (1 << 20) - 4096)] * (MOST_AHEAD + 1))


def test_a_file_that_is_gone_meanwhile_is_no_trouble(tmp_path: Path) -> None:
    for number in range(3):
        (tmp_path / f"{number}.mp4").write_bytes(b"")
    found = entries(tmp_path)
    (tmp_path / "1.mp4").unlink()
    ahead = ReadAhead(tmp_path, 1)
    assert len(list(ahead.over(".", found))) == 3
    ahead.close()
