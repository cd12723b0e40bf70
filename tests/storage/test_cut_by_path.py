"""Files of a process that is gone, which another one cuts."""

import os
import time
from pathlib import Path

import pytest

from holdfast.fmp4 import HEAD_BYTES, read_header
from holdfast.ports.volumes import Cut, CutSegment
from tests.fmp4.segments import STAMP
from tests.storage.hands import Hands, size_after
from tests.storage.volumes import PARTS, appends, create, is_final


def test_a_file_of_a_process_that_is_gone_is_cut_by_its_path(tmp_path: Path, path: Path) -> None:
    first = Hands(tmp_path)
    first.obey(create(PARTS), *appends(PARTS))
    first.perform()
    second = Hands(tmp_path)
    second.obey(CutSegment(1, size_after(2), "cam/a.mp4"))
    assert second.perform() == [Cut(1, path.stat().st_size)]
    assert is_final(path)
    second.obey(CutSegment(1, 0, "cam/a.mp4"), CutSegment(2, 0, "cam/nowhere.mp4"))
    assert second.perform() == [Cut(1, 0), Cut(2, 0)]
    assert not path.exists()


@pytest.mark.parametrize("is_final", [False, True])
def test_a_file_of_whose_creation_nobody_heard_is_known_by_its_place_in_its_run(
    hands: Hands, tmp_path: Path, *, is_final: bool
) -> None:
    order = create(PARTS, "cam/a.mp4", "cam/b.mp4", "cam/c.mp4", "cam/d.mp4")
    (tmp_path / "cam").mkdir()
    other = PARTS.open_file.replace(STAMP.run_id.bytes, bytes(16))
    assert other != PARTS.open_file
    (tmp_path / "cam/a.mp4").write_bytes(b"something else")
    (tmp_path / "cam/b.mp4").write_bytes(other)
    (tmp_path / "cam/c.mp4").write_bytes(PARTS.final_file if is_final else PARTS.open_file)
    cut = CutSegment(1, 0, "", order.paths, str(STAMP.run_id), STAMP.ordinal)
    hands.obey(cut)
    assert hands.perform() == [Cut(1, 0)]
    assert sorted(file.name for file in (tmp_path / "cam").iterdir()) == ["a.mp4", "b.mp4"]
    hands.obey(cut)
    assert hands.perform() == [Cut(1, 0)], "it is gone already"
    assert len(list((tmp_path / "cam").iterdir())) == 2


def test_a_file_that_has_taken_the_name_of_one_that_was_cut_before_is_left_alone(hands: Hands, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(PARTS.open_file)
    hands.obey(CutSegment(1, 0, "cam/a.mp4", (), str(STAMP.run_id), STAMP.ordinal + 1))
    assert hands.perform() == [Cut(1, 0)]
    assert path.read_bytes() == PARTS.open_file
    hands.obey(CutSegment(1, 0, "cam/a.mp4", (), str(STAMP.run_id), STAMP.ordinal))
    assert hands.perform() == [Cut(1, 0)]
    assert not path.exists()


def test_a_file_that_is_cut_gets_the_begin_that_is_known_by_now(hands: Hands, path: Path) -> None:
    hands.obey(create(PARTS), *appends(PARTS))
    hands.perform()
    hands.obey(CutSegment(1, size_after(2), wall_start_ns=STAMP.wall_start_ns - 5))
    hands.perform()
    stamp = read_header(path.read_bytes()[:HEAD_BYTES]).stamp
    assert stamp is not None
    assert (stamp.wall_start_ns, stamp.final) == (STAMP.wall_start_ns - 5, True)


def test_a_file_that_was_final_before_it_is_cut_by_another_process_is_final_after_it(hands: Hands, path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(PARTS.final_file)
    hands.obey(CutSegment(1, size_after(2), "cam/a.mp4"))
    (cut,) = hands.perform()
    assert cut == Cut(1, path.stat().st_size)
    assert size_after(2) < path.stat().st_size < len(PARTS.final_file)
    assert is_final(path)


@pytest.mark.parametrize("left", [b"", bytes(4096)], ids=["empty", "zeros"])
def test_a_file_of_which_only_the_name_reached_the_disk_is_removed_when_nothing_of_it_counts(
    hands: Hands, path: Path, left: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(left)
    place = str(STAMP.run_id), STAMP.ordinal
    hands.obey(CutSegment(1, 0, "cam/a.mp4", (), *place))
    assert hands.perform() == [Cut(1, 0)]
    assert path.exists(), "it may be one that takes the name just now"
    an_hour_ago = time.time() - 3600
    os.utime(path, (an_hour_ago, an_hour_ago))
    hands.obey(CutSegment(1, size_after(2), "cam/a.mp4", (), *place))
    assert hands.perform() == [Cut(1, 0)]
    assert path.exists(), "what counted of it is gone, and is not made worse"
    hands.obey(CutSegment(1, 0, "", ("cam/a.mp4", "cam/b.mp4"), *place))
    assert hands.perform() == [Cut(1, 0)]
    assert not path.exists()
