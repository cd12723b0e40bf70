"""NAL units of H.264 and H.265: splitting byte streams, types, emulation prevention.

A NAL unit here is always the bytes from its header on, without start code or length.
"""

import re
from typing import Literal

Codec = Literal["h264", "h265"]

_START_CODE = re.compile(rb"\x00\x00\x01")
_NEEDS_ESCAPE = re.compile(rb"\x00\x00(?=[\x00-\x03])")
_ESCAPED = re.compile(rb"\x00\x00\x03")

SEI_TYPES = {"h264": frozenset({6}), "h265": frozenset({39, 40})}
PARAMETER_TYPES = {"h264": frozenset({7, 8}), "h265": frozenset({32, 33, 34})}
DELIMITER_TYPES = {"h264": frozenset({9}), "h265": frozenset({35})}
FILLER_TYPES = {"h264": frozenset({12}), "h265": frozenset({38})}
_KEY_TYPES = {"h264": frozenset({5}), "h265": frozenset({16, 17, 18, 19, 20, 21})}


def nal_type(codec: Codec, nal: bytes) -> int:
    """Type of a NAL unit (ITU-T H.264 7.3.1, H.265 7.3.1.2)."""
    return nal[0] & 0x1F if codec == "h264" else (nal[0] >> 1) & 0x3F


def is_slice(codec: Codec, nal: bytes) -> bool:
    """Whether the NAL unit carries picture data (VCL)."""
    kind = nal_type(codec, nal)
    return 1 <= kind <= 5 if codec == "h264" else kind <= 31


def is_key(codec: Codec, nals: tuple[bytes, ...]) -> bool:
    """Whether an access unit can be decoded without earlier ones (IDR, or IRAP in H.265)."""
    return any(nal_type(codec, nal) in _KEY_TYPES[codec] for nal in nals)


def split_annex_b(data: bytes) -> tuple[bytes, ...]:
    """NAL units of a byte stream with start codes (H.264 and H.265 Annex B)."""
    starts = [match.end() for match in _START_CODE.finditer(data)]
    ends = [start - 3 for start in starts[1:]] + [len(data)]
    # Zero bytes before a start code are not part of the unit: a unit never ends in a zero byte (7.4.1).
    units = (data[start:end].rstrip(b"\x00") for start, end in zip(starts, ends, strict=True))
    return tuple(unit for unit in units if unit)


def split_length_prefixed(data: bytes, length_size: int = 4) -> tuple[bytes, ...]:
    """NAL units of an MP4 sample (ISO/IEC 14496-15).

    Raises ValueError when a length points beyond the end of the sample.
    """
    units = []
    at = 0
    while at < len(data):
        begin = at + length_size
        at = begin + int.from_bytes(data[at:begin], "big")
        if begin > len(data) or at > len(data):
            raise ValueError(f"a NAL unit ends at byte {at}, but the sample has only {len(data)}")
        if at > begin:
            units.append(data[begin:at])
    return tuple(units)


def join_annex_b(nals: tuple[bytes, ...]) -> bytes:
    """The byte stream of NAL units, each behind a four-byte start code."""
    return b"".join(b"\x00\x00\x00\x01" + nal for nal in nals)


def escape(rbsp: bytes) -> bytes:
    """Insert emulation prevention bytes: no 00 00 00..03 may remain (H.264 7.4.1.1)."""
    # The match is two zero bytes with a look-ahead, and after the inserted 03 the count of zeros starts anew.
    return _NEEDS_ESCAPE.sub(b"\x00\x00\x03", rbsp)


def unescape(ebsp: bytes) -> bytes:
    """Remove emulation prevention bytes."""
    return _ESCAPED.sub(b"\x00\x00", ebsp)
