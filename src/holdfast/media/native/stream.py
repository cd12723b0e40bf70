"""A connected socket, read and written in turns of the reactor; never waits."""

import contextlib
import select
import socket
import ssl
from collections.abc import Iterator

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.media.native.reactor import Channel, Reactor

READ_BYTES = 1 << 20
MOST_AT_ONCE_BYTES = 8 << 20
"""Of one socket, before the others have their turn."""
MOST_UNSENT_BYTES = 256 * 1024
_LATER = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class HungUp(Exception):
    """The connection is at its end."""

    def __init__(self, error: ErrorReport) -> None:
        """Say how it ended."""
        super().__init__(error.text)
        self.error = error


def own(code: OwnError, text: str) -> ErrorReport:
    """Something that this source noticed."""
    return ErrorReport(Branch.SOURCE, OWN_DOMAIN, code, "source", text)


class Stream:
    """Owns the socket, and its place in the reactor. All calls come on the reactor's thread."""

    def __init__(self, connected: socket.socket, reactor: Reactor, channel: Channel, scratch: memoryview) -> None:
        """`scratch`: READ_BYTES that all streams of the thread share."""
        self._socket, self._reactor, self._channel, self._scratch = connected, reactor, channel, scratch
        self._unsent = b""
        self._watch()

    def read(self) -> Iterator[bytes]:
        """What has come, piece by piece. Raises HungUp when no more will."""
        got = 0
        while got < MOST_AT_ONCE_BYTES:
            try:
                size = self._socket.recv_into(self._scratch)
            except _LATER:
                return
            except OSError as error:
                raise HungUp(own(OwnError.CONNECTION_LOST, f"the connection broke: {error}")) from error
            if size == 0:
                raise HungUp(own(OwnError.CAMERA_CLOSED, "the camera closed the connection"))
            got += size
            yield bytes(self._scratch[:size])

    def send(self, data: bytes = b"") -> None:
        """Send, now or when there is room. Raises HungUp when the camera reads nothing of all that it asks for.

        That the connection is broken is told to whoever reads, after all that came before.
        """
        self._unsent += data
        while self._unsent:
            try:
                sent = self._socket.send(self._unsent)
            except _LATER:
                break
            except OSError:
                sent = len(self._unsent)
            self._unsent = self._unsent[sent:]
        if len(self._unsent) > MOST_UNSENT_BYTES:
            raise HungUp(own(OwnError.BAD_ANSWER, "the camera asks without end and does not read the answers"))
        self._watch()

    def tell_from(self, size_bytes: int) -> None:
        """Have the reactor tell of data only from so many on; of an end always."""
        with contextlib.suppress(OSError):
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVLOWAT, size_bytes)

    def close(self) -> None:
        """Let go of it."""
        self._reactor.unwatch(self._socket.fileno())
        self._socket.close()

    def _watch(self) -> None:
        wanted = select.EPOLLIN | (select.EPOLLOUT if self._unsent else 0)
        self._reactor.watch(self._socket.fileno(), self._channel, wanted)
