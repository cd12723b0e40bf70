"""What a simulated camera lets hear: silence, and a beep at every whole second since it began.

The beep begins at the very instant at which the frame of that second was taken (frame n at n / fps), so that what is
recorded tells how far picture and sound are apart. Made once in memory; it loops without a seam.
"""

import math
from array import array
from dataclasses import dataclass
from functools import cache
from typing import Literal, assert_never

SoundCodec = Literal["aac", "pcmu", "pcma"]
SOUND_CODECS: tuple[SoundCodec, ...] = ("aac", "pcmu", "pcma")

BEEP_HZ = 1000
BEEP_S = 0.1
LOUDNESS = 0.5
_AAC_HZ, _AAC_SAMPLES, _AAC_LOOP_S = 16_000, 1024, 8
"""The shortest loop of whole seconds that is a whole number of frames."""
_AAC_CONFIG = "1408"
"""AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1): AAC LC, 16 kHz, one channel."""
_G711_HZ, _G711_SAMPLES = 8000, 320
_CLIP = 32_635


@dataclass(frozen=True, slots=True)
class SoundClip:
    """RTP payloads of a loop, and what the session description says of them."""

    codec: SoundCodec
    clock_hz: int
    samples: int
    """In one packet."""
    payload_type: int
    rtpmap: str
    fmtp: str
    payloads: tuple[bytes, ...]


@cache
def sound_clip(codec: SoundCodec) -> SoundClip:
    """The loop in this codec."""
    match codec:
        case "aac":
            fmtp = "streamtype=5;profile-level-id=15;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3"
            name = f"MPEG4-GENERIC/{_AAC_HZ}/1"
            units = tuple(_with_header(unit) for unit in _aac())
            return SoundClip(codec, _AAC_HZ, _AAC_SAMPLES, 97, name, f"{fmtp};config={_AAC_CONFIG}", units)
        case "pcmu" | "pcma":
            encode, payload_type = (_mu_law, 0) if codec == "pcmu" else (_a_law, 8)
            data = bytes(encode(round(sample * _CLIP)) for sample in _second(_G711_HZ))
            parts = tuple(data[at : at + _G711_SAMPLES] for at in range(0, len(data), _G711_SAMPLES))
            return SoundClip(codec, _G711_HZ, _G711_SAMPLES, payload_type, f"{codec.upper()}/{_G711_HZ}", "", parts)
        case _ as never:
            assert_never(never)


def _second(rate: int) -> list[float]:
    beep = round(BEEP_S * rate)
    return [LOUDNESS * math.sin(2 * math.pi * BEEP_HZ * n / rate) if n < beep else 0.0 for n in range(rate)]


def _with_header(unit: bytes) -> bytes:
    """One access unit in a packet of its own (RFC 3640 3.2.1, 3.3.6)."""
    return (16).to_bytes(2, "big") + (len(unit) << 3).to_bytes(2, "big") + unit


def _aac() -> list[bytes]:
    """The second of three loops: what its frames owe to their neighbours is the same at both ends."""
    # Only a camera with such sound needs FFmpeg.
    import av  # noqa: PLC0415

    encoder = av.CodecContext.create("aac", "w")
    encoder.sample_rate, encoder.layout, encoder.format = _AAC_HZ, "mono", "fltp"
    encoder.bit_rate = 48_000
    loop = array("f", _second(_AAC_HZ) * _AAC_LOOP_S)
    packets = []
    for number in range(3 * len(loop) // _AAC_SAMPLES):
        frame = av.AudioFrame(format="fltp", layout="mono", samples=_AAC_SAMPLES)
        begin = number * _AAC_SAMPLES % len(loop)
        frame.planes[0].update(loop[begin : begin + _AAC_SAMPLES].tobytes())
        frame.sample_rate, frame.pts = _AAC_HZ, number * _AAC_SAMPLES
        packets += encoder.encode(frame)
    return [bytes(packet) for packet in packets if len(loop) <= (packet.pts or 0) < 2 * len(loop)]


def _mu_law(sample: int) -> int:
    """ITU-T G.711 table 2a, with all bits inverted."""
    sign, size = (0x80, -sample) if sample < 0 else (0, sample)
    size = min(size, _CLIP) + 0x84
    exponent = size.bit_length() - 8
    return ~(sign | exponent << 4 | size >> exponent + 3 & 0x0F) & 0xFF


def _a_law(sample: int) -> int:
    """ITU-T G.711 table 1a, with every second bit inverted."""
    sign, size = (0x80, sample) if sample >= 0 else (0, -sample - 1)
    exponent = max(0, size.bit_length() - 8)
    return (sign | exponent << 4 | size >> max(4, exponent + 3) & 0x0F) ^ 0x55
