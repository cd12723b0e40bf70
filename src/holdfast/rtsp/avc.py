"""Parameter sets of H.264: what they say, and the `avcC` that carries them.

Sources: ITU-T H.264 (08/2021) 7.3.2.1.1, 7.3.2.2, 7.4.2.1.1, E.1.1, E.2.1; ISO/IEC 14496-15 5.3.3.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.rtsp.bits import Bits, BitsError, at_most, size_in_pixels

SPS_TYPE = 7
PPS_TYPE = 8
MAX_SPS = 31
MAX_PPS = 255
_BASELINE = 66
_HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})
_YUV444 = 3
_MAX_CHROMA_FORMAT = 3
_MAX_DEPTH_OVER_8 = 6
_MAX_ORDER_CYCLE = 255
_ORDER_CODED = 0
_ORDER_CYCLIC = 1
_ORDER_OF_DECODING = 2
_EXTENDED_SAR = 255
# Table E-1: width and height of a pixel, by `aspect_ratio_idc`.
_ASPECTS = (
    (1, 1),
    (1, 1),
    (12, 11),
    (10, 11),
    (16, 11),
    (40, 33),
    (24, 11),
    (20, 11),
    (32, 11),
    (80, 33),
    (18, 11),
    (15, 11),
    (64, 33),
    (160, 99),
    (4, 3),
    (3, 2),
    (2, 1),
)
_MAX_HRD_COUNT = 32
_MACROBLOCK = 16
_UNIT_4X4 = 16
_UNIT_8X8 = 64
_LISTS_4X4 = 6


@dataclass(frozen=True, slots=True)
class AvcSequence:
    """What a sequence parameter set says."""

    set_id: int
    width: int
    """In pixels, after cropping."""
    height: int
    has_fields: bool
    """Whether a picture may be a field: two of them are then one frame (`frame_mbs_only_flag` is 0)."""
    reorders: bool | None
    """Whether pictures may come in another order than they are shown; None when the set does not say."""
    chroma_format: int = 1
    luma_depth_over_8: int = 0
    chroma_depth_over_8: int = 0
    pixel_aspect: tuple[int, int] = (1, 1)
    """Width and height of a pixel; square when the set does not say."""


def read_sps(nal: bytes) -> AvcSequence:
    """What the NAL unit, header included, says. Raises BitsError when it is broken."""
    bits = Bits(nal[1:])
    profile = bits.u(8)
    bits.u(16)  # constraints, level
    set_id = at_most(bits.ue(), MAX_SPS)
    chroma_format, luma, chroma, separate = _high(bits) if profile in _HIGH_PROFILES else (1, 0, 0, False)
    bits.ue()  # frame numbers
    order = _order(bits)
    bits.ue()  # reference frames
    bits.u(1)
    width = (bits.ue() + 1) * _MACROBLOCK
    height = (bits.ue() + 1) * _MACROBLOCK
    has_fields = not bits.flag()
    if has_fields:
        bits.u(1)
        height *= 2
    bits.u(1)
    left, right, top, bottom = [bits.ue() for _ in range(4)] if bits.flag() else [0, 0, 0, 0]
    # Table 6-1 and equations 7-19 to 7-22: chroma that is not there, or coded by itself, does not widen the unit.
    array = 0 if separate else chroma_format
    unit_x = 2 if array in {1, 2} else 1
    unit_y = (2 if array == 1 else 1) * (2 if has_fields else 1)
    pixel_aspect, reorders = _usability(bits, profile, order)
    return AvcSequence(
        set_id=set_id,
        width=size_in_pixels(width, (left + right) * unit_x),
        height=size_in_pixels(height, (top + bottom) * unit_y),
        has_fields=has_fields,
        reorders=reorders,
        chroma_format=chroma_format,
        luma_depth_over_8=luma,
        chroma_depth_over_8=chroma,
        pixel_aspect=pixel_aspect,
    )


def read_pps_id(nal: bytes) -> int:
    """The number of a picture parameter set. Raises BitsError when it is broken."""
    return at_most(Bits(nal[1:16]).ue(), MAX_PPS)


def avcc(sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """An AVCDecoderConfigurationRecord with lengths of four bytes.

    The first of the sequence parameter sets, which must be one that `read_sps` can read, gives profile and level.
    """
    first = sps[0]
    head = bytes((1, first[1], first[2], first[3], 0xFC | 3, 0xE0 | len(sps)))
    tail = b""
    if first[1] in _HIGH_PROFILES:
        said = read_sps(first)
        depths = (0xF8 | said.luma_depth_over_8, 0xF8 | said.chroma_depth_over_8)
        tail = bytes((0xFC | said.chroma_format, *depths, 0))
    return head + _with_lengths(sps) + bytes((len(pps),)) + _with_lengths(pps) + tail


def first_sps(record: bytes) -> bytes:
    """The first sequence parameter set of an `avcC`; b"" when it has none."""
    length = int.from_bytes(record[6:8], "big")
    return record[8 : 8 + length]


def _with_lengths(nals: Sequence[bytes]) -> bytes:
    return b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def _high(bits: Bits) -> tuple[int, int, int, bool]:
    """Chroma format, bits per luma and chroma sample over eight, whether the three colours are coded apart."""
    chroma_format = at_most(bits.ue(), _MAX_CHROMA_FORMAT)
    separate = chroma_format == _YUV444 and bits.flag()
    luma = at_most(bits.ue(), _MAX_DEPTH_OVER_8)
    chroma = at_most(bits.ue(), _MAX_DEPTH_OVER_8)
    bits.u(1)
    if bits.flag():
        for number in range(12 if chroma_format == _YUV444 else 8):
            if bits.flag():
                _skip_scaling_list(bits, _UNIT_4X4 if number < _LISTS_4X4 else _UNIT_8X8)
    return chroma_format, luma, chroma, separate


def _skip_scaling_list(bits: Bits, size: int) -> None:
    """7.3.2.1.1.1: after a scale of 0 the rest of the list is as the last one, and not written."""
    scale = 8
    for _ in range(size):
        scale = (scale + bits.se()) % 256
        if scale == 0:
            return


def _order(bits: Bits) -> int:
    order = at_most(bits.ue(), _ORDER_OF_DECODING)
    if order == _ORDER_CODED:
        bits.ue()
    elif order == _ORDER_CYCLIC:
        bits.u(1)
        bits.skip_ue(2)
        bits.skip_ue(at_most(bits.ue(), _MAX_ORDER_CYCLE))
    return order


def _usability(bits: Bits, profile: int, order: int) -> tuple[tuple[int, int], bool | None]:
    """What follows in the set: the shape of a pixel, and whether pictures are shown in another order.

    Several cameras write nonsense here, which no decoder needs; the size of the picture is right all the same.
    """
    pixel_aspect, reordered = (1, 1), None
    try:
        if bits.flag():
            pixel_aspect = _pixel_aspect(bits)
            reordered = _reordered_frames(bits)
    except BitsError:
        reordered = None
    if order == _ORDER_OF_DECODING:  # output order is decoding order (8.2.1.3)
        return pixel_aspect, False
    if reordered is None:
        # The baseline profile has no B slices (A.2.1).
        return pixel_aspect, False if profile == _BASELINE else None
    return pixel_aspect, reordered > 0


def _pixel_aspect(bits: Bits) -> tuple[int, int]:
    if not bits.flag():
        return 1, 1
    number = bits.u(8)
    if number != _EXTENDED_SAR:
        return _ASPECTS[number] if number < len(_ASPECTS) else (1, 1)
    width, height = bits.u(16), bits.u(16)
    # Zero on either side says "unspecified" (E.2.1).
    return (width, height) if width and height else (1, 1)


def _reordered_frames(bits: Bits) -> int | None:
    """`max_num_reorder_frames` of the usability information, behind the shape of a pixel; None when it is not there."""
    if bits.flag():
        bits.u(1)
    if bits.flag():
        bits.u(4)
        if bits.flag():
            bits.u(24)
    if bits.flag():
        bits.skip_ue(2)
    if bits.flag():
        bits.u(65)
    nal_hrd = bits.flag()
    if nal_hrd:
        _skip_hrd(bits)
    vcl_hrd = bits.flag()
    if vcl_hrd:
        _skip_hrd(bits)
    if nal_hrd or vcl_hrd:
        bits.u(1)
    bits.u(1)
    if not bits.flag():
        return None
    bits.u(1)
    bits.skip_ue(4)
    return bits.ue()


def _skip_hrd(bits: Bits) -> None:
    count = at_most(bits.ue() + 1, _MAX_HRD_COUNT)
    bits.u(8)
    for _ in range(count):
        bits.skip_ue(2)
        bits.u(1)
    bits.u(20)
