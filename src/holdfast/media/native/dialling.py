"""From a URL to a connected socket: names, addresses of both families, encryption.

Runs on a thread of its own and blocks there: asking for a name cannot be done otherwise.
"""

import contextlib
import hashlib
import os
import select
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from urllib.parse import urlsplit

PATIENCE_S = 10.0
"""For all of it."""
HANDSHAKE_S = 5.0
"""Of it for the agreement on encryption."""
STAGGER_S = 0.25
"""The next address is tried beside the one before when that has not answered (RFC 8305 section 5)."""
DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322}
"""By scheme (RFC 2326 section 3.2, RFC 7826 section 20.1)."""
MOST_ADDRESSES = 8

Address = tuple[socket.AddressFamily, socket.SocketKind, int, str, tuple[str, int] | tuple[str, int, int, int]]


class OtherCertificate(ssl.SSLError):
    """The camera shows another certificate than the one that is known of it."""


@dataclass(frozen=True, slots=True)
class Call:
    """Where to call."""

    url: str
    verify: bool = False
    """The certificate must be signed by somebody whom this machine trusts, for this name."""
    pin: str = ""
    """SHA-256 of the certificate that the camera must show, in hexadecimal; empty: any, when it is not verified."""


@dataclass(frozen=True, slots=True)
class Line:
    """A connected socket that does not block, and the certificate at its other end (SHA-256; empty without TLS)."""

    socket: socket.socket
    fingerprint: str = ""


def dial(call: Call) -> Line:
    """Connect.

    Raises OSError: socket.gaierror when there is no such name, ssl.SSLError when no encrypted connection comes about,
    TimeoutError, ConnectionRefusedError and the like of the address that was tried last.
    """
    deadline_s = time.monotonic() + PATIENCE_S
    parts = urlsplit(call.url)
    host, port = parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 554)
    connected = _race(_addresses(host, port), deadline_s)
    try:
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if parts.scheme != "rtsps":
            connected.setblocking(False)
            return Line(connected)
        return _encrypt(connected, host, call, deadline_s)
    except BaseException:  # whatever it was: the descriptor must not leak
        connected.close()
        raise


def _addresses(host: str, port: int) -> Sequence[Address]:
    """Of both families in turns, in the order that the system prefers (RFC 8305 section 4)."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:
        raise socket.gaierror(socket.EAI_NONAME, str(error)) from error
    first = [one for one in found if one[0] == found[0][0]]
    others = [one for one in found if one[0] != found[0][0]]
    mixed = [one for pair in zip_longest(first, others) for one in pair if one is not None]
    return mixed[:MOST_ADDRESSES]  # type: ignore[return-value] # of IP only


def _race(addresses: Sequence[Address], deadline_s: float) -> socket.socket:
    """The first connection that comes about."""
    race = _Race(list(addresses))
    try:
        while race.goes_on:
            now_s = time.monotonic()
            if now_s >= deadline_s:
                raise TimeoutError("no answer")
            winner = race.step(now_s, deadline_s)
            if winner is not None:
                return winner
        raise race.error
    finally:
        race.close()


@dataclass(slots=True)
class _Race:
    """Addresses that wait for their turn, and connections that are on their way."""

    waiting: list[Address]
    trying: list[socket.socket] = field(default_factory=list)
    next_s: float = 0.0
    error: OSError = field(default_factory=lambda: TimeoutError("no answer"))

    @property
    def goes_on(self) -> bool:
        return bool(self.waiting or self.trying)

    def step(self, now_s: float, deadline_s: float) -> socket.socket | None:
        """Begin with the next one when it is time, else wait for those that were begun."""
        if self.waiting and (now_s >= self.next_s or not self.trying):
            self.next_s = now_s + STAGGER_S
            try:
                self.trying.append(_begin(self.waiting.pop(0)))
            except OSError as error:
                self.error = error
            return None
        until_s = min(deadline_s, self.next_s) if self.waiting else deadline_s
        for one in _answered(self.trying, until_s - now_s):
            self.trying.remove(one)
            code = one.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code == 0:
                return one
            # OSError chooses its own class by the number: ConnectionRefusedError and so on.
            self.error, self.next_s = OSError(code, os.strerror(code)), now_s
            one.close()
        return None

    def close(self) -> None:
        """Let go of those that lost."""
        for one in self.trying:
            one.close()


def _begin(address: Address) -> socket.socket:
    family, kind, protocol, _, place = address
    one = socket.socket(family, kind | socket.SOCK_CLOEXEC, protocol)
    one.setblocking(False)
    try:
        with contextlib.suppress(BlockingIOError):
            one.connect(place)
    except BaseException:  # whatever it was: the descriptor must not leak
        one.close()
        raise
    return one


def _answered(trying: Sequence[socket.socket], patience_s: float) -> list[socket.socket]:
    poll = select.poll()
    for one in trying:
        poll.register(one, select.POLLOUT)
    seen = {fd for fd, _ in poll.poll(max(0.0, patience_s) * 1000)}
    return [one for one in trying if one.fileno() in seen]


def _encrypt(plain: socket.socket, host: str, call: Call, deadline_s: float) -> Line:
    context = ssl.create_default_context()
    # Cameras speak what they spoke when they were made.
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    with contextlib.suppress(ssl.SSLError):
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
    if not call.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    plain.settimeout(max(0.1, min(HANDSHAKE_S, deadline_s - time.monotonic())))
    try:
        sealed = context.wrap_socket(plain, server_hostname=host or None)
    except ssl.SSLError:
        raise
    except OSError as error:
        # No answer, or a reset: what listens there does not speak TLS.
        raise ssl.SSLError(f"the other side does not speak TLS: {error}") from error
    try:
        certificate = sealed.getpeercert(binary_form=True) or b""
        fingerprint = hashlib.sha256(certificate).hexdigest()
        if call.pin and fingerprint != call.pin:
            raise OtherCertificate(f"the certificate is {fingerprint}, not {call.pin}")
        sealed.setblocking(False)
    except BaseException:  # whatever it was: the descriptor must not leak
        sealed.close()
        raise
    return Line(sealed, fingerprint)
