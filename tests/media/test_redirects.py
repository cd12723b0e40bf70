"""A camera that sends us on, played by a few lines of a server."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from holdfast.domain.faults import OWN_DOMAIN, ErrorReport, OwnError
from holdfast.domain.streams import StreamAddress
from holdfast.lab.certificates import unsigned
from holdfast.media.native.connection import Connection
from holdfast.media.native.source import shared


@dataclass
class Heard:
    """Who owns the connection; waits for its end."""

    error: ErrorReport | None = None
    over: threading.Event = field(default_factory=threading.Event)

    def ended(self, error: ErrorReport) -> None:
        self.error = error
        self.over.set()

    def __getattr__(self, name: str) -> object:
        return lambda *_: None


@contextlib.contextmanager
def sending_on(to: str, context: ssl.SSLContext | None = None) -> Iterator[tuple[int, Sequence[bytes]]]:
    """A server that answers everything with 302, and what it was asked. `PORT` in `to` stands for its own."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def serve() -> None:
            while True:
                try:
                    called = server.accept()[0]
                except OSError:
                    return
                with contextlib.suppress(OSError):
                    spoken = called if context is None else context.wrap_socket(called, server_side=True)
                    with spoken:
                        asked.append(spoken.recv(4096))
                        place = to.replace("PORT", str(port))
                        spoken.sendall(f"RTSP/1.0 302 Found\r\nCSeq: 1\r\nLocation: {place}\r\n\r\n".encode())
                        spoken.recv(4096)

        threading.Thread(target=serve, daemon=True).start()
        yield port, asked
        server.shutdown(socket.SHUT_RDWR)


def ended(address: StreamAddress) -> ErrorReport:
    reactor, scratch = shared()
    heard = Heard()
    Connection(address, reactor, heard, scratch, wants_sound=False).start()  # type: ignore[arg-type] # has any method
    assert heard.over.wait(30)
    assert heard.error is not None
    return heard.error


def test_a_camera_that_sends_us_on_without_end_is_given_up() -> None:
    with sending_on("rtsp://127.0.0.1:PORT/again") as (port, asked):
        error = ended(StreamAddress(f"rtsp://127.0.0.1:{port}/"))
    assert (error.domain, error.code) == (OWN_DOMAIN, OwnError.BAD_ANSWER)
    assert len(asked) == 6


@pytest.mark.parametrize("place", ["rtsp://127.0.0.1:PORT/plain", "rtsp://127.0.0.1:1/plain"])
def test_a_camera_that_sends_us_on_to_where_nothing_is_encrypted_is_not_followed(place: str) -> None:
    with sending_on(place, unsigned()) as (port, asked):
        error = ended(StreamAddress(f"rtsps://127.0.0.1:{port}/"))
    assert (error.domain, error.code) == (OWN_DOMAIN, OwnError.TLS)
    assert len(asked) == 1
