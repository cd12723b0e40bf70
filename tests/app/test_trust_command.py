"""`holdfast trust`: through the recorder that runs, else in the catalog."""

from pathlib import Path
from typing import Any

import pytest

from holdfast.app import trust_command
from holdfast.app.commands import run
from holdfast.app.folder import hold
from holdfast.app.problems import Exit
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.certificates import CertificateRecord
from holdfast.domain.times import WallNs

SEEN = (
    CertificateRecord(place="192.0.2.1:322", fingerprint="aa", seen_wall_ns=WallNs(1), camera="cam_01"),
    CertificateRecord(place="nvr:322", fingerprint="bb", seen_wall_ns=WallNs(2), camera="cam_02"),
)


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Recordings with a catalog that knows two certificates."""
    catalog = Catalog.open(catalog_path(tmp_path))
    for record in SEEN:
        catalog.post(record)
    assert catalog.close()
    return tmp_path


@pytest.mark.parametrize("forgotten", ["aa", ""])
def test_a_recorder_that_runs_is_asked(
    forgotten: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(root: Path, method: str, path: str) -> Any:
        assert (root, method, path) == (tmp_path, "POST", "/cameras/cam_01/trust?stream=sub")
        return {"forgotten": forgotten}

    monkeypatch.setattr(trust_command, "ask", answer)
    assert run(["trust", "cam_01/sub", "--in", str(tmp_path)]) == Exit.OK
    said = capsys.readouterr().out
    assert ("is forgotten: the next one" in said) == bool(forgotten)
    assert ("No certificate of cam_01/sub is pinned." in said) == (not forgotten)


@pytest.mark.parametrize(("camera", "left"), [("cam_01", 1), ("cam_01/sub", 1), ("NVR:322", 0)])
def test_without_a_recorder_the_catalog_forgets(
    camera: str, left: int, root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["trust", camera, "--in", str(root)]) == Exit.OK
    assert CatalogReader(catalog_path(root)).certificates() == (SEEN[left],)
    assert f"The certificate of {camera} is forgotten" in capsys.readouterr().out


def test_what_is_not_pinned_is_said_with_what_is(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trust", "cam_03", "--in", str(root)]) == Exit.INCOMPLETE
    assert "192.0.2.1:322 (cam_01), nvr:322 (cam_02)" in capsys.readouterr().err
    for camera in ("cam_01", "cam_02"):
        assert run(["trust", camera, "--in", str(root)]) == Exit.OK
    assert run(["trust", "cam_01", "--in", str(root)]) == Exit.INCOMPLETE
    assert "No certificate of cam_01 is pinned." in capsys.readouterr().err


def test_without_a_catalog_there_is_nothing_to_forget(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trust", "cam_01", "--in", str(tmp_path)]) == Exit.FOLDER
    assert "There is no catalog" in capsys.readouterr().err


def test_a_recorder_that_does_not_answer_is_not_passed_over(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with hold(root):
        assert run(["trust", "cam_01", "--in", str(root)]) == Exit.INCOMPLETE
    assert "does not answer" in capsys.readouterr().err
    assert CatalogReader(catalog_path(root)).certificates() == SEEN
