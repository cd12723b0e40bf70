"""What is missing between two lives of the recorder."""

from holdfast.domain.gaps import GapCause
from holdfast.policy.ledger import EARLIER_LIFE
from holdfast.policy.ledger_events import DropGap, Gap, Note
from tests.policy.ledger_rig import Rig, ns


def test_the_time_between_two_lives_is_missing() -> None:
    rig = Rig()
    rig.earlier(-7)
    assert rig.shown == [(-7, None, "recorder_killed")]
    rig.wanted(3)
    rig.fault("rtsp_network", 4)
    rig.recorded(1, 6, 7)
    assert rig.shown == [(-7, 6, "recorder_killed")]
    assert rig.gaps[EARLIER_LIFE].also == (Note("rtsp_network", "rtsp_network said"),)


def test_a_repaired_file_shortens_the_gap_between_two_lives() -> None:
    rig = Rig()
    rig.earlier(-7)
    rig.recorded(1, 6, 7)
    rig.earlier(-3)
    assert rig.shown == [(-3, 6, "recorder_killed")]
    rig.earlier(-3)
    rig.recorded(1, 7, 100)
    rig.earlier(-2)
    assert rig.shown == [(-2, 6, "recorder_killed")]
    rig.earlier(5.95)
    assert rig.shown == []
    rig.earlier(-2)
    assert rig.shown == [(-2, 6, "recorder_killed")]


def test_when_there_was_no_gap_between_two_lives_a_correction_makes_none() -> None:
    rig = Rig()
    rig.wanted(5)
    rig.recorded(1, 5, 6)
    rig.earlier(4.95, "recorder_stopped")
    assert rig.said == []
    rig.recorded(1, 6, 100)
    rig.earlier(4.97)
    assert rig.said == []


def test_the_end_of_a_life_that_comes_after_the_first_gap_takes_it_over() -> None:
    rig = Rig()
    rig.wanted(5)
    rig.fault("rtsp_network", 5.1)
    rig.earlier(-7, "recorder_stopped")
    assert rig.shown == [(-7, None, "recorder_stopped")]


def test_a_gap_that_was_open_when_the_recorder_ended_goes_on() -> None:
    rig = Rig()
    rig.earlier(-20, carried=Gap(99, ns(-15), None, Note("not_found", "404"), 7))
    assert rig.shown == [(-15, None, "not_found")]
    rig.earlier(-12)
    rig.wanted(1)
    rig.recorded(8, 3, 4)
    assert rig.shown == [(-12, 3, "not_found")]
    gap = rig.gaps[EARLIER_LIFE]
    assert (gap.session, [note.cause for note in gap.also]) == (7, [GapCause.RECORDER_KILLED])


def test_a_gap_of_an_earlier_life_can_turn_out_to_be_none() -> None:
    rig = Rig()
    rig.wanted(3)
    rig.recorded(8, 3, 4)
    rig.earlier(2.99, carried=Gap(99, ns(-15), None, Note("not_found")))
    assert rig.said == [DropGap(EARLIER_LIFE)]
