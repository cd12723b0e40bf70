"""Boxes of ISO/IEC 14496-12, section 4.2: finding them, reading their fields, making them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple, TypeAlias

from holdfast.fmp4.errors import Fmp4Error

Buffer: TypeAlias = bytes | bytearray | memoryview

_SIZE_AND_KIND = Struct(">I4s")
_LARGE_SIZE = Struct(">Q")
_UUID_BYTES = 16
MAX_CHILDREN = 4096
"""A box with more children than this is taken for garbage."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What is still believed of an input, in bytes. Anything larger is an `Fmp4Error`, before it is kept in memory."""

    moov_bytes: int = 1 << 20
    moof_bytes: int = 4 << 20
    fragment_bytes: int = 64 << 20
    other_bytes: int = 1 << 20

    def of(self, kind: bytes) -> int:
        """Return the largest size of a top-level box of this kind."""
        by_kind = {b"moov": self.moov_bytes, b"moof": self.moof_bytes, b"mdat": self.fragment_bytes}
        return by_kind.get(kind, self.other_bytes)


DEFAULT_LIMITS = Limits()


class Box(NamedTuple):
    """Where a box lies in a buffer: its type, its first byte, the first byte of its contents, the byte after it."""

    kind: bytes
    start: int
    body: int
    end: int

    @property
    def name(self) -> str:
        """The type as text; bytes outside Latin-1 letters stay visible as escapes."""
        return printable(self.kind)

    def error(self, reason: str) -> Fmp4Error:
        """Return an error that names this box."""
        return Fmp4Error(reason, box=self.name, offset=self.start)


def printable(kind: bytes) -> str:
    """Return a box type for a message."""
    return kind.decode("latin-1").encode("unicode_escape").decode("ascii")


def read_box(data: Buffer, at: int, end: int) -> Box | None:
    """Return the box whose header is at `at`, or None while its header is not complete before `end`.

    The box's own end may lie beyond `end`: the caller decides whether more bytes are to come. A size of 0 ("to the
    end of the file", section 4.2.2) gives `end`. Raises Fmp4Error for a size smaller than the header.
    """
    if end - at < _SIZE_AND_KIND.size:
        return None
    size, kind = _SIZE_AND_KIND.unpack_from(data, at)
    body = at + _SIZE_AND_KIND.size
    if size == 1:
        if end - body < _LARGE_SIZE.size:
            return None
        (size,) = _LARGE_SIZE.unpack_from(data, body)
        body += _LARGE_SIZE.size
    elif size == 0:
        size = end - at
    if size < body - at:
        reason = f"its size of {size} is smaller than its header"
        raise Fmp4Error(reason, box=printable(kind), offset=at)
    return Box(kind, at, body, at + size)


def children(data: Buffer, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes that fill `data[start:end]`. Raises Fmp4Error when they do not fill it exactly."""
    at = start
    for _ in range(MAX_CHILDREN):
        if at == end:
            return
        box = read_box(data, at, end)
        if box is None:
            reason = "a box header is cut off"
            raise Fmp4Error(reason, offset=at)
        if box.end > end:
            reason = f"ends {box.end - end} bytes behind the box around it"
            raise box.error(reason)
        yield box
        at = box.end
    reason = f"more than {MAX_CHILDREN} boxes in one"
    raise Fmp4Error(reason, offset=start)


def inside(data: Buffer, box: Box, skip: int = 0) -> Iterator[Box]:
    """Yield the children of a box; `skip` is the size of its own fields before them. Raises Fmp4Error."""
    if box.body + skip > box.end:
        reason = "is too short for its fields"
        raise box.error(reason)
    return children(data, box.body + skip, box.end)


def first(data: Buffer, box: Box, kind: bytes, skip: int = 0) -> Box:
    """Return the first child of that kind. Raises Fmp4Error when there is none."""
    for child in inside(data, box, skip):
        if child.kind == kind:
            return child
    reason = f"has no {printable(kind)!r} in it"
    raise box.error(reason)


def fields(layout: Struct, data: Buffer, box: Box, at: int = 0) -> tuple[int, ...]:
    """Return the integers of `layout`, `at` bytes into the contents of the box. Raises Fmp4Error when it is shorter."""
    begin = box.body + at
    if begin + layout.size > box.end:
        reason = f"is too short: {box.end - box.body} bytes of contents"
        raise box.error(reason)
    return layout.unpack_from(data, begin)


def make(kind: bytes, *parts: bytes) -> bytes:
    """Return a box with these contents, with a 32-bit size. Raises Fmp4Error at 4 GiB."""
    size = _SIZE_AND_KIND.size + sum(map(len, parts))
    try:
        return _SIZE_AND_KIND.pack(size, kind) + b"".join(parts)
    except struct.error:
        reason = f"{size} bytes do not fit into a box"
        raise Fmp4Error(reason, box=printable(kind)) from None


def make_full(kind: bytes, version: int, flags: int, *parts: bytes) -> bytes:
    """Return a box that begins with a version and flags (section 4.2.2, FullBox)."""
    return make(kind, (version << 24 | flags).to_bytes(4, "big"), *parts)


def make_uuid(user_type: bytes, *parts: bytes) -> bytes:
    """Return a box of a type of our own: `user_type` has 16 bytes."""
    return make(b"uuid", user_type, *parts)


def user_type(data: Buffer, box: Box) -> bytes:
    """Return the 16 bytes that name the type of a `uuid` box, or b"" for any other or shorter box."""
    if box.kind != b"uuid" or box.body + _UUID_BYTES > box.end:
        return b""
    return bytes(data[box.body : box.body + _UUID_BYTES])
