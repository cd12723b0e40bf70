"""Whether a sequence parameter set says that frames come in another order than they are shown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.lab.clips import ClipSpec, cached
from holdfast.lab.nal import Codec, nal_type
from holdfast.media.parameter_sets import reorders_frames

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
    *, profile: int = HIGH, chroma: int = 1, order_type: int = 0, interlaced: bool = False, cropped: bool = False
) -> Bits:
    """A parameter set up to its VUI (H.264 7.3.2.1.1)."""
    bits = Bits().u(8, profile).u(16, 0x28).ue(0)
    if profile == HIGH:
        bits.ue(chroma)
        if chroma == 3:
            bits.flags(0)
        bits.ue(0, 0).flags(0, 0)
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


@pytest.mark.parametrize("reordered", [0, 1, 2])
@pytest.mark.parametrize("rich", [False, True])
@pytest.mark.parametrize("hrd", [False, True])
@pytest.mark.parametrize(
    "shape",
    [
        {},
        {"profile": BASELINE},
        {"chroma": 3},
        {"order_type": 1},
        {"interlaced": True},
        {"cropped": True},
    ],
)
def test_h264_tells_it_in_its_usability_information(
    shape: dict[str, int], reordered: int, *, rich: bool, hrd: bool
) -> None:
    payload = vui(h264(**shape), reordered=reordered, rich=rich, hrd=hrd).payload()  # type: ignore[arg-type] # by name
    assert reorders_frames("h264", avcc(payload)) == (reordered > 0)


def test_h264_that_says_nothing_about_it_is_left_to_its_frames() -> None:
    assert not reorders_frames("h264", avcc(h264().flags(0).payload()))
    assert not reorders_frames("h264", avcc(vui(h264(), reordered=None).payload()))
    assert not reorders_frames("h264", avcc(vui(h264(order_type=2), reordered=2).payload()))


def test_h264_with_scaling_matrices_is_left_to_its_frames() -> None:
    bits = Bits().u(8, HIGH).u(16, 0x28).ue(0, 1, 0, 0).flags(0, 1).u(32, 0)
    assert not reorders_frames("h264", avcc(bits.payload()))


def h265(*, reordered: tuple[int, ...] = (0,), sub_layers: int = 0, chroma: int = 1, cropped: bool = False) -> bytes:
    """A parameter set up to the order of its pictures (H.265 7.3.2.2.1, 7.3.3)."""
    bits = Bits().u(4, 0).u(3, sub_layers).flags(1).u(88, 1 << 80).u(8, 93)
    for layer in range(sub_layers):
        bits.flags(1, layer == 0)
    if sub_layers:
        bits.u(2 * (8 - sub_layers), 0)
    for layer in range(sub_layers):
        bits.u(88, 1).u(8 if layer == 0 else 0, 0)
    bits.ue(0, chroma)
    if chroma == 3:
        bits.flags(0)
    bits.ue(640, 360).flags(cropped)
    if cropped:
        bits.ue(0, 0, 0, 4)
    bits.ue(0, 0, 4).flags(len(reordered) > 1)
    for count in reordered:
        bits.ue(4, count, 0)
    return b"\x42\x01" + bits.payload()


@pytest.mark.parametrize(
    ("sps", "expected"),
    [
        (h265(), False),
        (h265(reordered=(2,)), True),
        (h265(reordered=(2,), chroma=3, cropped=True), True),
        (h265(reordered=(2,), sub_layers=2), True),
        (h265(reordered=(0, 0, 1), sub_layers=2), True),
        (h265(reordered=(0, 1, 0), sub_layers=2), False),
    ],
)
def test_h265_tells_it_for_its_highest_layer(sps: bytes, *, expected: bool) -> None:
    assert reorders_frames("h265", hvcc((32, b"\x40\x01vps"), (33, sps), (34, b"\x44\x01pps"))) is expected


def test_h265_without_a_sequence_parameter_set_is_left_to_its_frames() -> None:
    assert not reorders_frames("h265", hvcc((32, b"\x40\x01vps"), (34, b"\x44\x01pps")))


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("bframes", [0, 2])
def test_agrees_with_real_encoders(codec: Codec, bframes: int) -> None:
    clip = cached(ClipSpec(codec=codec, width=320, height=240, bframes=bframes, seconds=1.0))
    sets = {nal_type(codec, nal): nal for nal in clip.parameter_sets}
    data = avcc(sets[7][1:]) if codec == "h264" else hvcc(*((kind, nal) for kind, nal in sets.items()))
    assert reorders_frames(codec, data) == (bframes > 0)


@given(st.sampled_from(["h264", "h265"]), st.binary(max_size=300))
def test_garbage_is_never_more_than_unknown(codec: str, data: bytes) -> None:
    assert reorders_frames(codec, data) in {True, False}
    assert reorders_frames(codec, avcc(data) if codec == "h264" else hvcc((33, data))) in {True, False}


@given(st.data())
def test_a_damaged_parameter_set_is_never_more_than_unknown(data: st.DataObject) -> None:
    whole = bytearray(avcc(vui(h264(), reordered=2, rich=True, hrd=True).payload()))
    for _ in range(data.draw(st.integers(1, 6))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert reorders_frames("h264", bytes(whole[: data.draw(st.integers(0, len(whole)))])) in {True, False}


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("fill", [b"\x00", b"\xff", b"\x80", b"\x21\xff\xff"])
def test_a_huge_parameter_set_takes_no_time(codec: str, fill: bytes) -> None:
    begun_s = time.monotonic()
    huge = bytes([1]) + bytes(5) + b"\xff\xff" + bytes(14) + b"\xff" + fill * (65_535 // len(fill))
    reorders_frames(codec, huge)
    assert time.monotonic() - begun_s < 2
