"""Which file is read, and how much of it."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.domain.volumes import VolumeIdentity
from holdfast.fmp4 import Fmp4Error, KeyFrame
from holdfast.storage.key_frame_files import WALKS_KEPT, KeyFrameFiles, NoKeyFrame, Wanted
from holdfast.storage.marker import MarkerError, make_marker
from tests.fmp4.builder import stream
from tests.fmp4.segments import STAMP, assemble, split

S = 10**9
LONG = assemble(*split(stream(400)))
OTHER, RIGHT, RECORDER = (f"{number:08}-2222-4333-8444-555555555555" for number in range(3))


def volume(root: Path, volume_id: str) -> Path:
    root.mkdir(parents=True, exist_ok=True)
    folder = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        make_marker(folder, VolumeIdentity(volume_id, RECORDER, "main"))
    finally:
        os.close(folder)
    return root


def wanted(*roots: Path, at_s: float = 0, **changes: object) -> Wanted:
    one = Wanted(roots=tuple(map(str, roots)), volume_id="", path="a.mp4", at_ns=round(at_s * S))
    return replace(one, **changes)  # type: ignore[arg-type] # fields of Wanted


@pytest.fixture
def final(tmp_path: Path) -> Path:
    (tmp_path / "a.mp4").write_bytes(LONG.final_file)
    return tmp_path


def test_of_a_final_file_the_ends_and_one_fragment_are_read(final: Path) -> None:
    files = KeyFrameFiles()
    found = files.find(wanted(final, at_s=150.4))
    assert (found.begin_ns, found.next_ns, found.end_ns) == (150 * S, 151 * S, 200 * S)
    header, data = files.sample(wanted(final), KeyFrame(0, None, found.offset, found.size_bytes))
    assert len(data) == found.size_bytes == 300
    assert header.stamp == replace(STAMP, final=True, samples=header.stamp.samples if header.stamp else 0)
    assert files.read_bytes < 20_000 < len(LONG.final_file)


@pytest.mark.parametrize("how", ["open", "no index", "garbled index", "kept in part"])
def test_a_file_without_an_index_is_walked_through_once(how: str, tmp_path: Path) -> None:
    whole = LONG.final_file
    content = {
        "open": LONG.open_file,
        "no index": whole[: -len(LONG.index)],
        "garbled index": whole[: -len(LONG.index)] + LONG.index.replace(b"tfra", b"free"),
        "kept in part": whole,
    }[how]
    (tmp_path / "a.mp4").write_bytes(content)
    keep = len(whole) - len(LONG.index) if how == "kept in part" else None
    files = KeyFrameFiles()
    for number in range(3):
        before = files.read_bytes
        assert files.find(wanted(tmp_path, at_s=150.4, keep_bytes=keep)).begin_ns == 150 * S
        assert files.read_bytes - before < 20_000 or number == 0


def test_what_is_cut_while_it_is_known_is_walked_through_anew(tmp_path: Path) -> None:
    files, path = KeyFrameFiles(), tmp_path / "a.mp4"
    path.write_bytes(LONG.open_file)
    assert files.find(wanted(tmp_path, at_s=500)).begin_ns == 199 * S
    os.truncate(path, len(LONG.open_file) // 2)
    half = files.find(wanted(tmp_path, at_s=500))
    assert 90 * S < half.begin_ns < 110 * S
    assert half.next_ns is None
    os.truncate(path, len(LONG.header) + 10)
    with pytest.raises(Fmp4Error, match="there is no key frame in it yet"):
        files.find(wanted(tmp_path))


def test_no_more_walks_are_remembered_than_a_few(tmp_path: Path) -> None:
    files = KeyFrameFiles()
    for number in range(3 * WALKS_KEPT):
        (tmp_path / f"{number}.mp4").write_bytes(LONG.open_file)
        files.find(wanted(tmp_path, path=f"{number}.mp4"))
    assert len(files._walks) == WALKS_KEPT  # noqa: SLF001


def test_the_volume_is_found_by_its_marker_wherever_it_is(final: Path, tmp_path: Path) -> None:
    other = volume(tmp_path / "other", OTHER)
    right = volume(tmp_path / "right", RIGHT)
    (other / "a.mp4").write_bytes(b"the same name on another disk")
    (right / "a.mp4").write_bytes(LONG.final_file)
    files, nowhere = KeyFrameFiles(), tmp_path / "nowhere"
    for roots in ((right,), (other, right), (nowhere, other, right), (final, right)):
        assert files.find(wanted(*roots, volume_id=RIGHT)).begin_ns == 0
    with pytest.raises(NoKeyFrame, match="there is not the volume that belongs there"):
        files.find(wanted(other, final, volume_id=RIGHT))
    with pytest.raises(FileNotFoundError):
        files.find(wanted(nowhere, other, volume_id=RIGHT))
    (right / ".holdfast/volume.json").write_bytes(b"garbage")
    with pytest.raises(MarkerError):
        files.find(wanted(right, volume_id=RIGHT))


@pytest.mark.parametrize("path", ["", "/etc/passwd", "../a.mp4", "x/../../a.mp4"])
def test_no_path_leads_out_of_the_volume(path: str, final: Path) -> None:
    with pytest.raises(NoKeyFrame, match="is no path of a recorded file"):
        KeyFrameFiles().find(wanted(final, path=path))


def test_links_pipes_and_folders_are_not_read(final: Path) -> None:
    (final / "link.mp4").symlink_to("a.mp4")
    os.mkfifo(final / "pipe.mp4")
    (final / "folder.mp4").mkdir()
    with pytest.raises(OSError, match="Too many levels"):
        KeyFrameFiles().find(wanted(final, path="link.mp4"))
    for path in ("pipe.mp4", "folder.mp4"):
        with pytest.raises(NoKeyFrame, match="it is no file"):
            KeyFrameFiles().find(wanted(final, path=path))


def test_a_picture_that_is_cut_off_is_said(final: Path) -> None:
    files = KeyFrameFiles()
    found = files.find(wanted(final, at_s=150))
    os.truncate(final / "a.mp4", found.offset + 100)
    with pytest.raises(NoKeyFrame, match="cut off in the middle of the picture"):
        files.sample(wanted(final), KeyFrame(0, None, found.offset, found.size_bytes))
