"""What a NAL unit of H.264 is, from its first bytes."""

import pytest

from holdfast.rtsp.h264 import role_of
from holdfast.rtsp.pictures import FIRST, KEY, SLICE
from tests.rtsp.cameras import Camera, at_last
from tests.rtsp.packets import H264
from tests.rtsp.sets import Bits

P, B, I, SI, ALL_I = 0, 1, 2, 4, 7  # noqa: E741 - the names of the standard (table 7-6)


def slice_of(kind: int, *, first: int = 0, nal_type: int = 1) -> bytes:
    return bytes((0x60 | nal_type,)) + Bits().ue(first, kind).payload() + b"picture"


@pytest.mark.parametrize("kind", [I, SI, ALL_I, 9])
def test_a_slice_without_references_is_one_of_a_key_frame_also_where_it_is_no_idr(kind: int) -> None:
    assert role_of(slice_of(kind)) == SLICE | FIRST | KEY
    assert role_of(slice_of(kind, first=4000)) == SLICE | KEY


@pytest.mark.parametrize("kind", [P, B, 5, 6])
def test_a_slice_with_references_is_none(kind: int) -> None:
    assert role_of(slice_of(kind)) == SLICE | FIRST
    assert role_of(slice_of(kind, first=81)) == SLICE


def test_an_idr_is_one_whatever_it_says() -> None:
    assert role_of(slice_of(P, nal_type=5)) == SLICE | FIRST | KEY


@pytest.mark.parametrize("nal", [b"\x61", b"\x61\x00", b"\x61" + bytes(20), b"\x61\x80"])
def test_a_slice_that_says_nothing_is_no_key_frame(nal: bytes) -> None:
    assert not role_of(nal) & KEY


def test_a_picture_is_a_key_frame_when_all_its_slices_are() -> None:
    camera = Camera(H264)
    camera.learn(marks=at_last)
    camera.send(slice_of(I), slice_of(I, first=40), marks=at_last)
    camera.send(slice_of(I), slice_of(P, first=40), marks=at_last)
    camera.send(slice_of(P), slice_of(I, first=40), marks=at_last)
    assert [unit.is_key for unit in camera.units[-3:]] == [True, False, False]
