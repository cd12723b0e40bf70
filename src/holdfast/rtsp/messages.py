"""RTSP 1.0 requests and responses (RFC 2326 sections 4 to 7 and 12): read leniently, written strictly."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from holdfast.rtsp.errors import RtspError

MAX_HEAD_BYTES = 65_536
MAX_BODY_BYTES = 1 << 20
MAX_HEADERS = 256
DEFAULT_TIMEOUT_S = 60
"""Of a session that names none (RFC 2326 12.37)."""
MAX_TIMEOUT_S = 86_400

_FIRST_RESPONSE = re.compile(r"RTSP/\d\.\d\s+(\d{3})(?!\d)\s*(.*)", re.IGNORECASE | re.DOTALL)
_FIRST_REQUEST = re.compile(r"([A-Za-z_]{1,24})\s+(\S+)\s+RTSP/1\.\d\s*", re.IGNORECASE)
_LINE_END = re.compile(r"\r?\n")
_NUMBER = re.compile(r"\d{1,9}")
_NOT_SENT = re.compile(r"[\x00-\x1f\x7f]+")


@dataclass(frozen=True, slots=True)
class Headers:
    """Header fields in their order. Names are in lower case, values without the white space around them."""

    fields: tuple[tuple[str, str], ...] = ()

    def get(self, name: str, default: str = "") -> str:
        """The first value of that name, which is given in lower case."""
        return next((value for known, value in self.fields if known == name), default)

    def all(self, name: str) -> list[str]:
        """Every value of that name."""
        return [value for known, value in self.fields if known == name]

    def __contains__(self, name: str) -> bool:
        return any(known == name for known, _ in self.fields)


@dataclass(frozen=True, slots=True)
class Request:
    """What one side wants of the other; cameras ask, too, whether anybody is still there."""

    method: str
    uri: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """An answer. `reason` is the camera's own phrase, "" where it gives none."""

    status: int
    reason: str
    headers: Headers = field(default_factory=Headers)
    body: bytes = b""


Message: TypeAlias = Request | Response


def text_of(data: bytes) -> str:
    """Bytes of a message as text that `bytes_of` turns into the same bytes again, whatever their encoding is."""
    return data.decode("utf-8", "surrogateescape")


def bytes_of(text: str) -> bytes:
    """The bytes of a text. What is no character at all, such as half of a pair of surrogates, becomes a "?"."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def read_first_line(line: bytes) -> Message | None:
    """The message that begins with this line, without headers; None when it is no such line."""
    text = text_of(line).strip()
    if answer := _FIRST_RESPONSE.fullmatch(text):
        return Response(int(answer[1]), answer[2])
    if asked := _FIRST_REQUEST.fullmatch(text):
        return Request(asked[1].upper(), asked[2])
    return None


def read_headers(lines: bytes) -> Headers:
    """The header fields in the lines behind the first one.

    Lines end with or without a carriage return, and one that begins with white space goes on with the field before it
    (RFC 2326 4.2, RFC 2068 4.2). What is no field is left out. Raises RtspError when there are too many.
    """
    found: list[tuple[str, list[str]]] = []
    for line in _LINE_END.split(text_of(lines)):
        name, colon, value = line.partition(":")
        if line[:1] in (" ", "\t"):
            if found:
                found[-1][1].append(line.strip())
        elif colon and name.strip():
            found.append((name.strip().lower(), [value.strip()]))
        if len(found) > MAX_HEADERS:
            sentence = "The camera's answer has too many header fields."
            raise RtspError(sentence)
    return Headers(tuple((name, " ".join(part for part in parts if part)) for name, parts in found))


def content_length(headers: Headers) -> int:
    """How many bytes of a body follow. Raises RtspError when that is no number, or too much for this machine."""
    value = headers.get("content-length").strip() or "0"
    if not _NUMBER.fullmatch(value) or int(value) > MAX_BODY_BYTES:
        sentence = "The camera's answer has an impossible length."
        raise RtspError(sentence)
    return int(value)


def sequence_number(headers: Headers) -> int | None:
    """The CSeq, or None when there is none that is a number."""
    match = _NUMBER.match(headers.get("cseq").strip())
    return int(match[0]) if match else None


def read_session(headers: Headers) -> tuple[str, int | None]:
    """The session's id as the camera writes it, "" when it names none, and its timeout in seconds, if it names one.

    RFC 2326 3.4 allows few signs in an id; cameras use any. It ends at the first semicolon.
    """
    name, *parameters = headers.get("session").split(";")
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        seconds = _NUMBER.match(value.strip().strip('"'))
        if key.strip().lower() == "timeout" and seconds:
            return name.strip(), min(int(seconds[0]), MAX_TIMEOUT_S)
    return name.strip(), None


def write_request(method: str, uri: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """A request without a body. `uri` has no white space (see `urls.request_uri`)."""
    return _written(f"{method} {uri} RTSP/1.0", headers)


def write_response(status: int, reason: str, headers: Iterable[tuple[str, str]]) -> bytes:
    """An answer without a body."""
    return _written(f"RTSP/1.0 {status} {reason}", headers)


def _written(first: str, headers: Iterable[tuple[str, str]]) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    # A line end in a value would be a header of somebody else's choice.
    return bytes_of("\r\n".join(_NOT_SENT.sub("", line) for line in lines) + "\r\n\r\n")
