"""Backups by the schedule: begun when due, one at a time, and told of when they are not complete."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from holdfast.app.backup_schedule import BackupSchedule, Ended
from holdfast.app.backup_state import remembered
from holdfast.config.settings import BackupSettings
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.alarms import BackupFacts

NOON = datetime(2026, 11, 26, 12, tzinfo=UTC).timestamp()
SCRIPT = """
import json, pathlib, sys, time
place = pathlib.Path({place!r})
with place.open("a") as calls: calls.write(json.dumps(sys.argv[1:]) + "\\n")
said = json.loads(place.with_suffix(".answer").read_text())
while said.get("waits") and not place.with_suffix(".go").exists(): time.sleep(0.01)
print("holdfast: " + said.get("complaint", ""), file=sys.stderr)
print("{{}}\\n" + json.dumps(said["summary"]) if "summary" in said else "nonsense")
sys.exit(said["code"])
"""
DONE = {"code": 0, "summary": {"files": 3, "bytes": 1000, "left": 0, "error": ""}}
FAILED = {"code": 1, "summary": {"files": 3, "left": 2, "error": "The disk of /b is full."}}


@dataclass
class Bench:
    """A schedule whose backups are a script."""

    folder: Path
    now_ns: WallNs = field(default=WallNs(round(NOON) * NS_PER_S))
    told: list[BackupFacts | None] = field(default_factory=list)
    schedule: BackupSchedule = field(init=False)

    def __post_init__(self) -> None:
        (self.folder / ".holdfast").mkdir(exist_ok=True)
        self.begin()

    def begin(self) -> None:
        command = (sys.executable, "-c", SCRIPT.format(place=str(self.folder / "calls")))
        self.schedule = BackupSchedule(self.folder, self.told.append, lambda: self.now_ns, command)

    def answers(self, answer: dict[str, object]) -> None:
        (self.folder / "calls.answer").write_text(json.dumps(answer), encoding="utf-8")

    def calls(self) -> list[list[str]]:
        file = self.folder / "calls"
        return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []

    async def look(self, *, hours: float = 0) -> None:
        self.now_ns = WallNs(self.now_ns + round(hours * 3600) * NS_PER_S)
        await self.schedule.look()

    async def ended(self) -> None:
        running = self.schedule._running  # noqa: SLF001 - what a test waits for
        if running is not None and not running.cancelled():
            await running


@pytest_asyncio.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    made = Bench(tmp_path)
    made.answers(DONE)
    yield made
    (tmp_path / "calls.go").touch()
    await made.ended()


def every(hours: int) -> BackupSettings:
    return BackupSettings(Path("/b"), every_s=3600 * hours, cameras=("cam_01",), rate_bytes=5, remove=True)


async def test_without_a_schedule_nothing_happens(bench: Bench) -> None:
    bench.schedule.follow(None)
    await bench.look(hours=1000)
    assert (bench.calls(), bench.told) == ([], [])


async def test_one_is_begun_when_it_is_due_and_told_what_the_configuration_says(bench: Bench) -> None:
    bench.schedule.follow(every(6))
    for hours, calls in ((0, 1), (5.9, 1), (0.1, 2)):
        await bench.look(hours=hours)
        await bench.ended()
        assert len(bench.calls()) == calls
    root = str(bench.folder)
    assert bench.calls()[0] == [
        *("backup", root, "--to", "/b", "--rate", "5", "--camera", "cam_01", "--remove", "--json"),
    ]
    assert bench.told == [BackupFacts(), BackupFacts(""), BackupFacts("")]


@pytest.mark.expects_log("the backup to /b is not complete: The disk of /b is full.")
async def test_one_that_is_not_complete_is_told_until_the_next_is(bench: Bench) -> None:
    bench.schedule.follow(every(6))
    bench.answers(FAILED)
    await bench.look()
    await bench.ended()
    assert bench.told[-1] == BackupFacts("The disk of /b is full.")
    bench.answers(DONE)
    await bench.look(hours=6)
    await bench.ended()
    assert bench.told[-1] == BackupFacts("")


async def test_one_at_a_time(bench: Bench) -> None:
    bench.answers({**DONE, "waits": True})
    bench.schedule.follow(every(1))
    await bench.look()
    async with asyncio.timeout(60):
        while not bench.calls():
            await asyncio.sleep(0.02)
    for _ in range(3):
        await bench.look(hours=2)
    assert len(bench.calls()) == 1
    (bench.folder / "calls.go").touch()
    await bench.ended()
    await bench.look()
    await bench.ended()
    assert len(bench.calls()) == 2


async def test_a_restart_neither_doubles_nor_forgets_one(bench: Bench) -> None:
    bench.schedule.follow(every(6))
    await bench.look()
    await bench.ended()
    bench.begin()
    bench.schedule.follow(every(6))
    await bench.look(hours=5)
    assert len(bench.calls()) == 1
    bench.begin()
    bench.schedule.follow(every(6))
    await bench.look(hours=20)
    await bench.ended()
    assert len(bench.calls()) == 2


async def test_another_time_of_the_day_counts_from_now_on(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    minute = datetime.fromtimestamp(NOON).astimezone()
    at = minute.hour * 60 + minute.minute
    bench.schedule.follow(BackupSettings(Path("/b"), at_minute=max(0, at - 60)))
    await bench.look()
    assert bench.calls() == []
    bench.schedule.follow(BackupSettings(Path("/b"), at_minute=at + 5))
    await bench.look()
    assert bench.calls() == []
    await bench.look(hours=0.1)
    await bench.ended()
    assert len(bench.calls()) == 1
    bench.schedule.follow(None)
    assert bench.told[-1] is None
    assert remembered(bench.folder).last is not None


@pytest.mark.expects_log("the backup to /b is not complete: The process cannot be started")
async def test_a_process_that_cannot_be_started_is_told(bench: Bench) -> None:
    bench.schedule.command = ("/nowhere/at-all",)
    bench.schedule.follow(every(6))
    await bench.look()
    await bench.ended()
    assert bench.told[-1] is not None
    assert "cannot be started" in str(bench.told[-1].trouble)


@pytest.mark.parametrize(
    ("ended", "trouble"),
    [
        (Ended(0, {}, "whatever"), ""),
        (Ended(4, {}, "The backup is not mounted."), "The backup is not mounted."),
        (Ended(1, {"error": "", "left": 3}, ""), "3 files are not saved."),
        (Ended(-9, {}, ""), "It was killed."),
    ],
)
def test_why_one_is_not_complete(ended: Ended, trouble: str) -> None:
    assert ended.trouble == trouble


async def test_what_runs_ends_with_the_service(bench: Bench) -> None:
    bench.answers({**DONE, "waits": True})
    bench.schedule.follow(every(1))
    await bench.look()
    async with asyncio.timeout(60):
        while not bench.calls():
            await asyncio.sleep(0.02)
    task = asyncio.create_task(bench.schedule.run())
    await asyncio.sleep(0)
    process = bench.schedule._process  # noqa: SLF001 - what is to end
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert process is not None
    assert await process.wait() == -9
