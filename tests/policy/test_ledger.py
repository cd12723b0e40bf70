"""What is missing, from when to when, and why."""

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.policy.ledger import MOST_ALSO, LedgerSettings
from holdfast.policy.ledger_events import DropGap, Note, PutGap
from tests.policy.ledger_rig import Rig, ns


@pytest.fixture
def rig() -> Rig:
    """Recording is wanted from 0 on, and session 1 has delivered from 0 to 10."""
    made = Rig()
    made.wanted(0)
    made.recorded(1, 0, 10)
    return made


def test_nothing_is_missing_while_footage_comes(rig: Rig) -> None:
    for second in range(10, 200):
        rig.recorded(1, second, second + 1)
        rig.tick(second + 1.4)
    assert rig.said == []
    assert len(rig.now.stretches) == 1


def test_a_break_opens_a_gap_at_once_where_footage_ended(rig: Rig) -> None:
    rig.fault("rtsp_network", 10.3)
    assert rig.shown == [(10, None, "rtsp_network")]
    assert rig.open_number() == 1
    assert (rig.gaps[1].session, rig.gaps[1].note.text) == (1, "rtsp_network said")
    rig.recorded(1, 10, 10.3)
    assert rig.shown == [(10.3, None, "rtsp_network")]
    rig.recorded(2, 12, 12.5)
    assert rig.shown == [(10.3, 12, "rtsp_network")]
    assert rig.open_number() is None
    assert len({action.gap.number for action in rig.said if isinstance(action, PutGap)}) == 1


def test_without_a_fault_a_gap_is_opened_when_nothing_was_recorded_for_a_while(rig: Rig) -> None:
    rig.tick(12.5)
    assert rig.shown == []
    rig.tick(12.6)
    assert rig.shown == [(10, None, "silent")]


def test_a_slow_stream_is_given_the_time_of_two_frames_more() -> None:
    rig = Rig()
    rig.wanted(0)
    rig.recorded(1, 0, 10, interval=1, pieces=1)
    rig.tick(14.4)
    assert rig.shown == []
    rig.recorded(1, 11.9, 12.9, interval=1)
    assert rig.shown == [], "a frame that was skipped"
    rig.tick(17.5)
    assert rig.shown == [(12.9, None, "silent")]


def test_before_the_first_key_frame_it_is_the_start_that_takes_time() -> None:
    rig = Rig()
    rig.wanted(5)
    rig.tick(7)
    rig.recorded(1, 7.2, 7.7)
    assert rig.shown == [(5, 7.2, "starting")]


def test_a_fault_explains_a_start_that_takes_longer() -> None:
    rig = Rig()
    rig.wanted(5)
    rig.tick(8)
    assert rig.shown == [(5, None, "starting")]
    rig.fault("authentication", 9, session=4)
    assert rig.shown == [(5, None, "authentication")]
    assert rig.gaps[1].session == 4


def test_the_first_fault_is_the_cause_and_the_others_are_told_once_each(rig: Rig) -> None:
    for at, cause in ((10.1, "camera_closed"), (11, "rtsp_network"), (12, "not_found"), (13, "rtsp_network")):
        rig.fault(cause, at)
    rig.recorded(2, 14, 14.5)
    assert rig.shown == [(10, 14, "camera_closed")]
    (gap,) = rig.gaps.values()
    assert gap.also == (Note("rtsp_network", "rtsp_network said"), Note("not_found", "not_found said"))


def test_however_many_kinds_of_fault_come_few_are_told(rig: Rig) -> None:
    for number, kind in enumerate(FaultKind):
        rig.fault(kind, 10.1 + number)
    (gap,) = rig.gaps.values()
    assert len(gap.also) == MOST_ALSO


def test_a_fault_that_did_not_stop_the_frames_is_forgotten(rig: Rig) -> None:
    rig.fault("disk_full", 10.2, breaks=False)
    rig.recorded(1, 10, 11)
    rig.tick(20)
    assert rig.shown == [(11, None, "silent")]


def test_a_fault_without_a_break_explains_silence_when_that_has_lasted(rig: Rig) -> None:
    rig.fault("stalled", 12, breaks=False)
    assert rig.shown == []
    rig.tick(13)
    assert rig.shown == [(10, None, "stalled")]


def test_late_footage_of_after_a_fault_says_that_it_is_not_the_cause(rig: Rig) -> None:
    rig.fault("disk_full", 11, breaks=False)
    rig.tick(13)
    assert rig.shown == [(10, None, "disk_full")]
    rig.recorded(1, 10, 12)
    rig.fault("camera_closed", 13)
    assert rig.shown == [(12, None, "camera_closed")]


def test_a_fault_that_breaks_after_all_opens_the_gap(rig: Rig) -> None:
    rig.fault("stalled", 11, breaks=False)
    rig.fault("stalled", 11.5)
    assert rig.shown == [(10, None, "stalled")]


def test_a_fault_that_is_told_late_breaks_nothing(rig: Rig) -> None:
    rig.fault("worker_died", 4)
    assert rig.said == []


def test_trouble_of_those_who_watch_is_no_cause(rig: Rig) -> None:
    rig.fault("decoder", 10.2, breaks=False)
    rig.tick(20)
    assert rig.shown == [(10, None, "silent")]


def test_footage_that_comes_up_to_the_break_and_is_dated_a_little_late_keeps_the_cause(rig: Rig) -> None:
    rig.fault("rtsp_network", 10.3)
    rig.recorded(1, 10, 10.45)
    assert rig.shown == [(10.45, None, "rtsp_network")]


def test_a_hole_within_a_session_counts_from_half_a_second_on(rig: Rig) -> None:
    rig.recorded(1, 10.45, 11)
    assert rig.shown == []
    rig.recorded(1, 11.6, 12)
    assert rig.shown == [(11, 11.6, "silent")]


def test_a_hole_between_two_sessions_counts_from_a_tenth_on(rig: Rig) -> None:
    rig.recorded(2, 10.09, 11)
    assert rig.shown == []
    rig.recorded(3, 11.11, 12)
    assert rig.shown == [(11, 11.11, "silent")]


def test_jitter_and_overlap_are_no_gap(rig: Rig) -> None:
    for second in range(10, 30):
        rig.recorded(1, second + 0.01, second + 0.98)
        rig.recorded(2, second - 0.3, second + 0.4)
    assert rig.said == []


def test_late_footage_shortens_splits_and_removes_a_gap(rig: Rig) -> None:
    rig.fault("stalled", 12)
    rig.recorded(2, 16, 16.5)
    assert rig.shown == [(10, 16, "stalled")]
    rig.recorded(1, 10, 11)
    assert rig.shown == [(11, 16, "stalled")]
    rig.recorded(1, 13, 14)
    assert rig.shown == [(11, 13, "stalled"), (14, 16, "stalled")]
    assert set(rig.gaps) == {1, 2}
    rig.recorded(3, 11, 13)
    assert rig.shown == [(14, 16, "stalled")]
    rig.recorded(1, 14, 15.98)
    assert rig.shown == []
    assert rig.said[-1] == DropGap(2)


def test_a_silence_that_was_only_late_is_no_gap_in_the_end(rig: Rig) -> None:
    rig.tick(13)
    rig.recorded(1, 10, 14)
    rig.tick(14.5)
    assert rig.shown == []


def test_footage_of_a_later_session_ends_what_an_earlier_one_suffered_from(rig: Rig) -> None:
    rig.fault("camera_closed", 10.1, session=1)
    rig.recorded(2, 12, 13)
    rig.tick(20)
    assert rig.shown == [(10, 12, "camera_closed"), (13, None, "silent")]
    other = Rig()
    other.wanted(0)
    other.recorded(1, 0, 10)
    other.fault("camera_closed", 10.1, session=1)
    other.tick(20)
    other.recorded(2, 12, 13)
    assert other.shown == [(10, 12, "camera_closed"), (13, None, "silent")], "whenever its footage came"


def test_a_gap_that_was_filled_leaves_its_neighbour_its_cause(rig: Rig) -> None:
    rig.fault("camera_closed", 10.1)
    rig.recorded(2, 11, 11.2)
    rig.fault("not_found", 11.3)
    rig.recorded(3, 13, 14)
    rig.recorded(1, 10, 11)
    assert rig.shown == [(11.2, 13, "not_found")]


def test_old_gaps_are_final(rig: Rig) -> None:
    rig.fault("rtsp_network", 10.1)
    rig.recorded(2, 12, 80)
    assert rig.now.gaps == ()
    rig.recorded(1, 10, 12)
    assert rig.shown == [(10, 12, "rtsp_network")]


def test_a_gap_may_last_for_hours(rig: Rig) -> None:
    rig.fault("rtsp_network", 10.1)
    for hour in range(1, 5):
        rig.tick(3600 * hour)
    rig.fault("not_found", 15000)
    rig.recorded(1, 10, 10.3)
    rig.recorded(2, 15003, 15004)
    assert rig.shown == [(10.3, 15003, "rtsp_network")]
    rig.recorded(2, 15004, 15100)
    assert len(rig.gaps) == 1
    assert rig.now.gaps == ()


def test_nothing_is_missing_that_was_not_wanted(rig: Rig) -> None:
    rig.unwanted(10)
    rig.tick(100)
    rig.fault("rtsp_network", 110)
    rig.wanted(200)
    rig.recorded(2, 199, 205)
    rig.tick(205.4)
    assert rig.said == []


def test_a_stop_waits_for_the_frames_up_to_its_moment(rig: Rig) -> None:
    rig.unwanted(11.5)
    rig.tick(12.4)
    assert rig.shown == []
    rig.recorded(1, 10, 11.6)
    rig.tick(20)
    assert rig.said == []


def test_what_does_not_come_before_a_stop_is_missing(rig: Rig) -> None:
    rig.unwanted(11.5)
    rig.tick(14.6)
    assert rig.shown == [(10, 11.5, "silent")]


def test_a_gap_ends_where_recording_is_switched_off(rig: Rig) -> None:
    rig.fault("rtsp_network", 10.1)
    rig.unwanted(10.4)
    assert rig.shown == [(10, 10.4, "rtsp_network")]
    rig.unwanted(12)
    assert rig.shown == [(10, 10.4, "rtsp_network")]


def test_switching_off_and_on_makes_two_gaps_of_an_outage(rig: Rig) -> None:
    rig.fault("rtsp_network", 10.1)
    rig.unwanted(12)
    rig.wanted(13)
    rig.wanted(13.5)
    rig.fault("rtsp_network", 14)
    rig.recorded(2, 20, 21)
    assert rig.shown == [(10, 12, "rtsp_network"), (13, 20, "rtsp_network")]


def test_known_loss_is_a_gap_at_once_however_short(rig: Rig) -> None:
    rig.lost(9, 9.05)
    assert rig.shown == [(9, 9.05, "packets_lost")]
    assert rig.open_number() is None


def test_losses_close_together_are_one(rig: Rig) -> None:
    rig.lost(8, 8.1)
    rig.lost(8.3, 8.4)
    rig.lost(9.5, 9.6)
    rig.lost(9.6, 9.7, "footage_dropped")
    assert rig.shown == [
        (8, 8.4, "packets_lost"),
        (9.5, 9.6, "packets_lost"),
        (9.6, 9.7, "footage_dropped"),
    ]


def test_what_is_known_to_be_lost_is_not_a_hole_as_well(rig: Rig) -> None:
    rig.lost(10, 10.8)
    rig.recorded(1, 10.8, 12)
    rig.tick(12.4)
    assert rig.shown == [(10, 10.8, "packets_lost")]


def test_loss_counts_only_while_recording_is_wanted(rig: Rig) -> None:
    rig.unwanted(10)
    rig.lost(9.9, 10.5)
    rig.lost(11, 12)
    assert rig.shown == [(9.9, 10, "packets_lost")]


def test_footage_that_was_held_for_long_can_still_be_lost(rig: Rig) -> None:
    rig.recorded(1, 10, 300)
    rig.lost(5, 250, "footage_dropped")
    assert rig.shown == [(5, 250, "footage_dropped")]


def test_a_better_media_clock_moves_the_edges(rig: Rig) -> None:
    rig.fault("camera_closed", 10.1)
    rig.recorded(2, 12, 14)
    rig.lost(13, 13.1, session=2)
    rig.redated(2, -0.2)
    assert rig.shown == [(10, 11.8, "camera_closed"), (12.8, 12.9, "packets_lost")]
    rig.redated(1, -0.1)
    assert rig.shown[0] == (9.9, 11.8, "camera_closed")


def test_a_better_media_clock_leaves_what_is_final(rig: Rig) -> None:
    rig.recorded(1, 10, 300)
    rig.lost(200, 201)
    rig.redated(1, 0.3)
    rig.tick(300.5)
    assert rig.shown == [(200, 201, "packets_lost")]
    assert rig.now.stretches[-1].to_ns == ns(300.3)


def test_thousands_of_sessions_in_a_minute_are_kept_in_bounds() -> None:
    rig = Rig()
    rig.wanted(0)
    for number in range(600):
        rig.recorded(number, number * 0.2, number * 0.2 + 0.05)
        rig.fault("camera_closed", number * 0.2 + 0.06)
        rig.lost(number * 0.2, number * 0.2 + 0.01, cause=("packets_lost", "footage_dropped")[number % 2])
        assert len(rig.now.stretches) <= rig.settings.most_stretches
        assert len(rig.now.gaps) <= rig.settings.most_stretches + 1
        assert len(rig.now.losses) <= rig.settings.most_losses
    holes = [one for one in rig.shown if one[2] == "camera_closed"]
    assert len(holes) == 600, "and none of them is forgotten"


def test_stretches_without_a_gap_between_them_are_kept_as_few() -> None:
    rig = Rig(LedgerSettings(most_stretches=4))
    rig.wanted(0)
    rig.recorded(1, 0, 3)
    for number in range(2, 30):
        rig.recorded(number, number - 0.03, number + 0.9 + 0.1 * (number % 2))
    assert rig.said == []
    assert len(rig.now.stretches) <= 4


def test_switching_thousands_of_times_is_kept_in_bounds() -> None:
    rig = Rig()
    for number in range(500):
        rig.wanted(number * 0.1)
        rig.unwanted(number * 0.1 + 0.05)
    assert len(rig.now.wants) <= rig.settings.most_wants
