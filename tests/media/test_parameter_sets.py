"""Whether a sequence parameter set says that frames come in another order than they are shown."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.lab.clips import ClipSpec, cached
from holdfast.lab.nal import Codec, nal_type
from holdfast.media.parameter_sets import reorders_frames
from tests.rtsp.sets import BASELINE, HIGH, Bits, avcc, h264, h265, hvcc, vui


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


def test_h264_with_broken_scaling_matrices_is_left_to_its_frames() -> None:
    bits = Bits().u(8, HIGH).u(16, 0x28).ue(0, 1, 0, 0).flags(0, 1).u(32, 0)
    assert not reorders_frames("h264", avcc(bits.payload()))


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
