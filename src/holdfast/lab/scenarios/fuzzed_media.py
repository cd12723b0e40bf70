"""Packets of pictures and sound, spoilt at random, for the receivers of `holdfast.rtsp`."""

from random import Random

from holdfast.lab.rtp import payloads, sender_report
from holdfast.rtsp.audio import AudioReceiver
from holdfast.rtsp.rtcp import Reports
from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.video import VideoReceiver

SETS = {
    "h264": (
        bytes.fromhex("67640028ad84054562b8ac5474202a2b15c562a3a1015158ae2b151d080a8ac57158a8e84054562b"),
        b"\x68\xee\x3c\xb0",
    ),
    "h265": (
        bytes.fromhex("40010c01ffff01600000030090000003000003003f95980902"),
        bytes.fromhex("420101016000000300900000030000030078a003c08010e5965660924caf0168080000030008000003007840"),
        bytes.fromhex("4401c172b46240"),
    ),
}
"""Parameter sets of an encoder of our own."""
SLICES = {
    "h264": (b"\x65\x88", b"\x41\x9a", b"\x09\xf0", b"\x06\x05"),
    "h265": (b"\x26\x01\xaf", b"\x02\x01\xd0", b"\x46\x01\x50", b"\x4e\x01\x05"),
}
"""How a key frame, another picture, a delimiter and a message begin."""
TRACKS = {
    "h264": MediaTrack("video", "H264", 96, 90_000),
    "h265": MediaTrack("video", "H265", 96, 90_000),
}
SOUNDS = (
    MediaTrack(
        "audio",
        "MPEG4-GENERIC",
        97,
        16_000,
        fmtp={"mode": "AAC-hbr", "config": "1408", "sizelength": "13", "indexlength": "3", "indexdeltalength": "3"},
    ),
    MediaTrack("audio", "PCMU", 0, 8000),
    MediaTrack("audio", "PCMA", 8, 8000),
)
PICTURES = 12
SPOILT = 0.08


def media(data: bytes, chance: Random) -> None:
    """Pictures of both codecs, sound, and reports. Raises RtspError beyond the limits."""
    codec = chance.choice(("h264", "h265"))
    video = VideoReceiver(TRACKS[codec])
    packets = _pictures(data, codec, chance)
    _receive(video, packets, chance)
    video.end()
    track = chance.choice(SOUNDS)
    sound = AudioReceiver(track)
    size = chance.choice((1, 40, 400, 1400))
    pieces = [data[at : at + size] for at in range(0, min(len(data), 20_000), size)]
    packets = [_packet(track.payload_type, 7 + n, 160 * n, piece) for n, piece in enumerate(pieces)]
    _receive(sound, packets, chance)
    reports = Reports(5, video.ticks_of)
    told = [sender_report(1, chance.getrandbits(62), 5, 6, 7), data[: chance.randrange(200)]]
    joined = b"".join(told)
    cut = chance.randrange(len(joined) + 1)
    reports.receive(joined, [(0, cut), (cut, len(joined))], 1.0)
    reports.write(video.reception, 2.0)


def _pictures(data: bytes, codec: str, chance: Random) -> list[bytes]:
    packets: list[bytes] = []
    sequence, stamp = chance.getrandbits(16), chance.getrandbits(32)
    for number in range(PICTURES):
        begins = chance.choices(SLICES[codec], k=chance.randrange(1, 4))
        body = data[chance.randrange(len(data) + 1) :][: chance.choice((1, 50, 3000, 30_000))]
        nals = [*(SETS[codec] if number % 4 == 0 else ()), *(begin + body for begin in begins)]
        parts = payloads(codec, nals, aggregate=chance.random() < 0.5)  # type: ignore[arg-type] # one of the two
        stamp += chance.choice((0, 3000, 3000, 3000, 1 << 31))
        for place, payload in enumerate(parts):
            marks = place == len(parts) - 1 if chance.random() < 0.9 else chance.random() < 0.5
            packets.append(_packet(96 | marks << 7, sequence, stamp, payload))
            sequence += 1
    return packets


def _packet(kind: int, sequence: int, stamp: int, payload: bytes) -> bytes:
    head = bytes((0x80, kind)) + (sequence & 0xFFFF).to_bytes(2, "big") + (stamp & 0xFFFFFFFF).to_bytes(4, "big")
    return head + b"\0\0\0\x01" + payload


def _receive(receiver: VideoReceiver | AudioReceiver, packets: list[bytes], chance: Random) -> None:
    kept: list[bytes] = []
    for packet in packets:
        match chance.random() / SPOILT:
            case luck if luck < 0.2:
                kept.append(packet[: chance.randrange(len(packet) + 1)])
            case luck if luck < 0.4:
                spoilt = bytearray(packet)
                spoilt[chance.randrange(len(spoilt))] ^= 1 << chance.randrange(8)
                kept.append(bytes(spoilt))
            case luck if luck < 0.6:
                kept += [packet, packet]
            case luck if luck < 0.8:
                kept.insert(chance.randrange(len(kept) + 1), packet)
            case luck if luck >= 1:
                kept.append(packet)
    data, spans, at = b"".join(kept), [], 0
    for packet in kept:
        spans.append((at, at + len(packet)))
        at += len(packet)
    step = chance.choice((1, 7, 100))
    for begin in range(0, len(spans), step):
        receiver.receive(data, spans[begin : begin + step])
        receiver.take_lost()
        receiver.take_damaged()
