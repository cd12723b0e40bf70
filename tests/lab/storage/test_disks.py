"""The disks do what their names say, and leave nothing behind."""

import contextlib
import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from holdfast.lab.scenarios.stand import await_that
from holdfast.lab.storage.disks import LoopDisk, TmpfsDisk
from holdfast.lab.storage.fuse_disk import WRITES_AND_SYNCS, FuseDisk, TroubleName
from holdfast.lab.storage.mounts import DiskError, Kind, attach, backing, detach, is_mounted
from holdfast.lab.storage.needs import Need
from tests.having import skip_without

pytestmark = pytest.mark.root
KINDS: tuple[Kind, ...] = ("ext4", "xfs")
FOR_EVER_S = 60


def written_to(folder: Path) -> int:
    """The errno of writing a file, reading it and syncing it; 0 when all of it could be done."""
    try:
        with (folder / "file").open("wb") as file:
            file.write(b"x" * 5000)
            file.flush()
            os.fsync(file.fileno())
        assert (folder / "file").read_bytes() == b"x" * 5000
    except OSError as error:
        return error.errno or -1
    return 0


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def fuse(tmp_path: Path) -> Iterator[FuseDisk]:
    skip_without("fuse")
    with FuseDisk(tmp_path) as disk:
        yield disk
    assert not is_mounted(disk.folder)


@pytest.fixture(params=KINDS)
def loop(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LoopDisk]:
    skip_without("loop", request.param)
    with LoopDisk(tmp_path, request.param) as disk:
        yield disk
    assert not is_mounted(disk.folder)
    # The kernel lets go of it when nobody looks at it any more (autoclear), and every mount makes somebody look.
    await_that(lambda: str(tmp_path) not in _listed(), 10)


def _listed() -> str:
    return subprocess.run(["losetup", "--list"], capture_output=True, text=True, check=True).stdout


class TestFuse:
    def test_passes_everything_on_to_a_folder(self, fuse: FuseDisk) -> None:
        folder, backing = fuse.folder, fuse.backing
        (folder / "a").mkdir()
        (folder / "a" / "한 글").write_bytes(b"one")
        with (folder / "a" / "한 글").open("ab") as file:
            file.write(b"two")
        os.link(folder / "a" / "한 글", folder / "b")
        os.truncate(folder / "b", 4)
        (folder / "b").rename(folder / "c")
        (folder / "l").symlink_to("c")
        assert (backing / "c").read_bytes() == (folder / "l").read_bytes() == b"onet"
        assert names(folder) == ["a", "c", "l"]
        assert (folder / "c").stat().st_ino == (folder / "a" / "한 글").stat().st_ino
        (folder / "l").unlink()
        shutil.rmtree(folder / "a")
        assert names(backing) == ["c"]
        with pytest.raises(FileExistsError):
            (folder / "c").touch(exist_ok=False)

    @pytest.mark.parametrize(
        ("trouble", "number"),
        [("eio", errno.EIO), ("enodev", errno.ENODEV), ("erofs", errno.EROFS), ("enospc", errno.ENOSPC)],
    )
    def test_fails_with_the_number_that_it_is_told_to_until_it_is_healed(
        self, fuse: FuseDisk, trouble: TroubleName, number: int
    ) -> None:
        with (fuse.folder / "open").open("wb", buffering=0) as opened:
            opened.write(b"1")
            fuse.trouble(trouble)
            assert written_to(fuse.folder) == number
            with pytest.raises(OSError, match=r".") as raised:
                opened.write(b"2")
            assert raised.value.errno == number
            fuse.heal()
            opened.write(b"3")
            os.fsync(opened.fileno())
        assert written_to(fuse.folder) == 0
        assert (fuse.folder / "open").read_bytes() == b"13"

    def test_a_full_or_read_only_disk_can_be_read(self, fuse: FuseDisk) -> None:
        assert written_to(fuse.folder) == 0
        for trouble in ("enospc", "erofs"):
            fuse.trouble(trouble)
            assert (fuse.folder / "file").read_bytes()
            assert names(fuse.folder) == ["file"]
        fuse.trouble("enospc")
        (fuse.folder / "file").unlink()

    def test_syncs_take_as_long_as_they_are_told_to(self, fuse: FuseDisk) -> None:
        fuse.slow(0.3)
        begun_s = time.monotonic()
        assert written_to(fuse.folder) == 0
        assert time.monotonic() - begun_s >= 0.3
        fuse.slow(0.3, WRITES_AND_SYNCS)
        begun_s = time.monotonic()
        assert written_to(fuse.folder) == 0
        assert time.monotonic() - begun_s >= 0.6

    def test_what_hangs_goes_on_when_it_is_healed(self, fuse: FuseDisk) -> None:
        found: list[int] = []
        fuse.trouble("hang")
        threads = [threading.Thread(target=lambda: found.append(written_to(fuse.folder))) for _ in range(3)]
        for thread in threads:
            thread.start()
        time.sleep(0.2)
        assert not found
        fuse.heal()
        for thread in threads:
            thread.join(FOR_EVER_S)
        assert found == [0, 0, 0]

    def test_who_waits_for_a_disk_that_hangs_is_freed_when_the_disk_ends(self, fuse: FuseDisk) -> None:
        found: list[int] = []
        fuse.trouble("hang")
        thread = threading.Thread(target=lambda: found.append(written_to(fuse.folder)))
        thread.start()
        time.sleep(0.2)
        fuse.stop()
        thread.join(FOR_EVER_S)
        assert len(found) == 1
        assert found[0] > 0

    def test_an_order_that_it_does_not_know_is_refused(self, fuse: FuseDisk) -> None:
        with pytest.raises(DiskError, match="KeyError"):
            fuse.ask(be="purple")
        with pytest.raises(DiskError, match="unknown order"):
            fuse.ask(do="nothing")
        assert written_to(fuse.folder) == 0

    def test_it_ends_with_the_one_who_made_it_even_when_that_was_killed(self, tmp_path: Path) -> None:
        skip_without("fuse")
        made = (
            "import sys, time; from pathlib import Path; from holdfast.lab.storage.fuse_disk import FuseDisk\n"
            "with FuseDisk(Path(sys.argv[1])) as disk: disk.trouble('hang'); print('ready', flush=True); time.sleep(60)"
        )
        process = subprocess.Popen([sys.executable, "-c", made, str(tmp_path)], stdout=subprocess.PIPE)
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert is_mounted(tmp_path / "disk")
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        await_that(lambda: not is_mounted(tmp_path / "disk"), 20)


class TestLoop:
    def test_holds_files_across_every_way_of_being_lost(self, loop: LoopDisk) -> None:
        ways: list[tuple[Callable[[], None], int]] = [
            (loop.unmount, 0),
            (loop.pull, errno.EIO),
            (loop.break_down, errno.EIO),
        ]
        if loop.kind == "ext4":
            ways.append((loop.turn_read_only, errno.EROFS))
        for turn, (way, number) in enumerate(ways):
            kept = loop.folder / f"kept {turn}"
            with kept.open("wb", buffering=0) as opened:
                opened.write(b"kept")
                os.fsync(opened.fileno())
                way()
                try:
                    opened.write(b"more")
                    os.fsync(opened.fileno())
                    found = 0
                except OSError as error:
                    found = error.errno or -1
                assert found == number
                loop.put_back()
                assert kept.read_bytes()[:4] == b"kept"
                assert written_to(loop.folder) == 0
            assert not loop.strays

    def test_what_was_written_below_the_empty_mount_point_is_found_and_not_hidden(self, loop: LoopDisk) -> None:
        loop.unmount()
        (loop.folder / "cam_01").mkdir()
        (loop.folder / "cam_01" / "lost.mp4").touch()
        loop.put_back()
        assert loop.strays == [loop.folder / "cam_01" / "lost.mp4"]
        loop.unmount()
        assert not any(loop.folder.iterdir())
        loop.put_back()

    def test_can_be_filled_and_emptied(self, loop: LoopDisk) -> None:
        loop.fill()
        assert written_to(loop.folder) == errno.ENOSPC
        loop.free()
        assert written_to(loop.folder) == 0

    def test_becomes_read_only_on_request_when_nothing_writes(self, loop: LoopDisk) -> None:
        with (loop.folder / "open").open("wb"), pytest.raises(DiskError, match="busy"):
            loop.remount(read_only=True)
        loop.remount(read_only=True)
        assert written_to(loop.folder) == errno.EROFS
        loop.remount(read_only=False)
        assert written_to(loop.folder) == 0

    def test_is_taken_away_also_when_the_test_fails_with_files_open(self, tmp_path: Path) -> None:
        skip_without("loop", "ext4")
        opened = contextlib.ExitStack()
        with opened, pytest.raises(RuntimeError):
            fail_with_an_open_file(tmp_path, opened)
        assert not is_mounted(tmp_path / "disk")


def fail_with_an_open_file(place: Path, opened: contextlib.ExitStack) -> None:
    with LoopDisk(place, "ext4") as disk:
        opened.enter_context((disk.folder / "open").open("wb"))
        raise RuntimeError


def test_a_small_disk_in_memory_can_be_filled_and_emptied(tmp_path: Path) -> None:
    with TmpfsDisk(tmp_path, 1 << 20) as disk:
        disk.fill()
        assert written_to(disk.folder) == errno.ENOSPC
        disk.free()
        assert written_to(disk.folder) == 0
    assert not is_mounted(disk.folder)


@pytest.mark.parametrize("need", ["loop", "fuse"])
def test_a_disk_that_cannot_be_made_leaves_no_mount(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, need: Need
) -> None:
    skip_without(need)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises((DiskError, OSError)), LoopDisk(tmp_path, "ext4"):
        pass
    assert not is_mounted(tmp_path / "disk")


def test_a_loop_device_that_is_somebody_elses_by_now_is_left_alone(tmp_path: Path) -> None:
    skip_without("loop")
    ours, theirs = tmp_path / "ours", tmp_path / "their own"
    for image in (ours, theirs):
        image.write_bytes(bytes(1 << 20))
    device = attach(theirs)
    try:
        assert backing(device) == str(theirs)
        detach(device, ours)
        assert backing(device) == str(theirs)
    finally:
        detach(device, theirs)
    assert backing(device) != str(theirs)
