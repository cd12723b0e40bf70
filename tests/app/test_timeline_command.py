"""`holdfast timeline`, and what the control interface tells a page that draws one."""

import asyncio
import json
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from holdfast.app.commands import run
from holdfast.app.control import ControlServer
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.timeline_bar import axis
from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import Heartbeat, SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.ports.catalog import CatalogUnreadableError, Change
from tests.app.controlling import FakeRecorder, asked, serving_of
from tests.fakes.catalog import FakeCatalog
from tests.records import PLAIN

BEGIN_NS = 1_795_651_200 * NS_PER_S
"""2026-11-26 09:00 in Seoul."""
DAY = ["--from", "2026-11-26", "--to", "2026-11-27"]


@pytest.fixture(autouse=True)
def in_seoul(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    monkeypatch.setenv("TZ", "Asia/Seoul")
    monkeypatch.setattr(time, "time_ns", lambda: wall(12))
    time.tzset()
    with tempfile.TemporaryDirectory(prefix="hf-", dir="/tmp") as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        yield
    monkeypatch.delenv("TZ")
    time.tzset()


def wall(hour: float) -> WallNs:
    return WallNs(BEGIN_NS + round((hour - 9) * 3600) * NS_PER_S)


def segment(at: float, to: float, state: SegmentState = SegmentState.FINAL, camera: str = "cam_01") -> SegmentRecord:
    return replace(
        PLAIN,
        path=f"{camera}/{at}.mp4",
        camera=camera,
        run_id=f"{camera} run",
        ordinal=round(at),
        wall_start_ns=wall(at),
        duration_ns=wall(to) - wall(at),
        state=state,
    )


def gap(at: float, to: float | None, cause: str = "rtsp_network") -> GapRecord:
    return GapRecord(
        gap_id=f"{at}",
        camera="cam_01",
        stream="main",
        cause=cause,
        sentence="Gone.",
        from_wall_ns=wall(at),
        to_wall_ns=None if to is None else wall(to),
    )


DAY_OF_ONE = (segment(0, 6), segment(6, 8), gap(8, 9), segment(9, 11.9), segment(11.9, 11.9, SegmentState.OPEN))


def keep(root: Path, *changes: Change) -> None:
    catalog = Catalog.open(catalog_path(root))
    for change in changes:
        catalog.post(change)
    assert catalog.close()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_today_is_a_bar_that_can_be_read_without_colour(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, *DAY_OF_ONE, segment(0, 5, camera="b"))
    assert run(["timeline", str(tmp_path), "--cells", "24"]) == Exit.OK
    shown = capsys.readouterr().out.splitlines()
    assert shown == [
        "2026-11-26 00:00:00 to 2026-11-27 00:00:00",
        "       00:00       12:00",
        "b      █████··················· 100.00 %",
        "cam_01 ████████×███············  91.66 %",
        "       connection lost 1:00:00",
        "█ recorded   ▄ recorded in part   ▒ partly missing   × mostly missing   · nothing wanted",
    ]


def test_without_a_recorder_what_is_open_ends_when_the_last_one_was_alive(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(tmp_path, segment(0, 0, SegmentState.OPEN), gap(11, None), Heartbeat(wall_ns=wall(10.5)))
    assert run(["timeline", str(tmp_path), "--json", "--cells", "24", *DAY]) == Exit.OK
    (line,) = lines(capsys)
    assert line["recorded_ns"] == [3600 * NS_PER_S] * 10 + [1800 * NS_PER_S] + [0] * 13
    assert sum(line["missing_ns"]) == 0
    assert run(["timeline", str(tmp_path)]) == Exit.OK
    assert "The last one was alive until 2026-11-26 10:30:00." in capsys.readouterr().out


def test_a_terminal_that_knows_no_blocks_gets_plain_signs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(tmp_path, *DAY_OF_ONE)
    monkeypatch.setattr("holdfast.app.timeline_command._can_show", lambda _signs: False)
    assert run(["timeline", str(tmp_path), "--cells", "12", *DAY]) == Exit.OK
    assert "cam_01 ####x#......" in capsys.readouterr().out


def test_json_has_every_run_file_and_gap_of_the_range(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, *DAY_OF_ONE)
    assert run(["timeline", str(tmp_path), "--json", "--from", "2026-11-26 07:00"]) == Exit.OK
    found = lines(capsys)
    assert [line["type"] for line in found] == ["run", "segment", "segment", "segment", "gap"]
    run_line, _, _, being_written, gap_line = found
    assert (run_line["from_ns"], run_line["to_ns"], run_line["segments"]) == (wall(6), wall(12), 3)
    assert (being_written["state"], being_written["to_ns"]) == ("open", wall(12))
    assert being_written["path"] == "cam_01/11.9.mp4"
    assert (gap_line["from"], gap_line["to"]) == ("2026-11-26T08:00:00.000+09:00", "2026-11-26T09:00:00.000+09:00")


def test_cells_in_json_add_up_and_name_the_cause(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    keep(tmp_path, *DAY_OF_ONE, segment(0, 1, camera="b"))
    assert run(["timeline", str(tmp_path), "--json", "--cells", "4", *DAY, "--camera", "cam_01"]) == Exit.OK
    (line,) = lines(capsys)
    hour = 3600 * NS_PER_S
    assert line["recorded_ns"] == [6 * hour, 5 * hour, 0, 0]
    assert line["missing_ns"] == [0, hour, 0, 0]
    assert line["causes"] == ["", "rtsp_network", "", ""]
    assert line["by_cause_ns"] == {"rtsp_network": hour}
    assert (line["from_ns"], line["to_ns"], line["cells"]) == (wall(0), wall(24), 4)


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--camera", "cam_09"], "There is no camera cam_09 here. Known: cam_01."),
        (["--from", "2026-11-26", "--to", "2026-11-25"], "Nothing lies in between"),
        (["--from", "1950-01-01"], "Nothing lies in between"),
        (["--cells", "0"], "'0' is no number of cells"),
        (["--cells", "10001"], "'10001' is no number of cells"),
        (["--cells", "many"], "'many' is no number of cells"),
        (["--cells", "9" * 5000], "is no number of cells"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    keep(tmp_path, *DAY_OF_ONE)
    try:
        code = run(["timeline", str(tmp_path), *words])
    except SystemExit as ended:
        code = ended.code  # type: ignore[assignment] # argparse gives an int
    assert code == Exit.USAGE
    assert sentence in capsys.readouterr().err


def test_a_folder_without_a_catalog_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["timeline", str(tmp_path)]) == Exit.FOLDER
    assert "There is no catalog" in capsys.readouterr().err
    keep(tmp_path)
    assert run(["timeline", str(tmp_path)]) == Exit.OK
    assert capsys.readouterr().out == "Nothing was recorded here yet.\n"
    assert run(["timeline", str(tmp_path), "--camera", "x"]) == Exit.USAGE
    assert "nothing was recorded yet" in capsys.readouterr().err


def test_labels_stand_at_round_moments_however_long_the_range_and_whatever_the_clock_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert axis(wall(0), wall(24), 60).split() == ["00:00", "06:00", "12:00", "18:00"]
    assert axis(wall(0), wall(24 * 400), 60).count("-") >= 2
    assert axis(wall(0), wall(0) + 60 * NS_PER_S, 40).startswith("00:00:00")
    assert axis(wall(0), wall(0) + 1, 40) == "00:00:00"
    assert axis(wall(0.5), wall(0.5) + 1, 3) == ""
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    begin = round(datetime(2026, 10, 24, 22, tzinfo=UTC).timestamp()) * NS_PER_S
    # The day has 25 hours: three in the morning comes twice.
    assert axis(begin, begin + 25 * 3600 * NS_PER_S, 100).split()[0] == "00:00"
    assert axis(begin, begin + 25 * 3600 * NS_PER_S, 100).split()[-1] in ("22:00", "21:00")


# ------------------------------------------------------------ the control interface


@pytest.fixture
def catalog() -> FakeCatalog:
    return FakeCatalog()


@pytest_asyncio.fixture
async def server(catalog: FakeCatalog, tmp_path: Path) -> AsyncIterator[ControlServer]:
    serving = serving_of(FakeRecorder(), tmp_path, catalog)
    await serving.start()
    yield serving
    await serving.stop()


RANGE = f"from_ns={wall(0)}&to_ns={wall(24)}"


@pytest.mark.usefixtures("server")
async def test_a_page_is_told_cells_or_exact_lists(catalog: FakeCatalog, tmp_path: Path) -> None:
    for change in DAY_OF_ONE:
        catalog.post(change)
    answer = await asked(tmp_path, "GET", f"/timeline?camera=cam_01&{RANGE}&cells=2")
    hour = 3600 * NS_PER_S
    assert answer["cells"] == 2
    (stream,) = answer["streams"]
    assert (stream["recorded_ns"], stream["missing_ns"]) == ([11 * hour, 0], [hour, 0])
    exact = await asked(tmp_path, "GET", f"/timeline?{RANGE}")
    (stream,) = exact["streams"]
    assert [len(stream[kind]) for kind in ("runs", "segments", "gaps")] == [1, 4, 1]
    assert exact["more"] is False


@pytest.mark.usefixtures("server")
async def test_exact_lists_have_a_limit_and_say_so(
    catalog: FakeCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.app.control_timeline.MOST_SEGMENTS", 2)
    for change in DAY_OF_ONE:
        catalog.post(change)
    answer = await asked(tmp_path, "GET", f"/timeline?{RANGE}")
    assert (len(answer["streams"][0]["segments"]), answer["more"]) == (2, True)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "nanoseconds since 1970"),
        (f"from_ns=5&to_ns={1 << 70}", "nanoseconds since 1970"),
        ("from_ns=x&to_ns=5", "nanoseconds since 1970"),
        ("from_ns=5&to_ns=5", "nanoseconds since 1970"),
        (f"{RANGE}&cells=0", "from 1 to 10000"),
        (f"{RANGE}&cells=10001", "from 1 to 10000"),
        (f"{RANGE}&cells=²", "from 1 to 10000"),
        (f"{RANGE}&camera=nobody", "no camera nobody"),
        (RANGE + "&camera=x" * 257, "at most 256 cameras"),
    ],
)
@pytest.mark.usefixtures("server")
async def test_what_cannot_be_understood_is_refused(tmp_path: Path, query: str, sentence: str) -> None:
    with pytest.raises(Problem, match=sentence):
        await asked(tmp_path, "GET", "/timeline?" + query.replace("²", "%C2%B2"))


@pytest.mark.usefixtures("server")
async def test_of_many_streams_not_too_many_cells_are_told(
    catalog: FakeCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("holdfast.app.timeline_account.MOST_VALUES", 10)
    catalog.post(segment(0, 1))
    catalog.post(segment(0, 1, camera="b"))
    assert len((await asked(tmp_path, "GET", f"/timeline?{RANGE}&cells=5"))["streams"]) == 2
    with pytest.raises(Problem, match="too many cells"):
        await asked(tmp_path, "GET", f"/timeline?{RANGE}&cells=6")


async def test_a_catalog_that_cannot_be_read_or_hangs_is_said(
    server: ControlServer, catalog: FakeCatalog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise CatalogUnreadableError("It is broken.")

    monkeypatch.setattr(catalog, "footage", broken)
    with pytest.raises(Problem, match=r"It is broken\."):
        await asked(tmp_path, "GET", f"/timeline?{RANGE}&cells=5")
    sleep = time.sleep
    monkeypatch.setattr("holdfast.app.control_timeline.PATIENCE_S", 0.05)
    monkeypatch.setattr(catalog, "footage", lambda *_, **__: sleep(1))
    with pytest.raises(Problem, match="does not answer in time"):
        await asked(tmp_path, "GET", f"/timeline?{RANGE}&cells=5")


@pytest.mark.usefixtures("server")
async def test_the_command_asks_a_recorder_that_runs(
    catalog: FakeCatalog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for change in DAY_OF_ONE:
        catalog.post(change)
    words = ["timeline", str(tmp_path), "--json", "--cells", "24", *DAY]
    assert await asyncio.to_thread(run, words) == Exit.OK
    (line,) = lines(capsys)
    assert sum(line["recorded_ns"]) == 11 * 3600 * NS_PER_S
