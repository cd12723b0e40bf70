"""RTP packets of pictures, written independently of the code under test."""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from holdfast.rtsp.sdp import MediaTrack

SSRC = 0xCAFE_F00D
PAYLOAD_TYPE = 96


@dataclass
class Stream:
    """Numbers packets and puts them into one buffer, as they come from a connection."""

    sequence: int = 1000
    ssrc: int = SSRC
    payload_type: int = PAYLOAD_TYPE
    data: bytearray = field(default_factory=bytearray)
    spans: list[tuple[int, int]] = field(default_factory=list)

    def add(
        self, payload: bytes, stamp: int = 0, *, marker: bool = False, kind: int | None = None, flags: int = 0x80
    ) -> None:
        """A packet with the next number; `flags` are its first byte, which the caller's payload must fit."""
        second = (self.payload_type if kind is None else kind) | marker << 7
        head = struct.pack(">BBHII", flags, second, self.sequence & 0xFFFF, stamp & 0xFFFFFFFF, self.ssrc)
        self.sequence += 1
        self.add_raw(head + payload)

    def add_raw(self, packet: bytes) -> None:
        self.data += b"$\x00" + len(packet).to_bytes(2, "big")
        self.spans.append((len(self.data), len(self.data) + len(packet)))
        self.data += packet

    def take(self) -> tuple[bytes, list[tuple[int, int]]]:
        """What was added since the last call, as `receive` takes it."""
        taken = bytes(self.data), self.spans
        self.data, self.spans = bytearray(), []
        return taken


def track(encoding: str, fmtp: dict[str, str] | None = None, clock_rate: int = 90_000, channels: int = 1) -> MediaTrack:
    kind = "video" if encoding.startswith("H") else "audio"
    return MediaTrack(kind, encoding, PAYLOAD_TYPE, clock_rate, channels, fmtp or {})


def with_lengths(nals: Iterable[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(4, "big") + nal for nal in nals)


def stap_a(*nals: bytes) -> bytes:
    return b"\x78" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def fu_a(nal: bytes, size: int) -> list[bytes]:
    """Fragments with so many bytes each (RFC 6184 5.8)."""
    return _fragments(bytes((nal[0] & 0xE0 | 28,)), nal[0] & 0x1F, nal[1:], size)


def aggregate(*nals: bytes) -> bytes:
    return b"\x60\x01" + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def fu(nal: bytes, size: int) -> list[bytes]:
    """Fragments with so many bytes each (RFC 7798 4.4.3)."""
    return _fragments(bytes((nal[0] & 0x81 | 49 << 1, nal[1])), nal[0] >> 1 & 0x3F, nal[2:], size)


def _fragments(head: bytes, kind: int, body: bytes, size: int) -> list[bytes]:
    pieces = [body[at : at + size] for at in range(0, len(body), size)]
    last = len(pieces) - 1
    return [
        head + bytes(((number == 0) << 7 | (number == last) << 6 | kind,)) + piece
        for number, piece in enumerate(pieces)
    ]


@dataclass(frozen=True)
class Codec:
    """Made-up NAL units of a codec, of any size, and the packets that carry them."""

    encoding: str
    sets: tuple[bytes, ...]
    delimiter: bytes
    message: bytes

    def slice(self, size: int, *, first: bool = True, key: bool = False, fill: int = 0x55) -> bytes:
        """A slice of that many bytes, header included; at least three."""
        if self.encoding == "H264":
            head = bytes((0x65 if key else 0x41, 0x9A if first else 0x5A))
        else:
            head = bytes((0x26 if key else 0x02, 0x01, 0xA8 if first else 0x28))
        return head + bytes((fill,)) * (size - len(head))

    def fragments(self, nal: bytes, size: int) -> list[bytes]:
        return fu_a(nal, size) if self.encoding == "H264" else fu(nal, size)

    def aggregate(self, *nals: bytes) -> bytes:
        return stap_a(*nals) if self.encoding == "H264" else aggregate(*nals)

    def payloads(self, nals: Sequence[bytes], size: int = 1000) -> list[bytes]:
        """Single NAL units, and fragments of those that are larger."""
        return [part for nal in nals for part in ([nal] if len(nal) <= size else self.fragments(nal, size))]


def _hex(*texts: str) -> tuple[bytes, ...]:
    return tuple(bytes.fromhex(text) for text in texts)


# Parameter sets that x264 and x265 made for the lab's clips of 640x360 and 320x240 pixels.
H264_SETS = _hex("67640016acb405017fcb80b5060606a50000030001000003001e8f162ea0", "68ef0472c0")
H264_SMALL_SPS = bytes.fromhex("6764000cacb40a0fd80b5060606a50000003001000000301e8f142aa")
H265_SETS = _hex(
    "40010c01ffff01600000030090000003000003003fba0240",
    "42010101600000030090000003000003003fa005020171f2e5ba4a4c2fff000100016a0c0c0c080000030008000003007840",
    "4401c0718312",
)
H265_SMALL_SPS = bytes.fromhex(
    "42010101600000030090000003000003003ca00a080f165ba4a4c2fff000100016a0c0c0c080000003008000000784"
)
H264 = Codec("H264", H264_SETS, b"\x09\x30", b"\x06\x05\x01\xab\x80")
H265 = Codec("H265", H265_SETS, b"\x46\x01\x50", b"\x4e\x01\x05\x01\xab\x80")
