"""Parameter sets written bit by bit, independently of the code that reads them."""

HIGH, BASELINE = 100, 66


class Bits:
    """Writes what the code under test reads."""

    def __init__(self) -> None:
        self.text = ""

    def u(self, count: int, value: int) -> "Bits":
        self.text += format(value, f"0{count}b") if count else ""
        return self

    def ue(self, *values: int) -> "Bits":
        for value in values:
            code = format(value + 1, "b")
            self.text += "0" * (len(code) - 1) + code
        return self

    def se(self, *values: int) -> "Bits":
        return self.ue(*(2 * value - 1 if value > 0 else -2 * value for value in values))

    def flags(self, *values: int) -> "Bits":
        self.text += "".join("1" if value else "0" for value in values)
        return self

    def payload(self) -> bytes:
        """With emulation prevention (H.264 7.4.1)."""
        bits = self.text + "1"
        bits += "0" * (-len(bits) % 8)
        data = int(bits, 2).to_bytes(len(bits) // 8, "big")
        escaped = bytearray()
        for byte in data:
            if escaped[-2:] == b"\0\0" and byte <= 3:
                escaped.append(3)
            escaped.append(byte)
        return bytes(escaped)


def avcc(payload: bytes) -> bytes:
    sps = b"\x67" + payload
    return b"\x01\x64\x00\x28\xff\xe1" + len(sps).to_bytes(2, "big") + sps + b"\x01\x00\x00"


def hvcc(*arrays: tuple[int, bytes]) -> bytes:
    head = bytes([1]) + bytes(21) + bytes([len(arrays)])
    return head + b"".join(bytes([0x80 | kind, 0, 1]) + len(nal).to_bytes(2, "big") + nal for kind, nal in arrays)


def h264(
    *,
    profile: int = HIGH,
    chroma: int = 1,
    apart: bool = False,
    scaled: bool = False,
    order_type: int = 0,
    interlaced: bool = False,
    cropped: bool = False,
    number: int = 0,
) -> Bits:
    """A parameter set up to its VUI (H.264 7.3.2.1.1)."""
    bits = Bits().u(8, profile).u(16, 0x28).ue(number)
    if profile == HIGH:
        bits.ue(chroma)
        if chroma == 3:
            bits.flags(apart)
        bits.ue(0, 0).flags(0, scaled)
        if scaled:
            scaling(bits, 12 if chroma == 3 else 8)
    bits.ue(0, order_type)
    if order_type == 0:
        bits.ue(2)
    elif order_type == 1:
        bits.flags(0).ue(0, 0, 3, 1, 2, 3)
    bits.ue(4).flags(0).ue(119, 67).flags(not interlaced)
    if interlaced:
        bits.flags(0)
    bits.flags(1, cropped)
    return bits.ue(0, 0, 0, 4) if cropped else bits


def scaling(bits: Bits, lists: int) -> None:
    """Matrices (H.264 7.3.2.1.1.1): one that ends early, one that is written whole, one that is not there."""
    bits.flags(1).se(-8)
    bits.flags(1).se(*[1] * 16)
    bits.flags(*[0] * 4)
    bits.flags(1).se(*[-1, 1] * 32)
    bits.flags(*[0] * (lists - 7))


def vui(bits: Bits, *, reordered: int | None, rich: bool = False, hrd: bool = False) -> Bits:
    """The VUI (H.264 E.1.1); `rich`: with everything that may be in it."""
    bits.flags(1, rich)
    if rich:
        bits.u(8, 255).u(32, 0x00010001)
    bits.flags(rich)
    if rich:
        bits.flags(1)
    bits.flags(rich)
    if rich:
        bits.u(4, 5).flags(1).u(24, 0x010101)
    bits.flags(rich)
    if rich:
        bits.ue(1, 1)
    bits.flags(rich)
    if rich:
        bits.u(32, 1).u(32, 50).flags(1)
    for _ in range(2):
        bits.flags(hrd)
        if hrd:
            bits.ue(1).u(8, 0x34).ue(1000, 2000).flags(0).ue(3000, 4000).flags(1).u(20, 0x5A5A5)
    if hrd:
        bits.flags(0)
    bits.flags(0, reordered is not None)
    if reordered is not None:
        bits.flags(1).ue(2, 1, 10, 10, reordered, 4)
    return bits


def h265(
    *,
    reordered: tuple[int, ...] = (0,),
    sub_layers: int = 0,
    chroma: int = 1,
    apart: bool = False,
    cropped: bool = False,
    number: int = 0,
) -> bytes:
    """A parameter set up to the order of its pictures (H.265 7.3.2.2.1, 7.3.3)."""
    bits = Bits().u(4, 0).u(3, sub_layers).flags(1).u(88, 1 << 80).u(8, 93)
    for layer in range(sub_layers):
        bits.flags(1, layer == 0)
    if sub_layers:
        bits.u(2 * (8 - sub_layers), 0)
    for layer in range(sub_layers):
        bits.u(88, 1).u(8 if layer == 0 else 0, 0)
    bits.ue(number, chroma)
    if chroma == 3:
        bits.flags(apart)
    bits.ue(640, 360).flags(cropped)
    if cropped:
        bits.ue(0, 0, 0, 4)
    bits.ue(0, 0, 4).flags(len(reordered) > 1)
    for count in reordered:
        bits.ue(4, count, 0)
    return b"\x42\x01" + bits.payload()
