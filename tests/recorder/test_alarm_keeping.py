"""Alarms of a recorder: what is written down and told of what its streams, disks and catalog do."""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

import pytest

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import StreamAddress, StreamId
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs, WallNs
from holdfast.domain.volumes import VolumeState
from holdfast.policy.alarms import VolumeFacts
from holdfast.policy.connecting import ConnectionSettings
from holdfast.ports.capture import Progress, SessionEnded, SessionFailed, TakeBytes, TakeOpened
from holdfast.recorder.memory import Memory
from holdfast.recorder.recorder import Recorder, RecorderPorts
from holdfast.recorder.recording import Services
from holdfast.recorder.supervisor import StreamPlan
from tests.fakes.capture import FakeCapture
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.fakes.notifications import FakeNotifications
from tests.fakes.reach import FakeReach
from tests.fakes.writer import FakeWriter
from tests.fmp4.builder import FTYP, fragments, moov

CAMERA = StreamId("cam_01")
SILENT = pytest.mark.expects_log(
    "WARNING holdfast.recording: cam_01: The connection is open, but no frames", optional=True
)
NOT_SAVED = pytest.mark.expects_log("ERROR holdfast.alarms: cam_01: For 30 s nothing of this camera has reached a disk")
UNREACHABLE = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.UNREACHABLE, "source", "no route")


class Room:
    def __init__(self, catalog: FakeCatalog | None = None, **plan: Any) -> None:
        self.clock, self.capture, self.writer = FakeClock(), FakeCapture(), FakeWriter()
        self.catalog, self.notifications = catalog or FakeCatalog(), FakeNotifications()
        numbers = iter(range(1, 10_000))
        self.memory = Memory()
        new_id = partial(self._uuid, numbers)
        services = Services(self.clock, self.writer, self.catalog, partial(next, numbers), new_id, self.memory)
        plans = [replace(StreamPlan(CAMERA, StreamAddress("rtsp://h/")), **plan)]
        ports = RecorderPorts(
            self.capture, FakeReach(), services, self.catalog, lambda: 0.0, notifications=self.notifications
        )
        self.recorder = Recorder(plans, ports)
        self.recorder.start()
        self.disk_works = True

    @staticmethod
    def _uuid(numbers: Iterator[int]) -> UUID:
        return UUID(int=next(numbers))

    def record(self, groups: int = 4) -> None:
        """A session that delivers a group of pictures, and then no more."""
        session = self.recorder.streams[CAMERA].session
        handle, now_ns = self.recorder.handle, MonoNs(self.clock.at_ns)
        handle(TakeOpened(CAMERA, session, 1, PtsNs(0), now_ns, reorders=False, reason="session began"))
        handle(TakeBytes(CAMERA, session, 1, b"".join([FTYP, moov(), *fragments(groups)])))
        handle(Progress(CAMERA, session, groups, 1, 0, 0))

    def pass_time(self, seconds: int) -> None:
        for _ in range(seconds * 4):
            self.clock.advance(0.25)
            if self.disk_works:
                self.writer.work(100)
                self.writer.sync()
                self.writer.deliver(self.recorder.answered, 100)
            self.recorder.tick()

    @property
    def told(self) -> list[tuple[str, str, bool]]:
        """Kind, subject, and whether it is over."""
        return [(one.kind, one.subject, one.cleared_wall_ns is not None) for one in self.notifications.told]


@SILENT
@NOT_SAVED
def test_a_camera_that_never_comes_is_told_once_and_written_down() -> None:
    room = Room()
    room.pass_time(100)
    assert room.told == [("not_saved", "cam_01", False)]
    (record,) = room.catalog.alarms(open_only=True)
    assert room.recorder.alarms.open == (record,)
    assert record == room.notifications.told[0]
    assert 30 <= (record.raised_wall_ns - FakeClock().wall_ns()) / NS_PER_S <= 32


@SILENT
@NOT_SAVED
def test_it_is_over_when_footage_reaches_the_disk_again() -> None:
    room = Room()
    room.pass_time(40)
    for _ in range(15):
        room.record()
        room.pass_time(1)
    assert room.told == [("not_saved", "cam_01", False), ("not_saved", "cam_01", True)]
    (record,) = room.catalog.alarms()
    assert record.cleared_wall_ns == room.notifications.told[1].cleared_wall_ns
    assert room.recorder.alarms.open == room.catalog.alarms(open_only=True) == ()


@SILENT
@NOT_SAVED
def test_a_disk_that_takes_nothing_is_seen_though_the_camera_delivers() -> None:
    room = Room()
    room.record()
    room.pass_time(20)
    assert room.told == []
    room.disk_works = False
    for _ in range(35):
        room.record()
        room.pass_time(1)
    assert ("not_saved", "cam_01", False) in room.told


@pytest.mark.expects_log("WARNING holdfast.recording: cam_01: Nothing answers at the camera's address")
@pytest.mark.expects_log("ERROR holdfast.reconnect: cam_01: still not recorded")
@pytest.mark.expects_log("ERROR holdfast.alarms: cam_01: For 30 s .* a disk. Nothing answers at the camera's address")
@pytest.mark.expects_log("ERROR holdfast.alarms: cam_01: The camera cannot be recorded, .* failed. Nothing answers")
def test_a_camera_that_cannot_be_reached_is_told_with_the_reason() -> None:
    room = Room(connection=ConnectionSettings(alarm_failures=3, alarm_after_s=20))
    for _ in range(60):
        session = room.recorder.streams[CAMERA].session
        room.recorder.handle(SessionFailed(CAMERA, session, UNREACHABLE))
        room.recorder.handle(SessionEnded(CAMERA, session))
        room.pass_time(1)
    assert room.told == [("not_saved", "cam_01", False), ("camera_error", "cam_01", False)]


@SILENT
def test_a_camera_that_is_not_to_be_recorded_is_no_alarm() -> None:
    room = Room(records=False)
    room.pass_time(100)
    assert room.told == []


@SILENT
@NOT_SAVED
def test_switching_the_recording_off_ends_the_alarm_and_an_old_save_counts_for_nothing() -> None:
    room = Room()
    room.pass_time(40)
    room.recorder.switch(CAMERA, wanted=False)
    room.pass_time(15)
    assert room.told[1:] == [("not_saved", "cam_01", True)]
    room.record()
    room.pass_time(60)
    room.recorder.switch(CAMERA, wanted=True)
    room.pass_time(5)
    assert len(room.told) == 2, "half a minute begins now"


@SILENT
@NOT_SAVED
def test_a_camera_that_is_removed_takes_its_alarm_along() -> None:
    room = Room()
    room.pass_time(40)
    room.recorder.remove(CAMERA)
    room.pass_time(1)
    assert room.told[1:] == [("not_saved", "cam_01", True)]


@SILENT
@pytest.mark.expects_log("WARNING holdfast.alarms: More than 50 % of the memory for footage is in use")
@pytest.mark.expects_log("ERROR holdfast.alarms: cam_01: For 30 s", optional=True)
def test_memory_that_fills_up_is_told() -> None:
    room = Room()
    room.disk_works = False
    room.record(4)
    room.memory.limit_bytes = room.recorder.streams[CAMERA].recording.held_bytes + 10
    room.pass_time(4)
    assert room.told == [("memory", "", False)]


@pytest.mark.expects_log("ERROR holdfast.alarms: usb: The disk is gone")
@pytest.mark.expects_log("ERROR holdfast.alarms: No volume can be written")
def test_volumes_are_looked_at() -> None:
    room = Room(records=False)
    volumes = [VolumeFacts("usb", VolumeState.GONE, "The disk is gone. Connect it again.")]
    for _ in range(4):
        room.clock.advance(1)
        room.recorder.alarms.look([], volumes)
    assert room.told == [("volume_gone", "usb", False), ("no_volume", "", False)]


@pytest.mark.expects_log("ERROR holdfast.alarms: usb: rtsp://.* Bcc: nobody")
@pytest.mark.expects_log("ERROR holdfast.alarms: No volume can be written")
def test_a_sentence_is_one_line_without_secrets() -> None:
    room = Room(records=False)
    for _ in range(4):
        room.clock.advance(1)
        room.recorder.alarms.look([], [VolumeFacts("usb", VolumeState.GONE, "rtsp://u:geheim@h/\nBcc: nobody")])
    assert room.notifications.told[0].sentence == "rtsp://***@h/ Bcc: nobody"


@pytest.mark.expects_log("ERROR holdfast.alarms: The catalog x cannot be written: disk I/O error.")
@pytest.mark.expects_log("WARNING holdfast.alarms: The catalog and the files differ in 2 places")
def test_trouble_of_the_catalog_is_told_even_when_it_cannot_be_written_down() -> None:
    room = Room(records=False)
    room.catalog.trouble = "The catalog x cannot be written: disk I/O error."
    room.pass_time(12)
    room.recorder.alarms.unresolved = 2
    room.pass_time(2)
    assert room.told == [("catalog", "", False), ("catalog_mismatch", "", False)]


def left(kind: str, subject: str, name: str = "old") -> AlarmRecord:
    return AlarmRecord(
        alarm_id=name, kind=kind, severity="critical", subject=subject, sentence="It was so.", raised_wall_ns=WallNs(5)
    )


@SILENT
def test_what_the_last_life_left_open_is_cleared_under_its_own_name_when_it_is_over() -> None:
    catalog = FakeCatalog()
    for record in (left("not_saved", "cam_01"), left("volume_gone", "usb", "other")):
        catalog.post(record)
    room = Room(catalog)
    room.pass_time(1)
    assert room.told == [("volume_gone", "usb", True)], "there is no such volume any more"
    room.pass_time(60)
    assert len(room.told) == 1, "it was raised before"
    for _ in range(15):
        room.record()
        room.pass_time(1)
    assert room.told[1:] == [("not_saved", "cam_01", True)]
    assert room.notifications.told[1].alarm_id == "old"
    assert room.catalog.alarms(open_only=True) == ()


def test_a_clock_that_was_set_back_ends_no_alarm_before_it_began() -> None:
    catalog = FakeCatalog()
    catalog.post(replace(left("volume_gone", "usb"), raised_wall_ns=WallNs(1 << 62)))
    room = Room(catalog, records=False)
    room.pass_time(1)
    (record,) = room.catalog.alarms()
    assert record.cleared_wall_ns == record.raised_wall_ns


@SILENT
def test_the_sign_of_life_is_asked_for_once_a_second() -> None:
    room = Room(records=False)
    room.pass_time(20)
    assert 19 <= room.notifications.signs <= 21


@SILENT
@pytest.mark.expects_log("ERROR holdfast.alarms: a mistake of the recorder itself")
def test_a_mistake_about_alarms_ends_nothing_and_stops_the_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    room = Room(records=False)
    monkeypatch.setattr(room.recorder.alarms, "_look", lambda *_: 1 / 0)
    room.pass_time(20)
    assert room.notifications.signs == 0
