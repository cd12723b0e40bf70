"""The writer on disks that are full or read-only, mounted for the purpose."""

from pathlib import Path

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.ports.volumes import CreateSegment, Cut, CutSegment, SegmentFailed
from tests.storage.volumes import LARGE, PARTS, Writing, appends, create, is_final, small_disk, whole_fragments


@pytest.mark.root
def test_a_disk_that_becomes_full_leaves_whole_fragments_and_the_file_can_be_made_final(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=64k") as root:
        writing = Writing(root)
        writing.order(create(LARGE), *appends(LARGE))
        failed = writing.until(SegmentFailed)[-1]
        assert isinstance(failed, SegmentFailed)
        assert (failed.kind, failed.path) == (FaultKind.DISK_FULL, "cam/a.mp4")
        assert "The disk is full" in failed.sentence
        kept = whole_fragments(root / "cam" / "a.mp4", LARGE)
        assert 2 <= kept < 8
        size = len(LARGE.header) + sum(len(data) for data in LARGE.fragments[: kept - 1])
        writing.order(CutSegment(1, size))
        assert isinstance(writing.until(Cut)[-1], Cut)
        assert is_final(root / "cam" / "a.mp4")
        assert writing.close() == []


@pytest.mark.root
def test_a_disk_without_any_room_refuses_the_file_and_leaves_none(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "size=16k") as root:
        (root / "filler").write_bytes(bytes(16 * 1024))
        writing = Writing(root)
        writing.order(CreateSegment(1, ("a.mp4",), PARTS.header))
        failed = writing.next()
        assert isinstance(failed, SegmentFailed)
        assert failed.kind is FaultKind.DISK_FULL
        assert not (root / "a.mp4").exists()
        writing.close()


@pytest.mark.root
def test_a_disk_that_is_read_only_is_named_with_a_remedy(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", "ro") as root:
        writing = Writing(root)
        writing.order(create(PARTS))
        failed = writing.next()
        assert isinstance(failed, SegmentFailed)
        assert "read-only" in failed.sentence
        writing.close()
