"""The boxes of a finished film: plain, with its index first; or in fragments."""

from array import array
from collections.abc import Sequence

import pytest

from holdfast.fmp4 import Fmp4Error, plain, scan
from holdfast.fmp4.film import Chunk, Edit, Film
from holdfast.fmp4.film_boxes import created, elst
from holdfast.fmp4.plain import plain_parts
from holdfast.fmp4.refragmenting import fragmented_parts
from holdfast.fmp4.samples import SampleTable, read_media
from tests.fmp4.films import (
    B_PICTURES,
    FRAME,
    SOUND,
    TICK,
    VIDEO,
    WALL_NS,
    assemble,
    file_of,
    film_of,
    part,
    pictures,
    sound,
    source,
)
from tests.fmp4.plain_reader import boxes, find, table, tracks
from tests.fmp4.segments import read_from


def film() -> Film:
    return film_of(part(pictures(5, B_PICTURES), 6, 37), sounds=[sound(60)])


def test_the_index_comes_first_and_everything_is_where_it_says() -> None:
    data = file_of(film(), plain_parts)
    assert [kind for kind, _, _ in boxes(data)] == [b"ftyp", b"moov", b"mdat"]
    video, heard = tracks(data)
    assert (video.handler, video.timescale, video.entry) == (b"vide", 90000, VIDEO.sample_entry)
    assert (heard.handler, heard.timescale, heard.entry) == (b"soun", 16000, SOUND.sample_entry)
    assert all(one.data in source(0) for track in (video, heard) for one in track.samples)
    assert (
        sum(len(one.data) for track in (video, heard) for one in track.samples) == len(data) - find(data, "mdat")[0][0]
    )


def test_it_says_when_it_was_filmed_and_how_large_the_picture_is() -> None:
    data = file_of(film(), plain_parts)
    ((mvhd, _),) = find(data, "moov/mvhd")
    assert int.from_bytes(data[mvhd + 4 : mvhd + 8]) == 1_700_000_000 + 2_082_844_800
    assert int.from_bytes(data[mvhd + 12 : mvhd + 20]) == 90000 << 32 | 31 * TICK
    (begin, end), _ = find(data, "moov/trak/tkhd")
    assert data[end - 8 : end] == (320 << 16).to_bytes(4, "big") + (240 << 16).to_bytes(4, "big")
    assert data[begin + 3] == 3


def test_numbers_that_32_bits_do_not_hold_get_64() -> None:
    # February 2040, and 56 hours at 90 kHz.
    table_of = pictures(1)
    table_of.times = array("q", [n * 8 * 3600 * 90000 for n in range(7)])
    table_of.durations = array("q", [8 * 3600 * 90000] * 7)
    table_of.offsets = array("q", [0] * 7)
    whole = film_of(part(table_of, 0, 1 << 40))
    data = assemble(plain_parts(whole, 2_300_000_000 * 10**9), [source(0)])
    (video,) = tracks(data)
    assert data[find(data, "moov/mvhd")[0][0]] == 1
    assert video.duration == whole.length == sum(length for length, _ in video.edits)
    assert elst([Edit(1, None)])[8] == 0
    assert elst([Edit(1 << 31, 0)])[8] == 1


@pytest.mark.parametrize("wall_ns", [-(10**19), (1 << 63) * 10**9])
def test_a_film_from_another_age_is_refused(wall_ns: int) -> None:
    with pytest.raises(Fmp4Error, match="nothing was recorded"):
        created(wall_ns)


def test_far_offsets_take_64_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    near = tracks(file_of(film(), plain_parts))
    monkeypatch.setattr(plain, "_FAR", 1000)
    data = file_of(film(), plain_parts)
    assert find(data, "moov/trak/mdia/minf/stbl/co64")
    assert tracks(data) == near


def test_a_film_of_key_frames_only_needs_no_list_of_them() -> None:
    data = file_of(film_of(part(pictures(7, length=1), 0, 7)), plain_parts)
    assert not find(data, "moov/trak/mdia/minf/stbl/stss")
    assert all(one.sync for one in tracks(data)[0].samples)
    assert not find(data, "moov/trak/mdia/minf/stbl/ctts")


def test_a_film_of_many_gigabytes_is_only_described() -> None:
    table_of = pictures(100)
    table_of.sizes = array("q", [60 << 20] * 700)
    table_of.places = array("q", [n * (61 << 20) for n in range(700)])
    parts = list(plain_parts(film_of(part(table_of, 0, 700)), WALL_NS))
    head = parts[0]
    assert isinstance(head, bytes)
    assert len(head) < 10_000
    (place,) = find(head[:-16], "moov/trak/mdia/minf/stbl/co64")
    assert table(head, place, ">Q")[-1][0] == len(head) + 699 * (60 << 20)
    assert int.from_bytes(head[-8:]) == 16 + 700 * (60 << 20)


def rows(samples: SampleTable, data: bytes) -> list[tuple[int, int, bytes, int]]:
    columns = zip(samples.times, samples.offsets, samples.places, samples.sizes, samples.syncs, strict=True)
    return [(time, offset, data[at : at + size], sync) for time, offset, at, size, sync in columns]


@pytest.mark.parametrize("groups", [1, 5])
def test_the_same_film_in_fragments(groups: int) -> None:
    whole = film_of(part(pictures(groups, B_PICTURES), 2, groups * 7 + 2), sounds=[sound(60)])
    data = file_of(whole, fragmented_parts)
    found = scan(read_from(data), len(data))
    assert (found.damage, found.whole_end, found.header.duration) == ((), found.index_start, whole.length)
    read = read_media(read_from(data), len(data), 0, 1 << 40)
    assert read.sound is not None
    assert whole.sound is not None
    assert rows(read.video, data) == rows(whole.video.samples, source(0))
    assert rows(read.sound, data) == rows(whole.sound.samples, source(0))
    assert list(read.video.durations) == whole.video.deltas()
    assert read.origin == whole.video.edits[0].start == 2 * TICK


def test_its_index_leads_to_the_key_frames() -> None:
    whole = film_of(part(pictures(12), 3, 80))
    data = file_of(whole, fragmented_parts)
    read = read_media(read_from(data), len(data), 60 * TICK, 61 * TICK)
    assert read.video.times[0] > 0
    assert read.video.syncs[0]


def fragments(parts: Sequence[bytes | Chunk]) -> list[int]:
    """How many chunks each fragment has."""
    found: list[int] = []
    for one in parts[1:-1]:
        if isinstance(one, bytes):
            found.append(0)
        else:
            found[-1] += 1
    return found


def test_a_fragment_ends_after_two_seconds_even_without_a_key_frame() -> None:
    whole = film_of(part(pictures(1, length=100), 0, 100))
    assert len(fragments(list(fragmented_parts(whole, WALL_NS)))) == 4


def test_sound_that_goes_on_behind_the_picture_has_its_place() -> None:
    table_of = pictures(2)
    table_of.times[7:] = array("q", [time + 90000 * 6 for time in table_of.times[7:]])
    table_of.durations[6] += 90000 * 6
    whole = film_of(part(table_of, 0, 200), sounds=[sound(100)])
    data = file_of(whole, fragmented_parts)
    read = read_media(read_from(data), len(data), 0, 1 << 40)
    assert read.sound is not None
    assert len(read.sound) == 100
    assert read.sound.end == FRAME * 100


def test_what_no_field_of_a_fragment_holds_is_refused() -> None:
    whole = film_of(part(pictures(1), 0, 7))
    whole.video.samples.offsets[3] = 1 << 31
    with pytest.raises(Fmp4Error, match="later than a field"):
        fragmented_parts(whole, WALL_NS)
