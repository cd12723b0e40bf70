"""The writer of a volume, on real file systems."""

import errno
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.fmp4 import scan
from holdfast.ports.volumes import (
    AppendData,
    Created,
    Cut,
    CutFailed,
    CutSegment,
    Finished,
    SegmentFailed,
    Synced,
)
from holdfast.storage import volume_files
from tests.fmp4.segments import read_from
from tests.storage import thread_writer as writer
from tests.storage.volumes import PARTS, Writing, appends, create, finish, is_final


@pytest.fixture
def writing(tmp_path: Path) -> Iterator[Writing]:
    made = Writing(tmp_path)
    yield made
    made.writer.close(10)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_segment_is_created_written_synced_and_made_final(writing: Writing, tmp_path: Path) -> None:
    writing.order(create(PARTS), *appends(PARTS), finish(PARTS))
    answers = [answer for answer in writing.until(Finished) if not (isinstance(answer, Synced) and answer.token < 4)]
    created, synced, finished = answers
    assert isinstance(created, Created)
    assert (created.key, created.path) == (1, "cam/a.mp4")
    assert synced == Synced(1, 4, len(PARTS.open_file))
    assert finished == Finished(1, len(PARTS.final_file))
    assert (tmp_path / "cam" / "a.mp4").read_bytes() == PARTS.final_file


def test_a_name_that_is_taken_is_left_alone_and_the_next_one_is_tried(writing: Writing, tmp_path: Path) -> None:
    (tmp_path / "cam").mkdir()
    (tmp_path / "cam" / "a.mp4").write_bytes(b"someone else's")
    (tmp_path / "cam" / "a_2.mp4").symlink_to(tmp_path / "nowhere")
    writing.order(create(PARTS, "cam/a.mp4", "cam/a_2.mp4", "cam/a_3.mp4"))
    created = writing.next()
    assert isinstance(created, Created)
    assert created.path == "cam/a_3.mp4"
    assert (tmp_path / "cam" / "a.mp4").read_bytes() == b"someone else's"
    assert not (tmp_path / "nowhere").exists()


def test_when_all_names_are_taken_it_says_so_and_overwrites_none(writing: Writing, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"one")
    (tmp_path / "a_2.mp4").write_bytes(b"two")
    writing.order(create(PARTS, "a.mp4", "a_2.mp4"))
    failed = writing.next()
    assert isinstance(failed, SegmentFailed)
    assert "are taken" in failed.sentence
    assert ((tmp_path / "a.mp4").read_bytes(), (tmp_path / "a_2.mp4").read_bytes()) == (b"one", b"two")


@pytest.mark.parametrize("path", ["cam/a.mp4", "cam/2026-01-01/a.mp4"])
def test_a_file_where_a_folder_should_be_is_named(writing: Writing, tmp_path: Path, path: str) -> None:
    (tmp_path / "cam").write_bytes(b"a file")
    writing.order(create(PARTS, path, path.replace("a.mp4", "a_2.mp4")))
    failed = writing.next()
    assert isinstance(failed, SegmentFailed)
    assert (failed.kind, failed.path) == (FaultKind.STORAGE_DISCONNECTED, "")
    assert "A file is where a folder should be" in failed.sentence
    assert str(tmp_path / "cam") in failed.sentence
    assert (tmp_path / "cam").read_bytes() == b"a file"


@pytest.mark.skipif(not Path("/sys/kernel").is_dir(), reason="needs a folder in which nobody may write")
def test_a_folder_that_cannot_be_written_is_named_with_a_remedy() -> None:
    writing = Writing(Path("/sys/kernel"))
    writing.order(create(PARTS))
    failed = writing.next()
    assert isinstance(failed, SegmentFailed)
    assert failed.sentence.startswith("/sys/kernel/cam")
    assert failed.kind is FaultKind.STORAGE_DISCONNECTED
    assert writing.close() == []


def test_orders_for_a_segment_that_failed_or_never_was_are_ignored(writing: Writing, tmp_path: Path) -> None:
    (tmp_path / "cam").write_bytes(b"a file")
    writing.order(create(PARTS), *appends(PARTS), finish(PARTS), CutSegment(1, 0))
    assert isinstance(writing.next(), SegmentFailed)
    assert writing.next() == Cut(1, 0)
    assert writing.close() == []


def test_everything_is_synced_within_about_a_second_without_being_asked(writing: Writing) -> None:
    writing.order(create(PARTS), *appends(PARTS))
    seen = writing.until(Synced)
    while seen[-1] != Synced(1, 4, len(PARTS.open_file)):
        seen.append(writing.next())


def test_what_is_not_final_at_the_end_is_synced_and_closed(tmp_path: Path) -> None:
    writing = Writing(tmp_path)
    descriptors = open_descriptors()
    writing.order(create(PARTS), *appends(PARTS))
    assert isinstance(writing.next(), Created)
    assert writing.close()[-1] == Synced(1, 4, len(PARTS.open_file))
    assert (tmp_path / "cam" / "a.mp4").read_bytes() == PARTS.open_file
    assert open_descriptors() <= descriptors


def test_two_segments_are_written_side_by_side(writing: Writing, tmp_path: Path) -> None:
    writing.order(create(PARTS, "cam_1/a.mp4", key=1), create(PARTS, "cam_2/a.mp4", key=2))
    for one, other in zip(appends(PARTS, 1), appends(PARTS, 2), strict=True):
        writing.order(one, other)
    writing.order(finish(PARTS, 1), finish(PARTS, 2))
    writing.until(Finished)
    writing.until(Finished)
    for name in ("cam_1", "cam_2"):
        assert (tmp_path / name / "a.mp4").read_bytes() == PARTS.final_file


def test_a_segment_is_cut_behind_a_fragment_and_made_final(writing: Writing, tmp_path: Path) -> None:
    size = len(PARTS.header) + len(PARTS.fragments[0]) + len(PARTS.fragments[1])
    writing.order(create(PARTS), *appends(PARTS), CutSegment(1, size), *appends(PARTS), finish(PARTS))
    cut = writing.until(Cut)[-1]
    path = tmp_path / "cam" / "a.mp4"
    assert cut == Cut(1, path.stat().st_size)
    assert is_final(path)
    data = path.read_bytes()
    assert len(scan(read_from(data), len(data)).fragments) == 2


def test_a_segment_cut_to_nothing_leaves_no_file(writing: Writing, tmp_path: Path) -> None:
    writing.order(create(PARTS), *appends(PARTS), CutSegment(1, 0))
    assert writing.until(Cut)[-1] == Cut(1, 0)
    assert list((tmp_path / "cam").iterdir()) == []


def test_a_cut_never_makes_a_file_longer(writing: Writing, tmp_path: Path) -> None:
    writing.order(create(PARTS), *appends(PARTS)[:2], CutSegment(1, 1_000_000))
    writing.until(Cut)
    data = (tmp_path / "cam" / "a.mp4").read_bytes()
    assert data[512:].startswith(PARTS.open_file[512 : len(PARTS.header)])
    assert len(scan(read_from(data), len(data)).fragments) == 2


def test_a_file_that_is_final_when_the_order_to_cut_it_comes_is_cut(writing: Writing, tmp_path: Path) -> None:
    writing.order(create(PARTS), *appends(PARTS), finish(PARTS), CutSegment(1, 0))
    writing.until(Finished)
    assert writing.close() == [Cut(1, 0)]
    assert not (tmp_path / "cam" / "a.mp4").exists()


def test_a_file_with_nothing_to_play_cannot_be_made_final(writing: Writing, tmp_path: Path) -> None:
    writing.order(create(PARTS), AppendData(1, b"\0\0\0\x10none", 0, b"12345678"), CutSegment(1, len(PARTS.header)))
    failed = writing.until(CutFailed)[-1]
    assert isinstance(failed, CutFailed)
    assert "no whole fragment" in failed.sentence
    assert (tmp_path / "cam" / "a.mp4").exists()


def test_few_final_segments_are_remembered(writing: Writing, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(volume_files, "FINISHED_KEPT", 1)
    for key in (1, 2):
        writing.order(create(PARTS, f"{key}.mp4", key=key), *appends(PARTS, key), finish(PARTS, key))
        writing.until(Finished)
    writing.order(CutSegment(2, 0), CutSegment(1, 0))
    assert [writing.next(), writing.next()] == [Cut(2, 0), Cut(1, 0)]
    assert (tmp_path / "1.mp4").exists(), "forgotten: what became of the file is not known, and it is left alone"
    assert not (tmp_path / "2.mp4").exists()


# ------------------------------------------------------------------ disks that fail


class Disk:
    """Stands between the writer and the operating system, notes the calls, and lets chosen ones fail."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.calls: list[str] = []
        self.fails: dict[str, int] = {}
        for name in ("pwritev", "pwrite", "fdatasync", "fsync", "ftruncate", "truncate"):
            monkeypatch.setattr(f"holdfast.storage.segment_file.os.{name}", self._between(name, getattr(os, name)))

    def _between(self, name: str, real: object) -> object:
        def call(fd: int, *arguments: object) -> object:
            if name in self.fails:
                raise OSError(self.fails[name], os.strerror(self.fails[name]))
            self.calls.append(name)
            return real(fd, *arguments)  # type: ignore[operator] # a function of os

        return call


def test_the_header_is_patched_only_after_all_else_is_on_the_disk(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "SYNC_EVERY_S", 3600.0)
    disk = Disk(monkeypatch)
    writing.order(create(PARTS), *appends(PARTS)[:2], finish(PARTS))
    writing.until(Finished)
    header_and_folders, data = ["pwritev", "fsync", "fsync"], ["pwritev", "pwritev"]
    index, patch = ["fdatasync", "pwritev", "fdatasync"], ["pwrite", "fsync"]
    assert disk.calls == header_and_folders + data + index + patch


def test_a_sync_that_fails_is_not_taken_back_and_the_segment_is_given_up(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = Disk(monkeypatch)
    writing.order(create(PARTS), *appends(PARTS)[:3])
    while writing.until(Synced)[-1] != Synced(1, 2, len(PARTS.header) + sum(map(len, PARTS.fragments[:3]))):
        pass
    disk.fails = {"fdatasync": errno.EIO}
    writing.order(*appends(PARTS, first=3))
    failed = writing.until(SegmentFailed)[-1]
    assert isinstance(failed, SegmentFailed)
    assert (failed.kind, failed.path) == (FaultKind.STORAGE_DISCONNECTED, "cam/a.mp4")
    assert "input/output error" in failed.sentence
    disk.fails = {}
    writing.order(*appends(PARTS), finish(PARTS), CutSegment(1, len(PARTS.header) + len(PARTS.fragments[0])))
    assert isinstance(writing.next(), Cut)
    assert is_final(tmp_path / "cam" / "a.mp4")


@pytest.mark.parametrize("call", ["pwrite", "fsync"])
def test_a_finish_that_fails_on_the_way_leaves_a_file_that_can_be_made_final(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: str
) -> None:
    disk = Disk(monkeypatch)
    writing.order(create(PARTS), *appends(PARTS))
    writing.until(Created)
    disk.fails = {call: errno.EIO}
    writing.order(finish(PARTS))
    writing.until(SegmentFailed)
    disk.fails = {}
    writing.order(CutSegment(1, len(PARTS.open_file)))
    writing.until(Cut)
    data = (tmp_path / "cam" / "a.mp4").read_bytes()
    found = scan(read_from(data), len(data))
    assert found.is_final
    assert len(found.fragments) == 5


def test_a_cut_that_the_disk_refuses_is_said_and_leaks_no_descriptor(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing.order(create(PARTS), *appends(PARTS))
    writing.until(Created)
    descriptors = open_descriptors()
    disk = Disk(monkeypatch)
    disk.fails = {"truncate": errno.EIO}
    writing.order(CutSegment(1, len(PARTS.header) + len(PARTS.fragments[0])))
    failed = writing.until(CutFailed)[-1]
    assert isinstance(failed, CutFailed)
    assert "input/output error" in failed.sentence
    assert open_descriptors() == descriptors - 1


@pytest.mark.parametrize("kept", [0, 1])
def test_a_cut_that_the_disk_refused_is_made_when_it_works_again(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kept: int
) -> None:
    path = tmp_path / "cam" / "a.mp4"
    size_bytes = kept * (len(PARTS.header) + len(PARTS.fragments[0]))
    writing.order(create(PARTS), *appends(PARTS))
    with monkeypatch.context() as patch:
        disk = Disk(patch)
        disk.fails = {"truncate": errno.ENOSPC}
        patch.setattr(Path, "unlink", refuses_to_unlink)
        writing.order(CutSegment(1, size_bytes))
        writing.until(CutFailed)
        assert not is_final(path)
    cut = writing.until(Cut)[-1]
    if kept:
        assert cut == Cut(1, path.stat().st_size)
        assert is_final(path)
        data = path.read_bytes()
        assert len(scan(read_from(data), len(data)).fragments) == 1
    else:
        assert cut == Cut(1, 0)
        assert not path.exists()


@pytest.mark.parametrize("content", [None, b"", b"no recording at all"])
def test_a_file_that_cannot_be_cut_any_more_is_left_alone(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "cam" / "a.mp4"
    writing.order(create(PARTS), *appends(PARTS))
    with monkeypatch.context() as patch:
        disk = Disk(patch)
        disk.fails = {"truncate": errno.ENOSPC}
        writing.order(CutSegment(1, len(PARTS.header) + len(PARTS.fragments[0])))
        writing.until(CutFailed)
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    answers = writing.close()
    assert [answer for answer in answers if isinstance(answer, Cut)] == ([Cut(1, 0)] if content is None else [])
    assert content is None or path.read_bytes() == content


def refuses_to_unlink(path: Path, *, missing_ok: bool = False) -> None:
    raise OSError(errno.EROFS, os.strerror(errno.EROFS), str(path))


def test_a_header_that_cannot_be_written_leaves_no_file_behind(
    writing: Writing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    disk = Disk(monkeypatch)
    disk.fails = {"pwritev": errno.ENOSPC}
    writing.order(create(PARTS))
    failed = writing.next()
    assert isinstance(failed, SegmentFailed)
    assert failed.kind is FaultKind.DISK_FULL
    assert list((tmp_path / "cam").iterdir()) == []


def test_a_short_write_is_completed(writing: Writing, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    real = os.pwritev
    monkeypatch.setattr("holdfast.storage.segment_file.os.pwritev", lambda fd, data, at: real(fd, [data[0][:7]], at))
    writing.order(create(PARTS), *appends(PARTS), finish(PARTS))
    writing.until(Finished)
    assert (tmp_path / "cam" / "a.mp4").read_bytes() == PARTS.final_file


@pytest.mark.expects_log("made a mistake")
def test_a_mistake_of_ours_costs_one_segment_and_the_others_are_written_on(
    writing: Writing, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing.order(create(PARTS))
    writing.until(Created)

    def mistaken(*_: object) -> int:
        raise ValueError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr("holdfast.storage.segment_file.os.pwritev", mistaken)
        writing.order(*appends(PARTS)[:1])
        failed = writing.until(SegmentFailed)[-1]
    assert isinstance(failed, SegmentFailed)
    assert "a bug" in failed.sentence
    writing.order(create(PARTS, "cam/b.mp4", key=2), *appends(PARTS, key=2), finish(PARTS, key=2))
    assert writing.until(Finished)[-1] == Finished(2, len(PARTS.final_file))


def test_a_disk_that_hangs_holds_up_no_order_and_no_end(writing: Writing, monkeypatch: pytest.MonkeyPatch) -> None:
    released = threading.Event()
    entered = threading.Event()

    def hang(fd: int, data: object, at: int) -> int:
        entered.set()
        released.wait(60)
        raise OSError(errno.EIO, "gone")

    monkeypatch.setattr("holdfast.storage.segment_file.os.pwritev", hang)
    writing.order(create(PARTS))
    assert entered.wait(30)
    begun_s = time.monotonic()
    writing.order(*appends(PARTS))
    assert not writing.writer.close(0.05)
    assert time.monotonic() - begun_s < 5
    released.set()
