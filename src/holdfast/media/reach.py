"""Looks at cameras' ports: a TCP connection that is closed again, with nothing sent.

An answer tells that a camera is back long before the next try of a long backoff (requirement C2), and why it is not.
"""

import asyncio
import contextlib
import errno
import ipaddress
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from urllib.parse import urlsplit

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import StreamId
from holdfast.media.native.dialling import DEFAULT_PORTS
from holdfast.ports.reach import PortSeen

PATIENCE_S = 0.7
RESOLVERS = 16
"""A name server that does not answer holds up a thread for many seconds; only looks at names wait for it."""


class PortReach:
    """Implements `ports.reach.Reach`. `listener` is called on the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, listener: Callable[[PortSeen], None]) -> None:
        """Nothing is looked at yet."""
        self._loop, self._listener = loop, listener
        self._looks: dict[tuple[StreamId, str], asyncio.Task[None]] = {}
        self._asked: dict[tuple[str, int], asyncio.Future[_Address]] = {}
        self._resolvers = ThreadPoolExecutor(RESOLVERS, thread_name_prefix="resolve")

    def look(self, stream: StreamId, url: str) -> None:
        """See Reach."""
        if (stream, url) not in self._looks:
            task = self._loop.create_task(self._look(stream, url))
            self._looks[stream, url] = task
            task.add_done_callback(lambda _: self._looks.pop((stream, url), None))

    def close(self) -> None:
        """Look no more."""
        for task in self._looks.values():
            task.cancel()
        self._resolvers.shutdown(wait=False, cancel_futures=True)

    async def _look(self, stream: StreamId, url: str) -> None:
        error: ErrorReport | None = None
        try:
            address = await self._resolved(url)
            async with asyncio.timeout(PATIENCE_S):
                await self._connect(address)
        except (OSError, ValueError) as reason:
            # TimeoutError is one of the OSErrors, as is an unknown name; a broken port number is a ValueError.
            error = _report(reason)
        self._listener(PortSeen(stream, error, url))

    async def _resolved(self, url: str) -> "_Address":
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 554)
        if _is_address(host):
            return _resolve(host, port)
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await asyncio.shield(self._ask(host, port))
        except TimeoutError:
            raise socket.gaierror(socket.EAI_AGAIN, "the name server does not answer") from None

    def _ask(self, host: str, port: int) -> "asyncio.Future[_Address]":
        """Of each name one question at a time, however often it is looked at: a thread each would soon be all."""
        asked = self._asked.get((host, port))
        if asked is None:
            asked = self._asked[host, port] = self._loop.run_in_executor(self._resolvers, _resolve, host, port)
            asked.add_done_callback(partial(self._answered, (host, port)))
        return asked

    def _answered(self, what: tuple[str, int], asked: "asyncio.Future[_Address]") -> None:
        del self._asked[what]
        if not asked.cancelled():
            # Nobody may be waiting for it any more.
            asked.exception()

    async def _connect(self, found: "_Address") -> None:
        family, kind, protocol, _, address = found
        with socket.socket(family, kind, protocol) as probe:
            probe.setblocking(False)
            await self._loop.sock_connect(probe, address)
            with contextlib.suppress(OSError):
                # Closed by reset: a camera with few connections need not wait for ours to time out.
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


_Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]


def _resolve(host: str, port: int) -> _Address:
    return socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]  # type: ignore[return-value] # of IP only


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _report(reason: OSError | ValueError) -> ErrorReport:
    text = str(reason) or "no answer"
    code = OwnError.UNREACHABLE
    if isinstance(reason, socket.gaierror | UnicodeError):
        code = OwnError.NAME_NOT_FOUND
    elif isinstance(reason, OSError) and reason.errno == errno.ECONNREFUSED:
        code = OwnError.REFUSED
    return ErrorReport(Branch.SOURCE, OWN_DOMAIN, code, "port", text)
