import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.lab import nal, sei
from holdfast.lab.nal import Codec
from holdfast.lab.sei import Stamp

CODECS = st.sampled_from(["h264", "h265"])
U64 = st.integers(0, 2**64 - 1) | st.sampled_from([0, 1, 256, 2**32])
# Mostly the bytes that matter to start codes.
RBSP = st.lists(st.sampled_from([0, 0, 0, 1, 2, 3, 4, 255]), max_size=60).map(bytes)


@given(CODECS, U64, U64, st.binary(min_size=4, max_size=4))
def test_a_stamp_comes_back_from_its_nal_unit(codec: Codec, frame: int, wall_ns: int, tag: bytes) -> None:
    stamp = Stamp(frame, wall_ns, tag)
    assert sei.parse(codec, sei.build(codec, stamp)) == stamp


@given(CODECS, U64, U64)
def test_a_stamp_never_looks_like_a_start_code(codec: Codec, frame: int, wall_ns: int) -> None:
    unit = sei.build(codec, Stamp(frame, wall_ns, b"\0\0\0\0"))
    assert not any(code in unit for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))


@given(CODECS, U64, st.binary(min_size=1, max_size=20).filter(lambda data: data[-1] != 0))
def test_a_stamp_is_found_in_an_access_unit_of_either_kind(codec: Codec, frame: int, picture: bytes) -> None:
    slice_header = b"\x41" if codec == "h264" else b"\x02\x01"
    units = (sei.build(codec, Stamp(frame, 7)), slice_header + nal.escape(picture))
    assert sei.find(codec, nal.split_annex_b(nal.join_annex_b(units))) == Stamp(frame, 7)
    prefixed = b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)
    assert nal.split_length_prefixed(prefixed) == units


@given(RBSP)
def test_emulation_prevention_is_undone_exactly(rbsp: bytes) -> None:
    escaped = nal.escape(rbsp + b"\x80")
    assert nal.unescape(escaped) == rbsp + b"\x80"
    assert not any(code in escaped for code in (b"\0\0\0", b"\0\0\1", b"\0\0\2"))


@given(CODECS, st.binary(max_size=80))
def test_bytes_that_are_no_stamp_are_no_stamp(codec: Codec, data: bytes) -> None:
    header = b"\x06" if codec == "h264" else b"\x4e\x01"
    assert sei.parse(codec, header + data) is None
    assert sei.parse(codec, data[:1]) is None


def test_a_stamp_behind_another_message_is_found() -> None:
    stamp = Stamp(3, 4)
    other = b"\x05" + b"\xff\x02" + b"x" * 257
    built = sei.build("h264", stamp)
    assert sei.parse("h264", b"\x06" + other + built[1:]) == stamp


def test_a_sample_that_is_cut_is_refused() -> None:
    with pytest.raises(ValueError, match="ends at byte"):
        nal.split_length_prefixed(b"\0\0\0\x09\x41\x42")


def test_a_three_and_a_four_byte_start_code_both_divide() -> None:
    assert nal.split_annex_b(b"\0\0\1\x41\x42\0\0\0\1\x43\0\0\1\x44") == (b"\x41\x42", b"\x43", b"\x44")
