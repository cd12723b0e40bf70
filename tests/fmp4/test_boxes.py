"""Boxes and limits."""

import struct

import pytest

from holdfast.fmp4 import Fmp4Error, Limits
from holdfast.fmp4.boxes import MAX_CHILDREN, children, fields, first, inside, make, read_box
from tests.fmp4.builder import box, large_box


def test_a_box_is_found_with_a_small_a_large_and_an_open_size() -> None:
    for data, body in ((box(b"free", b"abc"), 8), (large_box(b"free", b"abc"), 16)):
        assert read_box(data, 0, len(data)) == (b"free", 0, body, len(data))
    assert read_box(b"\0\0\0\0freeabc", 0, 11) == (b"free", 0, 8, 11)


@pytest.mark.parametrize("length", range(16))
def test_a_header_that_is_not_complete_is_none_yet(length: int) -> None:
    assert read_box(large_box(b"free", b"abc"), 0, length) is None


@pytest.mark.parametrize("data", [b"\0\0\0\7free", b"\0\0\0\1free" + bytes(7) + b"\x0f"])
def test_a_size_smaller_than_its_header_is_refused(data: bytes) -> None:
    with pytest.raises(Fmp4Error, match="smaller than its header in box 'free' at byte 0"):
        read_box(data, 0, len(data))


def test_children_must_fill_their_box_exactly() -> None:
    assert [child.name for child in children(box(b"aaaa") + box(b"bbbb"), 0, 16)] == ["aaaa", "bbbb"]
    with pytest.raises(Fmp4Error, match="cut off"):
        list(children(box(b"aaaa") + b"123", 0, 11))
    with pytest.raises(Fmp4Error, match="1 bytes behind"):
        list(children(box(b"aaaa", b"x"), 0, 8))
    with pytest.raises(Fmp4Error, match="more than"):
        list(children(box(b"aaaa") * (MAX_CHILDREN + 1), 0, 8 * (MAX_CHILDREN + 1)))


def test_what_a_box_should_have_and_has_not_is_named() -> None:
    data = box(b"moov", box(b"free"))
    moov = next(children(data, 0, len(data)))
    with pytest.raises(Fmp4Error, match="has no 'trak' in it in box 'moov'"):
        first(data, moov, b"trak")
    with pytest.raises(Fmp4Error, match="too short for its fields"):
        inside(data, moov, 9)
    with pytest.raises(Fmp4Error, match="8 bytes of contents"):
        fields(struct.Struct(">QQ"), data, moov)


def test_a_box_type_that_is_no_text_stays_readable_in_the_error() -> None:
    with pytest.raises(Fmp4Error) as caught:
        read_box(b"\0\0\0\2\0\xff\na", 0, 8)
    assert caught.value.box == r"\x00\xff\na"
    assert str(caught.value.moved(5)).endswith("at byte 5")
    assert str(Fmp4Error("something")) == "something"
    assert Fmp4Error("something").moved(5).offset is None


def test_a_box_of_four_gigabytes_is_not_made() -> None:
    class Huge(bytes):
        def __len__(self) -> int:
            return 1 << 32

    with pytest.raises(Fmp4Error, match="do not fit"):
        make(b"mdat", Huge())


def test_limits_are_by_kind() -> None:
    limits = Limits(moov_bytes=1, moof_bytes=2, fragment_bytes=3, other_bytes=4)
    assert [limits.of(kind) for kind in (b"moov", b"moof", b"mdat", b"free")] == [1, 2, 3, 4]
