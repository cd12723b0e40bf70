"""RTP packets of access units (RFC 3550, 6184, 7798), prepared once, so that sending a frame patches only headers.

Packets are framed for RTSP's interleaved transport (RFC 2326 10.12): `$`, channel, length, packet.
"""

import struct
from collections.abc import Iterable, Sequence
from fractions import Fraction

from holdfast.lab.nal import PARAMETER_TYPES, Codec, nal_type

CLOCK_HZ = 90_000
PAYLOAD_TYPE = 96
MTU = 1400
"""Largest RTP packet in bytes, header included, as many cameras choose it."""

_RTP_HEADER = struct.Struct(">BBHII")
_INTERLEAVED = struct.Struct(">cBH")
_SEQ_AND_TIME = struct.Struct(">HI")
_PREFIX_SIZE = _INTERLEAVED.size + _RTP_HEADER.size
_SEQ_OFFSET = _INTERLEAVED.size + 2
_MARKER = 0x80
_NTP_EPOCH_S = 2_208_988_800
_STAP_A = 24
_FU_A = 28
_FU_H265 = 49


def rtp_time(base: int, frame: int, fps: Fraction) -> int:
    """RTP timestamp of a picture number in display order."""
    return (base + frame * CLOCK_HZ * fps.denominator // fps.numerator) & 0xFFFFFFFF


def payloads(codec: Codec, nals: Sequence[bytes], *, aggregate: bool = False, mtu: int = MTU) -> list[bytes]:
    """RTP payloads of NAL units: single NAL unit packets, and fragmentation units for those that do not fit.

    With `aggregate`, neighbouring H.264 parameter sets travel in one STAP-A (RFC 6184 5.7.1).
    """
    limit = mtu - _RTP_HEADER.size
    groups = _aggregated(nals) if aggregate and codec == "h264" else nals
    return [part for nal in groups for part in ([nal] if len(nal) <= limit else _fragments(codec, nal, limit))]


def _aggregated(nals: Sequence[bytes]) -> list[bytes]:
    sets = [nal for nal in nals if nal_type("h264", nal) in PARAMETER_TYPES["h264"]]
    if len(sets) < 2:
        return list(nals)
    stap = bytes((max(nal[0] & 0x60 for nal in sets) | _STAP_A,))
    stap += b"".join(len(nal).to_bytes(2, "big") + nal for nal in sets)
    return [stap, *(nal for nal in nals if nal not in sets)]


def _fragments(codec: Codec, nal: bytes, limit: int) -> Iterable[bytes]:
    """FU-A (RFC 6184 5.8) or the fragmentation unit of RFC 7798 4.4.3."""
    if codec == "h264":
        head, kind, body = bytes((nal[0] & 0xE0 | _FU_A,)), nal[0] & 0x1F, memoryview(nal)[1:]
    else:
        head, kind, body = bytes((nal[0] & 0x81 | _FU_H265 << 1, nal[1])), nal[0] >> 1 & 0x3F, memoryview(nal)[2:]
    room = limit - len(head) - 1
    for at in range(0, len(body), room):
        start, end = at == 0, at + room >= len(body)
        yield head + bytes((start << 7 | end << 6 | kind,)) + body[at : at + room]


class PacketRun:
    """Packets of one stretch of a frame in one buffer, whose sequence numbers and timestamps are patched in place."""

    def __init__(self, parts: Sequence[bytes], ssrc: int, *, last_has_marker: bool) -> None:
        self.buffer = bytearray()
        self._patch_at: list[int] = []
        for index, part in enumerate(parts):
            marker = _MARKER if last_has_marker and index == len(parts) - 1 else 0
            self._patch_at.append(len(self.buffer) + _SEQ_OFFSET)
            self.buffer += _INTERLEAVED.pack(b"$", 0, _RTP_HEADER.size + len(part))
            self.buffer += _RTP_HEADER.pack(0x80, marker | PAYLOAD_TYPE, 0, 0, ssrc) + part
        self.packets = len(parts)

    def patch(self, seq: int, rtp_time: int) -> int:
        """Write header fields; returns the next sequence number (not wrapped)."""
        buffer = self.buffer
        pack_into = _SEQ_AND_TIME.pack_into
        for at in self._patch_at:
            pack_into(buffer, at, seq & 0xFFFF, rtp_time)
            seq += 1
        return seq


class PreparedFrame:
    """A frame ready to send: parameter sets, then a place for the SEI message with the stamp, then the slices."""

    def __init__(self, codec: Codec, nals: Sequence[bytes], ssrc: int, *, is_key: bool, aggregate: bool) -> None:
        sets = PARAMETER_TYPES[codec]
        before = [nal for nal in nals if nal_type(codec, nal) in sets]
        after = [nal for nal in nals if nal_type(codec, nal) not in sets]
        self._ssrc = ssrc
        self._head = PacketRun(payloads(codec, before, aggregate=aggregate), ssrc, last_has_marker=False)
        self._tail = PacketRun(payloads(codec, after), ssrc, last_has_marker=True)
        self.is_key = is_key
        self.packets = self._head.packets + 1 + self._tail.packets
        self.payload_bytes = len(self._head.buffer) + len(self._tail.buffer) - _PREFIX_SIZE * (self.packets - 1)

    def render(self, seq: int, rtp_time: int, sei: bytes) -> bytes:
        """All packets of the frame, interleaved on channel 0; the last one has the marker bit."""
        seq = self._head.patch(seq, rtp_time)
        stamp = _INTERLEAVED.pack(b"$", 0, _RTP_HEADER.size + len(sei)) + _RTP_HEADER.pack(
            0x80, PAYLOAD_TYPE, seq & 0xFFFF, rtp_time, self._ssrc
        )
        self._tail.patch(seq + 1, rtp_time)
        return b"".join((self._head.buffer, stamp, sei, self._tail.buffer))


def on_channel(data: bytes, channel: int) -> bytes:
    """Interleaved packets moved from channel 0 to another one."""
    if channel == 0:
        return data
    moved = bytearray(data)
    at = 0
    while at < len(moved):
        moved[at + 1] = channel
        at += _INTERLEAVED.size + int.from_bytes(moved[at + 2 : at + 4], "big")
    return bytes(moved)


def sender_report(ssrc: int, wall_ns: int, rtp_time: int, packets: int, octets: int) -> bytes:
    """RTCP sender report and source description (RFC 3550 6.4.1, 6.5), not yet interleaved."""
    seconds, rest_ns = divmod(wall_ns, 10**9)
    report = struct.pack(
        ">BBHIIIIII",
        0x80,
        200,
        6,
        ssrc,
        (seconds + _NTP_EPOCH_S) & 0xFFFFFFFF,
        (rest_ns << 32) // 10**9,
        rtp_time & 0xFFFFFFFF,
        packets & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    name = b"lab"
    items = struct.pack(">IBB", ssrc, 1, len(name)) + name + b"\0"
    items += b"\0" * (-len(items) % 4)
    return report + struct.pack(">BBH", 0x81, 202, len(items) // 4) + items


def interleaved(channel: int, packet: bytes) -> bytes:
    """One packet, framed for the RTSP connection."""
    return _INTERLEAVED.pack(b"$", channel, len(packet)) + packet
