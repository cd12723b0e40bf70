"""A port on which a simulated camera, or the path to it, answers; it can refuse without losing its number."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Callable

_FILLED_AFTER_S = 0.05
_MAX_FILLERS = 8


class Listener:
    """Listens on the loopback interface only."""

    def __init__(
        self, factory: Callable[[], asyncio.Protocol], port: int = 0, tls: ssl.SSLContext | None = None
    ) -> None:
        self._factory = factory
        self._tls = tls
        self._socket = _bound(port)
        self._server: asyncio.Server | None = None
        self._fillers: list[socket.socket] = []
        self.port: int = self._socket.getsockname()[1]

    async def listen(self) -> None:
        """Accept connections (again)."""
        if self._fillers:
            self._answer_calls()
        if self._server is None:
            loop = asyncio.get_running_loop()
            self._server = await loop.create_server(self._factory, sock=self._socket, backlog=256, ssl=self._tls)

    async def refuse(self) -> None:
        """Refuse new connections; open ones stay. A bound socket that does not listen keeps the port ours."""
        if self._fillers:
            self._answer_calls()
        if self._server is not None:
            self._server.close()
            self._server = None
            self._socket = _bound(self.port)

    async def drop_calls(self) -> None:
        """Answer new connections nothing at all, as a host does that is switched off: its queue of callers is full.

        Who calls meanwhile gets through after `listen`, when the system tries again (1, 3, 7 … s after the call).
        """
        await self.refuse()
        self._socket.listen(0)
        for _ in range(_MAX_FILLERS):
            filler = socket.socket()
            filler.setblocking(False)
            self._fillers.append(filler)
            try:
                async with asyncio.timeout(_FILLED_AFTER_S):
                    await asyncio.get_running_loop().sock_connect(filler, ("127.0.0.1", self.port))
            except TimeoutError:
                return
        raise OSError(f"this system answers every call to port {self.port}")

    def _answer_calls(self) -> None:
        for filler in self._fillers:
            with contextlib.suppress(OSError):
                filler.close()
        self._fillers = []
        self._socket.close()
        self._socket = _bound(self.port)


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
