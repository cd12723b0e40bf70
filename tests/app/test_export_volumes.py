"""Exports of footage that lies on several volumes, and what happens when it moves or one of them is away."""

import shutil
from pathlib import Path

import pytest

from holdfast.app.check import CheckSettings, check
from holdfast.app.check_volumes import places_of
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentMoved, VolumeRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.storage.film_files import Source
from holdfast.storage.identity import adopt
from tests.app.exporting import export, manifest
from tests.app.recordings import FIRST_NS, Segment, make
from tests.fmp4.plain_reader import tracks

OURS = "11111111-1111-4111-8111-111111111111"
LAST_NS = FIRST_NS + 100 * NS_PER_S
FRAMES = 30


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """A catalog in a folder of its own, and two volumes with a file each."""
    folder = tmp_path / "state"
    folder.mkdir()
    catalog = Catalog.open(folder / ".holdfast" / "catalog.db")
    for number, name in enumerate(("first", "second")):
        root = tmp_path / name
        root.mkdir()
        identity = adopt(root, name, OURS)
        catalog.post(
            VolumeRecord(
                name=name,
                volume_id=identity.volume_id,
                path=str(root),
                file_system="ext4",
                source="/dev/sda",
                seen_wall_ns=WallNs(LAST_NS),
            )
        )
        catalog.flush(5)
        make(root, Segment(ordinal=number, run=name))
        check(root, repair=True, settings=CheckSettings(volume=name, state=folder))
    catalog.close()
    return folder


def frames(path: Path) -> int:
    return len(tracks(path.read_bytes())[0].shown())


def test_files_of_several_volumes_become_one_film(state: Path, tmp_path: Path) -> None:
    assert export(state, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4") == 0
    assert frames(tmp_path / "out.mp4") == 2 * FRAMES
    (file,) = manifest(tmp_path / "out.mp4.manifest.json")["files"]
    assert [piece["segment"]["volume"] for piece in file["pieces"]] == ["first", "second"]


def test_no_volume_is_a_place_for_an_export(state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(state, "cam_01", FIRST_NS, LAST_NS, tmp_path / "second" / "out.mp4") == 2
    assert "lies in a folder of recordings" in capsys.readouterr().err


def test_what_lies_on_a_volume_that_is_away_is_said(
    state: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "second").rename(tmp_path / "unplugged")
    assert export(state, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4") == 1
    assert frames(tmp_path / "out.mp4") == FRAMES
    assert "The volume second is not there" in capsys.readouterr().out
    gaps = manifest(tmp_path / "out.mp4.manifest.json")["gaps"]
    assert [gap["cause"] for gap in gaps if gap["cause"] != "not_in_ledger"] == ["file_unreadable"]


def test_a_file_that_comes_home_meanwhile_is_found_there(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = Segment(ordinal=1).path
    real = Source.__init__

    def moves(self: Source, place: Path, **more: int | None) -> None:
        if place == tmp_path / "second" / path and place.exists():
            target = tmp_path / "first" / path
            shutil.move(place, target)
            catalog = Catalog.open(state / ".holdfast" / "catalog.db")
            catalog.post(SegmentMoved(volume="second", path=path, to_volume="first", to_path=path))
            catalog.close()
        real(self, place, **more)

    monkeypatch.setattr(Source, "__init__", moves)
    assert export(state, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4") == 0
    assert frames(tmp_path / "out.mp4") == 2 * FRAMES


def test_the_places_of_volumes_are_found_by_their_markers(state: Path, tmp_path: Path) -> None:
    assert places_of(state, {}) == {"first": tmp_path / "first", "second": tmp_path / "second"}
    (tmp_path / "first").rename(tmp_path / "moved")
    assert places_of(state, {"first": tmp_path / "moved"})["first"] == tmp_path / "moved"
