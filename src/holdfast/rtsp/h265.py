"""H.265 in RTP (RFC 7798): payloads taken apart.

Without decoding order numbers (DONL): they are there only when `sprop-max-don-diff` is above 0, which no camera is
known to do.
"""

from holdfast.rtsp.nal_units import NalUnits
from holdfast.rtsp.pictures import FIRST, KEY, OPENS, SET, SLICE

FRAGMENT_BYTES = 3
"""Payload header and FU header, before the bytes of the fragment."""
FRAGMENT_TYPE = 0x3F
"""What of the FU header stays the same for all fragments of a NAL unit."""
_NAL_HEADER_BYTES = 2
_NOT_TYPE = 0x81
_AGGREGATE = 48
_FRAGMENT = 49
_PACI = 50
_START = 0x80
_END = 0x40

# ITU-T H.265 table 7-1 and 7.4.2.4.4.
_ROLES = [SLICE] * 32 + [OPENS] * 4 + [0, 0, 0, OPENS, 0] + [OPENS] * 4 + [0] * 3 + [OPENS] * 8 + [0] * 8
for _kind in range(16, 24):
    _ROLES[_kind] |= KEY
for _kind in (32, 33, 34):
    _ROLES[_kind] |= SET


def role_of(nal: bytes) -> int:
    """What a NAL unit is (the numbers of `pictures`)."""
    role = _ROLES[nal[0] >> 1 & 0x3F]
    if role & SLICE:
        if nal[0] & 1 or nal[1:2] >= b"\x08" or nal[1:2] == b"\x00":
            return 0  # a picture of another layer, or the zeros of a start code
        if nal[2:3] >= b"\x80":  # first_slice_segment_in_pic_flag
            role |= FIRST
    return role


def unpack(payload: bytes, units: NalUnits) -> None:
    """Give the NAL units of a packet's payload, which is not empty, to `units`."""
    kind = payload[0] >> 1 & 0x3F
    if kind == _FRAGMENT:
        _unpack_fragment(payload, units)
    elif kind < _AGGREGATE:
        units.add(payload)
    elif kind == _AGGREGATE:
        _unpack_aggregate(payload, units)
    elif kind == _PACI:
        units.refuse()


def _unpack_fragment(payload: bytes, units: NalUnits) -> None:
    header = payload[2] if len(payload) > _NAL_HEADER_BYTES else 0
    kind = header & FRAGMENT_TYPE
    if kind >= _AGGREGATE or len(payload) < FRAGMENT_BYTES:
        units.refuse()
        return
    if header & _START:
        head = bytes((payload[0] & _NOT_TYPE | kind << 1, payload[1]))
        units.start(kind, head + payload[FRAGMENT_BYTES:])
    else:
        units.go_on(kind, payload[FRAGMENT_BYTES:])
    if header & _END:
        units.finish()


def _unpack_aggregate(payload: bytes, units: NalUnits) -> None:
    at = _NAL_HEADER_BYTES
    while at + 2 <= len(payload):
        begin = at + 2
        at = begin + int.from_bytes(payload[begin - 2 : begin], "big")
        if at > len(payload) or (payload[begin:at] and payload[begin] >> 1 & 0x3F >= _AGGREGATE):
            units.refuse()
            return
        if at > begin:
            units.add(payload[begin:at])
