"""`holdfast gaps`: what is missing, why, and how much of each day is there."""

import fcntl
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from holdfast.app.commands import run
from holdfast.app.gap_account import local_days
from holdfast.app.gaps_command import length_words
from holdfast.app.problems import Exit
from holdfast.app.recording_root import catalog_path
from holdfast.app.words import CAUSES, cause_words
from holdfast.catalog.store import Catalog
from holdfast.domain.faults import FaultKind
from holdfast.domain.gaps import GapCause, GapRecord
from holdfast.domain.segments import Heartbeat, SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.ports.catalog import Change
from tests.records import PLAIN

BEGIN_NS = 1_795_651_200 * NS_PER_S
"""2026-11-26 09:00 in Seoul."""


@pytest.fixture(autouse=True)
def in_seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    monkeypatch.setenv("TZ", "Asia/Seoul")
    monkeypatch.setattr(time, "time_ns", lambda: wall(7200))
    time.tzset()
    yield
    monkeypatch.delenv("TZ")
    time.tzset()


def wall(second: float) -> WallNs:
    return WallNs(BEGIN_NS + round(second * NS_PER_S))


def gap(begin: float, end: float | None, cause: str = "rtsp_network", *, camera: str = "cam_01") -> GapRecord:
    return GapRecord(
        gap_id=f"{camera} {begin}",
        camera=camera,
        stream="main",
        cause=cause,
        sentence="The camera cannot be reached.",
        from_wall_ns=wall(begin),
        to_wall_ns=None if end is None else wall(end),
        session=4,
        detail={"text": "Connection reset [by peer]", "also": [{"kind": "not_found", "text": "404"}, "nonsense"]},
    )


def segment(at: float, length: float, *, state: SegmentState = SegmentState.FINAL) -> SegmentRecord:
    return replace(
        PLAIN,
        path=f"cam_01/{at}.mp4",
        run_id="a",
        ordinal=round(at),
        wall_start_ns=wall(at),
        duration_ns=round(length * NS_PER_S),
        state=state,
    )


def keep(root: Path, *changes: Change) -> None:
    catalog = Catalog.open(catalog_path(root))
    for change in changes:
        catalog.post(change)
    assert catalog.close()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_gaps_and_coverage_are_shown_in_local_time_and_in_words(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(
        tmp_path, segment(0, 3600), gap(3600, 3607.5), segment(3607.5, 3592.5), gap(3600, None, "moonlight", camera="b")
    )
    assert run(["gaps", str(tmp_path)]) == Exit.OK
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown[0] == ["Camera", "From", "To", "Length", "Cause", "Detail"]
    whole = "b 2026-11-26 10:00:00 not over 1:00:00 moonlight Connection reset [by peer]; then: stream not found"
    assert " ".join(shown[1]) == whole
    assert " ".join(shown[2]).startswith("cam_01 2026-11-26 10:00:00 10:00:07 7.5 s connection lost Connection")
    assert " ".join(shown[3]) == "2 gaps"
    assert " ".join(shown[6]) == "b 2026-11-26 0.0 s 1:00:00 0.00 %"
    assert " ".join(shown[7]) == "cam_01 2026-11-26 1:59:52 7.5 s 99.89 %"


def test_json_has_a_line_per_gap_and_then_per_camera_and_day(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, segment(0, 10), gap(10, 30), gap(7190, None))
    assert run(["gaps", str(tmp_path), "--json"]) == Exit.OK
    closed, still_open, covered = lines(capsys)
    assert closed == {
        "camera": "cam_01",
        "stream": "main",
        "cause": "rtsp_network",
        "sentence": "The camera cannot be reached.",
        "from": "2026-11-26T09:00:10.000+09:00",
        "to": "2026-11-26T09:00:30.000+09:00",
        "from_ns": wall(10),
        "to_ns": wall(30),
        "duration_s": 20.0,
        "session": 4,
        "detail": {"text": "Connection reset [by peer]", "also": [{"kind": "not_found", "text": "404"}, "nonsense"]},
    }
    assert (still_open["to"], still_open["to_ns"], still_open["duration_s"]) == (None, None, 10.0)
    assert covered == {
        "camera": "cam_01",
        "stream": "main",
        "day": "2026-11-26",
        "recorded_s": 10.0,
        "gaps_s": 30.0,
        "coverage_percent": 25.0,
    }


def test_a_camera_and_a_range_can_be_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, segment(0, 3600), gap(3600, 3700), gap(7100, 7110), gap(60, 70, camera="cam_02"))
    assert run(["gaps", str(tmp_path), "--camera", "cam_01", "--from", "2026-11-26 09:30", "--json"]) == Exit.OK
    first, second, covered = lines(capsys)
    assert (first["duration_s"], second["duration_s"]) == (100, 10)
    assert (covered["recorded_s"], covered["gaps_s"]) == (1800, 110)
    before = ["--to", "2026-11-26T09:30:00"]
    assert run(["gaps", str(tmp_path), "--camera", "cam_02", *before, "--json"]) == Exit.OK
    assert [line["camera"] for line in lines(capsys)] == ["cam_02", "cam_02"]
    assert run(["gaps", str(tmp_path), "--from", "5m", "--json"]) == Exit.OK
    assert [line.get("from_ns") for line in lines(capsys)] == [wall(7100), None]
    assert run(["gaps", str(tmp_path), "--camera", "nobody"]) == Exit.OK
    assert capsys.readouterr().out == "0 gaps\n"


@pytest.mark.parametrize("moment", ["soon", "2026-13-01", "2026-11-26 25:00", "2026", "-2h", ""])
@pytest.mark.parametrize("option", ["--from", "--to"])
def test_a_moment_that_is_none_is_refused(
    moment: str, option: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        run(["gaps", str(tmp_path), f"{option}={moment}"])
    assert ended.value.code == Exit.USAGE
    assert f"argument {option}: {moment!r} is no moment" in capsys.readouterr().err


@pytest.mark.parametrize("moments", [["--from", "1h", "--to", "2h"], ["--from", "2026-12-31"]], ids=str)
def test_a_range_with_nothing_in_it_is_refused(
    moments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, gap(0, 1))
    assert run(["gaps", str(tmp_path), *moments]) == Exit.USAGE
    assert "--from must be before --to" in capsys.readouterr().err


def test_a_folder_without_a_catalog_is_refused(tmp_path: Path) -> None:
    assert run(["gaps", str(tmp_path)]) == Exit.FOLDER
    assert run(["gaps", str(tmp_path / "nowhere")]) == Exit.FOLDER


def test_without_a_recorder_an_open_file_counts_up_to_its_last_sign_of_life(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, segment(0, 0, state=SegmentState.OPEN), Heartbeat(wall_ns=wall(600)))
    assert run(["gaps", str(tmp_path)]) == Exit.OK
    shown = capsys.readouterr().out
    assert "No recorder runs here. The last one was alive until 2026-11-26 09:10:00." in shown
    assert "10:00 " in shown
    with (tmp_path / ".holdfast" / "recorder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert run(["gaps", str(tmp_path), "--json"]) == Exit.OK
    assert [line["recorded_s"] for line in lines(capsys)] == [7200]


def test_the_table_is_korean_where_the_user_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "ko")
    keep(tmp_path, gap(0, None))
    assert run(["gaps", str(tmp_path)]) == Exit.OK
    shown = capsys.readouterr().out
    assert "연결 끊김" in shown
    assert "계속 중" in shown
    assert "녹화율" in shown


@pytest.mark.parametrize("cause", [*FaultKind, *GapCause])
def test_every_cause_has_its_words(cause: FaultKind | GapCause) -> None:
    assert cause_words(cause) == CAUSES[cause]


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0.0 s"), (59.94, "59.9 s"), (60, "0:01:00"), (3725.6, "1:02:06"), (86_400 * 2, "48:00:00")],
)
def test_lengths_are_told_so_that_they_can_be_compared(seconds: float, words: str) -> None:
    assert length_words(round(seconds * NS_PER_S)) == words


def test_the_days_of_a_change_of_time_have_the_hours_they_have(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    begin = datetime(2026, 10, 24, 12, tzinfo=UTC).timestamp()
    days = local_days(WallNs(round(begin) * NS_PER_S), WallNs(round(begin + 3 * 86_400) * NS_PER_S))
    assert [day.name for day in days] == ["2026-10-24", "2026-10-25", "2026-10-26", "2026-10-27"]
    hours = [(day.to_ns - day.from_ns) / NS_PER_S / 3600 for day in days]
    assert hours == [10, 25, 24, 13]
