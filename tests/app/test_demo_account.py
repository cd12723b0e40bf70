"""The account of the demo, on made-up recordings and ledgers: ten frames a second, from moment 0 on."""

from fractions import Fraction

from holdfast.app.demo_account import Count, Outcome, Span, count, gaps_within, missing_in, outcome
from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.lab.scenarios.film import Film

ZERO_NS = 1_700_000_000 * NS_PER_S


def wall(seconds: float) -> WallNs:
    return WallNs(ZERO_NS + round(seconds * NS_PER_S))


def span(from_s: float, to_s: float) -> Span:
    return Span(wall(from_s), wall(to_s))


def gap(from_s: float, to_s: float | None, camera: str = "cam_02") -> GapRecord:
    return GapRecord(
        gap_id=f"{camera} {from_s}",
        camera=camera,
        stream="main",
        cause="stalled",
        sentence="",
        from_wall_ns=wall(from_s),
        to_wall_ns=None if to_s is None else wall(to_s),
    )


def film(*ranges: tuple[int, int]) -> Film:
    return Film(Fraction(10), ZERO_NS, frozenset(n for first, last in ranges for n in range(first, last + 1)))


def settled(
    recorded: Film, *, last: int = 99, away: tuple[Span, ...] = (), gaps: tuple[GapRecord, ...] = (), twice: int = 0
) -> Count:
    frames = sorted(recorded.recorded)
    return count(recorded, [*frames, *frames[:twice]], (0, last), away, gaps)


def test_a_reset_costs_the_frames_until_the_next_key_frame() -> None:
    seen = outcome(film((0, 49), (58, 99)), span(5.05, 5.05), is_away=False)
    assert seen == Outcome(again_s=0.75, missing=8, lost=8, lost_s=0.8, is_over=True)


def test_what_a_camera_made_while_it_was_away_is_not_lost() -> None:
    seen = outcome(film((0, 48), (105, 150)), span(5.0, 10.0), is_away=True)
    assert (seen.missing, seen.lost, seen.again_s) == (56, 6, 0.5)


def test_a_camera_that_can_be_had_all_the_time_loses_all_that_is_missing() -> None:
    assert outcome(film((0, 48), (105, 150)), span(5.0, 10.0), is_away=False).lost == 56


def test_what_came_late_is_not_lost() -> None:
    assert outcome(film((0, 150)), span(5.0, 10.0), is_away=False) == Outcome(None, 0, 0, 0.0, is_over=True)


def test_it_is_not_over_before_something_is_recorded_that_was_made_afterwards() -> None:
    assert not outcome(film((0, 48)), span(5.0, 10.0), is_away=True).is_over
    assert not outcome(film((0, 99)), span(5.0, 10.0), is_away=False).is_over
    assert outcome(film((0, 100)), span(5.0, 10.0), is_away=False).is_over


def test_an_earlier_trouble_of_the_same_camera_is_not_counted_again() -> None:
    seen = outcome(film((0, 9), (20, 59), (65, 99)), span(6.0, 6.0), is_away=False)
    assert (seen.missing, seen.again_s) == (5, 0.5)


def test_recording_again_before_a_trouble_is_over_takes_no_time() -> None:
    assert outcome(film((0, 49), (60, 199)), span(5.0, 10.0), is_away=True).again_s == 0


def test_a_camera_without_trouble_has_all_its_frames() -> None:
    assert settled(film((0, 99))) == Count(made=100, away=0, recorded=100, repeated=0, lost=0, unaccounted=0)


def test_what_was_made_while_the_camera_was_away_stands_apart() -> None:
    one = settled(film((0, 49), (75, 99)), away=(span(5.0, 7.0),), gaps=(gap(5.0, 7.5),))
    assert one == Count(made=80, away=20, recorded=75, repeated=0, lost=5, unaccounted=0)


def test_what_is_in_no_gap_is_unaccounted_for_even_if_the_camera_was_away() -> None:
    assert settled(film((0, 49), (75, 99)), away=(span(5.0, 7.0),)).unaccounted == 25


def test_of_a_gap_that_is_too_short_the_rest_is_unaccounted_for() -> None:
    assert settled(film((0, 49), (75, 99)), gaps=(gap(5.0, 6.0),)).unaccounted == 13


def test_frames_at_the_end_are_missing_too() -> None:
    one = settled(film((0, 79)), gaps=(gap(8.0, None),))
    assert (one.made, one.lost, one.unaccounted) == (100, 20, 0)
    assert settled(film((0, 79))).unaccounted == 20


def test_a_few_frames_are_lost_but_need_no_gap() -> None:
    one = settled(film((0, 49), (53, 99)))
    assert (one.lost, one.unaccounted) == (3, 0)


def test_frames_outside_of_the_time_that_counts_do_not_count() -> None:
    assert settled(film((0, 120))) == Count(made=100, away=0, recorded=100, repeated=0, lost=0, unaccounted=0)


def test_frames_that_are_there_twice_are_repeated() -> None:
    assert settled(film((0, 99)), twice=7).repeated == 7


def test_only_gaps_of_the_camera_within_the_time_are_shown() -> None:
    inside, open_gap = gap(4, 5), gap(9, None)
    others = [gap(-3, 0.1), gap(12, 13), gap(4, 5, "cam_03")]
    assert gaps_within([inside, *others, open_gap], "cam_02", span(0, 10)) == [inside, open_gap]


def test_what_is_missing_in_a_time_is_counted_from_a_second_before_it_to_its_end() -> None:
    seen = film((0, 19), (25, 44), (50, 59), (62, 99))
    assert missing_in(seen, (0, 99), span(3.0, 7.0)) == 5 + 5 + 2
    assert missing_in(seen, (0, 99), span(3.35, 6.1)) == 1 + 5 + 1
    assert missing_in(seen, (0, 99), span(7.2, 9.0)) == 0


def test_what_is_missing_at_the_end_of_a_time_that_never_ended_counts() -> None:
    assert missing_in(film((0, 79)), (0, 99), Span(wall(5.0), 1 << 63)) == 20
