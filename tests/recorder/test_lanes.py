"""Several sessions of one stream, and a recording without a frame lost or repeated."""

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs
from holdfast.fmp4.errors import Fmp4Error
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from tests.recorder.lanes_rig import HALF, STREAM, Rig


@pytest.fixture
def rig() -> Rig:
    made = Rig()
    made.lanes.start()
    return made


def test_a_session_that_was_held_back_is_recorded_up_to_where_its_rival_began(rig: Rig) -> None:
    old = rig.open(1, 0)
    rig.live(old, 6)
    rig.clock.advance(3)
    new = rig.open(2, 12, is_rival=True)
    rig.live(new, 4)
    assert rig.told == [("begins", 2)]
    rig.send(old, 8)
    assert rig.told == [("begins", 2), ("drained", 1)]
    rig.end(old)
    rig.live(new, 4)
    rig.end(new)
    rig.settle()
    assert sorted(rig.files()) == [list(range(12)), list(range(12, 20))]
    assert rig.lanes.is_idle
    assert rig.lanes.open_paths == []


def test_a_rival_is_not_recorded_before_it_wins(rig: Rig) -> None:
    old = rig.open(1, 0)
    rig.live(old, 4)
    rig.wins = False
    new = rig.open(2, 4, is_rival=True)
    rig.send(new, 5)
    rig.end(new)
    rig.live(old, 4)
    rig.end(old)
    rig.settle()
    assert rig.files() == [list(range(8))]
    assert rig.told == [("begins", 2), ("begins", 2)]


def test_a_rival_that_begins_with_what_was_recorded_already_has_nothing_new_before_the_next_key_frame(rig: Rig) -> None:
    old = rig.open(1, 0)
    rig.live(old, 7)
    new = rig.open(2, 4, is_rival=True)
    rig.send(new, 4)
    assert rig.told == []
    rig.send(new, 1)
    assert rig.told == [("begins", 2)]
    rig.send(old, 2)
    assert rig.told[-1] == ("drained", 1)
    rig.end(old)
    rig.end(new)
    rig.settle()
    assert sorted(rig.files()) == [list(range(8)), [8]]


def test_a_camera_that_begins_with_its_last_group_again_repeats_nothing(rig: Rig) -> None:
    old = rig.open(1, 0)
    rig.live(old, 7)
    rig.end(old)
    new = rig.open(2, 4)
    rig.live(new, 8)
    rig.end(new)
    rig.settle()
    assert sorted(rig.files()) == [list(range(7)), [8, 9, 10, 11]]


def test_a_third_key_frame_is_new_whatever_it_looks_like(rig: Rig) -> None:
    old = rig.open(1, 0)
    rig.live(old, 12)
    rig.end(old)
    new = rig.open(2, 0)
    rig.live(new, 12)
    rig.end(new)
    rig.settle()
    assert sorted(rig.files()) == [list(range(12)), [8, 9, 10, 11]]


def test_a_session_whose_key_frames_are_not_its_winners_ends_by_the_clocks(rig: Rig) -> None:
    old = rig.open(1, 0)
    rig.live(old, 6)
    rig.clock.advance(3)
    new = rig.open(2, 100, is_rival=True)
    rig.live(new, 4)
    rig.send(old, 20)
    assert rig.told == [("begins", 2), ("drained", 1)]
    rig.end(old)
    rig.end(new)
    rig.settle()
    drained, winner = sorted(rig.files())
    assert winner == [100, 101, 102, 103]
    # It began six seconds after the first, and the clocks are given half a second.
    assert drained == list(range(13))


def test_pictures_that_are_all_the_same_are_told_apart_by_the_clocks(rig: Rig) -> None:
    old = rig.open(1, 0)
    for _ in range(8):
        rig.send(old, text=0)
        rig.clock.advance(0.5)
    rig.clock.advance(2)
    new = rig.open(2, 12, is_rival=True)
    rig.send(new, text=0)
    assert rig.told == [("begins", 2)]
    rig.send(old, 8, text=0)
    assert rig.told[-1] == ("drained", 1)
    rig.end(old)
    rig.end(new)
    rig.settle()
    assert sorted(map(len, rig.files())) == [1, 13]


def test_a_session_that_takes_the_place_of_one_that_failed_is_recorded(rig: Rig) -> None:
    old = rig.open(1, 0)
    rig.live(old, 4)
    rig.wins = False
    new = rig.open(2, 4, is_rival=True)
    rig.end(old)
    rig.lanes.inherit(2)
    rig.lanes.inherit(9)
    rig.live(new, 4)
    rig.end(new)
    rig.settle()
    assert sorted(rig.files()) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_what_is_recorded_is_told_with_the_time_at_which_it_was_taken(rig: Rig) -> None:
    one = rig.open(1, 0)
    rig.live(one, 2)
    assert rig.heard.stretches == [(1, 0.0, 0.5), (1, 0.5, 1.0)]
    rig.send(one, longest=90_000)
    assert rig.heard.stretches[-1] == (1, 1.0, 1.5), "the camera paused for a second after the last frame"


def test_frames_that_are_crowded_together_before_a_pause_do_not_hide_it(rig: Rig) -> None:
    one = rig.open(1, 0)
    rig.live(one, 2)
    rig.send_lasting(one, HALF // 2, 0)
    rig.send_lasting(one, 12 * 90_000)
    assert rig.heard.stretches[-1] == (1, 1.5, 1.75), "and not twelve seconds"


def test_a_clock_that_gets_better_is_told(rig: Rig) -> None:
    one = rig.open(1, 0)
    rig.send(one)
    rig.lanes.observe(1, NS_PER_S + NS_PER_S // 2, rig.clock.mono_ns() + NS_PER_S // 4)
    assert rig.heard.shifts == [(1, -0.25)]
    rig.clock.advance(20)
    rig.lanes.observe(1, 30 * NS_PER_S, rig.clock.mono_ns())
    assert len(rig.heard.shifts) == 1, "old sessions are dated well enough"
    rig.lanes.observe(9, 0, 0)


def test_nothing_is_recorded_or_told_while_it_is_not_wanted(rig: Rig) -> None:
    rig.lanes.stop()
    one = rig.open(1, 0)
    rig.live(one, 8)
    assert rig.heard.stretches == []
    rig.lanes.start()
    rig.live(one, 8)
    rig.lanes.stop()
    rig.live(one, 4)
    rig.end(one)
    rig.settle()
    (file,) = rig.files()
    assert file[0] == 8, "from the key frame at the start"
    assert file[-1] in (15, 16)


def test_all_lanes_share_one_limit_and_the_oldest_footage_goes_first() -> None:
    rig = Rig(limit_bytes=2000)
    rig.lanes.start()
    rig.writer.broken = True
    old = rig.open(1, 0)
    rig.live(old, 8)
    rig.end(old)
    rig.writer.work(1 << 20)
    rig.writer.deliver(rig.lanes.answered, 1 << 20)
    new = rig.open(2, 8)
    rig.live(new, 4)
    rig.writer.work(1 << 20)
    rig.writer.deliver(rig.lanes.answered, 1 << 20)
    rig.live(new, 4)
    assert rig.lanes.held_bytes <= 2000
    assert {cause for _, _, cause in rig.heard.losses} == {FaultKind.FOOTAGE_DROPPED}
    rig.writer.broken = False
    rig.settle()
    rig.end(new)
    rig.settle()
    kept = sorted(number for file in rig.files() for number in file)
    assert kept[-8:] == list(range(8, 16))
    dropped = round(sum(to_s - from_s for from_s, to_s, _ in rig.heard.losses) * 2)
    assert len(kept) + dropped == 16


def test_sessions_that_delivered_nothing_leave_nothing(rig: Rig) -> None:
    for session in range(1, 200):
        rig.lanes.open(session, is_rival=False)
        rig.lanes.close(session)
    assert rig.lanes.mono_of(199, 0) is None
    assert rig.lanes.received_bytes(199) == 0
    assert rig.lanes.open_paths == []
    assert rig.lanes.current is None


def test_events_of_sessions_that_are_not_there_are_ignored(rig: Rig) -> None:
    rig.lanes.take_bytes(TakeBytes(STREAM, 5, 1, b"no"))
    rig.lanes.take_closed(TakeClosed(STREAM, 5, 1))
    rig.lanes.take_opened(TakeOpened(STREAM, 5, 1, PtsNs(0), MonoNs(0), reorders=False, reason="x"))
    assert rig.lanes.is_idle


def test_other_lengths_of_files_count_from_the_next_file_on(rig: Rig) -> None:
    one = rig.open(1, 0)
    rig.live(one, 4)
    rig.lanes.set_rules(SegmentRules(size_bytes=1))
    rig.live(one, 8)
    rig.end(one)
    rig.settle()
    assert [len(file) for file in rig.files()] == [4, 4, 4]


def test_a_shut_down_ends_every_lane(rig: Rig) -> None:
    one = rig.open(1, 0)
    rig.live(one, 4)
    rig.lanes.shut_down()
    rig.settle()
    assert rig.lanes.is_idle
    assert all(file.is_final for file in rig.writer.disk.values())


def test_the_tail_of_a_session_that_ended_repeats_nothing_of_its_successor(rig: Rig) -> None:
    old = rig.open(1, 0)
    rig.live(old, 4)
    new = rig.open(2, 4)
    rig.live(new, 4)
    rig.send(old, 2)
    rig.end(old)
    rig.end(new)
    rig.settle()
    assert sorted(rig.files()) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_what_fits_into_no_file_is_said_to_be_lost(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    def begin(*_: object) -> None:
        raise Fmp4Error("too large a header")

    monkeypatch.setattr("holdfast.recorder.recording.begin_segment", begin)
    rig.live(rig.open(1, 0), 2)
    assert rig.heard.losses == [(0.0, 0.5, FaultKind.MUX), (0.5, 1.0, FaultKind.MUX)]
    assert [fault.kind for fault in rig.faults] == [FaultKind.MUX]
