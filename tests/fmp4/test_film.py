"""Films joined from pieces: what is shown, when, and in what order it lies in the file; read back independently."""

from array import array
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.fmp4 import Fmp4Error, film
from holdfast.fmp4.excerpt import Excerpt
from holdfast.fmp4.film import Edit, FilmPiece, FilmTrack, chunks, join
from holdfast.fmp4.plain import plain_parts
from holdfast.fmp4.samples import SampleTable
from tests.fmp4.films import B_PICTURES, FRAME, PLAIN, SOUND, TICK, VIDEO, film_of, part, pictures, sound, source
from tests.fmp4.films import file_of as made
from tests.fmp4.plain_reader import tracks

GROUP = len(B_PICTURES)


def expected(*videos: Excerpt) -> list[tuple[int, bytes]]:
    """What is to be shown, and when: one piece behind the other, without a pause."""
    found, begin = [], 0
    for number, video in enumerate(videos):
        samples, data = video.samples, source(number)
        for time, place, size in zip(samples.shown(), samples.places, samples.sizes, strict=True):
            if video.shown_from <= time < video.shown_to:
                found.append((begin + time - video.shown_from, data[place : place + size]))
        begin += video.shown_to - video.shown_from
    return sorted(found)


def test_one_piece_is_shown_from_its_first_picture_on() -> None:
    piece = part(pictures(3), 9, 16)
    (video,) = tracks(made(film_of(piece), plain_parts))
    assert video.shown() == expected(piece)
    assert video.edits == [(7 * TICK, 2 * TICK)]
    assert [one.sync for one in video.samples] == [n % 7 == 0 for n in range(9)]


def test_what_is_behind_a_gap_follows_at_once() -> None:
    pieces = [part(pictures(2, B_PICTURES), 2, 16), part(pictures(2, B_PICTURES), 2, 16)]
    (video,) = tracks(made(film_of(*pieces), plain_parts, 2))
    assert video.shown() == expected(*pieces)
    assert video.edits == [(28 * TICK, 2 * TICK)]
    assert [one.decoded for one in video.samples] == [TICK * n for n in range(28)]


def test_a_later_piece_whose_pictures_come_later_begins_an_edit_of_its_own() -> None:
    pieces = [part(pictures(2), 0, 14), part(pictures(2, B_PICTURES), 2, 16)]
    (video,) = tracks(made(film_of(*pieces), plain_parts, 2))
    assert video.shown() == expected(*pieces)
    assert len(video.edits) == 2
    assert all(one.composed >= one.decoded for one in video.samples)


def test_an_earlier_piece_whose_pictures_come_later_does_not_matter() -> None:
    pieces = [part(pictures(2, B_PICTURES), 2, 16), part(pictures(2), 0, 14)]
    (video,) = tracks(made(film_of(*pieces), plain_parts, 2))
    assert video.shown() == expected(*pieces)
    assert len(video.edits) == 1


def test_pieces_that_are_cut_on_both_sides_hide_what_is_only_decoded() -> None:
    pieces = [part(pictures(2, B_PICTURES), 4, 5), part(pictures(2, B_PICTURES), 10, 11), part(pictures(1), 3, 4)]
    (video,) = tracks(made(film_of(*pieces), plain_parts, 3))
    assert video.shown() == expected(*pieces)
    assert len(video.edits) == 3


def test_a_picture_may_be_shown_before_it_is_decoded_by_the_letter() -> None:
    piece = part(pictures(2, B_PICTURES, later=0), 0, 14)
    data = made(film_of(piece), plain_parts)
    (video,) = tracks(data)
    assert video.shown() == expected(piece)
    assert min(one.composed - one.decoded for one in video.samples) < 0


def test_a_seam_that_is_told_shorter_than_the_last_picture_is_kept() -> None:
    first = part(pictures(1), 0, 7)
    pieces = [replace(first, shown_to=first.shown_to - 17), part(pictures(1), 0, 7)]
    (video,) = tracks(made(film_of(*pieces), plain_parts, 2))
    assert len(video.edits) == 1
    assert [time for time, _ in video.shown()][7] == 7 * TICK - 17


VIDEOS = st.builds(
    lambda groups, b, begin, length: part(
        pictures(groups, B_PICTURES if b else PLAIN),
        min(begin, groups * 7 - 1) + 2 * b,
        min(begin, groups * 7 - 1) + 2 * b + length,
    ),
    st.integers(1, 4),
    st.booleans(),
    st.integers(0, 27),
    st.integers(1, 28),
)


@given(st.lists(VIDEOS, min_size=1, max_size=5))
def test_any_pieces_show_exactly_their_pictures_at_their_times(videos: list[Excerpt]) -> None:
    (video,) = tracks(made(film_of(*videos), plain_parts, len(videos)))
    assert video.shown() == expected(*videos)
    decoded = [one.decoded for one in video.samples]
    assert decoded == sorted(set(decoded))
    assert len(video.samples) == sum(len(one.samples) for one in videos)


def heard(data: bytes) -> list[tuple[int, bytes]]:
    """Frames of sound by when they begin to be heard, in ticks of their own."""
    one = tracks(data)[1]
    lead = sum(length for length, start in one.edits if start < 0) * one.timescale // 90000
    (begin,) = [start for _, start in one.edits if start >= 0]
    return [(frame.decoded - begin + lead, frame.data) for frame in one.samples]


def test_sound_is_in_step_with_a_picture_that_begins_in_the_middle_of_a_frame() -> None:
    # Picture 10 is 667 ms behind the begin; the sound of then lies in frame 10, one before it warms the decoder up.
    data = made(film_of(part(pictures(3), 10, 20), sounds=[sound(40)]), plain_parts)
    begin = round(10 * TICK * 16000 / 90000)
    found = heard(data)
    assert found[0][0] == 9 * FRAME - begin
    assert found[0][1] == source(0)[100_000 + 81 : 100_000 + 90]
    assert found[-1][0] < round(20 * TICK * 16000 / 90000) - begin
    assert tracks(data)[1].edits == [(10 * TICK, begin - 9 * FRAME)]


def test_sound_that_begins_later_than_the_picture_waits() -> None:
    data = made(film_of(part(pictures(2), 0, 14), sounds=[sound(20, first=3200)]), plain_parts)
    assert tracks(data)[1].edits == [(18000, -1), (14 * TICK - 18000, 0)]
    assert heard(data)[0][0] == 3200


def test_sound_that_ends_before_the_picture_ends() -> None:
    data = made(film_of(part(pictures(2), 0, 14), sounds=[sound(5)]), plain_parts)
    assert tracks(data)[1].edits == [(5 * FRAME * 90000 // 16000, 0)]


def test_sound_goes_on_behind_a_gap_where_its_picture_does() -> None:
    pieces = [part(pictures(2), 0, 14), part(pictures(2), 0, 14), part(pictures(1), 0, 7)]
    data = made(film_of(*pieces, sounds=[sound(15), None, sound(8)]), plain_parts, 3)
    found = heard(data)
    seam = round(28 * TICK * 16000 / 90000)
    assert [time for time, _ in found[:15]] == [FRAME * n for n in range(15)]
    assert [time for time, _ in found[15:]] == [seam + FRAME * n for n in range(7 if len(found) == 22 else 8)]


def test_a_frame_that_reaches_far_over_a_seam_gives_way() -> None:
    # 14 pictures are 933.3 ms, 14.58 frames: the last one would be cut in the middle.
    pieces = [part(pictures(2), 0, 14), part(pictures(2), 0, 14)]
    times = [time for time, _ in heard(made(film_of(*pieces, sounds=[sound(15), sound(15)]), plain_parts, 2))]
    seam = round(14 * TICK * 16000 / 90000)
    assert times[14:16] == [14 * FRAME, seam]
    pieces = [part(pictures(2), 0, 13), part(pictures(2), 0, 14)]
    times = [time for time, _ in heard(made(film_of(*pieces, sounds=[sound(15), sound(15)]), plain_parts, 2))]
    assert times[13:15] == [13 * FRAME, round(13 * TICK * 16000 / 90000)]


def test_the_last_frames_of_a_take_follow_one_another_although_they_say_nothing_of_it() -> None:
    frames = sound(10)
    for n in (6, 7, 8):
        frames.durations[n], frames.times[n] = 0, 6 * FRAME
    frames.times[9] = 9 * FRAME + 100
    times = [time for time, _ in heard(made(film_of(part(pictures(2), 0, 14), sounds=[frames]), plain_parts))]
    assert times == [*(FRAME * n for n in range(9)), 9 * FRAME + 100]


def test_there_is_no_track_of_sound_where_nothing_is_heard() -> None:
    assert film_of(part(pictures(1), 0, 7), sounds=[SampleTable()]).sound is None
    assert film_of(part(pictures(1), 0, 7), sounds=[None]).tracks == (film_of(part(pictures(1), 0, 7)).video,)


@given(VIDEOS, VIDEOS, st.integers(0, 60), st.integers(-3000, 9000))
def test_sound_is_never_out_of_step(one: Excerpt, other: Excerpt, frames: int, first: int) -> None:
    whole = film_of(one, other, sounds=[sound(frames, max(0, first)), sound(frames, max(0, -first))])
    if whole.sound is None:
        return
    samples, (edit,) = whole.sound.samples, [edit for edit in whole.sound.edits if edit.start is not None]
    lead = sum(edit.length for edit in whole.sound.edits if edit.start is None) * 16000 / 90000
    for time, place, number in zip(samples.times, samples.places, whole.sound.sources, strict=True):
        video, begins = ((one, max(0, first)), (other, max(0, -first)))[number]
        natural = begins + FRAME * (place - 100_000) // 9 - video.shown_from * 16000 / 90000
        assert abs(time - edit.start + lead - natural - whole.starts[number] * 16000 / 90000) <= 2  # type: ignore[operator] # of a heard edit


def test_what_lies_together_is_copied_together_but_at_most_a_second_at_a_time() -> None:
    whole = film_of(part(pictures(6, length=10), 0, 60), sounds=[sound(60)])
    found = list(chunks(whole))
    assert sum(chunk.count for chunk in found) == len(whole.video.samples) + len(whole.sound.samples)  # type: ignore[union-attr] # it has sound
    for chunk in found:
        track = whole.tracks[chunk.track]
        assert chunk.size == sum(track.samples.sizes[chunk.first : chunk.first + chunk.count])
    times = [whole.tracks[chunk.track].samples.times[chunk.first] * (6 - 5 * (chunk.track == 0)) for chunk in found]
    assert all(later >= time - 90000 for time, later in pairwise(times))


def test_a_chunk_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "_CHUNK_BYTES", 130)
    table = pictures(1)
    table.places = array("q", [1000 + sum(table.sizes[:n]) for n in range(7)])
    assert max(chunk.size for chunk in chunks(film_of(part(table, 0, 7)))) <= 130


def test_there_is_a_limit_to_the_samples_of_a_film(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film, "MAX_FILM_SAMPLES", 10)
    with pytest.raises(Fmp4Error, match="more than 10 pictures"):
        film_of(part(pictures(2), 0, 14))
    with pytest.raises(Fmp4Error, match="more than 10 frames of sound"):
        film_of(part(slow(), 0, 70), sounds=[sound(40)])


def slow() -> SampleTable:
    """Seven pictures in seven seconds."""
    table = pictures(1)
    table.times = array("q", [90000 * n for n in range(7)])
    table.durations = array("q", [90000] * 7)
    table.offsets = array("q", [0] * 7)
    return table


def test_a_pause_that_no_field_holds_is_refused() -> None:
    track = FilmTrack(VIDEO)
    track.samples.times.extend([0, 1 << 33])
    track.samples.durations.extend([1, 1])
    with pytest.raises(Fmp4Error, match="lasts longer"):
        track.deltas()
    assert FilmTrack(VIDEO).deltas() == []


def test_the_film_knows_where_its_pieces_begin() -> None:
    whole = join(VIDEO, SOUND, [FilmPiece(0, part(pictures(1), 0, 7), 0), FilmPiece(1, part(pictures(1), 3, 7), 0)])
    assert (whole.starts, whole.length, whole.timescale) == ((0, 7 * TICK), 11 * TICK, 90000)
    assert whole.video.edits == (Edit(7 * TICK, 0), Edit(4 * TICK, 10 * TICK))
