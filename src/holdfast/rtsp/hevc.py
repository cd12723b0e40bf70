"""Parameter sets of H.265: what they say, and the `hvcC` that carries them.

Sources: ITU-T H.265 (08/2021) 7.3.2.1 to 7.3.2.3, 7.3.3, 7.4.3.2.1; ISO/IEC 14496-15 8.3.3.1.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.rtsp.bits import Bits, at_most, size_in_pixels

VPS_TYPE = 32
SPS_TYPE = 33
PPS_TYPE = 34
MAX_VPS = 15
MAX_SPS = 15
MAX_PPS = 63
_HEADER_BYTES = 2
_PROFILE_BYTES = 12
_YUV444 = 3
_MAX_SUB_LAYERS = 6
_MAX_DEPTH_OVER_8 = 8
# An hvcC: 22 bytes before the number of its arrays; an array: its type, how many, then each behind its length.
_ARRAYS_AT = 22
_ARRAY_HEAD_BYTES = 3


@dataclass(frozen=True, slots=True)
class HevcSequence:
    """What a sequence parameter set says."""

    set_id: int
    width: int
    """In pixels, after cropping."""
    height: int
    reorders: bool
    """Whether pictures may come in another order than they are shown."""
    profile: bytes
    """General profile, tier and level as written: 12 bytes."""
    chroma_format: int
    luma_depth_over_8: int
    chroma_depth_over_8: int
    layers: int
    """Temporal sub-layers, 1 to 7."""
    is_nested: bool


def read_sps(nal: bytes) -> HevcSequence:
    """What the NAL unit, header included, says. Raises BitsError when it is broken."""
    bits = Bits(nal[_HEADER_BYTES:])
    bits.u(4)
    sub_layers = at_most(bits.u(3), _MAX_SUB_LAYERS)
    is_nested = bits.flag()
    _skip_profiles(bits, sub_layers)
    set_id = at_most(bits.ue(), MAX_SPS)
    chroma_format = at_most(bits.ue(), _YUV444)
    separate = chroma_format == _YUV444 and bits.flag()
    width, height = bits.ue(), bits.ue()
    left, right, top, bottom = [bits.ue() for _ in range(4)] if bits.flag() else [0, 0, 0, 0]
    luma = at_most(bits.ue(), _MAX_DEPTH_OVER_8)
    chroma = at_most(bits.ue(), _MAX_DEPTH_OVER_8)
    bits.ue()
    reordered = 0
    for _ in range(0 if bits.flag() else sub_layers, sub_layers + 1):
        bits.ue()
        reordered = bits.ue()
        bits.ue()
    # Table 6-1: chroma that is not there, or coded by itself, does not widen the unit of the window.
    array = 0 if separate else chroma_format
    return HevcSequence(
        set_id=set_id,
        width=size_in_pixels(width, (left + right) * (2 if array in {1, 2} else 1)),
        height=size_in_pixels(height, (top + bottom) * (2 if array == 1 else 1)),
        reorders=reordered > 0,
        profile=bits.data[1 : 1 + _PROFILE_BYTES],
        chroma_format=chroma_format,
        luma_depth_over_8=luma,
        chroma_depth_over_8=chroma,
        layers=sub_layers + 1,
        is_nested=is_nested,
    )


def read_vps_id(nal: bytes) -> int:
    """The number of a video parameter set. Raises BitsError when it is broken."""
    return Bits(nal[_HEADER_BYTES:16]).u(4)


def read_pps_id(nal: bytes) -> int:
    """The number of a picture parameter set. Raises BitsError when it is broken."""
    return at_most(Bits(nal[_HEADER_BYTES:16]).ue(), MAX_PPS)


def hvcc(vps: Sequence[bytes], sps: Sequence[bytes], pps: Sequence[bytes]) -> bytes:
    """An HEVCDecoderConfigurationRecord with lengths of four bytes, for a stream that may carry the sets, too (hev1).

    The first of the sequence parameter sets, which must be one that `read_sps` can read, gives profile and level.
    """
    said = read_sps(sps[0])
    head = b"\x01" + said.profile + b"\xf0\x00\xfc"  # no segmentation, no parallelism that would be worth a word
    head += bytes((0xFC | said.chroma_format, 0xF8 | said.luma_depth_over_8, 0xF8 | said.chroma_depth_over_8, 0, 0))
    head += bytes((said.layers << 3 | said.is_nested << 2 | 3, 3))
    return head + b"".join(_array(kind, nals) for kind, nals in ((VPS_TYPE, vps), (SPS_TYPE, sps), (PPS_TYPE, pps)))


def first_sps(record: bytes) -> bytes:
    """The first sequence parameter set of an `hvcC`; b"" when it has none. Raises IndexError when it is cut off."""
    at = _ARRAYS_AT + 1
    for _ in range(record[_ARRAYS_AT]):
        kind = record[at] & 0x3F
        count = int.from_bytes(record[at + 1 : at + _ARRAY_HEAD_BYTES], "big")
        at += _ARRAY_HEAD_BYTES
        for _ in range(count):
            length = int.from_bytes(record[at : at + 2], "big")
            if kind == SPS_TYPE:
                return record[at + 2 : at + 2 + length]
            at += 2 + length
    return b""


def _array(kind: int, nals: Sequence[bytes]) -> bytes:
    return bytes((kind,)) + len(nals).to_bytes(2, "big") + b"".join(len(nal).to_bytes(2, "big") + nal for nal in nals)


def _skip_profiles(bits: Bits, sub_layers: int) -> None:
    bits.u(96)
    present = [(bits.u(1), bits.u(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for profile, level in present:
        bits.u(88 * profile + 8 * level)
