"""The branch of sound in a real pipeline, fed by hand: what fails in it, and what follows."""

import os
import time
from collections.abc import Callable, Iterator

import pytest

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import Mode, StreamAddress, StreamId, Track
from holdfast.domain.times import NS_PER_S
from holdfast.lab.sound import sound_clip
from holdfast.media import gi, sound_branch
from holdfast.media.elements import Element, make
from holdfast.media.gi import GLib, Gst
from holdfast.media.sound_branch import KINDS, SoundBranch
from holdfast.ports.capture import BranchFailed, Event, OpenSession, TakeOpened

PATIENCE_S = 20.0
REPORT = ErrorReport(Branch.SOUND, "gst-stream-error-quark", 1, "sound-depay", "said so")


class Rig:
    """A source of G.711 that is a little later than its picture, whose media time began a second before it did."""

    def __init__(self) -> None:
        gi.init()
        self.told: list[Event] = []
        self.pipes: list[int] = []
        command = OpenSession(
            StreamId("cam_01"), 1, StreamAddress("rtsp://127.0.0.1:9/"), Mode.BOTH, reorders=False, sound=True
        )
        self.branch = SoundBranch(command, self._hear)
        self.pipeline = Gst.Pipeline.new("pipeline")
        caps = "audio/x-mulaw,rate=8000,channels=1"
        self.source = make(Element("appsrc", "source", {"format": "time", "caps": caps}))
        for part in (self.source, self.branch.bin):
            self.pipeline.add(part)
        self.branch.has_picture = True
        self.branch.ready(self.source.get_static_pad("src"), KINDS["PCMU"])
        self.pipeline.set_state(Gst.State.PLAYING)
        self.number = 0

    def _hear(self, event: Event, fds: tuple[int, ...]) -> None:
        self.told.append(event)
        self.pipes += [os.dup(fd) for fd in fds]

    def packets(self, count: int) -> None:
        clip = sound_clip("pcmu")
        for _ in range(count):
            buffer = Gst.Buffer.new_wrapped(clip.payloads[self.number % len(clip.payloads)])
            buffer.pts = self.number * NS_PER_S // 25
            self.number += 1
            self.source.emit("push-buffer", buffer)

    def picture(self) -> None:
        self.branch.times.video(0, time.monotonic_ns() - NS_PER_S)

    def until(self, condition: Callable[[], bool]) -> None:
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline_s, self.told
            GLib.MainContext.default().iteration(may_block=False)
            time.sleep(0.005)

    def takes(self) -> list[TakeOpened]:
        return [event for event in self.told if isinstance(event, TakeOpened)]

    def end(self) -> None:
        self.branch.set_records(records=False)
        self.until(lambda: self.branch.is_drained)
        self.pipeline.set_state(Gst.State.NULL)
        for pipe in self.pipes:
            os.close(pipe)


@pytest.fixture
def rig() -> Iterator[Rig]:
    made = Rig()
    yield made
    made.end()


def test_no_take_begins_before_it_can_be_dated(rig: Rig) -> None:
    rig.packets(10)
    rig.until(lambda: rig.source.get_property("current-level-buffers") == 0)
    assert rig.told == []
    rig.picture()
    rig.packets(10)
    rig.until(lambda: bool(rig.takes()))
    (opened,) = rig.takes()
    assert opened.track is Track.SOUND
    assert opened.first_pts_ns < 2 * NS_PER_S


def test_a_take_that_fails_is_told_and_followed_by_another(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_branch, "WAIT_S", 0.01)
    rig.picture()
    rig.packets(20)
    rig.until(lambda: bool(rig.takes()))
    rig.branch.failed(["sound-depay", "sound-take-1", "sound", "pipeline"], REPORT)
    assert BranchFailed(StreamId("cam_01"), 1, REPORT) in rig.told
    assert rig.branch.is_drained
    time.sleep(0.02)
    rig.branch.look()
    rig.packets(20)
    rig.until(lambda: len(rig.takes()) == 2)
    assert rig.takes()[1].reason == "sound failed"


def test_an_echo_of_a_take_that_is_gone_touches_no_other(rig: Rig) -> None:
    rig.picture()
    rig.packets(20)
    rig.until(lambda: bool(rig.takes()))
    rig.branch.picture_broke()
    rig.picture()
    rig.packets(20)
    rig.until(lambda: rig.branch.is_drained)
    assert len(rig.takes()) == 1, "none before the next take of the picture"
    rig.branch.has_picture = True
    rig.packets(20)
    rig.until(lambda: len(rig.takes()) == 2)
    rig.branch.failed(["sound-depay", "sound-take-1", "sound"], REPORT)
    assert not rig.branch.is_drained
    assert rig.takes()[1].reason == "media time broke"


def test_an_element_that_is_not_there_is_told_and_tried_again_later(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_branch, "Take", _no_take)
    rig.picture()
    rig.packets(20)
    rig.until(lambda: bool(rig.told))
    (told,) = rig.told
    assert isinstance(told, BranchFailed)
    assert (told.error.domain, told.error.code) == (OWN_DOMAIN, OwnError.ELEMENT_MISSING)


def test_a_recorder_that_does_not_read_loses_sound_and_nothing_else(rig: Rig) -> None:
    rig.picture()
    rig.packets(20)
    rig.until(lambda: bool(rig.takes()))
    (take,) = rig.branch._takes.values()  # noqa: SLF001 - as the queue does when it is full
    take._on_overrun(None)  # noqa: SLF001 - the same
    rig.until(lambda: rig.branch.is_drained)
    rig.packets(20)
    rig.until(lambda: len(rig.takes()) == 2)
    assert rig.takes()[1].reason == "the recorder did not read in time"


def _no_take(*_args: object) -> None:
    raise OSError("no descriptor is free")
