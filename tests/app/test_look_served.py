"""`holdfast segments` asks the recorder that runs, and reads the catalog when none does."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.app import look
from holdfast.app.commands import run
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import PtsNs, WallNs
from tests.records import PLAIN


def recorded(path: str) -> SegmentRecord:
    return replace(
        PLAIN,
        path=path,
        camera="앞문",
        wall_start_ns=WallNs(1),
        duration_ns=2,
        pts_start_ns=PtsNs(3),
        size_bytes=4,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder whose catalog knows one file."""
    catalog_path(tmp_path).parent.mkdir()
    catalog = Catalog.open(catalog_path(tmp_path))
    catalog.post(recorded("앞문/in the catalog.mp4"))
    assert catalog.close()
    return tmp_path


def paths(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return [json.loads(line)["path"] for line in capsys.readouterr().out.splitlines()]


def test_the_recorder_that_runs_is_asked(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[object, ...]] = []

    def answer(*question: object) -> Any:
        asked.append(question)
        served = json.loads(json.dumps(asdict(recorded("앞문/served.mp4"))))
        return {"segments": [served], "more": False}

    monkeypatch.setattr(look, "ask", answer)
    assert run(["segments", str(root), "--camera", "앞문", "--json"]) == Exit.OK
    assert paths(capsys) == ["앞문/served.mp4"]
    assert asked == [(root, "GET", "/segments?camera=%EC%95%9E%EB%AC%B8")]


def test_more_than_it_tells_is_read_from_the_catalog(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(look, "ask", lambda *_: {"segments": [], "more": True})
    assert run(["segments", str(root), "--json"]) == Exit.OK
    assert paths(capsys) == ["앞문/in the catalog.mp4"]


def test_without_a_recorder_that_answers_the_catalog_is_read(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: object) -> Any:
        raise Problem(Exit.NOT_RUNNING, "nobody answers")

    monkeypatch.setattr(look, "ask", refuse)
    assert run(["segments", str(root), "--json"]) == Exit.OK
    assert paths(capsys) == ["앞문/in the catalog.mp4"]
