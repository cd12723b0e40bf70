"""What is on the demo's own disk gets to the folder, whatever state it was left in; a folder stands for the disk."""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.app import demo
from holdfast.app.demo_disk import VOLUME, DemoDisk, bring_all, forget
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentMoved, SegmentRecord, SegmentState, VolumeRecord
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.lab.storage.mounts import is_mounted
from holdfast.ports.catalog import Change
from tests.having import skip_without
from tests.records import PLAIN

SEEN = VolumeRecord(
    name=VOLUME, volume_id="id", path="/nowhere", file_system="ext4", source="/dev/loop0", seen_wall_ns=WallNs(1)
)


def segment(number: int, *, volume: str = VOLUME, home: str = "") -> SegmentRecord:
    return replace(
        PLAIN,
        path=f"cam_01/2026-11-27/cam_01_{number}.mp4",
        stream=StreamId("cam_01").stream,
        ordinal=number,
        wall_start_ns=WallNs(number),
        duration_ns=1,
        size_bytes=4,
        codec="h264",
        volume=volume,
        home=home,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "root"
    root.mkdir()
    return root


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    return tmp_path / "disk"


@pytest.fixture
def catalog(root: Path) -> Iterator[Catalog]:
    opened = Catalog.open(catalog_path(root))
    yield opened
    opened.close()


def put(catalog: Catalog, *changes: Change) -> None:
    for change in changes:
        catalog.post(change)
    assert catalog.flush(10)


def write(folder: Path, row: SegmentRecord, content: bytes) -> Path:
    file = folder / row.path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(content)
    return file


def test_every_file_is_brought_to_the_folder_and_the_disk_is_forgotten(
    catalog: Catalog, disk: Path, root: Path
) -> None:
    there = [segment(number) for number in range(3)]
    elsewhere = segment(3, volume="main", home=VOLUME)
    put(catalog, SEEN, *there, elsewhere)
    for row in there:
        write(disk, row, row.path.encode())
    assert bring_all(catalog, disk, root) == []
    assert [(root / row.path).read_bytes() for row in there] == [row.path.encode() for row in there]
    assert list(catalog.segments()) == [replace(row, volume="main", home="") for row in (*there, elsewhere)]
    assert not catalog.volumes()
    assert not catalog.leftovers(VOLUME)


def test_a_file_that_had_come_home_goes_back_to_its_place_though_its_copy_was_not_removed_yet(
    catalog: Catalog, disk: Path, root: Path
) -> None:
    away = segment(0, volume="main", home=VOLUME)
    put(catalog, away, SegmentMoved(volume="main", path=away.path, to_volume=VOLUME, to_path=away.path))
    write(root, away, b"same")
    write(disk, away, b"same")
    assert bring_all(catalog, disk, root) == []
    assert (root / away.path).read_bytes() == b"same"
    assert catalog.leftovers("main") == ()
    assert list(catalog.segments()) == [replace(away, home="")]


def test_of_a_file_that_was_still_to_be_removed_nothing_is_brought(catalog: Catalog, disk: Path, root: Path) -> None:
    uncut = replace(segment(0), state=SegmentState.OPEN, keep_bytes=0)
    put(catalog, uncut)
    file = write(disk, uncut, b"written again elsewhere")
    assert bring_all(catalog, disk, root) == []
    assert not file.exists()
    assert not (root / uncut.path).exists()
    assert [row.state for row in catalog.segments()] == [SegmentState.MISSING]


def test_what_cannot_be_brought_is_named_and_holds_up_nothing_else(catalog: Catalog, disk: Path, root: Path) -> None:
    lost, there = segment(0), segment(1)
    put(catalog, lost, there)
    write(disk, there, b"whole")
    (sentence,) = bring_all(catalog, disk, root)
    assert lost.path in sentence
    assert (root / there.path).read_bytes() == b"whole"
    assert [row.state for row in catalog.segments()] == [SegmentState.MISSING, SegmentState.FINAL]


def test_the_disk_of_a_demo_that_was_killed_is_not_waited_for(catalog: Catalog, root: Path) -> None:
    other = replace(SEEN, name="main")
    put(catalog, SEEN, other)
    forget(root)
    assert catalog.volumes() == (other,)


def test_a_folder_without_a_catalog_has_nothing_to_forget(root: Path) -> None:
    forget(root)
    assert not any(root.iterdir())


def test_where_there_can_be_no_disk_it_is_said_why(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with demo._disk(root) as disk:  # noqa: SLF001 - the demo itself takes a minute
        assert disk is None
    assert capsys.readouterr().out == "No disk is pulled out in this demo: needs root, to mount.\n"


@pytest.mark.root
def test_a_disk_that_is_out_in_the_end_is_put_back_and_emptied_and_nothing_stays_mounted(
    catalog: Catalog, root: Path
) -> None:
    skip_without("loop", "ext4")
    row = segment(0)
    disk = DemoDisk(root)
    with disk:
        place = disk.folder.parent
        put(catalog, SEEN, row)
        with write(disk.folder, row, b"synced").open("rb") as file:
            os.fsync(file.fileno())
        disk.pull()
    assert disk.left == []
    assert (root / row.path).read_bytes() == b"synced"
    assert not is_mounted(place)
    assert not place.exists()
    assert disk.left == []
