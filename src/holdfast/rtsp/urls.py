"""RTSP URLs on their way to a camera and back (RFC 2326 3.2, C.1.1), as cameras mean them."""

import re
from dataclasses import dataclass
from urllib.parse import quote

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.messages import Headers, bytes_of

DEFAULT_PORT = 554
DEFAULT_TLS_PORT = 322
MAX_URL_CHARACTERS = 4096
_MAX_PORT = 65_535

_URL = re.compile(r"(rtspu?|rtsps)://([^/?#]*)(.*)", re.IGNORECASE | re.DOTALL)
_HOST = re.compile(r"\[([0-9a-f:.]+(?:%[^\]]+)?)\](?::(\d{0,5}))?|([^\s:\[\]]+)(?::(\d{0,5}))?", re.IGNORECASE)
_KEPT = "%:/?#[]@!$&'()*+,;=-._~"
"""Signs of a URL (RFC 3986 2.2, 2.3); what was escaped stays so."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to connect to."""

    encrypted: bool
    host: str
    """A name or an address, IPv6 without brackets."""
    port: int


def place(url: str) -> Place:
    """Where a URL leads. Raises RtspError when it leads nowhere."""
    parts = _URL.fullmatch(url.strip())
    host = _HOST.fullmatch(parts[2].rpartition("@")[2]) if parts else None
    if parts is None or host is None:
        sentence = "The camera's URL has no usable host and port."
        raise RtspError(sentence)
    encrypted = parts[1].lower() == "rtsps"
    port = int(host[2] or host[4] or (DEFAULT_TLS_PORT if encrypted else DEFAULT_PORT))
    if not 0 < port <= _MAX_PORT:
        sentence = "The camera's URL has no usable host and port."
        raise RtspError(sentence)
    return Place(encrypted, host[1] or host[3], port)


def is_absolute(url: str) -> bool:
    """Whether it is a whole RTSP URL and no relative one."""
    return _URL.fullmatch(url) is not None


def without_user(url: str) -> str:
    """The URL without its user part: it belongs into no request line, and into no answer either."""
    parts = _URL.fullmatch(url)
    return f"{parts[1]}://{parts[2].rpartition('@')[2]}{parts[3]}" if parts else url


def request_uri(url: str) -> str:
    """The URL as it stands in a request line: without user and fragment, with white space and other letters escaped."""
    return quote(bytes_of(without_user(url.strip()).partition("#")[0]), safe=_KEPT)


def base_of(request_url: str, headers: Headers) -> str:
    """What the control URLs of a description are relative to (RFC 2326 C.1.1)."""
    for name in ("content-base", "content-location"):
        given = headers.get(name)
        if is_absolute(given) and len(given) <= MAX_URL_CHARACTERS:
            return without_user(given)
    return without_user(request_url)


def joined(base: str, control: str) -> str:
    """The URL that `a=control` means. Raises RtspError when it is longer than any camera needs.

    Cameras do not mean RFC 3986 5.2, which would cut off the last part of a path and all of a query: what they write
    is put behind the base, query and all, with one slash in between (Dahua: `…?channel=1&subtype=2/` and `trackID=0`).
    """
    control = control.strip()
    if len(control) > MAX_URL_CHARACTERS:
        sentence = "The camera's description of its stream has a URL that is too long."
        raise RtspError(sentence)
    if control in ("", "*"):
        return base
    if is_absolute(control):
        return without_user(control)
    return f"{base.removesuffix('/')}/{control.removeprefix('/')}"


def redirected(request_url: str, location: str) -> str | None:
    """Where an answer with status 3xx leads, without a user; None when it leads nowhere."""
    location = location.strip()
    if location.startswith("/") and not location.startswith("//"):
        here = _URL.fullmatch(without_user(request_url))
        location = f"{here[1]}://{here[2]}{location}" if here else location
    if len(location) > MAX_URL_CHARACTERS:
        return None
    try:
        place(location)
    except RtspError:
        return None
    return without_user(location)
