"""Files that an earlier recorder left behind are brought in line, volume by volume, and never the wrong ones."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from holdfast.app.check import CheckSettings, check
from holdfast.app.check_report import CheckReport
from holdfast.app.tidying import Tidying
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentMoved, SegmentState
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import CatalogUnreadableError
from holdfast.recorder.recorder import Recorder
from tests.app.recordings import Segment, make
from tests.app.two_volumes import TwoVolumes

ONE, TWO = Segment(0), Segment(1, is_open=True)
STREAM = StreamId("cam_01")
PATIENCE_S = 60.0


@dataclass
class FakeRecorder:
    """What tidying uses of a recorder."""

    live: frozenset[str] = frozenset()
    alarms: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(unresolved=0))
    past: SimpleNamespace = field(default_factory=lambda: SimpleNamespace(ends={STREAM: None}))
    told: list[Mapping[StreamId, WallNs]] = field(default_factory=list)

    def open_paths(self) -> frozenset[str]:
        return self.live

    def repaired(self, footage: Mapping[StreamId, WallNs]) -> None:
        self.told.append(footage)


@dataclass
class Room:
    two: TwoVolumes
    recorder: FakeRecorder = field(default_factory=FakeRecorder)
    tidying: Tidying = field(init=False)

    def __post_init__(self) -> None:
        loop = asyncio.get_running_loop()
        self.tidying = Tidying(self.two.catalog, cast("Recorder", self.recorder), loop, self.two.roots)

    def open(self, name: str) -> None:
        self.tidying.opened(name, self.two.roots[name], self.two.state.of(name).volume_id)

    async def told(self, times: int = 1) -> None:
        await until(lambda: len(self.recorder.told) >= times)

    def states(self) -> dict[tuple[str, str], SegmentState]:
        return {(row.volume, row.path): row.state for row in self.two.rows()}


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not is_so():
            await asyncio.sleep(0.01)


@pytest.fixture
async def room(tmp_path: Path) -> Room:
    return Room(TwoVolumes(tmp_path))


async def test_each_volume_is_looked_at_when_it_is_open_and_gaps_are_corrected_by_it(room: Room) -> None:
    make(room.two.roots["home"], ONE)
    make(room.two.roots["spare"], TWO)
    room.open("home")
    await room.told()
    assert room.states() == {("home", ONE.path): SegmentState.FINAL}
    (row,) = room.two.rows()
    assert room.recorder.told == [{STREAM: row.wall_end_ns}]
    room.open("spare")
    await room.told(2)
    assert room.states()["spare", TWO.path] is SegmentState.FINAL
    assert len(room.recorder.told) == 2


async def test_a_volume_is_looked_at_once(room: Room) -> None:
    make(room.two.roots["home"], ONE)
    room.open("home")
    await room.told()
    (room.two.roots["home"] / ONE.path).unlink()
    room.open("home")
    room.open("spare")
    await room.told(2)
    assert room.states() == {("home", ONE.path): SegmentState.FINAL}


async def test_what_is_being_recorded_is_left_alone(room: Room) -> None:
    make(room.two.roots["home"], TWO)
    before = room.two.files("home")
    room.recorder.live = frozenset({TWO.path})
    room.open("home")
    await room.told()
    assert room.two.files("home") == before
    assert room.two.rows() == []


async def test_a_file_that_is_still_to_be_cut_and_one_that_was_moved_are_left_alone(room: Room) -> None:
    make(room.two.roots["spare"], TWO)
    room.two.record_elsewhere(ONE)
    cut = next(row for row in room.two.rows() if row.path == TWO.path)
    to_be_cut = replace(cut, state=SegmentState.OPEN, keep_bytes=100)
    room.two.catalog.post(to_be_cut)
    room.two.catalog.post(SegmentMoved(volume="spare", path=ONE.path, to_volume="home", to_path=ONE.path))
    room.two.catalog.flush(PATIENCE_S)
    make(room.two.roots["home"], ONE)
    room.open("spare")
    await room.told()
    assert set(room.states()) == {("spare", TWO.path), ("home", ONE.path)}
    assert room.two.catalog.segment(TWO.path, volume="spare") == to_be_cut


@pytest.mark.expects_log("were not checked: The disk of volume home is not there any more.")
async def test_where_a_disk_was_unmounted_nothing_is_missing_and_it_is_looked_at_when_it_is_back(room: Room) -> None:
    home = room.two.roots["home"]
    make(home, ONE)
    room.two.check("home")
    away = home.rename(home.with_name("unmounted"))
    home.mkdir()
    room.open("home")
    # They are looked at one after another.
    room.open("spare")
    await room.told()
    assert room.states() == {("home", ONE.path): SegmentState.FINAL}
    home.joinpath(".holdfast/check.lock").unlink()
    home.joinpath(".holdfast").rmdir()
    home.rmdir()
    away.rename(home)
    make(home, replace(ONE, ordinal=2))
    room.open("home")
    await room.told(2)
    assert len(room.states()) == 2


async def test_a_file_that_is_missing_from_a_disk_that_is_there_is_said_to_be(room: Room) -> None:
    make(room.two.roots["home"], ONE)
    room.two.check("home")
    (room.two.roots["home"] / ONE.path).unlink()
    room.open("home")
    await room.told()
    assert room.states() == {("home", ONE.path): SegmentState.MISSING}


async def test_what_could_not_be_mended_is_known_to_the_alarms_over_all_volumes(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = check

    def found(root: Path, *, repair: bool, catalog: Catalog, settings: CheckSettings) -> CheckReport:
        return replace(real(root, repair=repair, catalog=catalog, settings=settings), unresolved=2)

    monkeypatch.setattr("holdfast.app.tidying.check", found)
    room.open("home")
    await room.told()
    assert room.recorder.alarms.unresolved == 2
    room.open("spare")
    await room.told(2)
    assert room.recorder.alarms.unresolved == 4


@pytest.mark.expects_log("when the recorder was away is known by its catalog only: it is broken")
async def test_a_catalog_that_cannot_be_read_corrects_nothing(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Event()

    def fail(*_: object, **__: object) -> None:
        asked.set()
        raise CatalogUnreadableError("it is broken")

    monkeypatch.setattr(Catalog, "footage_end", fail)
    room.open("home")
    await until(asked.is_set)
    monkeypatch.undo()
    room.open("spare")
    await room.told()


async def test_when_it_is_stopped_it_does_not_go_on(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = threading.Event()
    real = check

    def stop(*given: object, **named: object) -> object:
        room.tidying.stop()
        try:
            return real(*given, **named)  # type: ignore[arg-type] # as it was called
        finally:
            looked.set()

    monkeypatch.setattr("holdfast.app.tidying.check", stop)
    make(room.two.roots["home"], ONE)
    room.open("home")
    room.open("spare")
    await until(looked.is_set)
    await asyncio.sleep(0.05)
    assert not room.recorder.told
    assert room.two.rows() == []
