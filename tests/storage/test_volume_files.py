"""The files of a volume, with tasks that are performed when the test says so."""

import errno
import os
import time
from pathlib import Path

import pytest

from holdfast.fmp4 import scan
from holdfast.ports.volumes import (
    Created,
    Cut,
    CutFailed,
    CutSegment,
    Finished,
    SegmentFailed,
    Synced,
)
from holdfast.storage.pace import Pace
from holdfast.storage.volume_files import NO_DATA, VolumeFiles, perform
from tests.fmp4.segments import read_from
from tests.storage.hands import HEADER, Hands, size_after
from tests.storage.volumes import PARTS, appends, create, finish, is_final


def fails(monkeypatch: pytest.MonkeyPatch, name: str, error: Exception | None = None) -> list[int]:
    """Let a function of os fail; the descriptors it was called with."""
    calls: list[int] = []
    error = OSError(errno.EIO, os.strerror(errno.EIO)) if error is None else error

    def call(fd: int, *_: object) -> None:
        calls.append(fd)
        raise error

    monkeypatch.setattr(f"holdfast.storage.segment_file.os.{name}", call)
    return calls


def test_a_file_is_created_when_its_name_is_on_the_disk_and_takes_footage_before(hands: Hands, path: Path) -> None:
    assert hands.obey(create(PARTS), *appends(PARTS)[:2]) == []
    assert path.stat().st_size == size_after(2)
    (created,) = hands.perform()
    assert isinstance(created, Created)
    assert (created.key, created.path) == (1, "cam/a.mp4")
    assert time.monotonic() - created.at_s < PATIENCE_S


PATIENCE_S = 60.0


def test_the_folders_that_are_made_for_a_file_are_synced_too(
    hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    real = os.fsync

    def sync(fd: int) -> None:
        synced.append(Path(f"/proc/self/fd/{fd}").readlink().name)
        real(fd)

    monkeypatch.setattr("holdfast.storage.segment_file.os.fsync", sync)
    hands.obey(create(PARTS, "cam/day/a.mp4", key=1))
    hands.perform()
    assert synced == ["day", "cam", tmp_path.name]
    synced.clear()
    hands.obey(create(PARTS, "cam/day/b.mp4", key=2))
    hands.perform()
    assert synced == ["day"]


def test_while_a_sync_takes_long_footage_is_taken_and_counts_for_the_next_one(hands: Hands, path: Path) -> None:
    hands.obey(create(PARTS), *appends(PARTS)[:2])
    hands.perform()
    assert hands.sync() == []
    hands.obey(*appends(PARTS, first=2))
    assert path.stat().st_size == size_after(5)
    assert hands.perform() == [Synced(1, 1, size_after(5))], "the sync may have covered more than it says: not less"
    hands.sync()
    assert hands.perform() == []


def test_a_sync_says_no_more_than_what_was_written_when_it_began(
    hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.obey(create(PARTS), *appends(PARTS)[:2])
    hands.perform()
    hands.sync()
    real = os.fdatasync

    def sync(fd: int) -> None:
        real(fd)
        hands.obey(*appends(PARTS, first=2))

    with monkeypatch.context() as patch:
        patch.setattr("holdfast.storage.segment_file.os.fdatasync", sync)
        assert hands.perform() == [Synced(1, 1, size_after(2))]
    hands.sync()
    assert hands.perform() == [Synced(1, 4, size_after(5))]


def test_a_segment_that_was_busy_when_all_were_synced_is_synced_as_soon_as_it_is_not(hands: Hands) -> None:
    hands.obey(create(PARTS), *appends(PARTS))
    hands.sync()
    answers = hands.perform()
    assert [type(answer) for answer in answers] == [Created, Synced]
    assert answers[1] == Synced(1, 4, size_after(5))


def test_what_is_clean_is_not_synced(hands: Hands) -> None:
    hands.obey(create(PARTS))
    hands.perform()
    hands.sync()
    assert hands.perform() == [Synced(1, NO_DATA, HEADER)]
    hands.sync()
    assert hands.tasks == []


def test_segments_do_not_wait_for_one_another(hands: Hands) -> None:
    hands.obey(create(PARTS, "1.mp4", key=1), *appends(PARTS, 1))
    hands.perform()
    hands.sync()
    (slow,) = hands.tasks
    hands.tasks.clear()
    hands.obey(create(PARTS, "2.mp4", key=2), *appends(PARTS, 2), finish(PARTS, 2))
    assert [type(answer) for answer in hands.perform()] == [Created, Synced, Finished]
    hands.tasks.append(slow)
    assert hands.perform() == [Synced(1, 4, size_after(5))]


def test_finishing_waits_for_the_sync_that_is_at_work_and_takes_nothing_more(hands: Hands, path: Path) -> None:
    hands.obey(create(PARTS), *appends(PARTS))
    hands.perform()
    hands.sync()
    hands.obey(finish(PARTS), *appends(PARTS))
    assert path.stat().st_size == size_after(5)
    assert hands.perform(1) == [Synced(1, 4, size_after(5))]
    assert hands.perform() == [Synced(1, 4, size_after(5)), Finished(1, len(PARTS.final_file))]
    assert path.read_bytes() == PARTS.final_file
    assert not hands.files.is_busy


@pytest.mark.parametrize("fragments", [0, 2, 4])
def test_a_file_that_was_finished_while_the_order_to_cut_it_came_is_cut_all_the_same(
    hands: Hands, path: Path, fragments: int
) -> None:
    """What is behind the cut is written again elsewhere: it would be there twice."""
    hands.obey(create(PARTS), *appends(PARTS), finish(PARTS), CutSegment(1, size_after(fragments) if fragments else 0))
    *_, finished, cut = hands.perform()
    assert finished == Finished(1, len(PARTS.final_file))
    assert isinstance(cut, Cut)
    if not fragments:
        assert cut.size_bytes == 0
        assert not path.exists()
        return
    data = path.read_bytes()
    assert cut.size_bytes == len(data)
    assert is_final(path)
    assert len(scan(read_from(data), len(data)).fragments) == fragments


def test_a_file_that_was_finished_and_has_nothing_behind_the_cut_stays_as_it_is(
    hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.obey(create(PARTS), *appends(PARTS), finish(PARTS))
    hands.perform()
    fails(monkeypatch, "truncate")
    hands.obey(CutSegment(1, size_after(5)))
    assert hands.perform() == [Cut(1, len(PARTS.final_file))]
    assert path.read_bytes() == PARTS.final_file


def test_a_write_that_fails_during_a_sync_is_said_after_it(
    hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.obey(create(PARTS), *appends(PARTS)[:2])
    hands.perform()
    hands.sync()
    with monkeypatch.context() as patch:
        writes = fails(patch, "pwritev", OSError(errno.ENOSPC, "full"))
        assert hands.obey(*appends(PARTS, first=2), finish(PARTS)) == []
        assert len(writes) == 1
    synced, failed = hands.perform()
    assert synced == Synced(1, 1, size_after(2))
    assert isinstance(failed, SegmentFailed)
    assert failed.path == "cam/a.mp4"
    hands.obey(CutSegment(1, size_after(1)))
    assert isinstance(hands.perform()[-1], Cut)
    assert is_final(path)


def test_a_write_that_fails_before_the_name_is_safe_is_said_after_that(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.obey(create(PARTS))
    with monkeypatch.context() as patch:
        fails(patch, "pwritev")
        hands.obey(*appends(PARTS)[:1])
    assert [type(answer) for answer in hands.perform()] == [Created, SegmentFailed]


def fails_always() -> None:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


def test_a_name_that_cannot_be_made_safe_leaves_no_file(
    hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.obey(create(PARTS), *appends(PARTS), CutSegment(1, 0))
    with monkeypatch.context() as patch:
        fails(patch, "fsync")
        failed, cut = hands.perform()
    assert isinstance(failed, SegmentFailed)
    assert failed.path == ""
    assert cut == Cut(1, 0)
    assert not path.exists()


def test_a_name_that_cannot_be_made_safe_nor_be_removed_is_removed_when_the_disk_works_again(
    hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.obey(create(PARTS), *appends(PARTS), CutSegment(1, size_after(2)))
    with monkeypatch.context() as patch:
        fails(patch, "fsync")
        patch.setattr(Path, "unlink", lambda *_, **__: fails_always())
        failed, cut = hands.perform()
    assert isinstance(failed, SegmentFailed)
    assert isinstance(cut, CutFailed)
    hands.files.cut_again()
    assert hands.perform() == [Cut(1, 0)]
    assert not path.exists()


def test_what_failed_to_sync_is_closed_and_never_synced_again(
    hands: Hands, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.obey(create(PARTS), *appends(PARTS)[:2])
    hands.perform()
    syncs = fails(monkeypatch, "fdatasync")
    hands.sync()
    hands.obey(*appends(PARTS, first=2), finish(PARTS))
    (failed,) = hands.perform()
    assert isinstance(failed, SegmentFailed)
    assert hands.sync() == []
    assert hands.perform() == []
    hands.files.close()
    assert len(syncs) == 1
    assert path not in [fd.readlink() for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()]


@pytest.mark.parametrize("call", ["fdatasync", "pwrite", "fsync"])
def test_a_finish_that_fails_is_not_tried_again(hands: Hands, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    hands.obey(create(PARTS), *appends(PARTS))
    hands.perform()
    calls = fails(monkeypatch, call)
    hands.obey(finish(PARTS))
    answers = hands.perform()
    assert isinstance(answers[-1], SegmentFailed)
    assert Finished not in map(type, answers)
    assert hands.sync() == []
    assert len(calls) == 1


@pytest.mark.parametrize("call", ["pwritev", "fdatasync", "fsync"])
@pytest.mark.expects_log("made a mistake with segment 1")
def test_a_mistake_of_ours_anywhere_costs_one_segment(hands: Hands, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    with monkeypatch.context() as patch:
        fails(patch, call, ValueError("a bug"))
        hands.obey(create(PARTS), *appends(PARTS))
        hands.perform()
        hands.sync()
        answers = hands.perform()
        failed = hands.files.take_answers() + answers
    del failed
    hands.obey(create(PARTS, "b.mp4", key=2), *appends(PARTS, 2), finish(PARTS, 2))
    assert hands.perform()[-1] == Finished(2, len(PARTS.final_file))


@pytest.mark.expects_log("made a mistake with segment 1")
def test_a_mistake_in_cutting_is_said_and_the_cut_is_not_tried_for_ever(
    hands: Hands, monkeypatch: pytest.MonkeyPatch
) -> None:
    hands.obey(create(PARTS), *appends(PARTS))
    hands.perform()
    with monkeypatch.context() as patch:
        patch.setattr("holdfast.storage.volume_files.plan_repair", lambda _: 1 / 0)
        hands.obey(CutSegment(1, size_after(2)))
        (failed,) = hands.perform()
        assert isinstance(failed, CutFailed)
        hands.files.cut_again()
        assert hands.perform() == []
        hands.files.cut_again()
    assert hands.tasks == []


def test_a_cut_that_is_at_work_is_not_begun_again(hands: Hands, monkeypatch: pytest.MonkeyPatch) -> None:
    hands.obey(create(PARTS), *appends(PARTS))
    hands.perform()
    with monkeypatch.context() as patch:
        fails(patch, "truncate")
        hands.obey(CutSegment(1, size_after(2)))
        (failed,) = hands.perform()
    assert isinstance(failed, CutFailed)
    hands.files.cut_again()
    hands.files.cut_again()
    assert len(hands.tasks) == 1
    assert [type(answer) for answer in hands.perform()] == [Cut]


def test_sentences_name_the_volume_and_not_the_way_that_leads_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_bytes(b"")
    files = VolumeFiles(Path(), lambda key, task: files.ended(key, perform(task)), shown=Path("/srv/disk"))
    files.obey(create(PARTS, "file/a.mp4"))
    (failed,) = files.take_answers()
    assert isinstance(failed, SegmentFailed)
    assert failed.sentence.startswith("/srv/disk/file cannot be written")
    files.obey(create(PARTS, "cam/a.mp4", key=2))
    (created,) = files.take_answers()
    assert isinstance(created, Created)
    with monkeypatch.context() as patch:
        fails(patch, "pwritev")
        files.obey(appends(PARTS, 2)[0])
    (failed,) = files.take_answers()
    assert isinstance(failed, SegmentFailed)
    assert failed.sentence.startswith("/srv/disk/cam/a.mp4 cannot be written")


def test_the_slowest_step_is_told_once_and_one_that_has_not_ended_every_time() -> None:
    pace = Pace()
    assert pace.slowest_s() == 0
    with pace.step():
        time.sleep(0.01)
    assert pace.slowest_s() >= 0.01
    assert pace.slowest_s() == 0
    with pace.step():
        time.sleep(0.01)
        assert pace.slowest_s() >= 0.01
        time.sleep(0.01)
        assert pace.slowest_s() >= 0.02
    assert pace.slowest_s() >= 0.02
