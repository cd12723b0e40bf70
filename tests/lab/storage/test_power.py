"""The disk whose power is cut keeps what was synced, and only that for certain."""

import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from holdfast.lab.storage.block_log import Flush
from holdfast.lab.storage.mounts import DiskError, Kind, is_mounted
from holdfast.lab.storage.power import LoggedDisk
from tests.having import skip_without

pytestmark = pytest.mark.root
CONTENT = bytes(range(256)) * 400
TIMES = 12


def write(path: Path, *, sync: bool) -> None:
    with path.open("wb") as file:
        file.write(CONTENT)
        file.flush()
        if sync:
            os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    os.fsync(descriptor)
    os.close(descriptor)


def fates(disk: LoggedDisk, cut_ns: int, seed: int) -> Counter[str]:
    """What became of each file, after so many cuts at that moment: whole, not there, other, or not mounted."""
    found: Counter[str] = Counter()
    for turn in range(TIMES):
        try:
            with disk.after(cut_ns, random.Random(f"{seed} {turn}")) as folder:
                found.update(f"{name} {fate(folder / name)}" for name in ("synced", "not"))
        except DiskError:
            found["not mounted"] += 1
    return found


def fate(path: Path) -> str:
    if not path.exists():
        return "gone"
    return "whole" if path.read_bytes() == CONTENT else "other"


@pytest.mark.parametrize("sector_bytes", [512, 4096])
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_a_file_that_was_synced_survives_every_cut_and_one_that_was_not_may_not(
    tmp_path: Path, seed: int, kind: Kind, sector_bytes: int
) -> None:
    skip_without("loop", "fuse", kind)
    with LoggedDisk(tmp_path, kind, sector_bytes=sector_bytes, flush_s=0.01, seed=seed) as disk:
        write(disk.folder / "synced", sync=True)
        sync_folder(disk.folder)
        write(disk.folder / "not", sync=False)
        cut_ns = disk.cut()
        found = fates(disk, cut_ns, seed)
        assert any(isinstance(entry, Flush) for entry in disk.log)
    assert found["synced whole"] == TIMES
    assert found["not whole"] < TIMES
    assert not is_mounted(disk.folder)


def test_a_file_system_that_does_not_flush_loses_what_was_synced(tmp_path: Path, seed: int) -> None:
    skip_without("loop", "fuse", "ext4")
    with LoggedDisk(tmp_path, "ext4", options=["barrier=0"], seed=seed) as disk:
        write(disk.folder / "synced", sync=True)
        sync_folder(disk.folder)
        cut_ns = disk.cut()
        found = fates(disk, cut_ns, seed)
    assert found["synced whole"] < TIMES


def test_the_moment_may_lie_before_the_cut(tmp_path: Path, seed: int) -> None:
    skip_without("loop", "fuse", "ext4")
    with LoggedDisk(tmp_path, "ext4", seed=seed) as disk:
        write(disk.folder / "not", sync=True)
        sync_folder(disk.folder)
        before_ns = time.time_ns()
        write(disk.folder / "synced", sync=True)
        sync_folder(disk.folder)
        cut_ns = disk.cut()
        assert fates(disk, cut_ns, seed)["synced whole"] == TIMES
        earlier = fates(disk, before_ns, seed)
    assert earlier["synced gone"] == TIMES
    assert earlier["not whole"] == TIMES


def test_a_disk_that_was_cut_ends_with_the_block_whoever_still_has_a_file_open(tmp_path: Path) -> None:
    skip_without("loop", "fuse", "xfs")
    with LoggedDisk(tmp_path, "xfs") as disk, (disk.folder / "open").open("wb"):
        disk.cut()
    assert not is_mounted(disk.folder)
    assert not is_mounted(tmp_path / "behind")
