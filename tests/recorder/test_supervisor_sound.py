"""Sound and the one who owns the stream: it is asked for as planned, and tells nothing of the picture."""

from dataclasses import replace

import pytest

from holdfast.domain.faults import Branch, ErrorReport, FaultKind
from holdfast.domain.streams import Track
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.policy.connecting import Phase
from holdfast.ports.capture import BranchFailed, SessionEnded, SessionFailed, TakeBytes, TakeClosed, TakeOpened
from holdfast.recorder.status import SoundState
from holdfast.recorder.supervisor import SILENT_S
from tests.fmp4.builder import Sample, fragment
from tests.recorder.sound_rig import sound_moov
from tests.recorder.test_supervisor import DIED, STREAM, Desk

FAILED = ErrorReport(Branch.SOUND, "gst-stream-error-quark", 1, "sound-encoder", "said so")


def listening() -> Desk:
    desk = Desk()
    desk.supervisor.plan = replace(desk.supervisor.plan, sound=True)
    return desk


def sound(desk: Desk, session: int = 1) -> None:
    now_ns = MonoNs(desk.clock.mono_ns())
    opened = TakeOpened(STREAM, session, 1, PtsNs(0), now_ns, reorders=True, reason="sound began", track=Track.SOUND)
    desk.supervisor.handle(opened)
    for data in (sound_moov(), fragment(0, [Sample(20, 1000, sync=True)] * 8)):
        desk.supervisor.handle(TakeBytes(STREAM, session, 1, data, Track.SOUND))


def test_sound_is_asked_for_only_when_it_is_wanted() -> None:
    for desk, wanted in ((Desk(), False), (listening(), True)):
        desk.supervisor.enable()
        assert [command.sound for command in desk.capture.opened] == [wanted]


def test_sound_is_no_sign_of_life_of_the_picture() -> None:
    desk = listening()
    desk.supervisor.enable()
    desk.supervisor.restore(wanted=True)
    sound(desk)
    phases = [desk.supervisor.connection.phase]
    desk.begin_take()
    phases.append(desk.supervisor.connection.phase)
    assert phases == [Phase.CONNECTING, Phase.CONNECTED]
    before = desk.supervisor.connection.primary
    desk.clock.advance(0.5)
    sound(desk)
    assert desk.supervisor.connection.primary == before, "nothing was delivered"
    assert not desk.supervisor._reorders  # noqa: SLF001 - what sound says of B-frames is nonsense


def test_the_status_tells_what_becomes_of_the_sound() -> None:
    assert Desk().supervisor.status.sound is SoundState.OFF
    desk = listening()
    desk.supervisor.enable()
    desk.supervisor.restore(wanted=True)
    states = [desk.supervisor.status.sound]
    sound(desk)
    desk.begin_take()
    states.append(desk.supervisor.status.sound)
    desk.supervisor.handle(TakeClosed(STREAM, 1, 1, Track.SOUND))
    desk.clock.advance(6)
    states.append(desk.supervisor.status.sound)
    assert states == [SoundState.NONE, SoundState.RECORDED, SoundState.NONE]


@pytest.mark.expects_log("The sound cannot be recorded")
def test_sound_that_fails_is_told_and_no_cause_of_a_gap() -> None:
    desk = listening()
    desk.supervisor.enable()
    desk.supervisor.restore(wanted=True)
    desk.begin_take()
    desk.supervisor.handle(BranchFailed(STREAM, 1, FAILED))
    assert desk.supervisor.status.fault_kind is FaultKind.SOUND
    assert desk.supervisor.connection.phase is Phase.CONNECTED
    assert desk.supervisor.ledger.open_gap is None


@pytest.mark.expects_log("The sound cannot be recorded")
@pytest.mark.expects_log("The capture process ended")
def test_a_camera_that_ends_its_session_for_being_asked_is_not_asked_again_for_an_hour() -> None:
    desk = listening()
    desk.supervisor.enable()

    def fail(session: int, error: ErrorReport) -> None:
        desk.supervisor.handle(SessionFailed(STREAM, session, error))
        desk.supervisor.handle(SessionEnded(STREAM, session))
        while len(desk.capture.opened) == session:
            desk.clock.advance(0.25)
            desk.supervisor.tick(0.0)

    fail(1, FAILED)
    assert [command.sound for command in desk.capture.opened] == [True, False]
    desk.clock.advance(SILENT_S)
    fail(2, DIED)
    assert desk.capture.opened[-1].sound
