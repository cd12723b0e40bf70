"""Finding a key frame: by the index, by the fragments, and in what is damaged."""

import struct
from collections.abc import Sequence
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.fmp4 import (
    Entry,
    Fmp4Error,
    FoundFragment,
    KeyFrame,
    ReadAt,
    decoder_of,
    entries_of,
    find_key_frame,
    index_size,
    read_header,
    read_index,
    scan,
    scan_on,
)
from holdfast.fmp4.boxes import Limits
from holdfast.fmp4.key_frames import MAX_SAMPLE_BYTES
from tests.fmp4 import builder
from tests.fmp4.builder import AVCC, HVCC, Sample, audio_entry, box, full, moov, trak, visual_entry
from tests.fmp4.segments import assemble, read_from, split

LEN_GROUP = 7 * 6000
LEN_INTER = 8 * 6000
KEY_BYTES = 300


def film(count: int = 8, *, group: Sequence[Sample] = builder.GROUP) -> bytes:
    return assemble(*split(builder.stream(count, group=group))).final_file


def indexed(data: bytes) -> Sequence[Entry]:
    return read_index(data[-index_size(data) :], 1)


def found(data: bytes, time: int, entries: Sequence[Entry] | None = None) -> KeyFrame:
    return find_key_frame(read_from(data), read_header(data), indexed(data) if entries is None else entries, time)


# ------------------------------------------------------------ the index


def test_the_index_and_the_fragments_say_the_same() -> None:
    for later in (0, 12000):
        data = film(group=tuple(Sample(one.size, 6000, one.sync, later) for one in builder.GROUP))
        index, walked = indexed(data), scan(read_from(data), len(data))
        assert list(index) == entries_of(walked.fragments, 1, later)
        assert [time for time, _ in index] == [number * (LEN_GROUP + LEN_INTER) for number in range(4)]
        assert entries_of(walked.fragments, 2, 0) == []


def test_a_file_that_ends_otherwise_has_no_index() -> None:
    assert index_size(b"") == index_size(bytes(16)) == 0
    assert index_size(b"\0\0\0\x10mfro" + bytes(4) + b"\0\0\1\0") == 256


def rows(version: int, lengths: int, *entries: bytes, count: int | None = None, track_id: int = 1) -> bytes:
    fields = struct.pack(">III", track_id, lengths, len(entries) if count is None else count)
    return box(b"mfra", full(b"tfra", version, 0, fields, *entries))


def test_indexes_of_other_writers_are_read() -> None:
    narrow = [struct.pack(">IIHIB", time, 100 + time, 1, 1, 1) for time in (0, 5)]
    assert list(read_index(rows(0, 0b011100, *narrow), 1)) == [(0, 100), (5, 105)]


@pytest.mark.parametrize(
    ("mfra", "reason"),
    [
        (b"", "no whole index"),
        (box(b"free", b""), "no whole index"),
        (rows(1, 0)[:-1], "no whole index"),
        (rows(1, 0, track_id=2), "nothing of the video track"),
        (box(b"mfra", box(b"free", b"")), "nothing of the video track"),
        (rows(1, 0, bytes(19), count=2), "has no room for 2 entries"),
        (rows(1, 0, bytes(20), count=1), "has no room for 1 entries"),
        (rows(1, 0, count=0xFFFFFFFF), "has no room for 4294967295 entries"),
        (box(b"mfra", box(b"tfra", b"")), "is too short"),
    ],
)
def test_a_broken_index_is_refused(mfra: bytes, reason: str) -> None:
    with pytest.raises(Fmp4Error, match=reason):
        read_index(mfra, 1)


def test_an_index_has_as_many_entries_as_it_says() -> None:
    index = read_index(rows(1, 0, bytes(19)), 1)
    assert len(index) == 1
    for number in (-1, 1):
        with pytest.raises(IndexError):
            index[number]


# ------------------------------------------------------------ the key frame


@given(time=st.integers(-10, 400_000))
def test_the_key_frame_at_or_before_a_moment_is_found_by_reading_its_fragment_only(time: int) -> None:
    data = film()
    keys = [one for one, _ in indexed(data)]
    key = found(data, time)
    assert key.time == max([one for one in keys if one <= time], default=0)
    assert key.until == min([one for one in keys if one > key.time], default=None)
    number = keys.index(key.time) * 2 + 1
    assert (
        data[key.offset : key.offset + key.size] == builder.payload(KEY_BYTES + sum(range(50, 56)), number)[:KEY_BYTES]
    )


def test_of_several_key_frames_in_a_fragment_the_last_one_before_the_moment_is_taken() -> None:
    group = (Sample(300, sync=True), Sample(50), Sample(200, sync=True), Sample(60))
    data = film(2, group=group)
    assert [found(data, time).size for time in (0, 11_999, 12_000, 30_000)] == [300, 300, 200, 200]
    assert (found(data, 0).until, found(data, 12_000).until) == (12_000, None)


def test_a_key_frame_that_is_shown_later_than_it_is_decoded_is_found_by_when_it_is_shown() -> None:
    group = (Sample(300, sync=True, later=6000), Sample(50, later=12000), Sample(200, sync=True, later=6000))
    data = film(2, group=group)
    assert [found(data, time).time for time in (0, 11_999, 12_000)] == [0, 0, 12_000]


def test_without_a_key_frame_there_is_none() -> None:
    with pytest.raises(Fmp4Error, match="there is no key frame in it yet"):
        found(film(), 0, [])


def spoilt(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def first_moof(data: bytes) -> int:
    return indexed(data)[0][1]


def many_samples() -> bytes:
    """A moof that is longer than the first look at it."""
    return film(2, group=(Sample(300, sync=True), *[Sample(5)] * 500))


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda data: spoilt(data, first_moof(data) + 4, b"mdat"), "no fragment where the index says"),
        (lambda data: data[: first_moof(data) + 3], "no fragment where the index says"),
        (lambda data: data[: first_moof(data) + 40], "a fragment is cut off|ends . bytes behind"),
        (lambda data: spoilt(data, data.index(b"tfhd") + 8, b"\0\0\0\7"), "nothing of the video track"),
        (lambda data: spoilt(data, data.index(b"traf"), b"free"), "nothing of the video track"),
        (lambda data: spoilt(data, data.index(b"trun") + 24, b"\0\1\0\0"), "does not begin with the key frame"),
        (lambda data: spoilt(data, data.index(b"trun") + 8, b"\0\0\0\0"), "does not begin with the key frame"),
    ],
)
def test_what_is_not_as_the_index_says_is_refused(spoil: object, reason: str) -> None:
    assert callable(spoil)
    data = film()
    damaged = spoil(data)
    with pytest.raises(Fmp4Error, match=reason):
        find_key_frame(read_from(damaged), read_header(data), indexed(data), 0)


def test_a_moof_of_any_length_is_read_and_one_too_large_is_not() -> None:
    data = many_samples()
    assert found(data, 0).size == 300
    limits = Limits(moof_bytes=1000)
    with pytest.raises(Fmp4Error, match="no fragment"):
        find_key_frame(read_from(data), read_header(data), indexed(data), 0, limits)


def read_until(data: bytes, end: int) -> ReadAt:
    return lambda at, length: data[at : min(end, at + length)]


def test_a_fragment_that_is_cut_off_behind_its_moof_is_refused() -> None:
    data = many_samples()
    begin = first_moof(data)
    moof_bytes = int.from_bytes(data[begin : begin + 4])
    with pytest.raises(Fmp4Error, match="a fragment is cut off"):
        find_key_frame(read_until(data, begin + moof_bytes + 4), read_header(data), indexed(data), 0)


@pytest.mark.parametrize("size", [0, MAX_SAMPLE_BYTES + 1])
def test_a_key_frame_without_bytes_or_of_too_many_is_not_believed(size: int) -> None:
    data = film()
    header = read_header(data)
    place = first_moof(data)
    samples = (Sample(size, sync=True),)
    offset = len(builder.moof(builder.traf(0, builder.trun(samples, 0)))) + 8
    moof = builder.moof(builder.traf(0, builder.trun(samples, offset)))
    mdat = struct.pack(">I4s", 8 + size, b"mdat")
    with pytest.raises(Fmp4Error, match="has a key frame of"):
        find_key_frame(read_from(data[:place] + moof + mdat), header, [(0, place)], 0)


@given(st.data())
def test_whatever_is_damaged_only_its_own_error_comes_of_it(data: st.DataObject) -> None:
    whole = film()
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(read_header(whole).size, len(whole) - 1))] = data.draw(st.integers(0, 255))
    entries = [(0, data.draw(st.integers(0, len(whole))))]
    for one in (indexed(whole), entries):
        try:
            key = find_key_frame(read_from(bytes(damaged)), read_header(whole), one, data.draw(st.integers(0, 10**6)))
        except Fmp4Error:
            continue
        assert 0 < key.size <= MAX_SAMPLE_BYTES


# ------------------------------------------------------------ files that grow


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_a_file_that_grows_is_read_on_where_it_was(first: int, second: int) -> None:
    data = assemble(*split(builder.stream(8))).open_file
    header = read_header(data)
    sizes = sorted({header.size + min(one, len(data) - header.size) for one in (first, second)})
    fragments: list[FoundFragment] = []
    at = header.size
    for size in [*sizes, len(data)]:
        part = scan_on(read_from(data[:size]), size, header, at)
        fragments += part.fragments
        at = part.whole_end
    assert tuple(fragments) == scan(read_from(data), len(data)).fragments
    assert at == len(data)


# ------------------------------------------------------------ what decodes it


def test_the_decoder_is_told_its_codec_and_its_configuration() -> None:
    assert decoder_of(visual_entry()) == ("h264", AVCC, Fraction(1))
    assert decoder_of(visual_entry(b"hev1", box(b"hvcC", HVCC))) == ("h265", HVCC, Fraction(1))


@pytest.mark.parametrize(
    ("wide", "high", "pixel"), [(16, 11, Fraction(16, 11)), (0, 11, Fraction(1)), (16, 0, Fraction(1))]
)
def test_pixels_need_not_be_square(wide: int, high: int, pixel: Fraction) -> None:
    entry = visual_entry(b"avc3", box(b"avcC", AVCC) + box(b"pasp", struct.pack(">II", wide, high)))
    assert decoder_of(entry)[2] == pixel


@pytest.mark.parametrize("entry", [audio_entry(), visual_entry(config=b""), visual_entry(b"vp09")])
def test_what_has_no_decoder_here_is_refused(entry: bytes) -> None:
    with pytest.raises(Fmp4Error, match=r"no H\.264 or H\.265"):
        decoder_of(entry)


# ------------------------------------------------------------ upright


def turned(version: int, *matrix: int) -> int:
    whole = trak(1, version=version)
    at = whole.index(b"tkhd") + 4 + (52 if version else 40)
    a, b, c, d = (value * 65536 for value in matrix)
    made = spoilt(whole, at, struct.pack(">iiiiiiiii", a, b, 0, c, d, 0, 0, 0, 1 << 30))
    return split(builder.FTYP + moov(made, version=version))[0].tracks[0].turned


@pytest.mark.parametrize("version", [0, 1])
def test_a_track_says_how_its_pictures_are_turned(version: int) -> None:
    turns = {(1, 0, 0, 1): 0, (0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270, (2, 0, 0, 2): 0}
    for matrix, degrees in turns.items():
        assert turned(version, *matrix) == degrees


def test_a_track_without_room_for_a_matrix_is_not_turned() -> None:
    times = builder.times(0, struct.pack(">II", 1, 0))
    short = trak(1).replace(full(b"tkhd", 0, 7, times, bytes(60)), full(b"tkhd", 0, 7, times, bytes(20)))
    shorter = struct.pack(">I", len(trak(1)) - 40) + short[4:]
    assert split(builder.FTYP + moov(shorter))[0].tracks[0].turned == 0
