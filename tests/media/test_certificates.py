"""Whose certificate counts, when a camera sends its client on."""

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from holdfast.domain.streams import StreamAddress
from holdfast.media.native import connection
from holdfast.media.native.connection import Connection
from holdfast.media.native.dialling import Call, Line
from holdfast.media.native.reactor import Reactor

PIN = "a" * 64
PATIENCE_S = 20


class Heard:
    """Keeps what is told of certificates; any other news is ignored."""

    def __init__(self) -> None:
        self.certificates: list[str] = []
        self.over = threading.Event()

    def certificate(self, fingerprint: str) -> None:
        self.certificates.append(fingerprint)

    def ended(self, _error: object) -> None:
        self.over.set()

    def __getattr__(self, _name: str) -> Any:
        return lambda *_: None


@contextmanager
def camera_that_sends_on_to(url: str) -> Iterator[socket.socket]:
    """A connected socket, behind which the first question is answered with another place."""
    ours, theirs = socket.socketpair()
    ours.settimeout(0)

    def answer() -> None:
        number = re.search(rb"CSeq: *(\d+)", theirs.recv(4096))
        assert number is not None
        theirs.sendall(b"RTSP/1.0 302 Moved\r\nCSeq: %s\r\nLocation: %s\r\n\r\n" % (number[1], url.encode()))

    thread = threading.Thread(target=answer)
    thread.start()
    yield ours
    thread.join(PATIENCE_S)
    theirs.close()


@pytest.mark.parametrize(
    ("url", "pins"), [("rtsps://Camera:322/other", [PIN, PIN]), ("rtsps://camera:8322/", [PIN, ""])]
)
def test_a_pin_is_of_the_place_that_the_address_names(
    url: str, pins: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[Call] = []
    with camera_that_sends_on_to(url) as line:

        def dial(call: Call) -> Line:
            calls.append(call)
            if len(calls) > 1:
                raise ConnectionRefusedError
            return Line(line, PIN)

        monkeypatch.setattr(connection, "dial", dial)
        heard, address = Heard(), StreamAddress("rtsps://camera/x", pin=PIN)
        Connection(address, Reactor(), heard, memoryview(bytearray(4096)), wants_sound=False).start()
        assert heard.over.wait(PATIENCE_S)
    assert [call.pin for call in calls] == pins
    assert heard.certificates == [PIN]
