"""A socket that stands for the service manager: what a service tells it, in order."""

import os
import socket
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing

from holdfast.app.notify import ALIVE


class Manager:
    """Listens at a path, or at an abstract name ("@…")."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.settimeout(0.02)
        try:
            self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        except OSError:
            self._socket.close()
            raise
        self.heard: list[str] = []

    def close(self) -> None:
        self._socket.close()

    def lines(self) -> list[str]:
        """All that was told so far."""
        try:
            while True:
                self.heard += self._socket.recv(4096).decode().splitlines()
        except TimeoutError:
            return self.heard

    def await_line(self, line: str, patience_s: float = 30) -> None:
        until_s = time.monotonic() + patience_s
        while line not in self.lines():
            assert time.monotonic() < until_s, f"{line} did not come: {self.heard}"

    def pings(self) -> int:
        return self.lines().count(ALIVE)


def managers() -> Iterator[Manager]:
    """One at a path, which must be short (unix(7): 108 bytes), wherever temporary files are."""
    folder = tempfile.TemporaryDirectory(prefix="holdfast-", dir="/tmp")
    with folder as name, closing(Manager(f"{name}/notify")) as made:
        yield made


def abstract_name() -> str:
    return f"@holdfast-test-{os.getpid()}-{time.monotonic_ns()}"
