"""The worker protocol: every message survives the way, and nothing else is taken for one."""

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import Mode, StreamAddress, StreamId
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.ports.capture import (
    MAX_MESSAGE_BYTES,
    ClockSample,
    Command,
    Event,
    Heartbeat,
    OpenSession,
    Progress,
    ProtocolError,
    SessionFailed,
    TakeOpened,
    decode,
    encode,
)

STREAM = StreamId("현관 앞", "sub")
ERROR = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.STALLED, "source", "line\nline", 'debug "quoted"')
for newtype in (MonoNs, PtsNs):
    st.register_type_strategy(newtype, st.integers(-(1 << 62), 1 << 62).map(newtype))

MESSAGES: st.SearchStrategy[Any] = st.one_of(
    [st.from_type(kind) for alias in (Command, Event) for kind in get_args(alias)]
)


@given(MESSAGES)
def test_every_message_arrives_as_it_was_sent(message: Any) -> None:
    assert decode(encode(message)) == message


def test_values_keep_their_types() -> None:
    opened = decode(encode(OpenSession(STREAM, 1, StreamAddress("rtsp://h/"), Mode.BOTH, reorders=True)))
    assert isinstance(opened, OpenSession)
    assert isinstance(opened.stream, StreamId)
    assert isinstance(opened.address, StreamAddress)
    assert opened.mode is Mode.BOTH
    failed = decode(encode(SessionFailed(STREAM, 1, ERROR)))
    assert isinstance(failed, SessionFailed)
    assert failed.error == ERROR
    assert failed.error.branch is Branch.SOURCE


def test_a_heartbeat_of_many_sessions_fits_into_one_datagram() -> None:
    progress = tuple(Progress(STREAM, n, 1 << 40, 1 << 40, 1 << 40, 1 << 40) for n in range(100))
    clock = tuple(ClockSample(STREAM, n, PtsNs(1 << 60), MonoNs(1 << 60)) for n in range(100))
    datagram = encode(Heartbeat(progress, clock))
    assert len(datagram) < MAX_MESSAGE_BYTES
    assert decode(datagram) == Heartbeat(progress, clock)


def changed(**values: Any) -> bytes:
    opened = TakeOpened(STREAM, 1, 1, PtsNs(1), MonoNs(2), reorders=False, reason="session began")
    return json.dumps(json.loads(encode(opened)) | values).encode()


@pytest.mark.parametrize(
    "datagram",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"7",
        b"[]",
        b"{}",
        b'"WorkerReady"',
        b'{"is": "Nothing"}',
        b'{"is": ["WorkerReady"]}',
        b'{"is": "WorkerReady"}',
        b'{"is": "WorkerReady", "pid": 1, "gstreamer": "1.22", "more": 1}',
        b'{"is": "WorkerReady", "pid": "1", "gstreamer": "1.22"}',
        b'{"is": "WorkerReady", "pid": true, "gstreamer": "1.22"}',
        b'{"is": "WorkerReady", "pid": 1.5, "gstreamer": "1.22"}',
        b'{"is": "WorkerReady", "pid": ' + b"9" * 5000 + b', "gstreamer": "1.22"}',
        b'{"is": "Heartbeat", "progress": 7, "clock": []}',
        b'{"is": "Heartbeat", "progress": [7], "clock": []}',
        b"[" * 60_000,
        changed(stream="cam_01"),
        changed(stream={"camera": "cam_01"}, session=None),
        changed(first_pts_ns="0"),
        changed(reorders=0),
    ],
)
def test_what_is_no_message_is_refused_as_such(datagram: bytes) -> None:
    with pytest.raises(ProtocolError, match="no message of the worker protocol"):
        decode(datagram)


@given(
    st.binary(max_size=200)
    | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(
        lambda value: json.dumps({"is": "Heartbeat", "progress": value, "clock": value}).encode()
    )
)
def test_garbage_is_refused_and_nothing_worse(datagram: bytes) -> None:
    try:
        decode(datagram)
    except ProtocolError:
        return


def test_a_message_does_not_show_a_password() -> None:
    message = OpenSession(STREAM, 1, StreamAddress("rtsp://h/", "u", "geheim"), Mode.BOTH, reorders=False)
    assert "geheim" not in repr(message)
    assert b"geheim" in encode(message)
