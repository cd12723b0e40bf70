"""The files of segments: their header, its patch, their fragments and their index."""

import struct
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.fmp4 import (
    SECTOR_BYTES,
    Fmp4Error,
    IndexBuilder,
    NewerFormatError,
    SegmentStamp,
    begins_like_segment,
    finish_patch,
    free_header,
    read_header,
    rebase,
    scan,
    segment_header,
)
from holdfast.fmp4.boxes import Box, children, first, read_box
from holdfast.fmp4.stamp import STAMP_TYPE, read_labels, read_stamp
from tests.fmp4 import builder
from tests.fmp4.builder import FTYP, INTER, Sample, box, moov, stream, trak, trex
from tests.fmp4.segments import LABELS, STAMP, assemble, read_from, split

REORDERED = (Sample(300, sync=True, later=12000), Sample(50, later=24000), Sample(50, later=0), Sample(50, later=6000))
SOUND = trak(2, handler=b"soun", entry=builder.audio_entry(), timescale=8000)


def top(data: bytes, kind: bytes) -> Box:
    return next(child for child in children(data, 0, len(data)) if child.kind == kind)


def within(data: bytes, *path: bytes) -> Box:
    found = top(data, path[0])
    for kind in path[1:]:
        found = first(data, found, kind)
    return found


def contents(data: bytes, *path: bytes) -> bytes:
    found = within(data, *path)
    return data[found.body : found.end]


def u64(data: bytes, at: int) -> int:
    return int(struct.unpack_from(">Q", data, at)[0])


def test_a_final_file_has_its_index_last_and_nothing_else_grew() -> None:
    parts = assemble(*split(stream()))
    kinds = [child.kind for child in children(parts.final_file, 0, len(parts.final_file))]
    assert kinds == [b"ftyp", b"uuid", b"moov", b"uuid", *[b"moof", b"mdat"] * 4, b"mfra"]
    assert len(parts.patched) == len(parts.header)
    assert parts.final_file[SECTOR_BYTES : len(parts.open_file)] == parts.open_file[SECTOR_BYTES:]


def test_an_open_file_claims_no_duration_and_a_final_one_the_right_one() -> None:
    parts = assemble(*split(stream()))
    assert top(parts.header, b"moov")
    with pytest.raises(Fmp4Error, match="mehd"):
        within(parts.header, b"moov", b"mvex", b"mehd")
    assert u64(contents(parts.header, b"moov", b"mvhd"), 24) == 0
    ticks = 2 * (7 + 8) * 6000
    assert parts.durations == {1: ticks}
    assert u64(contents(parts.patched, b"moov", b"mvhd"), 24) == ticks
    assert u64(contents(parts.patched, b"moov", b"mvex", b"mehd"), 4) == ticks
    assert u64(contents(parts.patched, b"moov", b"trak", b"tkhd"), 28) == ticks
    assert u64(contents(parts.patched, b"moov", b"trak", b"mdia", b"mdhd"), 24) == ticks


def test_the_creation_time_is_the_wall_start_since_1904() -> None:
    header = assemble(*split(stream())).header
    for path in ((b"mvhd",), (b"trak", b"tkhd"), (b"trak", b"mdia", b"mdhd")):
        assert u64(contents(header, b"moov", *path), 4) == 1_700_000_000 + 2_082_844_800


def test_what_is_patched_lies_in_one_sector_even_with_sound() -> None:
    for init_bytes in (moov(), moov(version=1), moov(trak(), SOUND), moov(SOUND, trak(3), mvex=[trex(2), trex(3)])):
        number = 3 if b"moov" in init_bytes and trex(3) in init_bytes else 1
        init, frames = split(FTYP + init_bytes + builder.fragment(track_id=number))
        header = segment_header(init, STAMP, frames[0], {name: value * 50 for name, value in LABELS.items()})
        patch = finish_patch(header, durations={number: 1}, stamp=STAMP)
        assert patch.offset == len(FTYP)
        assert patch.offset + len(patch.data) <= SECTOR_BYTES
        assert read_header(header).tracks[0].kind == "video"


def test_the_film_is_as_long_as_its_longest_track() -> None:
    init, frames = split(FTYP + moov(trak(), SOUND) + builder.fragment())
    header = segment_header(init, STAMP, frames[0])
    patch = finish_patch(header, durations={1: 90000, 2: 8001}, stamp=STAMP)
    patched = header[: patch.offset] + patch.data + header[patch.offset + len(patch.data) :]
    assert u64(contents(patched, b"moov", b"mvex", b"mehd"), 4) == 90012
    assert u64(contents(patched, b"moov", b"trak", b"mdia", b"mdhd"), 24) == 90000


def test_patching_twice_gives_the_same_bytes() -> None:
    parts = assemble(*split(stream()))
    stamp = replace(STAMP, final=True, samples=30)
    first_time = finish_patch(parts.header, durations=parts.durations, stamp=stamp)
    assert finish_patch(parts.patched, durations=parts.durations, stamp=stamp) == first_time


def test_only_pictures_that_are_shown_late_need_an_edit_list() -> None:
    plain = assemble(*split(stream())).header
    assert b"elst" not in plain
    parts = assemble(*split(stream(group=REORDERED)))
    elst = contents(parts.header, b"moov", b"trak", b"edts", b"elst")
    assert elst == struct.pack(">IIIiHH", 0, 1, 0, 12000, 1, 0)
    negative = assemble(*split(stream(group=[Sample(sync=True, later=-6000 & 0xFFFFFFFF)])))
    assert b"elst" not in negative.header


def test_fragments_are_moved_to_the_beginning_and_numbered() -> None:
    init, frames = split(stream(start=12_345_678))
    parts = assemble(init, frames)
    found = scan(read_from(parts.final_file), len(parts.final_file))
    assert [fragment.runs[0].decode_time for fragment in found.fragments] == [0, 42000, 90000, 132000]
    for number, (old, new) in enumerate(zip(frames, parts.fragments, strict=True), start=1):
        assert new[old.moof_bytes :] == old.data[old.moof_bytes :]
        moof = within(new, b"moof")
        assert new[first(new, moof, b"mfhd").body + 4 :][:4] == number.to_bytes(4, "big")
        tfhd = first(new, first(new, moof, b"traf"), b"tfhd")
        assert new[tfhd.body : tfhd.body + 4] == b"\0\2\0\0"


@given(st.integers(0, 1 << 62), st.integers(0, 1 << 40))
def test_rebasing_changes_times_and_nothing_else(start: int, base_before: int) -> None:
    base = max(0, start - base_before)
    init, (fragment,) = split(FTYP + moov() + builder.fragment(start))
    moved = rebase(fragment, {1: base}, 1)
    header = segment_header(init, STAMP, fragment)
    (found,) = scan(read_from(header + moved), len(header + moved)).fragments
    assert found.runs[0] == replace(fragment.runs[0], decode_time=start - base)


@pytest.mark.parametrize(("bases", "number"), [({1: 5}, 1), ({}, 1), ({1: 0}, 1 << 32), ({1: 0}, -1)])
def test_a_fragment_that_does_not_belong_into_the_file_is_refused(bases: dict[int, int], number: int) -> None:
    _, (fragment,) = split(FTYP + moov() + builder.fragment(4))
    with pytest.raises(Fmp4Error, match=r"before the base|does not fit"):
        rebase(fragment, bases, number)


def entries(mfra: bytes) -> list[tuple[int, int]]:
    tfra = contents(mfra, b"mfra", b"tfra")
    count = struct.unpack_from(">I", tfra, 12)[0]
    return [struct.unpack_from(">QQ", tfra, 16 + 19 * number) for number in range(count)]


def test_the_index_has_every_fragment_that_begins_with_a_key_frame() -> None:
    parts = assemble(*split(stream(start=900)))
    offsets = [len(parts.header) + sum(map(len, parts.fragments[:number])) for number in (0, 2)]
    assert entries(parts.index) == [(0, offsets[0]), (90000, offsets[1])]
    assert struct.unpack(">I", parts.index[-4:])[0] == len(parts.index)


def test_the_index_counts_presentation_times() -> None:
    later = [Sample(sync=True, later=15000), *INTER]
    frames = b"".join([builder.fragment(0, REORDERED), builder.fragment(24000, later)])
    parts = assemble(*split(FTYP + moov() + frames))
    assert [time for time, _ in entries(parts.index)] == [0, 27000]


def test_an_index_knows_lengths_and_counts_and_no_foreign_track() -> None:
    init = moov(trak(), SOUND)
    _, frames = split(FTYP + init + builder.fragment(100, track_id=2) + builder.fragment(50))
    index = IndexBuilder({1: 0, 2: 100})
    for fragment in frames:
        index.add(fragment.runs, 0)
    assert index.durations == {1: 42050, 2: 42000}
    assert (index.samples, index.fragments) == (7, 2)
    for bases in ({1: 0}, {1: 0, 2: 101}):
        with pytest.raises(Fmp4Error, match="before the base"):
            IndexBuilder(bases).add(frames[0].runs, 0)


unsigned32 = st.integers(0, (1 << 32) - 1)
stamps = st.builds(
    SegmentStamp,
    wall_start_ns=st.integers(0, (1 << 63) - 1),
    run_id=st.uuids(),
    session=unsigned32,
    ordinal=unsigned32,
    media_start=st.integers(0, (1 << 63) - 1),
    samples=unsigned32,
    final=st.booleans(),
    repaired=st.booleans(),
)


@given(stamps, st.dictionaries(st.text(max_size=9), st.text(max_size=20), max_size=5))
def test_stamp_and_labels_come_back_as_they_were_written(stamp: SegmentStamp, labels: dict[str, str]) -> None:
    init, frames = split(stream(1))
    header = read_header(segment_header(init, stamp, frames[0], labels))
    assert header.stamp == stamp
    assert header.labels == labels


@pytest.mark.parametrize(
    "wrong", [{"wall_start_ns": -1}, {"session": 1 << 32}, {"media_start": 1 << 63}, {"ordinal": -1}]
)
def test_numbers_that_do_not_fit_are_refused(wrong: dict[str, int]) -> None:
    init, frames = split(stream(1))
    with pytest.raises(Fmp4Error, match="does not fit"):
        segment_header(init, replace(STAMP, **wrong), frames[0])  # type: ignore[arg-type]  # every field is an int


@pytest.mark.parametrize("ticks", [-1, 1 << 62])
def test_impossible_durations_are_refused(ticks: int) -> None:
    parts = assemble(*split(stream(1)))
    with pytest.raises(Fmp4Error, match="cannot be"):
        finish_patch(parts.header, durations={1: ticks}, stamp=STAMP)


def test_a_header_that_could_not_be_read_back_is_not_made() -> None:
    entry = builder.visual_entry(b"avc1", box(b"avcC", builder.AVCC, bytes(1 << 16)))
    init, frames = split(FTYP + moov(trak(entry=entry)) + builder.fragment())
    with pytest.raises(Fmp4Error, match="longer than 65536"):
        segment_header(init, STAMP, frames[0])


def test_labels_are_bounded() -> None:
    init, frames = split(stream(1))
    with pytest.raises(Fmp4Error, match="longer than 4096"):
        segment_header(init, STAMP, frames[0], {"name": "x" * 5000})


def test_three_tracks_or_no_video_are_no_segment() -> None:
    for tracks in ([trak(), SOUND, trak(3)], [trak(1, handler=b"soun", entry=builder.audio_entry())]):
        init, frames = split(FTYP + moov(*tracks) + builder.fragment())
        with pytest.raises(Fmp4Error, match=r"3 tracks|no video"):
            segment_header(init, STAMP, frames[0])


def test_a_header_of_a_strange_size_is_refused() -> None:
    longer = moov().replace(b"\0\0\0\x6cmvhd", b"\0\0\0\x70mvhd" + bytes(4), 1)
    grown = (len(longer)).to_bytes(4, "big") + longer[4:]
    init, frames = split(FTYP + grown + builder.fragment())
    with pytest.raises(Fmp4Error, match="has 112 bytes in version 0"):
        segment_header(init, STAMP, frames[0])


def patched_header(header: bytes, find: bytes, replacement: bytes) -> bytes:
    assert len(find) == len(replacement)
    assert find in header
    return header.replace(find, replacement, 1)


@pytest.mark.parametrize(
    ("find", "replacement", "sentence"),
    [
        (STAMP_TYPE, bytes(16), "not the beginning of a segment"),
        (b"\x14free", b"\x14skip", "not the beginning of a segment"),
        (b"mvhd\1", b"mvhd\0", "not as a segment of ours"),
        (b"moov", b"moof", "no whole 'moov'"),
    ],
)
def test_only_a_header_of_ours_is_patched(find: bytes, replacement: bytes, sentence: str) -> None:
    header = patched_header(assemble(*split(stream(1))).header, find, replacement)
    with pytest.raises(Fmp4Error, match=sentence):
        finish_patch(header, durations={}, stamp=STAMP)


def test_a_header_whose_fields_left_the_sector_is_refused() -> None:
    header = assemble(*split(stream(1))).header
    with pytest.raises(Fmp4Error, match="behind the first sector"):
        finish_patch(box(b"skip", bytes(400)) + header, durations={}, stamp=STAMP)


def test_a_stamp_of_a_later_release_is_told_apart_from_a_broken_one() -> None:
    header = assemble(*split(stream(1))).header
    with pytest.raises(NewerFormatError, match="version 2"):
        read_header(patched_header(header, STAMP_TYPE + b"\1", STAMP_TYPE + b"\2"))
    short = box(b"uuid", STAMP_TYPE, b"\1")
    with pytest.raises(Fmp4Error, match="too short for a stamp"):
        read_stamp(short, Box(b"uuid", 0, 8, len(short)))


@pytest.mark.parametrize("text", [b"{", b"[]", b'{"a":1}', b"\xff\xff", b"[" * 4000, b'{"a":"' + b"x" * 5000 + b'"}'])
def test_labels_that_cannot_be_read_are_as_good_as_none(text: bytes) -> None:
    init, frames = split(stream(1))
    labels = segment_header(init, STAMP, frames[0], {})[-26:]
    assert read_labels(labels, Box(b"uuid", 0, 8, 26)) == {}
    broken = labels[:24] + text
    assert read_labels(broken, Box(b"uuid", 0, 8, len(broken))) is None


def test_a_file_is_known_as_ours_by_as_many_bytes_as_there_are() -> None:
    header = assemble(*split(stream(1))).header
    assert all(begins_like_segment(header[:length]) for length in range(len(header)))
    assert not begins_like_segment(stream(1))


@pytest.mark.parametrize("size", [8, (1 << 32) - 1, 1 << 32])
def test_a_free_box_can_cover_any_hole(size: int) -> None:
    header = free_header(size)
    found = read_box(header, 0, len(header))
    assert found is not None
    assert (found.kind, found.end) == (b"free", size)


def test_segments_of_a_run_are_told_apart() -> None:
    init, frames = split(stream())
    second = replace(STAMP, ordinal=4, media_start=90000, run_id=UUID(int=1))
    header = read_header(assemble(init, frames[2:], second).header)
    assert header.stamp == second
