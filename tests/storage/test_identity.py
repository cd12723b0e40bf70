"""Whether a volume is ours and can be used: real folders, real file systems, and markers that somebody else wrote."""

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.domain.volumes import VolumeIdentity, VolumeSpace, VolumeState
from holdfast.storage import identity
from holdfast.storage.identity import adopt, file_system_of, open_volume
from holdfast.storage.marker import FOLDER, NAME, new_id
from holdfast.storage.mounts import covering, parse, read_table
from tests.storage.opening import OURS, THEIRS, failing, left_over, marker_of, opened, refused
from tests.storage.volumes import small_disk

MIB = 1 << 20


def test_a_new_volume_is_tried_and_marked_and_found_again(tmp_path: Path) -> None:
    root = tmp_path / "footage"
    first = opened(root)
    assert first.is_new
    assert first.identity.recorder_id == OURS
    assert first.identity.name == "main"
    assert first.space.free_bytes > 0
    assert first.path == str(root)
    assert first.full == ""
    again = opened(root, first.identity)
    assert (again.is_new, again.identity) == (False, first.identity)
    assert opened(root).identity == first.identity, "of a catalog that was lost, the marker is left"
    assert left_over(root) == [f"{FOLDER}/{NAME}"]
    said = json.loads(marker_of(root).read_text(encoding="utf-8"))
    assert set(said) == {"format", "volume_id", "recorder_id", "name", "made"}


def test_the_file_system_is_that_of_the_kernels_table(tmp_path: Path) -> None:
    found = opened(tmp_path)
    assert found.file_system == covering(parse(read_table()), found.path)


@pytest.mark.parametrize("name", ["with space", "앞문 (카메라)", "trailing/", "quote'\"$(x)", "new\nline"])
def test_a_path_with_any_letters_works(tmp_path: Path, name: str) -> None:
    root = Path(f"{tmp_path}/{name}")
    known = opened(root)
    assert opened(Path(f"{root}/"), known.identity).identity == known.identity


def test_a_path_through_a_symbolic_link_is_known_by_its_end(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    found = opened(tmp_path / "link" / "footage")
    assert found.path == str(tmp_path / "real" / "footage")


def test_a_known_volume_without_its_marker_is_not_mounted_and_nothing_is_made(tmp_path: Path) -> None:
    known = VolumeIdentity(new_id(), OURS, "main")
    for root in (tmp_path, tmp_path / "none", tmp_path / "none" / "deeper"):
        found = refused(root, known)
        assert found.state is VolumeState.GONE
        assert found.sentence == (
            f"The disk of volume main is not mounted at {root}. Mount it: recording returns to it by itself. "
            f"To begin with an empty one instead: holdfast adopt {root}"
        )
    assert list(tmp_path.iterdir()) == []


def test_another_volume_is_refused_with_the_way_out(tmp_path: Path) -> None:
    root = tmp_path / "my disk"
    other = opened(root).identity
    found = refused(root, VolumeIdentity(new_id(), OURS, "usb"))
    assert found.state is VolumeState.REFUSED
    assert "there is another volume (main) than the one that belongs there (usb)" in found.sentence
    assert f"holdfast adopt '{root}'" in found.sentence
    assert adopt(root, "usb", OURS) == VolumeIdentity(other.volume_id, OURS, "usb")


@pytest.mark.parametrize("is_known", [False, True])
def test_a_volume_of_another_recorder_is_refused_until_it_is_adopted(tmp_path: Path, is_known: bool) -> None:  # noqa: FBT001 - of a table
    theirs = open_volume(tmp_path, name="theirs", recorder_id=THEIRS, expected=None, reserve_bytes=0).identity
    before = marker_of(tmp_path).read_bytes()
    found = refused(tmp_path, theirs if is_known else None)
    assert found.state is VolumeState.REFUSED
    assert "is a volume of another recorder (theirs)" in found.sentence
    assert marker_of(tmp_path).read_bytes() == before
    ours = adopt(tmp_path, "main", OURS)
    assert ours == VolumeIdentity(theirs.volume_id, OURS, "main")
    assert opened(tmp_path, ours).identity == ours


def test_a_file_instead_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    found = refused(tmp_path / "file")
    assert (found.state, found.sentence) == (
        VolumeState.REFUSED,
        f"{tmp_path / 'file'} is a file, not a folder. Choose another place.",
    )


def test_a_folder_whose_parent_is_missing_waits_for_its_disk(tmp_path: Path) -> None:
    found = refused(tmp_path / "none" / "footage")
    assert found.state is VolumeState.GONE
    assert "does not exist, nor does the folder above it. Is the disk mounted?" in found.sentence


# ------------------------------------------------------------------ disks in trouble


@pytest.mark.parametrize(
    ("call", "code", "state"),
    [
        ("open", errno.EIO, VolumeState.GONE),
        ("open", errno.EACCES, VolumeState.REFUSED),
        ("mkdir", errno.EROFS, VolumeState.READ_ONLY),
        ("mkdir", errno.EACCES, VolumeState.REFUSED),
        ("write", errno.EIO, VolumeState.GONE),
        ("fsync", errno.EIO, VolumeState.GONE),
        ("pread", errno.ENODEV, VolumeState.GONE),
    ],
)
def test_what_the_disk_answers_decides_the_state_and_nothing_stays_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, code: int, state: VolumeState
) -> None:
    known = opened(tmp_path).identity
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with monkeypatch.context() as patched:
        failing(patched, call, code)
        found = refused(tmp_path, known)
    assert found.state is state
    assert os.strerror(code) in found.sentence
    assert left_over(tmp_path) == [f"{FOLDER}/{NAME}"]
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_disk_that_gives_back_something_else_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", lambda *_: b"something else")
        found = refused(tmp_path)
    assert found.state is VolumeState.GONE
    assert "does not give back what is written to it" in found.sentence
    assert left_over(tmp_path) == []


def test_a_disk_without_space_is_full_and_is_opened_only_when_it_is_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        failing(patched, "write", errno.ENOSPC)
        found = refused(tmp_path)
    assert found.state is VolumeState.FULL
    known = opened(tmp_path).identity
    with monkeypatch.context() as patched:
        failing(patched, "write", errno.ENOSPC)
        assert "The disk is full." in opened(tmp_path, known).full
    with monkeypatch.context() as patched:
        patched.setattr(identity, "space_of", lambda _: VolumeSpace(499 * MIB, 100_000 * MIB))
        assert opened(tmp_path, known, reserve=500 * MIB).full == (
            f"The disk of {tmp_path} is full: 499M are free, and 500M are to stay free. Free some space."
        )
        assert opened(tmp_path, known, reserve=499 * MIB).full == ""


# ------------------------------------------------------------------ real file systems


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    at = tmp_path.resolve() / "my disk"
    yield at
    while os.path.ismount(at):
        subprocess.run(["umount", "-l", str(at)], check=True)


@pytest.mark.root
def test_a_real_disk_that_is_unmounted_is_gone_and_one_that_is_back_is_known(place: Path) -> None:
    with small_disk(place, "size=8m"):
        known = opened(place).identity
        kept = marker_of(place).read_bytes()
    assert refused(place, known).state is VolumeState.GONE
    place.rmdir()
    with small_disk(place, "size=8m"):
        assert refused(place, known).state is VolumeState.GONE, "an empty disk is not the one that was there"
        (place / FOLDER).mkdir()
        marker_of(place).write_bytes(kept)
        back = opened(place, known)
        assert (back.identity, back.file_system.kind, back.file_system.mount_point) == (known, "tmpfs", str(place))
        assert back.space.total_bytes == 8 * MIB
        folder = os.open(place, os.O_RDONLY)
        try:
            assert file_system_of(folder, str(place)) == back.file_system
            subprocess.run(["umount", "-l", str(place)], check=True)
            assert file_system_of(folder, str(place)) is None, "what is open outlives the mount"
        finally:
            os.close(folder)
            subprocess.run(["mount", "-t", "tmpfs", "holdfast-test", str(place)], check=True)


@pytest.mark.root
def test_a_real_disk_that_is_read_only_is_said_to_be_so(place: Path) -> None:
    with small_disk(place, "size=8m"):
        known = opened(place).identity
        subprocess.run(["mount", "-o", "remount,ro", str(place)], check=True)
        found = refused(place, known)
        assert found.state is VolumeState.READ_ONLY
        assert "is mounted read-only" in found.sentence


@pytest.mark.root
def test_a_real_disk_that_is_full_is_opened_as_full(place: Path) -> None:
    with small_disk(place, "size=1m"):
        known = opened(place).identity
        try:
            (place / "filling").write_bytes(b"x" * (2 * MIB))
        except OSError as error:
            assert error.errno == errno.ENOSPC  # noqa: PT017 - a small file system may take some of it
        assert "The disk is full." in opened(place, known).full
        assert "are to stay free" in opened(place, known, reserve=MIB).full


def test_whoever_opens_volumes_loads_little() -> None:
    script = (
        "import sys, holdfast.storage.identity; "
        "heavy = {'asyncio', 'sqlite3', 'gi', 'aiohttp', 'rich', 'threading', 'logging', 'subprocess'}; "
        "print(sorted(heavy & set(sys.modules)))"
    )
    said = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
