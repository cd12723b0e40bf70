"""The guard's end of sd_notify(3): a socket to which one process tells how it is."""

import contextlib
import os
import secrets
import socket
import struct
from collections.abc import Mapping

from holdfast.app.notify import ADDRESS, WATCHDOG

MOST_BYTES = 4096
CREDENTIALS = struct.Struct("3i")
"""Process, user, group of who sent a datagram (unix(7))."""


class Notices:
    """The socket to which the service tells how it is."""

    def __init__(self) -> None:
        """Bound to an abstract name that nobody can guess, and that goes with us."""
        self._name = f"holdfast-{os.getpid()}-{secrets.token_hex(8)}"
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self._socket.setblocking(False)  # noqa: FBT003 - the standard library's interface
        self._socket.bind("\0" + self._name)

    def fileno(self) -> int:
        """Readable when something was told."""
        return self._socket.fileno()

    def environment(self, watchdog_s: float) -> Mapping[str, str]:
        """For the service."""
        return {ADDRESS: f"@{self._name}", WATCHDOG: str(round(watchdog_s * 1e6))}

    def read(self, pid: int) -> list[str]:
        """What this process told. What another one says is not heard."""
        lines: list[str] = []
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _, _ = self._socket.recvmsg(MOST_BYTES, socket.CMSG_SPACE(CREDENTIALS.size))
                senders = [
                    CREDENTIALS.unpack(content[: CREDENTIALS.size])[0]
                    for level, kind, content in ancillary
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_CREDENTIALS)
                ]
                if senders == [pid]:
                    lines += data.decode(errors="replace").splitlines()
        return lines
