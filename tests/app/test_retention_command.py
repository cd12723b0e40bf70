"""What would go, and how long footage lasts: told, and nothing done."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.app.commands import run
from holdfast.app.forecast import forecast
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentRecord, VolumeRecord
from holdfast.domain.times import WallNs
from holdfast.domain.volumes import VolumeSpace
from holdfast.policy.free_space import Room
from holdfast.policy.retention import CameraRules, MinFree, RetentionRules
from holdfast.storage.identity import adopt
from tests.records import PLAIN

DAY_NS = 86_400 * 1_000_000_000
NOW = WallNs(1_800_000_000_000_000_000)
GB = 1 << 30


def row(number: int, *, age_ns: int, size_bytes: int = 1000, camera: str = "cam_01") -> SegmentRecord:
    return replace(
        PLAIN,
        path=f"{camera}/2026-01-01/{camera}_{number}.mp4",
        camera=camera,
        run_id=f"run-{camera}",
        ordinal=number,
        wall_start_ns=WallNs(NOW - age_ns),
        duration_ns=DAY_NS // 4,
        size_bytes=size_bytes,
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    identity = adopt(tmp_path, "main", "11111111-1111-4111-8111-111111111111")
    catalog = Catalog.open(catalog_path(tmp_path))
    catalog.post(
        VolumeRecord(
            name="main",
            volume_id=identity.volume_id,
            path=str(tmp_path),
            file_system="",
            source="",
            seen_wall_ns=NOW,
        )
    )
    for number, age in enumerate((40, 20, 10)):
        catalog.post(row(number, age_ns=age * DAY_NS))
    assert catalog.close()
    return tmp_path


@pytest.fixture(autouse=True)
def at_a_known_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.app.retention_command.time.time_ns", lambda: NOW)


def test_what_would_go_is_told_with_its_reason_and_nothing_is_done(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["retention", str(root), "--plan", "--max-age", "15d", "--json"]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(line["path"][-5:], line["rule"], line["reason"]) for line in lines] == [
        ("0.mp4", "age", "It is older than 15d."),
        ("1.mp4", "age", "It is older than 15d."),
    ]
    assert run(["retention", str(root), "--plan", "--max-age", "15d"]) == 0
    assert "Would go now: 2 files" in capsys.readouterr().out
    with_catalog = Catalog.open(catalog_path(root))
    assert len(list(with_catalog.segments())) == 3
    with_catalog.close()


def test_without_rules_only_a_forecast_can_be_made(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["retention", str(root), "--plan"]) == 6
    assert "By which rules?" in capsys.readouterr().err
    assert run(["retention", str(root), "--forecast"]) == 0
    assert "Days that fit" in capsys.readouterr().out


def test_a_configuration_names_the_rules(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = tmp_path / "holdfast.toml"
    text = f'[retention]\nmax_age = "30d"\n[[volume]]\npath = "{root}"\n[[camera]]\nid = "cam_01"\nurl = "rtsp://h/"\n'
    config.write_text(text, encoding="utf-8")
    assert run(["retention", "--config", str(config), "--json"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 1
    config.write_text(text.replace("[retention]", "[retention]\nenabled = false"), encoding="utf-8")
    assert run(["retention", "--config", str(config)]) == 0
    assert "Nothing is deleted by itself." in capsys.readouterr().out


def test_one_question_at_a_time(root: Path) -> None:
    assert run(["retention", str(root), "--plan", "--forecast", "--max-age", "1d"]) == 2


def test_the_forecast_says_how_many_days_fit_and_what_limits_them(root: Path) -> None:
    catalog = Catalog.open(catalog_path(root))
    for number in range(4):
        catalog.post(row(100 + number, age_ns=DAY_NS - number * DAY_NS // 4, size_bytes=GB))
        catalog.post(row(200 + number, age_ns=DAY_NS - number * DAY_NS // 4, size_bytes=GB, camera="cam_02"))
    assert catalog.flush(30)
    rules = RetentionRules(
        is_on=True,
        max_age_ns=30 * DAY_NS,
        min_free=MinFree(12 * GB),
        cameras={"cam_02": CameraRules(quota_bytes=8 * GB)},
    )
    cameras, volumes = forecast(catalog, rules, [Room("main", VolumeSpace(100 * GB, 200 * GB))], NOW)
    catalog.close()
    assert [(one.camera, one.bytes_per_day / GB) for one in cameras] == [("cam_01", 4.0), ("cam_02", 4.0)]
    assert volumes[0].limit_in_days == pytest.approx(11.0)
    assert volumes[0].fits_days == pytest.approx(12.0, abs=0.001)
    assert [(one.limited_by, one.kept_days) for one in cameras] == [
        ("room", pytest.approx(12.0, abs=0.001)),
        ("quota", 2.0),
    ]
    assert all(one.is_wish_beaten for one in cameras)
    assert cameras[0].needs_bytes == pytest.approx(120 * GB)
    assert run(["retention", str(root), "--forecast", "--max-age", "1d"]) == 0
    assert run(["retention", str(root), "--forecast", "--max-age", "1d", "--json"]) == 0


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--max-age", "soon"], "is no age"),
        (["--min-free", "much"], "is no free space"),
        (["--min-free", "95%"], "is no free space"),
        (["--max-age", "0s"], "is no age"),
    ],
)
def test_rules_that_cannot_be_read_are_refused(
    root: Path, options: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(["retention", str(root), *options])
    assert sentence in capsys.readouterr().err
