"""All streams together: who hears what, the passing of time, and an orderly end."""

import asyncio
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from holdfast.domain.segments import Heartbeat
from holdfast.domain.streams import StreamAddress, StreamId
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.ports.capture import Progress, SessionEnded, TakeBytes, TakeClosed, TakeOpened
from holdfast.ports.volumes import Created
from holdfast.recorder import recorder as recorder_module
from holdfast.recorder.recorder import Recorder, RecorderPorts
from holdfast.recorder.recording import Services
from holdfast.recorder.supervisor import StreamPlan
from tests.fakes.capture import FakeCapture
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.fakes.reach import FakeReach
from tests.fakes.writer import FakeWriter
from tests.fmp4.builder import FTYP, fragments, moov

STREAMS = [StreamId("cam_01"), StreamId("cam_02")]


def plan(stream: StreamId, **values: Any) -> StreamPlan:
    return replace(StreamPlan(stream, StreamAddress("rtsp://h/")), **values)


class Room:
    def __init__(self, *, records: bool = True, catalog: FakeCatalog | None = None) -> None:
        self.clock, self.capture = FakeClock(), FakeCapture()
        self.catalog, self.writer = catalog or FakeCatalog(), FakeWriter()
        self.numbers = iter(range(1, 1000))
        services = Services(self.clock, self.writer, self.catalog, self.number, lambda: UUID(int=self.number()))
        plans = [plan(stream, records=records) for stream in STREAMS]
        ports = RecorderPorts(self.capture, FakeReach(), services, self.catalog, lambda: 0.0, "this boot")
        self.recorder = Recorder(plans, ports)

    def number(self) -> int:
        return next(self.numbers)

    def record(self, stream: StreamId, session: int = 1) -> None:
        now_ns = MonoNs(self.clock.at_ns)
        handle = self.recorder.handle
        handle(TakeOpened(stream, session, 1, PtsNs(0), now_ns, reorders=False, reason="session began"))
        handle(TakeBytes(stream, session, 1, b"".join([FTYP, moov(), *fragments(4)])))

    def end(self, stream: StreamId, session: int = 1) -> None:
        self.recorder.handle(TakeClosed(stream, session, 1))
        self.recorder.handle(SessionEnded(stream, session))

    def pass_time(self, seconds: float) -> None:
        """The disk works meanwhile."""
        for _ in range(int(seconds / recorder_module.TICK_S)):
            self.clock.advance(recorder_module.TICK_S)
            self.writer.work(100)
            self.writer.sync()
            self.writer.deliver(self.recorder.answered, 100)
            self.recorder.tick()

    def states(self) -> list[tuple[str, bool]]:
        return [(status.camera, status.switched_off) for status in self.recorder.status()]

    async def disk(self) -> None:
        """Works until it is cancelled."""
        while True:
            self.writer.work(100)
            self.writer.deliver(self.recorder.answered, 100)
            await asyncio.sleep(0)


def test_starts_every_stream_and_records_it() -> None:
    room = Room()
    room.recorder.start()
    assert room.capture.asked == [("open", stream, 1) for stream in STREAMS]
    assert all(supervisor.wanted for supervisor in room.recorder.streams.values())
    assert not room.catalog.intents(), "nobody switched anything"


def test_captures_without_recording_when_told_so() -> None:
    room = Room(records=False)
    room.recorder.start()
    assert len(room.capture.opened) == 2
    assert not room.catalog.intents()


def test_an_event_is_for_its_own_stream_only() -> None:
    room = Room()
    room.recorder.start()
    room.recorder.handle(Progress(STREAMS[0], 1, 5, 1, 0, 0))
    room.recorder.handle(Progress(StreamId("nobody"), 1, 5, 1, 0, 0))
    assert [status.frames for status in room.recorder.status()] == [5, 0]


def test_an_answer_is_for_its_own_stream_only() -> None:
    room = Room()
    room.recorder.start()
    for stream in STREAMS:
        room.record(stream)
    assert room.recorder.open_paths() == {""}
    room.writer.work(100)
    room.writer.deliver(room.recorder.answered, 100)
    assert {path.split("/")[0] for path in room.recorder.open_paths()} == {"cam_01", "cam_02"}
    room.recorder.answered(Created(999, "nobody's", 0.0))


def test_the_heart_beats_every_few_seconds() -> None:
    room = Room()
    room.recorder.start()
    for _ in range(60):
        room.clock.advance(recorder_module.TICK_S)
        room.recorder.tick()
    beats = [change for change in room.catalog.posted if isinstance(change, Heartbeat)]
    assert [beat.boot_id for beat in beats] == ["this boot"] * 3


def test_cameras_are_not_blamed_for_the_time_in_which_the_recorder_was_stopped() -> None:
    room = Room()
    room.recorder.start()
    room.recorder.handle(Progress(STREAMS[0], 1, 5, 1, 0, 0))
    room.clock.advance(3600)
    room.recorder.tick()
    assert not room.catalog.faults()


async def test_an_orderly_end_makes_every_file_final() -> None:
    room = Room()
    stop = asyncio.Event()
    running = asyncio.create_task(recorder_module.run(room.recorder, stop))
    disk = asyncio.create_task(room.disk())
    await asyncio.sleep(0)
    for stream in STREAMS:
        room.record(stream)
    stop.set()
    await running
    ending = asyncio.create_task(room.recorder.shut_down())
    await asyncio.sleep(0)
    assert room.capture.asked[-2:] == [("close", stream, 1) for stream in STREAMS]
    for stream in STREAMS:
        room.end(stream)
    assert await ending
    disk.cancel()
    assert [file.is_final for file in room.writer.disk.values()] == [True, True]
    assert {segment.end_reason for segment in room.catalog.segments()} == {"session_ended"}


@pytest.mark.expects_log("not every file could be made final")
async def test_an_end_that_the_disk_does_not_let_happen_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder_module, "END_PATIENCE_S", 0.1)
    monkeypatch.setattr(recorder_module, "WRITE_PATIENCE_S", 0.1)
    room = Room()
    room.recorder.start()
    room.record(STREAMS[0])
    assert not await room.recorder.shut_down()


@pytest.mark.expects_log("ERROR holdfast.recorder: cam_01: a mistake of the recorder itself")
def test_a_mistake_in_what_is_done_for_one_camera_ends_nothing_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room()
    room.recorder.start()

    def mistake(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(room.recorder.streams[STREAMS[0]], "tick", mistake)
    monkeypatch.setattr(room.recorder.streams[STREAMS[0]], "handle", mistake)
    for _ in range(3):
        room.recorder.tick()
    for stream in STREAMS:
        room.record(stream)
    room.writer.work(100)
    assert {path.split("/")[0] for path in room.writer.disk} == {"cam_02"}


@pytest.mark.expects_log("ERROR holdfast.recorder: cam_01: a mistake of the recorder itself")
@pytest.mark.expects_log("cam_02: The connection is open, but no frames arrive")
def test_nor_does_a_mistake_with_a_camera_that_leaves_or_with_what_the_disk_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = Room()
    room.recorder.start()
    for stream in STREAMS:
        room.record(stream)
    leaving = room.recorder.streams[STREAMS[0]]

    def mistake(*_: object) -> None:
        raise ZeroDivisionError

    for name in ("answered", "shut_down", "take_closed"):
        monkeypatch.setattr(leaving.recording, name, mistake)
    room.recorder.remove(STREAMS[0])
    room.end(STREAMS[0])
    room.pass_time(5)
    segments = room.catalog.segments(STREAMS[1].camera)
    assert len(list(segments)) == 1, "the disk's answers reach the others"
