"""Reading the samples of a segment: by its index, without it, around damage, and never more than is believed."""

import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.fmp4 import Fmp4Error, Fragment, InitSegment, samples
from holdfast.fmp4.boxes import Limits
from holdfast.fmp4.codecs import decoder_key
from holdfast.fmp4.samples import SegmentMedia, read_media
from tests.fmp4.builder import (
    AAC_ESDS,
    AVCC,
    GROUP,
    INTER,
    Sample,
    audio_entry,
    box,
    fragment,
    full,
    moof,
    moov,
    payload,
    stream,
    tfdt,
    traf,
    trak,
    trun,
    visual_entry,
)
from tests.fmp4.builder import FTYP as STREAM_FTYP
from tests.fmp4.segments import STAMP, assemble, read_from, split

EVER = 1 << 60
GROUP_TICKS = sum(sample.duration for sample in (*GROUP, *INTER))
LATER = (Sample(300, sync=True, later=12000), *(Sample(50, later=6000) for _ in range(6)))


def media(data: bytes, begin: int = 0, end: int = EVER, limits: Limits | None = None) -> SegmentMedia:
    read_at = read_from(data)
    return (
        read_media(read_at, len(data), begin, end)
        if limits is None
        else read_media(read_at, len(data), begin, end, limits)
    )


def final(count: int = 8) -> bytes:
    return assemble(*split(stream(count))).final_file


def sounding(*pieces: bytes) -> bytes:
    """A file with a track of sound (number 2, 16 kHz)."""
    init = moov(trak(), trak(2, handler=b"soun", entry=audio_entry(), timescale=16000))
    return b"".join([STREAM_FTYP, init, *pieces])


def sound(at: int, count: int = 4, number: int = 9) -> bytes:
    return fragment(at, tuple(Sample(20, 1024, sync=True) for _ in range(count)), track_id=2, number=number)


def test_every_sample_has_its_times_and_its_place() -> None:
    data = final(4)
    found = media(data)
    assert len(found.video) == 2 * (len(GROUP) + len(INTER))
    assert list(found.video.times) == [6000 * n for n in range(len(found.video))]
    assert [n for n, key in enumerate(found.video.syncs) if key] == [0, len(GROUP) + len(INTER)]
    first = found.video.places[0]
    assert data[first : first + 300] == payload(300, 1)
    assert found.video.end == 2 * GROUP_TICKS
    assert (found.sound, found.sound_track, found.damaged_bytes, found.origin) == (None, None, 0, 0)


def test_the_first_picture_is_at_the_origin_that_the_edit_list_gives() -> None:
    found = media(assemble(*split(stream(2, group=LATER))).final_file)
    assert found.origin == 12000
    assert found.video.shown()[0] == 12000


@pytest.mark.parametrize(
    "edits", [full(b"elst", 0, 0, struct.pack(">IIiI", 1, 0, -1, 0x10000)), full(b"elst", 0, 0, bytes(4))]
)
def test_an_edit_of_nothing_is_no_origin(edits: bytes) -> None:
    data = STREAM_FTYP + moov(trak(udta=box(b"edts", edits))) + fragment()
    assert media(data).origin == 0


def test_an_edit_list_of_64_bits_is_read() -> None:
    edits = full(b"elst", 1, 0, struct.pack(">IQqI", 1, 0, 4321, 0x10000))
    assert media(STREAM_FTYP + moov(trak(udta=box(b"edts", edits))) + fragment()).origin == 4321


def test_by_the_index_it_begins_one_key_frame_before_the_one_that_is_needed() -> None:
    found = media(final(12), begin=4 * GROUP_TICKS + 1)
    assert found.video.times[0] == 3 * GROUP_TICKS
    assert found.video.end == 6 * GROUP_TICKS


def test_what_is_behind_the_end_is_not_read() -> None:
    data = final(12)
    asked: list[int] = []

    def read_at(offset: int, length: int) -> bytes:
        asked.append(offset)
        return data[offset : offset + length]

    found = read_media(read_at, len(data), 0, GROUP_TICKS)
    assert found.video.end == GROUP_TICKS + sum(sample.duration for sample in GROUP)
    assert len(asked) < 10


@pytest.mark.parametrize("damage", ["kind", "size", "version", "count", "offset", "no moof", "lies", "cut", "broken"])
def test_an_index_that_cannot_be_true_is_not_believed(damage: str) -> None:
    data = bytearray(final(12))
    size = int.from_bytes(data[-4:], "big")
    index = len(data) - size
    entries = index + 8 + 24
    match damage:
        case "kind":
            data[index + 4 : index + 8] = b"mfrx"
        case "size":
            data[-4:] = (1 << 31).to_bytes(4, "big")
        case "version":
            data[index + 16] = 0
        case "count":
            data[entries - 4 : entries] = (5).to_bytes(4, "big")
        case "offset":
            for n in range(6):
                data[entries + 19 * n + 8 : entries + 19 * n + 16] = (1 << 40).to_bytes(8, "big")
        case "no moof":
            for n in range(6):
                data[entries + 19 * n + 8 : entries + 19 * n + 16] = (len(data) - 40).to_bytes(8, "big")
        case "lies":
            # Every key frame is said to be early, so that the last but one is begun with.
            for n in range(6):
                data[entries + 19 * n : entries + 19 * n + 8] = n.to_bytes(8, "big")
        case "cut":
            data[index : index + 4] = (12).to_bytes(4, "big")
        case _:
            data[index + 8 : index + 12] = (4).to_bytes(4, "big")
    found = media(bytes(data), begin=2 * GROUP_TICKS + 5)
    assert found.video.times[0] <= GROUP_TICKS
    assert found.video.end == 6 * GROUP_TICKS


def test_a_file_without_an_index_is_walked_through() -> None:
    parts = assemble(*split(stream(6)))
    found = media(parts.open_file, begin=2 * GROUP_TICKS)
    assert (found.video.times[0], found.video.end, found.damaged_bytes) == (0, 3 * GROUP_TICKS, 0)


def test_an_index_without_a_table_of_the_picture_is_of_no_use() -> None:
    tail = box(b"mfra", box(b"free", bytes(8)), full(b"mfro", 0, 0, (40).to_bytes(4, "big")))
    data = STREAM_FTYP + moov() + fragment() + tail
    assert len(tail) == 40
    assert len(media(data).video) == len(GROUP)


def test_what_is_being_written_at_the_end_of_an_open_file_is_no_damage() -> None:
    parts = assemble(*split(stream(4)))
    found = media(parts.open_file[:-30])
    assert (found.damaged_bytes, len(found.video)) == (0, 2 * len(GROUP) + len(INTER))


def test_damage_is_gone_around_and_counted() -> None:
    parts = assemble(*split(stream(6)))
    broken = bytearray(parts.final_file)
    at = len(parts.patched) + len(parts.fragments[0]) + len(parts.fragments[1])
    broken[at : at + 8] = b"\0\0\0\3moof"
    found = media(bytes(broken))
    assert found.damaged_bytes == len(parts.fragments[2])
    assert len(found.video) == 2 * len(GROUP) + 3 * len(INTER)
    assert media(bytes(broken), end=GROUP_TICKS + 50000).video.end < found.video.end


def test_a_fragment_whose_samples_cannot_be_shown_is_damage() -> None:
    init, pieces = split(stream(4))
    parts = assemble(init, pieces)
    back = parts.fragments[0]
    found = media(parts.patched + parts.fragments[0] + parts.fragments[1] + back + parts.fragments[3])
    assert found.damaged_bytes == len(back)
    assert len(found.video) == len(GROUP) + 2 * len(INTER)


def test_samples_that_share_their_bytes_are_not_believed() -> None:
    head = len(moof(traf(0, trun(GROUP, 0), trun(GROUP, 0)))) + 8
    twice = moof(traf(0, trun(GROUP, head), trun(GROUP, head))) + box(b"mdat", payload(sum(s.size for s in GROUP)))
    found = media(STREAM_FTYP + moov() + twice + fragment(100))
    assert found.damaged_bytes == len(twice)
    assert list(found.video.times) == [100 + 6000 * n for n in range(len(GROUP))]


def test_a_time_that_no_film_reaches_is_not_believed() -> None:
    far = fragment(1 << 62)
    assert media(STREAM_FTYP + moov() + far + fragment(100)).damaged_bytes == len(far)


def test_there_is_a_limit_to_the_samples_of_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "MAX_FILE_SAMPLES", len(GROUP))
    parts = assemble(*split(stream(2)))
    assert media(parts.final_file).damaged_bytes == len(parts.fragments[1])


def test_sound_is_read_as_far_as_the_picture_and_no_further() -> None:
    pieces = [fragment(n * 42000, GROUP, number=n + 1) + sound(n * 7467, 7, 50 + n) for n in range(8)]
    found = media(sounding(*pieces), end=42000)
    assert found.sound is not None
    assert found.sound_track is not None
    assert found.sound_track.timescale == 16000
    assert 42000 * 16000 <= found.sound.end * 90000 <= 3 * 42000 * 16000
    assert found.video.end <= 3 * 42000


def test_sound_that_does_not_come_is_not_looked_for_for_ever() -> None:
    pieces = [fragment(n * 42000, GROUP, number=n + 1) for n in range(40)]
    found = media(sounding(*pieces), end=42000)
    assert found.sound is not None
    assert len(found.sound) == 0
    assert found.video.end < 14 * 42000


def test_empty_and_foreign_track_fragments_are_left_out() -> None:
    init = moov(trak(), trak(2, handler=b"text", entry=visual_entry(b"tx3g")))
    at = len(moof(traf(0, track_id=1), traf(0, trun((Sample(5),), 0), track_id=2))) + 8
    empty = moof(traf(0, track_id=1), traf(0, trun((Sample(5),), at), track_id=2)) + box(b"mdat", bytes(100))
    found = media(STREAM_FTYP + init + empty + fragment(0))
    assert (len(found.video), found.damaged_bytes) == (len(GROUP), 0)


def test_without_a_whole_header_there_is_nothing_to_read() -> None:
    with pytest.raises(Fmp4Error):
        media(final()[:200])


@given(st.integers(0, 400), st.binary(min_size=1, max_size=40), st.integers(0, 6 * GROUP_TICKS))
def test_whatever_the_bytes_are_only_the_own_error_comes(at: int, junk: bytes, begin: int) -> None:
    data = bytearray(final(6))
    place = len(data) * at // 401
    data[place : place + len(junk)] = junk
    try:
        found = media(bytes(data), begin=begin)
    except Fmp4Error:
        return
    for table in (found.video, found.sound):
        for place, size in zip(table.places, table.sizes, strict=True) if table is not None else ():
            assert 0 <= place <= place + size <= len(data)


def test_the_picked_samples_are_copies() -> None:
    table = media(final(2)).video
    picked = table.picked([2, 0])
    picked.times[0] = 77
    assert (list(picked.sizes), table.times[2]) == ([table.sizes[2], table.sizes[0]], 12000)


def test_a_decoder_does_not_care_for_promised_bit_rates() -> None:
    plain = visual_entry()
    other = plain.replace(box(b"btrt", bytes(12)), box(b"btrt", bytes(range(12))))
    assert plain != other
    assert decoder_key(plain) == decoder_key(other)
    assert decoder_key(plain) != decoder_key(visual_entry(width=640))
    assert decoder_key(plain) != decoder_key(visual_entry(config=box(b"avcC", AVCC[:-1] + b"\x45")))


def test_a_decoder_of_sound_cares_for_its_configuration_only() -> None:
    rates = bytearray(AAC_ESDS)
    rates[25] ^= 0xFF
    other = bytearray(AAC_ESDS)
    other[-3] ^= 0x08
    entry = decoder_key(audio_entry())
    assert decoder_key(audio_entry(box(b"esds", bytes(rates)))) == entry
    assert decoder_key(audio_entry(box(b"esds", bytes(other)))) != entry
    nothing, unknown = box(b"esds", bytes(4)), box(b"esds", bytes(4) + b"\x09\x01\x01")
    assert decoder_key(audio_entry(nothing)) != decoder_key(audio_entry(unknown))


def test_an_entry_too_short_for_its_fields_is_compared_as_a_whole() -> None:
    assert decoder_key(box(b"avc1", bytes(20))) == box(b"avc1", bytes(20))


def test_the_stamp_is_there_for_whoever_joins_files() -> None:
    init, pieces = split(stream(2))
    assert isinstance(init, InitSegment)
    assert all(isinstance(piece, Fragment) for piece in pieces)
    found = media(assemble(init, pieces, stamp=replace(STAMP, media_start=99)).final_file)
    assert found.header.stamp is not None
    assert found.header.stamp.media_start == 99


def test_a_decode_time_may_have_32_or_64_bits() -> None:
    assert len(tfdt(1)) + 4 == len(tfdt(1 << 32))
    data = STREAM_FTYP + moov() + fragment(1 << 33)
    assert media(data).video.times[0] == 1 << 33
