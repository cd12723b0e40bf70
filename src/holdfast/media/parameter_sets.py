"""What a sequence parameter set says about the order of frames. Bytes in, answer out.

Sources: ITU-T H.264 (08/2021) 7.3.2.1.1, E.1.1; ITU-T H.265 (08/2021) 7.3.2.2, 7.3.3;
ISO/IEC 14496-15 5.3.3.1 (avcC), 8.3.3.1 (hvcC).
"""

H265_SPS = 33
HIGH_PROFILES = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128})
EXTENDED_SAR = 255


class _Bits:
    """Reads bits of a NAL unit's payload, emulation prevention removed (H.264 7.3.1)."""

    def __init__(self, payload: bytes) -> None:
        data = payload.replace(b"\x00\x00\x03", b"\x00\x00")
        self._value = int.from_bytes(data, "big")
        self._left = len(data) * 8

    def u(self, count: int) -> int:
        if count > self._left:
            raise ValueError("parameter set ends too early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise ValueError("no Exp-Golomb code")
        return (1 << zeros) - 1 + (self.u(zeros) if zeros else 0)


def reorders_frames(codec: str, codec_data: bytes) -> bool:
    """Whether the stream's frames come in another order than they are shown (B-frames).

    `codec` is "h264" or "h265", `codec_data` the content of avcC or hvcC. False when the parameter set does not
    say so: the order of the frames themselves then tells.
    """
    try:
        if codec == "h264":
            length = int.from_bytes(codec_data[6:8], "big")
            return _h264_reorders(_Bits(codec_data[9 : 8 + length]))
        sps = _first_h265_sps(codec_data)
        return sps is not None and _h265_reorders(_Bits(sps[2:]))
    except (ValueError, IndexError):
        return False


def _h264_reorders(bits: _Bits) -> bool:
    profile = bits.u(8)
    bits.u(16)
    bits.ue()
    if profile in HIGH_PROFILES:
        _skip_h264_high(bits)
    bits.ue()
    order_type = bits.ue()
    if order_type == 2:  # output order is decode order (8.2.1.3)
        return False
    _skip_h264_order(bits, order_type)
    bits.ue()
    bits.u(1)
    bits.ue()
    bits.ue()
    if not bits.u(1):
        bits.u(1)
    bits.u(1)
    if bits.u(1):
        for _ in range(4):
            bits.ue()
    return bool(bits.u(1)) and _h264_vui_reorders(bits)


def _skip_h264_high(bits: _Bits) -> None:
    if bits.ue() == 3:
        bits.u(1)
    bits.ue()
    bits.ue()
    bits.u(1)
    if bits.u(1):
        raise ValueError("scaling matrices are not read")


def _skip_h264_order(bits: _Bits, order_type: int) -> None:
    if order_type == 0:
        bits.ue()
        return
    bits.u(1)
    bits.ue()
    bits.ue()
    for _ in range(min(bits.ue(), 255)):
        bits.ue()


def _h264_vui_reorders(bits: _Bits) -> bool:
    if bits.u(1) and bits.u(8) == EXTENDED_SAR:
        bits.u(32)
    if bits.u(1):
        bits.u(1)
    if bits.u(1):
        bits.u(4)
        if bits.u(1):
            bits.u(24)
    if bits.u(1):
        bits.ue()
        bits.ue()
    if bits.u(1):
        bits.u(65)
    nal_hrd = bits.u(1)
    if nal_hrd:
        _skip_hrd(bits)
    vcl_hrd = bits.u(1)
    if vcl_hrd:
        _skip_hrd(bits)
    if nal_hrd or vcl_hrd:
        bits.u(1)
    bits.u(1)
    if not bits.u(1):
        return False
    bits.u(1)
    for _ in range(4):
        bits.ue()
    return bits.ue() > 0


def _skip_hrd(bits: _Bits) -> None:
    count = bits.ue() + 1
    bits.u(8)
    for _ in range(min(count, 32)):
        bits.ue()
        bits.ue()
        bits.u(1)
    bits.u(20)


def _first_h265_sps(hvcc: bytes) -> bytes | None:
    offset = 23
    for _ in range(hvcc[22]):
        kind = hvcc[offset] & 0x3F
        count = int.from_bytes(hvcc[offset + 1 : offset + 3], "big")
        offset += 3
        for _ in range(count):
            length = int.from_bytes(hvcc[offset : offset + 2], "big")
            if kind == H265_SPS:
                return hvcc[offset + 2 : offset + 2 + length]
            offset += 2 + length
    return None


def _h265_reorders(bits: _Bits) -> bool:
    bits.u(4)
    sub_layers = bits.u(3)
    bits.u(1)
    bits.u(96)  # general profile, tier, level
    present = [(bits.u(1), bits.u(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for profile, level in present:
        bits.u(88 * profile + 8 * level)
    bits.ue()
    if bits.ue() == 3:
        bits.u(1)
    bits.ue()
    bits.ue()
    if bits.u(1):
        for _ in range(4):
            bits.ue()
    bits.ue()
    bits.ue()
    bits.ue()
    first = 0 if bits.u(1) else sub_layers
    reordered = 0
    for _ in range(first, sub_layers + 1):
        bits.ue()
        reordered = bits.ue()
        bits.ue()
    return reordered > 0
