"""The stamp in every frame of a simulated camera: which frame it is, and when it was taken.

It is an SEI message user_data_unregistered (H.264 and H.265 D.2.7): decoders, parsers and muxers carry it along unread.
"""

import struct
from collections.abc import Iterable
from dataclasses import dataclass

from holdfast.lab.nal import SEI_TYPES, Codec, escape, nal_type, unescape

STAMP_UUID = bytes.fromhex("9d1f6ab2c4e34f0b8a5e51d07c3bb6e4")
_USER_DATA_UNREGISTERED = 5
_STAMP = struct.Struct(">16s4sQQ")
_HEADERS = {"h264": b"\x06", "h265": b"\x4e\x01"}
_PREFIXES = {codec: bytes((_USER_DATA_UNREGISTERED, _STAMP.size)) for codec in _HEADERS}


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a frame says about itself: `frame` counts pictures in display order, `wall_ns` is the time it was taken."""

    frame: int
    wall_ns: int
    tag: bytes = b"lab0"


def build(codec: Codec, stamp: Stamp) -> bytes:
    """SEI NAL unit (H.264 type 6, H.265 prefix SEI type 39) that carries the stamp; the tag has four bytes."""
    payload = _STAMP.pack(STAMP_UUID, stamp.tag, stamp.frame, stamp.wall_ns)
    return _HEADERS[codec] + escape(_PREFIXES[codec] + payload + b"\x80")


def parse(codec: Codec, nal: bytes) -> Stamp | None:
    """The stamp in one NAL unit; None when it is no SEI, has no stamp or is damaged."""
    if not nal or nal_type(codec, nal) not in SEI_TYPES[codec]:
        return None
    for kind, payload in _messages(unescape(nal[len(_HEADERS[codec]) :])):
        if kind == _USER_DATA_UNREGISTERED and len(payload) == _STAMP.size and payload.startswith(STAMP_UUID):
            _, tag, frame, wall_ns = _STAMP.unpack(payload)
            return Stamp(frame, wall_ns, tag)
    return None


def find(codec: Codec, nals: Iterable[bytes]) -> Stamp | None:
    """The first stamp in an access unit."""
    return next((stamp for nal in nals if (stamp := parse(codec, nal)) is not None), None)


def _messages(rbsp: bytes) -> Iterable[tuple[int, bytes]]:
    """Type and payload of each SEI message (H.264 7.3.2.3.1)."""
    at = 0
    while at + 2 < len(rbsp):
        kind, at = _extended(rbsp, at)
        size, at = _extended(rbsp, at)
        yield kind, rbsp[at : at + size]
        at += size


def _extended(rbsp: bytes, at: int) -> tuple[int, int]:
    """A number coded as bytes of 255 and a last one, and where it ends."""
    value = 0
    while at < len(rbsp) and rbsp[at] == 0xFF:
        value += 0xFF
        at += 1
    return value + (rbsp[at] if at < len(rbsp) else 0), at + 1
