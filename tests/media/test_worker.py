"""The worker's main object, without a process of its own."""

import socket

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.streams import Mode, StreamAddress, StreamId
from holdfast.media import worker as worker_module
from holdfast.media.elements import ElementMissing
from holdfast.media.worker import Worker
from holdfast.policy.faults import classify
from holdfast.ports.capture import MAX_MESSAGE_BYTES, OpenSession, SessionEnded, SessionFailed, decode

STREAM = StreamId("cam_01")


def test_a_session_that_cannot_be_built_fails_and_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def build(*_: object) -> None:
        raise ElementMissing("rtspsrc")

    monkeypatch.setattr(worker_module, "Session", build)
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.settimeout(30)
        command = OpenSession(STREAM, 7, StreamAddress("rtsp://h/"), Mode.BOTH, reorders=False)
        Worker(theirs)._obey(command)  # noqa: SLF001 - as the main loop does, which would not come back
        failed, ended = decode(ours.recv(MAX_MESSAGE_BYTES)), decode(ours.recv(MAX_MESSAGE_BYTES))
    assert isinstance(failed, SessionFailed)
    assert classify(failed.error).kind is FaultKind.ELEMENT_MISSING
    assert ended == SessionEnded(STREAM, 7), "whoever waits for the end would wait for ever"
