"""H.264 in RTP (RFC 6184): payloads taken apart.

What cameras send: single NAL units, STAP-A, FU-A. The interleaved mode (STAP-B, MTAP, FU-B) sends slices out of order;
one of its packets here costs the access unit.
"""

from holdfast.rtsp.nal_units import NalUnits
from holdfast.rtsp.pictures import FIRST, KEY, OPENS, SET, SLICE

FRAGMENT_BYTES = 2
"""FU indicator and FU header, before the bytes of the fragment."""
FRAGMENT_TYPE = 0x1F
"""What of the FU header stays the same for all fragments of a NAL unit."""
_TYPE = 0x1F
_NOT_TYPE = 0xE0
_STAP_A = 24
_FU_A = 28
_FU_B = 29
_START = 0x80
_END = 0x40

# ITU-T H.264 table 7-1 and 7.4.1.2.3. A prefix (14) stands before each slice of a picture.
_ROLES = [0] * 32
for _kind in (6, 7, 8, 9, 15, 16, 17, 18):
    _ROLES[_kind] = OPENS
for _kind in (7, 8):
    _ROLES[_kind] |= SET
for _kind in (1, 2, 3, 4, 5):
    _ROLES[_kind] = SLICE
_ROLES[5] |= KEY
_PARTITIONS_B_AND_C = (3, 4)
_HEAD_BYTES = 9
"""`first_mb_in_slice` and `slice_type` fit into them, behind the header."""
_INTRA = frozenset({2, 4, 7, 9})
"""Slice types I and SI (table 7-6): nothing else is needed to decode them."""


def role_of(nal: bytes) -> int:
    """What a NAL unit is (the numbers of `pictures`)."""
    kind = nal[0] & _TYPE
    role = _ROLES[kind]
    # The first bit of a slice header is 1 when `first_mb_in_slice` is 0. Partitions B and C begin with another number.
    if role & SLICE and kind not in _PARTITIONS_B_AND_C:
        if nal[1:2] >= b"\x80":
            role |= FIRST
        if not role & KEY and _slice_type(nal) in _INTRA:
            # Cameras with an open or a very long group of pictures send an IDR picture only once.
            role |= KEY
    return role


def _slice_type(nal: bytes) -> int:
    """Of a slice header (7.3.3): the second of two Exp-Golomb numbers; -1 when there is none."""
    bits = int.from_bytes(nal[1:_HEAD_BYTES])
    left = 8 * len(nal[1:_HEAD_BYTES])
    number = -1
    for _ in range(2):
        zeros = left - (bits & (1 << left) - 1).bit_length()
        left -= 2 * zeros + 1
        if left < 0:
            return -1
        number = (bits >> left & (1 << zeros + 1) - 1) - 1
    return number


def unpack(payload: bytes, units: NalUnits) -> None:
    """Give the NAL units of a packet's payload, which is not empty, to `units`."""
    kind = payload[0] & _TYPE
    if kind == _FU_A:
        _unpack_fragment(payload, units)
    elif kind < _STAP_A:
        # 0 is no NAL unit, but may be the begin of a start code.
        units.add(payload)
    elif kind == _STAP_A:
        _unpack_aggregate(payload, units)
    elif kind <= _FU_B:
        units.refuse()


def _unpack_fragment(payload: bytes, units: NalUnits) -> None:
    header = payload[1] if len(payload) > 1 else 0
    kind = header & FRAGMENT_TYPE
    if kind >= _STAP_A or len(payload) < FRAGMENT_BYTES:
        units.refuse()
        return
    if header & _START:
        units.start(kind, bytes((payload[0] & _NOT_TYPE | kind,)) + payload[FRAGMENT_BYTES:])
    else:
        units.go_on(kind, payload[FRAGMENT_BYTES:])
    if header & _END:
        units.finish()


def _unpack_aggregate(payload: bytes, units: NalUnits) -> None:
    at = 1
    while at + 2 <= len(payload):
        begin = at + 2
        at = begin + int.from_bytes(payload[begin - 2 : begin], "big")
        if at > len(payload) or (payload[begin:at] and payload[begin] & _TYPE >= _STAP_A):
            units.refuse()
            return
        if at > begin:
            units.add(payload[begin:at])
