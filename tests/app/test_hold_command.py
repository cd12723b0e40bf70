"""Holding, listing and releasing, as a person does it, with no recorder running."""

import json
from pathlib import Path

import pytest

from holdfast.app.commands import run
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import VolumeRecord
from holdfast.domain.times import WallNs
from holdfast.storage.identity import adopt
from tests.app.recordings import Segment, make

RANGE = ("--from", "2023-11-14T22:13:00+00:00", "--to", "2023-11-14T22:14:00+00:00", "--reason", "a  theft")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "footage"
    folder.mkdir()
    make(folder, Segment(0), Segment(1), Segment(0, camera="cam_02"))
    assert run(["check", str(folder), "--repair"]) in (0, 1)
    return folder


def held(root: Path) -> list[tuple[str, str]]:
    return [(one.camera, one.reason) for one in CatalogReader(catalog_path(root)).holds()]


def test_a_range_is_held_listed_and_released_by_a_part_of_its_id(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    assert run(["hold", "cam_01", *RANGE, "--in", str(root)]) == 0
    said = capsys.readouterr().out
    assert "2 files" in said
    assert held(root) == [("cam_01", "a theft")]
    copy = json.loads((root / ".holdfast/holds.json").read_text(encoding="utf-8"))
    assert [one["reason"] for one in copy["holds"]] == ["a theft"]
    assert run(["holds", str(root), "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["camera"] == "cam_01"
    assert run(["holds", str(root)]) == 0
    assert "a theft" in capsys.readouterr().out
    assert run(["release", json.loads(line)["hold_id"][:6], "--in", str(root)]) == 0
    assert held(root) == []
    assert json.loads((root / ".holdfast/holds.json").read_text(encoding="utf-8"))["holds"] == []


def test_a_range_that_is_still_to_come_may_be_held(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["hold", "cam_02", "--from", "1h", "--to", "2120-01-01", "--reason", "soon", "--in", str(root)]) == 0
    assert "is kept, too" in capsys.readouterr().out
    assert held(root) == [("cam_02", "soon")]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["cam_09", *RANGE], "cam_09 was never recorded here. Known are: cam_01, cam_02"),
        (["cam_01", "--from", "2020-01-01", "--to", "2020-01-02", "--reason", "r"], "There is nothing to hold"),
        (["cam_01", "--from", "2020-01-02", "--to", "2020-01-01", "--reason", "r"], "--from must be before --to"),
        (["cam_01", *RANGE[:4], "--reason", " "], "--reason needs"),
        (["cam_01", *RANGE[:4], "--reason", "x" * 501], "--reason needs"),
    ],
    ids=["unknown camera", "nothing there", "reversed", "no reason", "long reason"],
)
def test_what_would_hold_nothing_is_refused(
    root: Path, words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hold", *words, "--in", str(root)]) == 2
    assert sentence in capsys.readouterr().err
    assert held(root) == []


@pytest.mark.parametrize("wanted", ["nonsense", ""])
def test_a_hold_that_is_not_there_cannot_be_released(
    root: Path, wanted: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["hold", "cam_01", *RANGE, "--in", str(root)]) == 0
    assert run(["release", wanted, "--in", str(root)]) == 2
    assert "There is no hold" in capsys.readouterr().err
    assert len(held(root)) == 1


def test_an_id_that_means_several_holds_releases_none(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = iter(["aaaa1111-0000-4000-8000-000000000001", "aaaa2222-0000-4000-8000-000000000002"])
    monkeypatch.setattr("holdfast.app.hold_command.uuid.uuid4", lambda: next(ids))
    assert run(["hold", "cam_01", *RANGE, "--in", str(root)]) == 0
    assert run(["hold", "cam_02", *RANGE, "--in", str(root)]) == 0
    assert run(["release", "aaaa", "--in", str(root)]) == 2
    assert len(held(root)) == 2
    assert run(["release", "AAAA2", "--in", str(root)]) == 0
    assert held(root) == [("cam_01", "a theft")]


def test_holds_survive_a_catalog_that_is_lost_and_made_anew_by_hand(root: Path) -> None:
    assert run(["hold", "cam_01", *RANGE, "--in", str(root)]) == 0
    for file in (root / ".holdfast").glob("catalog.db*"):
        file.unlink()
    run(["check", str(root), "--repair"])
    assert held(root) == [("cam_01", "a theft")]


def test_the_copy_goes_to_every_volume_that_is_there(root: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    identity = adopt(other, "spare", "11111111-1111-4111-8111-111111111111")
    from_catalog = CatalogReader(catalog_path(root))
    with_volume(root, other, identity.volume_id)
    assert [one.name for one in from_catalog.volumes()] == ["spare"]
    assert run(["hold", "cam_01", *RANGE, "--in", str(root)]) == 0
    assert (other / ".holdfast/holds.json").read_bytes() == (root / ".holdfast/holds.json").read_bytes()


def with_volume(root: Path, path: Path, volume_id: str) -> None:
    catalog = Catalog.open(catalog_path(root))
    catalog.post(
        VolumeRecord(
            name="spare", volume_id=volume_id, path=str(path), file_system="", source="", seen_wall_ns=WallNs(1)
        )
    )
    assert catalog.close()


def test_a_moment_that_no_catalog_can_hold_is_no_moment(root: Path) -> None:
    with pytest.raises(SystemExit):
        run(["hold", "cam_02", "--from", "1h", "--to", "2999-01-01", "--reason", "soon", "--in", str(root)])
    assert held(root) == []
