"""The ledger stays short: what lies side by side is one gap, and says by what rule it went."""

from dataclasses import replace

from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import NS_PER_MS, NS_PER_S, WallNs
from holdfast.policy.deleted_gaps import MOST_RULES, deleted_gap
from tests.records import PLAIN

ROW = replace(
    PLAIN,
    path="cam_01/1.mp4",
    wall_start_ns=WallNs(100 * NS_PER_S),
    duration_ns=10 * NS_PER_S,
)


def first() -> GapRecord:
    gap = deleted_gap(None, ROW, "max_age = 7d", "one")
    assert gap is not None
    return gap


def at(begin_ms: int) -> SegmentRecord:
    return replace(ROW, wall_start_ns=WallNs(begin_ms * NS_PER_MS))


def test_a_gap_has_the_segments_time_and_the_rule() -> None:
    gap = first()
    assert (gap.from_wall_ns, gap.to_wall_ns, gap.cause) == (ROW.wall_start_ns, ROW.wall_end_ns, "deleted")
    assert gap.detail == {"text": "max_age = 7d", "by": "retention"}
    assert gap.sentence == "The footage was deleted."


def test_it_grows_by_what_adjoins_within_half_a_second_and_by_nothing_else() -> None:
    near = deleted_gap(first(), at(110_500), "max_age = 7d", "two")
    assert near is not None
    assert (near.gap_id, near.from_wall_ns, near.to_wall_ns) == ("one", ROW.wall_start_ns, 120_500 * NS_PER_MS)
    assert near.detail["text"] == "max_age = 7d"
    for other in (at(110_501), at(109_499), replace(at(110_000), stream="sub")):
        far = deleted_gap(first(), other, "max_age = 7d", "two")
        assert far is not None
        assert far.gap_id == "two"
    unended = deleted_gap(replace(first(), to_wall_ns=None), at(110_000), "r", "two")
    assert unended is not None
    assert unended.gap_id == "two"


def test_a_gap_that_somebody_made_by_hand_does_not_take_the_blame_for_more() -> None:
    by_hand = replace(first(), detail={"text": "deleted by somebody", "by": "somebody"})
    another = deleted_gap(by_hand, at(110_000), "max_age = 7d", "two")
    assert another is not None
    assert another.gap_id == "two"


def test_it_names_each_rule_once_and_not_ever_more() -> None:
    gap = first()
    for number in range(6):
        rule = f"min_free = {number % 5}G"
        grown = deleted_gap(gap, at(110_000 + 10_000 * number), rule, "more")
        assert grown is not None
        gap = grown
    assert gap.gap_id == "one"
    assert len(str(gap.detail["text"]).split("; ")) == MOST_RULES


def test_what_has_no_length_makes_no_gap() -> None:
    assert deleted_gap(first(), replace(ROW, duration_ns=0), "r", "two") is None
