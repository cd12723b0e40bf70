"""Which samples a range needs: by when they are shown, with B-pictures, open groups, and ends without a length."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.fmp4.excerpt import Excerpt, excerpt, heard
from holdfast.fmp4.samples import SampleTable

TICK = 10


def table(*rows: tuple[int, bool], last: int = TICK) -> SampleTable:
    """Pictures in decoding order, each with its place in the order of showing and whether it is a key frame."""
    count = len(rows)
    times = [TICK * n for n in range(count)]
    return SampleTable(
        array("q", times),
        array("q", [TICK] * (count - 1) + [last] if count else []),
        array("q", [TICK * place - time for (place, _), time in zip(rows, times, strict=True)]),
        array("q", [100 + n for n in range(count)]),
        array("q", [1000 * n for n in range(count)]),
        bytearray(key for _, key in rows),
    )


PLAIN = table(*((n, n % 5 == 0) for n in range(20)))
# I P B B, P B B: shown I B B P B B P; the group is closed.
CLOSED = table(*((base + place + 2, place == 0) for base in (0, 7) for place in (0, 3, 1, 2, 6, 4, 5)))
# The second key frame is shown behind two pictures that are decoded after it and need the group before.
OPEN = table((2, True), (5, False), (3, False), (4, False), (8, True), (6, False), (7, False), (11, False))


def sizes(found: Excerpt | None) -> list[int]:
    assert found is not None
    return [size - 100 for size in found.samples.sizes]


def test_it_begins_with_the_key_frame_before_and_ends_exactly() -> None:
    found = excerpt(PLAIN, 70, 120)
    assert sizes(found) == [5, 6, 7, 8, 9, 10, 11]
    assert found is not None
    assert (found.shown, found.hidden_before, found.hidden_after) == (5, 2, 0)
    assert (found.shown_from, found.shown_to) == (70, 120)


def test_a_range_between_two_pictures_shows_from_the_next_one_to_the_end_of_the_range() -> None:
    found = excerpt(PLAIN, 71, 95)
    assert found is not None
    assert (found.shown_from, found.shown_to, found.shown) == (80, 95, 2)


@pytest.mark.parametrize(("begin", "end"), [(200, 300), (-50, 0), (71, 79), (70, 70)])
def test_a_range_without_pictures_is_none(begin: int, end: int) -> None:
    assert excerpt(PLAIN, begin, end) is None


def test_a_picture_that_others_need_is_decoded_and_not_shown() -> None:
    # Only I and the first B, which needs the P that is shown later.
    found = excerpt(CLOSED, 20, 40)
    assert sizes(found) == [0, 1, 2]
    assert found is not None
    assert (found.shown, found.hidden_before, found.hidden_after) == (2, 0, 1)
    assert found.shown_to == 40


def test_what_is_decoded_behind_the_last_shown_picture_is_not_needed() -> None:
    # I B B P: the P that follows in decoding order is not.
    assert sizes(excerpt(CLOSED, 20, 60)) == [0, 1, 2, 3]


def test_pictures_before_the_key_frame_of_an_open_group_need_the_group_before() -> None:
    found = excerpt(OPEN, 60, 90)
    assert sizes(found) == [0, 1, 2, 3, 4, 5, 6]
    assert found is not None
    assert (found.shown, found.hidden_before) == (3, 4)
    assert sizes(excerpt(OPEN, 80, 90)) == [4]


def test_pictures_whose_group_before_is_not_there_are_left_out() -> None:
    alone = OPEN.picked(range(4, 8))
    found = excerpt(alone, 0, 200)
    assert sizes(found) == [4, 7]
    assert found is not None
    assert (found.shown, found.shown_from) == (2, 80)
    assert sizes(excerpt(alone, 0, 200, continues=True)) == [4, 5, 6, 7]


def test_where_only_pictures_without_their_group_would_be_shown_there_is_nothing() -> None:
    assert excerpt(OPEN.picked(range(4, 8)), 0, 80) is None


def test_a_file_that_begins_without_a_key_frame_begins_with_its_first_one() -> None:
    found = excerpt(PLAIN.picked(range(2, 12)), 0, 200)
    assert found is not None
    assert (sizes(found)[0], found.shown, found.shown_from) == (5, 7, 50)
    assert excerpt(PLAIN.picked(range(1, 4)), 0, 200) is None
    assert excerpt(PLAIN.picked(range(1, 8)), 0, 40) is None


def test_what_goes_on_from_the_file_before_may_begin_without_a_key_frame() -> None:
    assert sizes(excerpt(PLAIN.picked(range(1, 4)), 0, 200, continues=True)) == [1, 2, 3]


def test_the_last_picture_of_a_session_lasts_as_long_as_the_others() -> None:
    ends = table(*((n, n == 0) for n in range(5)), last=0)
    found = excerpt(ends, 0, 500)
    assert found is not None
    assert (found.shown_to, found.samples.durations[-1]) == (50, TICK)


def test_a_picture_lasts_through_a_pause_and_no_longer_than_the_range() -> None:
    paused = PLAIN.picked([0, 1, 2, 3])
    paused.times[3] += 400
    paused.durations[2] += 400
    found = excerpt(paused, 0, 100)
    assert found is not None
    assert (found.shown, found.shown_to) == (3, 100)


def test_a_picture_that_fits_no_more_before_the_end_lasts_a_tick() -> None:
    found = excerpt(PLAIN, 0, 101)
    assert found is not None
    assert (found.shown, found.shown_to) == (11, 101)


SOUND = SampleTable(
    array("q", [64 * n for n in range(20)]),
    array("q", [64] * 20),
    array("q", [0] * 20),
    array("q", range(20)),
    array("q", [0] * 20),
    bytearray([1] * 20),
)


@pytest.mark.parametrize(
    ("begin", "end", "warm_up", "numbers"),
    [
        (128, 192, False, [2]),
        (128, 192, True, [1, 2]),
        (100, 193, False, [1, 2, 3]),
        (0, 64, True, [0]),
        (-70, 1, True, [0]),
        (5000, 6000, False, []),
        (64, 64, False, []),
    ],
)
def test_sound_is_heard_from_the_frame_that_reaches_into_the_range(
    begin: int,
    end: int,
    warm_up: bool,  # noqa: FBT001 - a parameter of the test
    numbers: list[int],
) -> None:
    assert list(heard(SOUND, begin, end, warm_up=warm_up).sizes) == numbers


@given(st.lists(st.tuples(st.integers(0, 60), st.booleans()), max_size=30), st.integers(-10, 700), st.integers(0, 700))
def test_what_is_shown_is_in_the_range_and_what_is_needed_begins_with_a_key_frame(
    rows: list[tuple[int, bool]], begin: int, length: int
) -> None:
    source = table(*rows)
    found = excerpt(source, begin, begin + length)
    if found is None:
        return
    times = found.samples.shown()
    shown = [time for time in times if found.shown_from <= time < begin + length]
    assert len(shown) == found.shown
    assert found.shown + found.hidden_before + found.hidden_after == len(times)
    assert found.samples.syncs[0]
    assert begin <= found.shown_from == min(shown)
    assert found.shown_from < found.shown_to
    assert found.shown_to > max(shown)
