"""RTSP 1.0 messages as the simulated cameras see them, and their authentication (RFC 2326, 2617)."""

import base64
import binascii
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

AuthScheme = Literal["none", "basic", "digest"]
REALM = "Simulated camera"

MAX_REQUEST_BYTES = 65_536

_REASONS = {
    200: "OK",
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    453: "Not Enough Bandwidth",
    454: "Session Not Found",
    455: "Method Not Valid in This State",
    461: "Unsupported Transport",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}
_PAIR = re.compile(r'(\w+)\s*=\s*(?:"([^"]*)"|([^\s,]+))')


@dataclass(frozen=True, slots=True)
class Request:
    """One request; header names are in lower case."""

    method: str
    uri: str
    headers: Mapping[str, str]


class BadRequest(ValueError):
    """What arrived is not RTSP."""


def take_request(buffer: bytearray) -> Request | None:
    """Remove the first request with its body, or the first interleaved packet, from the buffer; None: more is needed.

    Interleaved packets (receiver reports) are dropped. Raises BadRequest for anything else or for too much.
    """
    while buffer.startswith(b"$"):
        size = 4 + int.from_bytes(buffer[2:4], "big")
        if len(buffer) < max(size, 4):
            return None
        del buffer[:size]
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > MAX_REQUEST_BYTES:
            raise BadRequest(f"{len(buffer)} bytes without an end of the header")
        return None
    first, *rest = buffer[:end].decode("utf-8", "replace").split("\r\n")
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    words = first.split(" ")
    length = headers.get("content-length", "0")
    if len(words) != 3 or not words[2].startswith("RTSP/1.") or not length.isdigit() or int(length) > MAX_REQUEST_BYTES:
        raise BadRequest(f"not a request: {first[:80]!r}")
    if len(buffer) < end + 4 + int(length):
        return None
    del buffer[: end + 4 + int(length)]
    return Request(words[0], words[1], headers)


def response(status: int, request: Request | None, headers: Mapping[str, str] | None = None, body: str = "") -> bytes:
    """An answer with the request's CSeq."""
    lines = [f"RTSP/1.0 {status} {_REASONS.get(status, 'Unknown')}"]
    lines += [f"CSeq: {request.headers.get('cseq', '0')}"] if request else []
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    lines += [f"Content-Length: {len(body.encode())}"] if body else []
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def challenge(scheme: AuthScheme, nonce: str) -> str:
    """Value of WWW-Authenticate."""
    return f'Basic realm="{REALM}"' if scheme == "basic" else f'Digest realm="{REALM}", nonce="{nonce}"'


def is_authorized(request: Request, scheme: AuthScheme, user: str, password: str, nonce: str) -> bool:
    """Whether the request proves that it knows the password (RFC 2617 2, 3.2.2, MD5 with or without qop)."""
    given_scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme == "none":
        return True
    if given_scheme.lower() != scheme:
        return False
    if scheme == "basic":
        try:
            return base64.b64decode(given, validate=True) == f"{user}:{password}".encode()
        except binascii.Error:
            return False
    fields = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(given)}
    secret = _md5(f"{user}:{REALM}:{password}")
    action = _md5(f"{request.method}:{fields.get('uri', '')}")
    extra = f":{fields['nc']}:{fields.get('cnonce', '')}:{fields['qop']}" if "qop" in fields and "nc" in fields else ""
    right = _md5(f"{secret}:{nonce}{extra}:{action}")
    return (fields.get("username"), fields.get("nonce"), fields.get("response")) == (user, nonce, right)


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
