"""What a camera writes into its connection, cut into whole units: RTSP messages and interleaved packets (RFC 2326)."""

import re
from random import Random

from holdfast.lab.sei import STAMP_UUID

_HEAD = 4
"""`$`, channel, length."""
_RTP_HEADER = 12
_LENGTH = re.compile(rb"\r\ncontent-length:\s*(\d+)", re.IGNORECASE)


def take_unit(buffer: bytearray) -> bytes | None:
    """Remove the first whole unit from the buffer; None: more is needed."""
    if buffer.startswith(b"$"):
        size = _HEAD + int.from_bytes(buffer[2:_HEAD], "big") if len(buffer) >= _HEAD else _HEAD
    else:
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return None
        length = _LENGTH.search(buffer, 0, end)
        size = end + 4 + (int(length[1]) if length else 0)
    if len(buffer) < size:
        return None
    unit = bytes(buffer[:size])
    del buffer[:size]
    return unit


def is_rtp(unit: bytes) -> bool:
    """Whether a unit is an RTP packet with a payload; reports are on odd channels, as SETUP agreed."""
    return unit.startswith(b"$") and unit[1] % 2 == 0 and len(unit) > _HEAD + _RTP_HEADER


def garbled(unit: bytes, chance: Random) -> bytes:
    """The packet with one bit of its payload flipped. The one with the stamp is spared, so that frames still count."""
    if not is_rtp(unit) or STAMP_UUID in unit:
        return unit
    spoilt = bytearray(unit)
    spoilt[chance.randrange(_HEAD + _RTP_HEADER, len(unit))] ^= 1 << chance.randrange(8)
    return bytes(spoilt)


def misframed(unit: bytes) -> bytes:
    """An RTP packet with too small a length before it: from here on the reader has lost the beginnings of packets."""
    return unit[:2] + (len(unit) - _HEAD - 7).to_bytes(2, "big") + unit[_HEAD:]
