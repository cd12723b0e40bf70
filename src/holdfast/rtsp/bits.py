"""Bits of parameter sets (ITU-T H.264 7.3.1, 9.1; ITU-T H.265 7.3.1.1, 9.2)."""

MAX_BYTES = 4096
"""More than this of a parameter set is not read: real ones have some hundred bytes at most."""
_MAX_ZEROS = 32


class BitsError(ValueError):
    """The bits end too early, or say something that the standard excludes."""


class Bits:
    """Reads bits, such as those behind a NAL unit's header. Every method raises BitsError behind the end."""

    def __init__(self, payload: bytes, *, is_escaped: bool = True) -> None:
        self.data = unescape(payload[:MAX_BYTES]) if is_escaped else payload[:MAX_BYTES]
        """What is read: without emulation prevention."""
        self._value = int.from_bytes(self.data, "big")
        self._left = len(self.data) * 8

    def u(self, count: int) -> int:
        """Unsigned number of that many bits."""
        if count > self._left:
            raise BitsError("the bits end too early")
        self._left -= count
        return (self._value >> self._left) & ((1 << count) - 1)

    def flag(self) -> bool:
        """One bit."""
        return self.u(1) == 1

    def ue(self) -> int:
        """Unsigned Exp-Golomb code."""
        # All zeros are found at once: bit by bit, a hostile parameter set would cost tens of milliseconds.
        width = min(self._left, _MAX_ZEROS + 1)
        ahead = (self._value >> (self._left - width)) & ((1 << width) - 1)
        if not ahead:
            raise BitsError("no Exp-Golomb code")
        zeros = width - ahead.bit_length()
        self._left -= zeros
        return self.u(zeros + 1) - 1

    def se(self) -> int:
        """Signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)

    def skip_ue(self, count: int) -> None:
        """Read over so many Exp-Golomb codes."""
        for _ in range(count):
            self.ue()


def unescape(payload: bytes) -> bytes:
    """Remove emulation prevention bytes."""
    return payload.replace(b"\x00\x00\x03", b"\x00\x00")


def at_most(value: int, largest: int) -> int:
    """Return the value. Raises BitsError when it is larger than the standard allows."""
    if value > largest:
        raise BitsError(f"{value} is more than {largest}")
    return value


def size_in_pixels(coded: int, cropped: int) -> int:
    """A width or height after cropping. Raises BitsError when nothing is left, or more than MP4 can say."""
    size = coded - cropped
    if not 0 < size < 1 << 16:
        raise BitsError(f"a picture of {size} pixels")
    return size
