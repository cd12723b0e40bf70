"""AAC in RTP (RFC 3640, modes AAC-hbr and AAC-lbr), and the AudioSpecificConfig (ISO/IEC 14496-3 1.6.2.1)."""

from collections.abc import Mapping
from dataclasses import dataclass

from holdfast.rtsp.bits import Bits, BitsError
from holdfast.rtsp.errors import RtspError

RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)
_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8)
_ESCAPED_RATE = 15
_ESCAPED_TYPE = 31
_LOW_COMPLEXITY = 2
_PLAIN_TYPES = frozenset({1, 2, 3, 4})
_SPECTRAL_REPLICATION = frozenset({5, 29})
_LOW_DELAY = frozenset({23, 39})
_MAX_SIZE_BITS = 16
_MAX_INDEX_BITS = 16
_MODES = {"aac-hbr": (13, 3, 3), "aac-lbr": (6, 2, 2)}
# Fields of an AU header that no camera is known to write.
_OTHER_FIELDS = (
    "ctsdeltalength",
    "dtsdeltalength",
    "randomaccessindication",
    "streamstateindication",
    "auxiliarydatasizelength",
)
_MAX_CONFIG_BYTES = 64
_MAX_DIGITS = 4
_ADTS_BYTES = 7
_ADTS_CHECKSUM_BYTES = 2
_ADTS_SYNC = 0xFFF0
_ADTS_SYNC_MASK = 0xFFF6
"""The sync word, and a layer of 0."""


@dataclass(frozen=True, slots=True)
class Config:
    """What an AudioSpecificConfig says."""

    data: bytes
    rate: int
    """Samples per second (with spectral replication: of the core)."""
    channels: int
    """0 when the stream says it by itself."""
    samples: int
    """Of an access unit, per channel."""


def config_of(fmtp: Mapping[str, str], clock_rate: int, channels: int) -> Config:
    """The track's configuration; made up from the clock rate when it has none, or one that makes no sense.

    Raises RtspError for low-delay AAC, which is not supported.
    """
    try:
        return _read_config(bytes.fromhex(fmtp.get("config", "")))
    except ValueError:
        return _made_up(clock_rate, channels)


def _read_config(data: bytes) -> Config:
    if len(data) > _MAX_CONFIG_BYTES:
        raise BitsError("no configuration has so many bytes")
    # Zeros behind it, because cameras leave them out at its end.
    bits = Bits(data + bytes(4), is_escaped=False)
    kind, rate, channels = _read_kind(bits), _read_rate(bits), bits.u(4)
    if kind in _LOW_DELAY:
        raise RtspError("Sound in low-delay AAC is not supported.")
    if kind in _SPECTRAL_REPLICATION:
        _read_rate(bits)
        kind = _read_kind(bits)
    if kind not in _PLAIN_TYPES or channels >= len(_CHANNELS) or not rate:
        raise BitsError("no configuration of AAC")
    return Config(data, rate, _CHANNELS[channels], 960 if bits.flag() else 1024)


def _read_kind(bits: Bits) -> int:
    kind = bits.u(5)
    return 32 + bits.u(6) if kind == _ESCAPED_TYPE else kind


def _read_rate(bits: Bits) -> int:
    index = bits.u(4)
    if index == _ESCAPED_RATE:
        return bits.u(24)
    return RATES[index] if index < len(RATES) else 0


def _made_up(clock_rate: int, channels: int) -> Config:
    number = _CHANNELS.index(channels) if channels in _CHANNELS else 0
    if clock_rate in RATES:
        value, width = RATES.index(clock_rate), 4
    else:
        value, width = _ESCAPED_RATE << 24 | clock_rate & 0xFFFFFF, 28
    text = _LOW_COMPLEXITY << width + 4 | value << 4 | number
    # The three flags of a GASpecificConfig are 0.
    return Config((text << 3).to_bytes((5 + width + 4 + 3) // 8, "big"), clock_rate, channels, 1024)


class Headers:
    """The AU headers at the begin of every payload (RFC 3640 section 3.2.1)."""

    def __init__(self, fmtp: Mapping[str, str]) -> None:
        """Raises RtspError when the description wants them in a way that is not supported."""
        sizes = _MODES.get(fmtp.get("mode", "AAC-hbr").strip().lower())
        if sizes is None:
            raise RtspError(f"Sound in the mode {fmtp['mode']!r} is not supported.")
        names = ("sizelength", "indexlength", "indexdeltalength")
        size, index, delta = (_number(fmtp, name, usual) for name, usual in zip(names, sizes, strict=True))
        if (
            not 0 < size <= _MAX_SIZE_BITS
            or max(index, delta) > _MAX_INDEX_BITS
            or any(_number(fmtp, name, 0) for name in _OTHER_FIELDS)
        ):
            raise RtspError("The camera describes its sound in a way that is not supported.")
        self._size_bits = size
        self._first_bits = size + index
        self._other_bits = size + delta

    def read(self, payload: bytes) -> tuple[list[int], int]:
        """Sizes of the access units, and where the first of them begins; ([], 0) for a broken payload."""
        bits = int.from_bytes(payload[:2], "big")
        begin = 2 + (bits + 7) // 8
        if begin > len(payload) or bits < self._first_bits:
            return [], 0
        text = int.from_bytes(payload[2:begin], "big")
        at = 8 * (begin - 2)
        mask = (1 << self._size_bits) - 1
        sizes = [text >> at - self._size_bits & mask]
        at -= self._first_bits
        for _ in range((bits - self._first_bits) // self._other_bits):
            sizes.append(text >> at - self._size_bits & mask)
            at -= self._other_bits
        return sizes, begin


def _number(fmtp: Mapping[str, str], name: str, usual: int) -> int:
    text = fmtp.get(name, "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else usual


def without_adts(unit: bytes) -> bytes:
    """An access unit without the ADTS header that some cameras leave before it (ISO/IEC 14496-3 1.A.2.2)."""
    if len(unit) <= _ADTS_BYTES or (unit[0] << 8 | unit[1]) & _ADTS_SYNC_MASK != _ADTS_SYNC:
        return unit
    size = (unit[3] & 3) << 11 | unit[4] << 3 | unit[5] >> 5
    begin = _ADTS_BYTES + (0 if unit[1] & 1 else _ADTS_CHECKSUM_BYTES)
    return unit[begin:] if size == len(unit) > begin else unit
