"""The checker of the gap ledger, on made-up recordings and ledgers."""

import json
from fractions import Fraction
from pathlib import Path

import pytest

from holdfast.lab.reader import RecordedFrame, Recording
from holdfast.lab.scenarios.film import Film, Hole, worst_and_median
from holdfast.lab.scenarios.ledger import Gap, contradictions, gaps_of

S = 1_000_000_000
ZERO_NS = 1_700_000_000 * S
CAUSES = frozenset({"stalled"})


def film(*ranges: tuple[int, int], fps: int = 10) -> Film:
    numbers = frozenset(number for first, last in ranges for number in range(first, last + 1))
    return Film(Fraction(fps), ZERO_NS, numbers)


def gap(from_s: float, to_s: float | None, cause: str = "stalled") -> Gap:
    return Gap("cam_01", cause, ZERO_NS + round(from_s * S), None if to_s is None else ZERO_NS + round(to_s * S))


def test_a_film_knows_when_every_frame_was_made() -> None:
    frames = tuple(
        RecordedFrame(number, ZERO_NS + number * S // 10 + late_ns, b"", 0, 0, 0, is_key=True)
        for number, late_ns in ((3, 0), (4, 50_000_000), (7, 0))
    )
    seen = Film.of([Recording(Path("a"), "h264", frames, 0)], Fraction(10))
    assert seen.zero_ns == ZERO_NS
    assert seen.recorded == {3, 4, 7}
    assert list(seen.holes()) == [Hole(5, 6, ZERO_NS + S // 2, ZERO_NS + 7 * S // 10)]
    assert list(seen.holes(ZERO_NS + S))[-1] == Hole(8, 9, ZERO_NS + 8 * S // 10, ZERO_NS + S)
    assert seen.made(ZERO_NS + S // 2, ZERO_NS + S) == range(5, 10)
    assert seen.lost_s(ZERO_NS + S // 2, ZERO_NS + S) == pytest.approx(0.4)
    with pytest.raises(ValueError, match="nothing"):
        Film.of([], Fraction(10))


def test_a_hole_that_lies_in_a_gap_of_a_right_cause_is_accounted_for() -> None:
    assert contradictions(film((0, 19), (50, 90)), [gap(2.0, 5.0)], CAUSES) == []


def test_edges_may_be_off_by_little() -> None:
    assert contradictions(film((0, 19), (50, 90)), [gap(2.14, 4.86)], CAUSES) == []
    assert contradictions(film((0, 19), (50, 90)), [gap(1.86, 5.14)], CAUSES) == []


def test_slow_cameras_have_wider_edges() -> None:
    assert contradictions(film((0, 4), (10, 14), fps=1), [gap(6.4, 8.6)], CAUSES) == []
    assert contradictions(film((0, 4), (10, 14), fps=1), [gap(7.0, 8.6)], CAUSES) != []


def test_a_hole_without_a_gap_is_a_problem() -> None:
    (found,) = contradictions(film((0, 19), (50, 90)), [], CAUSES)
    assert "frames 20 to 49 (3.0 s) are missing, and 30 of them are in no gap" in found


def test_a_hole_of_which_a_part_is_in_no_gap_is_a_problem() -> None:
    (found,) = contradictions(film((0, 19), (50, 90)), [gap(2.0, 4.0)], CAUSES)
    assert "8 of them are in no gap" in found


def test_a_wrong_cause_is_a_problem_unless_another_gap_has_the_right_one() -> None:
    wrong, right = gap(2.0, 5.0, "disk_full"), gap(1.9, 5.1)
    (found,) = contradictions(film((0, 19), (50, 90)), [wrong], CAUSES)
    assert "the cause is disk_full" in found
    assert contradictions(film((0, 19), (50, 90)), [wrong, right], CAUSES) == []


def test_a_short_hole_needs_no_gap() -> None:
    assert contradictions(film((0, 19), (24, 90)), [], CAUSES) == []
    assert contradictions(film((0, 19), (25, 90)), [], CAUSES) != []
    assert contradictions(film((0, 4), (6, 9), fps=1), [], CAUSES) == []


def test_a_recorded_frame_in_a_gap_is_a_problem() -> None:
    (found,) = contradictions(film((0, 90)), [gap(2.0, 3.0)], CAUSES)
    assert found == "frames 22 to 28 are recorded, and in a gap (stalled)"


def test_an_open_gap_has_no_end() -> None:
    end_ns = ZERO_NS + 10 * S
    assert contradictions(film((0, 19)), [gap(2.0, None)], CAUSES, until_ns=end_ns) == []
    assert contradictions(film((0, 19)), [], CAUSES, until_ns=end_ns) != []
    assert contradictions(film((0, 40)), [gap(2.0, None)], CAUSES) != []


def test_gaps_are_taken_out_of_the_lines_of_the_command() -> None:
    told: dict[str, object] = {
        "camera": "cam_01",
        "stream": "main",
        "cause": "stalled",
        "sentence": "",
        "from": "",
        "to": None,
    }
    told |= {"from_ns": ZERO_NS + 2 * S, "to_ns": None, "duration_s": None, "session": 3, "detail": ""}
    closed = told | {"to_ns": ZERO_NS + 5 * S}
    day = {"camera": "cam_01", "stream": "main", "day": "2026-11-26", "recorded_s": 3.0}
    lines = [json.dumps(line) for line in (told, closed, told | {"camera": "cam_02"}, told | {"stream": "sub"}, day)]
    assert gaps_of([*lines, ""], "cam_01") == [gap(2.0, None), gap(2.0, 5.0)]


def test_the_worst_and_the_median() -> None:
    assert worst_and_median([3, 1, 2]) == (3, 2)
    assert worst_and_median([1, 2]) == (2, 2)
