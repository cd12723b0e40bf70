"""From a URL to a connected socket, against listeners of this test's own."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

import pytest

from holdfast.lab.certificates import unsigned
from holdfast.media.native import dialling
from holdfast.media.native.dialling import Call, OtherCertificate, dial


@contextlib.contextmanager
def listening(answer: bytes = b"", context: ssl.SSLContext | None = None) -> Iterator[int]:
    """A listener that takes one call, and speaks first."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            with contextlib.suppress(OSError), server.accept()[0] as called:
                spoken = called if context is None else context.wrap_socket(called, server_side=True)
                with spoken:
                    spoken.sendall(answer)
                    spoken.recv(1)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield server.getsockname()[1]
        finally:
            server.close()
            thread.join(10)


def test_a_connection_comes_about_and_does_not_block() -> None:
    with listening() as port:
        line = dial(Call(f"rtsp://127.0.0.1:{port}/stream"))
        with line.socket:
            assert line.socket.getpeername() == ("127.0.0.1", port)
            assert not line.socket.getblocking()
            assert line.fingerprint == ""
            with pytest.raises(BlockingIOError):
                line.socket.recv(1)


def test_a_name_with_two_families_is_tried_at_both(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as port:

        def both(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            assert host == "camera.example"
            v6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
            return [v6, (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr("socket.getaddrinfo", both)
        with dial(Call(f"rtsp://camera.example:{port}/")).socket as connected:
            assert connected.getpeername()[0] == "127.0.0.1", "nothing listens at the other"


def test_a_port_where_nobody_listens_refuses() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ConnectionRefusedError):
        dial(Call(f"rtsp://127.0.0.1:{port}/"))


@pytest.mark.parametrize("host", ["x" * 64 + ".invalid", "a..b"])
def test_a_name_that_cannot_be_is_not_found(host: str) -> None:
    with pytest.raises(socket.gaierror):
        dial(Call(f"rtsp://{host}/"))


def test_the_certificate_that_is_known_is_taken_and_no_other() -> None:
    context = unsigned()
    with listening(b"x", context) as port:
        line = dial(Call(f"rtsps://127.0.0.1:{port}/"))
        line.socket.close()
    assert len(line.fingerprint) == 64
    with listening(b"x", context) as port:
        dial(Call(f"rtsps://127.0.0.1:{port}/", pin=line.fingerprint)).socket.close()
    with listening(b"x", context) as port, pytest.raises(OtherCertificate, match=line.fingerprint):
        dial(Call(f"rtsps://127.0.0.1:{port}/", pin="0" * 64))
    with listening(b"x", context) as port, pytest.raises(ssl.SSLCertVerificationError):
        dial(Call(f"rtsps://127.0.0.1:{port}/", verify=True))


def test_a_listener_that_does_not_speak_tls_is_said_to() -> None:
    with listening(b"RTSP/1.0 400 Bad Request\r\n\r\n") as port, pytest.raises(ssl.SSLError):
        dial(Call(f"rtsps://127.0.0.1:{port}/"))


def test_one_that_says_nothing_at_all_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dialling, "HANDSHAKE_S", 0.2)
    with listening() as port, pytest.raises(ssl.SSLError, match="does not speak TLS"):
        dial(Call(f"rtsps://127.0.0.1:{port}/"))
