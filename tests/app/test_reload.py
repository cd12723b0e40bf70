"""The configuration of a running recorder: what is touched by a change, and that a bad one changes nothing."""

import asyncio
import logging
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import cast

import pytest

from holdfast.app import reload
from holdfast.app.plans import needs_restart, plans_from
from holdfast.app.reload import ConfigState, Configured
from holdfast.app.retention_rules import examine
from holdfast.config.reading import read
from holdfast.config.settings import AlarmSettings, LogFormat, LoggingSettings, RecorderSettings
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.policy.retention import RetentionRules
from holdfast.recorder.recorder import Recorder
from holdfast.recorder.supervisor import StreamPlan

TEXT = """\
[[volume]]
path = "footage"

[[camera]]
id = "one"
url = "rtsp://u@192.0.2.1/a"
password_file = "secret"

[[camera]]
id = "two"
url = "rtsp://192.0.2.2/a"
"""
THREE = '\n[[camera]]\nid = "three"\nurl = "rtsp://192.0.2.3/a"\n'


@dataclass
class FakeRecorder:
    """Notes what it is told."""

    told: list[tuple[str, str]] = field(default_factory=list)
    plans: dict[StreamId, StreamPlan] = field(default_factory=dict)

    def add(self, plan: StreamPlan) -> None:
        self.told.append(("add", str(plan.stream)))
        self.plans[plan.stream] = plan

    def change(self, plan: StreamPlan) -> None:
        self.told.append(("change", str(plan.stream)))
        self.plans[plan.stream] = plan

    def remove(self, stream: StreamId) -> None:
        self.told.append(("remove", str(stream)))


class Room:
    def __init__(self, folder: Path) -> None:
        self.file = folder / "holdfast.toml"
        self.secret = folder / "secret"
        self.secret.write_text("pw\n", encoding="utf-8")
        self.write(TEXT)
        self.clock_ns = 5_000_000_000
        self.logging: list[LoggingSettings] = []
        self.fake = FakeRecorder()
        self.recorder = cast("Recorder", self.fake)
        self.configured = Configured(self.file, read(self.file), lambda: WallNs(self.clock_ns), self.logging.append)

    def write(self, text: str) -> None:
        self.file.write_text(text, encoding="utf-8")

    @property
    def state(self) -> ConfigState:
        return self.configured.state

    async def reload(self, text: str) -> list[tuple[str, str]]:
        """What the recorder is told when the file says this."""
        self.write(text)
        self.fake.told.clear()
        await self.configured.reload(self.recorder)
        return self.fake.told


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.02)


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> Iterator[pytest.LogCaptureFixture]:
    with caplog.at_level(logging.INFO, logger="holdfast.config"):
        yield caplog


async def test_only_what_differs_is_touched(room: Room) -> None:
    assert await room.reload(TEXT) == []
    assert await room.reload(TEXT + "# a comment\n") == []
    assert await room.reload(TEXT + THREE) == [("add", "three")]
    assert await room.reload(TEXT) == [("remove", "three")]
    assert await room.reload(TEXT.replace("192.0.2.2", "192.0.2.9")) == [("change", "two")]
    assert await room.reload(TEXT.replace('"two"', '"second"')) == [("remove", "two"), ("add", "second")]


async def test_a_new_password_in_its_file_is_a_change_of_its_camera(room: Room) -> None:
    room.secret.write_text("other\n", encoding="utf-8")
    assert await room.reload(TEXT) == [("change", "one")]
    assert room.fake.plans[StreamId("one")].address.password == "other"


async def test_alarms_are_followed_without_touching_a_camera(room: Room) -> None:
    followed: list[AlarmSettings] = []
    room.configured.follow_alarms = followed.append
    assert await room.reload('[alarms]\nunsaved_after = "1m"\nwebhook = "http://h/x"\n' + TEXT) == []
    assert followed == [AlarmSettings(unsaved_after_s=60, webhook="http://h/x")]
    assert room.state.pending == ()


async def test_timings_are_a_change_of_every_camera(room: Room) -> None:
    assert await room.reload('[recorder]\nsegment = "1m"\n' + TEXT) == [("change", "one"), ("change", "two")]


@pytest.mark.expects_log("WARNING holdfast.config: .*cannot be used.*holdfast.toml:5: A text has no closing")
async def test_a_bad_one_changes_nothing_and_is_said_once_and_so_is_its_end(
    room: Room, log: pytest.LogCaptureFixture
) -> None:
    good_ns = room.state.loaded_ns
    room.clock_ns += 1
    half = TEXT[: TEXT.index("one") + 2]
    for _ in range(3):
        assert await room.reload(half) == []
    assert len(log.messages) == 1
    assert room.state.as_json()["error"] == [f"{room.file}:5: A text has no closing quotation mark."]
    assert room.state.loaded_ns == good_ns
    assert await room.reload(TEXT) == []
    await room.reload(TEXT)
    assert log.messages[1:] == ["the configuration can be used again"]
    assert room.state.as_json()["error"] == []
    assert room.state.loaded_ns == room.clock_ns


@pytest.mark.expects_log("WARNING holdfast.config: .*cannot be read .No such file or directory")
@pytest.mark.expects_log("WARNING holdfast.config: .*recrod is not known here")
async def test_another_mistake_is_said_anew(room: Room, log: pytest.LogCaptureFixture) -> None:
    room.file.unlink()
    await room.configured.reload(room.recorder)
    await room.reload(TEXT + "recrod = true\n")
    assert len(log.messages) == 2
    assert not room.fake.told


@pytest.mark.expects_log("WARNING holdfast.config: .*next start: volume, recorder.worker_memory")
async def test_what_needs_a_new_start_is_said_once_and_kept_in_mind(room: Room, log: pytest.LogCaptureFixture) -> None:
    text = '[recorder]\nworker_memory = "1G"\n' + TEXT.replace("footage", "elsewhere")
    for _ in range(2):
        assert await room.reload(text) == []
    assert len(log.messages) == 1
    assert room.state.as_json()["pending"] == ["volume", "recorder.worker_memory"]
    await room.reload(TEXT)
    assert room.state.as_json()["pending"] == []


def test_what_a_new_start_is_needed_for(room: Room) -> None:
    now = read(room.file)
    assert needs_restart(now, now) == ()
    then = replace(
        now,
        recorder=RecorderSettings(cameras_per_worker=2, segment_s=1),
        logging=LoggingSettings(format=LogFormat.JSON, level="debug"),
    )
    assert needs_restart(now, then) == ("recorder.cameras_per_worker", "logging.format")
    assert len(plans_from(now)) == 2


async def test_levels_of_the_log_follow_at_once(room: Room) -> None:
    await room.reload('[logging]\nlevel = "error"\n' + TEXT)
    assert [settings.level for settings in room.logging] == ["error"]


async def test_the_state_is_told_as_json(room: Room) -> None:
    assert room.state.as_json() == {
        "path": str(room.file),
        "loaded_s": 5.0,
        "error": [],
        "pending": [],
    }


async def until(condition: object, patience_s: float = 20) -> None:
    assert callable(condition)
    async with asyncio.timeout(patience_s):
        while not condition():
            await asyncio.sleep(0.01)


async def test_a_change_of_the_file_is_seen_by_itself(room: Room, quick: None) -> None:
    watching = asyncio.create_task(room.configured.run(room.recorder))
    await asyncio.sleep(0.1)
    room.write(TEXT + THREE)
    await until(lambda: room.fake.told == [("add", "three")])
    replacement = room.file.with_name("new")
    replacement.write_text(TEXT, encoding="utf-8")
    replacement.replace(room.file)
    await until(lambda: room.fake.told == [("add", "three"), ("remove", "three")])
    room.secret.write_text("another\n", encoding="utf-8")
    await until(lambda: room.fake.told[2:] == [("change", "one")])
    watching.cancel()


@pytest.mark.expects_log("WARNING holdfast.config: .*cannot be read .No such file")
async def test_a_file_that_goes_and_comes_back_is_seen(room: Room, quick: None) -> None:
    watching = asyncio.create_task(room.configured.run(room.recorder))
    await asyncio.sleep(0.1)
    room.file.unlink()
    await until(lambda: room.state.error != ())
    room.write(TEXT + THREE)
    await until(lambda: room.state.error == ())
    assert room.fake.told == [("add", "three")]
    watching.cancel()


async def test_a_file_that_somebody_is_still_writing_is_not_read_yet(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = [{room.file: look} for look in "abccc"]
    monkeypatch.setattr(reload, "LOOK_EVERY_S", 0.0)
    monkeypatch.setattr(reload, "seen", lambda _files: looks.pop(0) if looks[1:] else looks[0])
    read_when: list[int] = []

    async def note(_recorder: Recorder) -> None:
        read_when.append(len(looks))

    monkeypatch.setattr(room.configured, "reload", note)
    watching = asyncio.create_task(room.configured.run(room.recorder))
    await until(lambda: len(looks) == 1)
    await asyncio.sleep(0.1)
    watching.cancel()
    # It was read once, at the second look that showed the same.
    assert read_when == [1]


@pytest.mark.expects_log("ERROR holdfast.config: .*could not be followed")
async def test_a_mistake_of_ours_does_not_end_the_following(
    room: Room, quick: None, monkeypatch: pytest.MonkeyPatch, log: pytest.LogCaptureFixture
) -> None:
    def broken(_plan: StreamPlan) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(room.fake, "add", broken)
    watching = asyncio.create_task(room.configured.run(room.recorder))
    await asyncio.sleep(0.1)
    room.write(TEXT + THREE)
    await until(lambda: "could not be followed" in " ".join(log.messages))
    monkeypatch.setattr(room.fake, "add", room.fake.change)
    room.write(TEXT + THREE + 'name = "x"\n')
    await until(lambda: room.fake.told == [("change", "three")])
    watching.cancel()


async def test_when_it_is_asked_for_it_is_read_at_once_though_nothing_changed(room: Room) -> None:
    before = room.file.stat()
    watching = asyncio.create_task(room.configured.run(room.recorder))
    await asyncio.sleep(0)
    room.clock_ns += 7
    room.configured.request()
    await until(lambda: room.state.loaded_ns == room.clock_ns)
    assert room.file.stat().st_mtime_ns == before.st_mtime_ns
    watching.cancel()


@pytest.mark.expects_log("the last good one goes on: .*The quotas add up to 900T")
async def test_retention_follows_at_once_and_what_the_disks_cannot_hold_changes_nothing(room: Room) -> None:
    followed: list[RetentionRules] = []
    room.configured.follow_retention, room.configured.examine = followed.append, examine
    (room.file.parent / "footage").mkdir()
    table = '[retention]\nmax_age = "3d"\nmin_free = "1M"\n'
    await room.reload(table + TEXT)
    assert [rules.as_words() for rules in followed] == ["max_age = 3d, min_free = 1M"]
    await room.reload(table + TEXT + 'quota = "900T"\n')
    assert len(followed) == 1
    assert room.state.error
    await room.reload(TEXT)
    assert [rules.as_words() for rules in followed[1:]] == ["off"]
