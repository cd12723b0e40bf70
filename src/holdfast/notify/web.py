"""Requests to a web server: a deadline for the whole of each, certificates verified, and nothing of the URL in a log.

The standard library's client, because a request a minute from a thread of its own needs no more, and because it follows
nothing and keeps nothing by itself.
"""

import base64
import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Self
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from holdfast import __version__
from holdfast.notify.undelivered import Undelivered

MOST_REDIRECTS = 3
MOST_ANSWER_BYTES = 64 << 10
MOST_TRIES = 10
"""For a server that answers, and answers with an error."""
_MOVED_AS_IT_IS = frozenset({HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT})
_MOVED = _MOVED_AS_IT_IS | {HTTPStatus.MOVED_PERMANENTLY, HTTPStatus.FOUND, HTTPStatus.SEE_OTHER}
_PASSING = frozenset({HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS})
"""Refusals that may be over soon (RFC 9110 section 15.5, RFC 6585)."""
# Whatever a URL may consist of stays; the rest (blanks, letters of any script) is written as the protocol has it.
_SAFE = "%/:=&?~#+!$,;'@()*[]"


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes. Its `repr` shows no more than the log may."""

    url: SplitResult

    @classmethod
    def of(cls, url: str) -> Self:
        """Raises ValueError when it is no http:// or https:// URL with a host."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0:
            raise ValueError("no http:// or https:// URL")
        return cls(parts)

    @property
    def place(self) -> str:
        """As it may be shown: the rest of a webhook's URL is often the secret itself."""
        port = "" if self.url.port is None else f":{self.url.port}"
        return f"{self.url.scheme}://{self.url.hostname}{port}/…"

    @property
    def origin(self) -> tuple[str, str, int]:
        """Scheme, host and port (RFC 9110 section 4.3.1)."""
        usual = 443 if self.url.scheme == "https" else 80
        return self.url.scheme, (self.url.hostname or "").lower(), self.url.port or usual

    @property
    def path(self) -> str:
        """What is asked for."""
        query = f"?{self.url.query}" if self.url.query else ""
        return quote((self.url.path or "/") + query, safe=_SAFE)

    def __repr__(self) -> str:
        return f"Target({self.place})"


def request(target: Target, body: bytes | None, timeout_s: float) -> None:
    """POST the JSON in `body`, or GET when there is none; everything within `timeout_s`. Raises Undelivered.

    Follows a redirection only within its own scheme, host and port, and only where the body goes along.
    """
    deadline = _Deadline(timeout_s)
    with deadline:
        for _ in range(MOST_REDIRECTS + 1):
            status, location = _ask(target, body, deadline)
            if status not in _MOVED:
                _judge(status)
                return
            target = _moved(target, status, location, has_body=body is not None)
    raise Undelivered("the server redirects again and again", tries=1)


class _Deadline:
    """Shuts the socket when the time is over: the time limit of a socket is for each of its reads only."""

    def __init__(self, timeout_s: float) -> None:
        self.timeout_s = timeout_s
        self.is_over = False
        self._socket: socket.socket | None = None
        self._timer = threading.Timer(timeout_s, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()

    def watch(self, connected: socket.socket) -> None:
        """It is this socket now."""
        self._socket = connected
        if self.is_over:
            self._end()

    def _end(self) -> None:
        self.is_over = True
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)


def _ask(target: Target, body: bytes | None, deadline: _Deadline) -> tuple[int, str]:
    """Status and Location of the answer."""
    headers = {"User-Agent": f"Holdfast/{__version__}", "Connection": "close", **_authorization(target)}
    if body is not None:
        headers["Content-Type"] = "application/json; charset=utf-8"
    try:
        with _connected(target, deadline) as connection:
            connection.request("GET" if body is None else "POST", target.path, body, headers)
            answer = connection.getresponse()
            answer.read(MOST_ANSWER_BYTES)
            return answer.status, answer.headers.get("Location", "")
    except (OSError, http.client.HTTPException, ValueError) as error:
        if deadline.is_over or isinstance(error, TimeoutError):
            raise Undelivered(f"no answer within {deadline.timeout_s:g} s") from error
        raise Undelivered(_reason(error)) from error


@contextlib.contextmanager
def _connected(target: Target, deadline: _Deadline) -> Iterator[http.client.HTTPConnection]:
    scheme, host, port = target.origin
    connection: http.client.HTTPConnection
    if scheme == "https":
        # The default context verifies the certificate and the name.
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(host, port, timeout=deadline.timeout_s, context=context)
    else:
        connection = http.client.HTTPConnection(host, port, timeout=deadline.timeout_s)
    try:
        connection.connect()
        deadline.watch(connection.sock)
        yield connection
    finally:
        connection.close()


def _authorization(target: Target) -> dict[str, str]:
    """User and password in a URL become what they are in HTTP (RFC 7617)."""
    if not target.url.username:
        return {}
    pair = f"{unquote(target.url.username)}:{unquote(target.url.password or '')}"
    return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}


def _moved(target: Target, status: int, location: str, *, has_body: bool) -> Target:
    try:
        other = Target.of(urljoin(target.url.geturl(), location))
    except ValueError:
        raise Undelivered("the server redirects to nowhere", tries=1) from None
    if other.origin != target.origin:
        raise Undelivered(f"the server redirects to another place ({other.place}): write that address", tries=1)
    if has_body and status not in _MOVED_AS_IT_IS:
        raise Undelivered(
            f"the server redirects with {status}, which drops the message: write the new address", tries=1
        )
    return Target(other.url._replace(netloc=target.url.netloc))


def _judge(status: int) -> None:
    """Raises Undelivered unless the server took it."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return
    is_final = status < HTTPStatus.INTERNAL_SERVER_ERROR and status not in _PASSING
    raise Undelivered(f"the server answers with {status}", tries=1 if is_final else MOST_TRIES)


def _reason(error: Exception) -> str:
    """Why, without the URL: some errors of the library repeat it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted ({error.verify_message})"
    if isinstance(error, socket.gaierror):
        return "no address is known for its name"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return type(error).__name__
