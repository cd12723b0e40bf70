"""Parameter sets of a video track, from its description and from the stream."""

import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from holdfast.rtsp import avc, hevc
from holdfast.rtsp.bits import MAX_BYTES, BitsError

Codec: TypeAlias = Literal["h264", "h265"]

START_CODE = b"\x00\x00\x01"
_SPROPS = ("sprop-parameter-sets", "sprop-vps", "sprop-sps", "sprop-pps")
_MAX_SPROP_CHARACTERS = 1 << 16
_MIN_BYTES = 2


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """The sets in force, each a NAL unit with its header; the newest of each kind is first."""

    codec: Codec
    vps: tuple[bytes, ...]
    """Empty for H.264."""
    sps: tuple[bytes, ...]
    pps: tuple[bytes, ...]
    width: int
    """In pixels, after cropping."""
    height: int
    reorders: bool | None
    """Whether pictures may come in another order than they are shown (B-frames); None when the sets do not say."""
    has_fields: bool = False
    """H.264: whether two pictures with one time may be the two fields of a frame."""
    pixel_aspect: tuple[int, int] = (1, 1)
    """H.264: width and height of a pixel."""

    def codec_data(self) -> bytes:
        """The content of `avcC` or `hvcC` (ISO/IEC 14496-15), for NAL units behind lengths of four bytes."""
        if self.codec == "h264":
            return avc.avcc(self.sps, self.pps)
        return hevc.hvcc(self.vps, self.sps, self.pps)


def split_at_start_codes(data: bytes) -> list[bytes]:
    """NAL units of Annex B, with or without a start code before the first.

    Zeros at the end of a unit are left out: a NAL unit never ends with one (H.264 7.4.1).
    """
    return [nal for part in data.split(START_CODE) if (nal := part.rstrip(b"\x00"))]


class KnownSets:
    """The parameter sets of a track: by kind and number, the last that came."""

    def __init__(self, codec: Codec, fmtp: Mapping[str, str]) -> None:
        """Take what the description has, in whatever order and with whatever commas it has it."""
        self.current: ParameterSets | None = None
        """None while a kind of set is missing; another object after each change."""
        self._codec: Codec = codec
        kinds = (avc.SPS_TYPE, avc.PPS_TYPE) if codec == "h264" else (hevc.VPS_TYPE, hevc.SPS_TYPE, hevc.PPS_TYPE)
        self._by_kind: dict[int, dict[int, bytes]] = {kind: {} for kind in kinds}
        for name in _SPROPS:
            for text in fmtp.get(name, "")[:_MAX_SPROP_CHARACTERS].split(","):
                for nal in split_at_start_codes(_from_base64(text)):
                    self.take(nal)

    def take(self, nal: bytes) -> None:
        """Take a NAL unit with its header. One that is none of these sets, or a broken one, changes nothing."""
        nal = nal.rstrip(b"\x00")
        if not _MIN_BYTES <= len(nal) <= MAX_BYTES:
            return
        kind = nal[0] & 0x1F if self._codec == "h264" else nal[0] >> 1 & 0x3F
        known = self._by_kind.get(kind)
        if known is None or nal in known.values():
            return
        try:
            number = self._number(kind, nal)
        except BitsError:
            return
        known.pop(number, None)
        self._by_kind[kind] = {number: nal, **known}
        if all(self._by_kind.values()):
            self.current = self._described()

    def _number(self, kind: int, nal: bytes) -> int:
        match self._codec, kind:
            case "h264", avc.SPS_TYPE:
                return avc.read_sps(nal).set_id
            case "h264", _:
                return avc.read_pps_id(nal)
            case _, hevc.SPS_TYPE:
                return hevc.read_sps(nal).set_id
            case _, hevc.VPS_TYPE:
                return hevc.read_vps_id(nal)
            case _:
                return hevc.read_pps_id(nal)

    def _described(self) -> ParameterSets:
        vps, sps, pps = [tuple(sets.values()) for sets in ({}, *self._by_kind.values())][-3:]
        if self._codec == "h264":
            # An avcC has room for one less than there are numbers.
            sps = sps[: avc.MAX_SPS]
            pps = pps[: avc.MAX_PPS]
            said = avc.read_sps(sps[0])
            shape = said.width, said.height, said.reorders, said.has_fields, said.pixel_aspect
            return ParameterSets("h264", (), sps, pps, *shape)
        seen = hevc.read_sps(sps[0])
        return ParameterSets("h265", vps, sps, pps, seen.width, seen.height, seen.reorders)


def _from_base64(text: str) -> bytes:
    """What the text means, with or without its padding; b"" when it means nothing."""
    bare = text.strip().strip('"').rstrip("=")
    try:
        return binascii.a2b_base64(bare + "=" * (-len(bare) % 4))
    except ValueError:
        return b""
