"""A port on which simulated cameras answer, and that can refuse connections without losing its number."""

import asyncio
import socket
from collections.abc import Mapping

from holdfast.lab.camera import Camera
from holdfast.lab.connection import Connection


class Listener:
    """Listens on the loopback interface only."""

    def __init__(self, cameras: Mapping[str, Camera], port: int = 0) -> None:
        self._cameras = cameras
        self._socket = _bound(port)
        self._server: asyncio.Server | None = None
        self.port: int = self._socket.getsockname()[1]

    async def listen(self) -> None:
        """Accept connections (again)."""
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(lambda: Connection(self._cameras), sock=self._socket, backlog=256)

    async def refuse(self) -> None:
        """Refuse new connections; open ones stay. A bound socket that does not listen keeps the port ours."""
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = _bound(self.port)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
