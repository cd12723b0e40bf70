"""Streams that come, go and change while the others are recorded; and what the user switched, across restarts."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import IntentRecord, RecorderStopped, StreamRecord
from holdfast.domain.streams import Mode, StreamAddress, StreamId
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.catalog import CatalogUnreadableError
from holdfast.ports.volumes import CreateSegment
from holdfast.recorder.leaving import END_PATIENCE_S
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.recorder.test_recorder import STREAMS, Room, plan
from tests.records import PLAIN

# Nobody delivers while time passes in these tests.
pytestmark = pytest.mark.expects_log("The connection is open, but no frames arrive", optional=True)

ONE, TWO = STREAMS
NEW = StreamId("cam_03")
ELSEWHERE = StreamAddress("rtsp://elsewhere/")


def started(*, records: bool = True) -> Room:
    room = Room(records=records)
    room.recorder.start()
    for stream in STREAMS:
        room.record(stream)
    room.capture.asked.clear()
    return room


# ------------------------------------------------------------ coming


def test_a_stream_that_is_added_is_captured_and_recorded_and_no_other_is_touched() -> None:
    room = started()
    room.recorder.add(plan(NEW))
    assert room.capture.asked == [("open", NEW, 1)]
    assert room.recorder.streams[NEW].wanted


def test_a_stream_that_is_added_before_the_start_waits_for_it() -> None:
    room = Room()
    room.recorder.add(plan(NEW))
    assert not room.capture.asked
    room.recorder.start()
    assert ("open", NEW, 1) in room.capture.asked


def test_adding_a_stream_that_is_there_changes_it() -> None:
    room = started()
    room.recorder.add(plan(ONE, name="Front door"))
    assert room.recorder.status()[0].name == "Front door"
    assert not room.capture.asked


# ------------------------------------------------------------ going


def test_a_stream_that_is_removed_ends_its_session_and_its_files_are_made_final() -> None:
    room = started()
    room.recorder.remove(ONE)
    assert room.capture.asked == [("close", ONE, 1)]
    assert [status.camera for status in room.recorder.status()] == ["cam_02"]
    room.pass_time(1)
    assert len(room.recorder.open_paths()) == 2, "its file is still open while the session ends"
    room.end(ONE)
    room.pass_time(6)
    files = {path.split("/")[0]: file for path, file in room.writer.disk.items()}
    assert files["cam_01"].is_final
    assert not files["cam_02"].is_final
    assert {path.split("/")[0] for path in room.recorder.open_paths()} == {"cam_02"}
    assert ("release", ONE, 0) in room.capture.asked, "what was kept ready for it may go"


def test_what_a_session_held_when_its_stream_was_removed_is_recorded() -> None:
    room = started()
    room.recorder.remove(ONE)
    room.record(ONE)
    room.end(ONE)
    room.pass_time(6)
    assert all(file.is_final for path, file in room.writer.disk.items() if path.startswith("cam_01"))


def test_a_session_that_does_not_end_is_not_waited_for() -> None:
    room = started()
    room.recorder.remove(ONE)
    room.pass_time(END_PATIENCE_S + 2)
    assert {path.split("/")[0] for path in room.recorder.open_paths()} == {"cam_02"}


def test_removing_a_stream_twice_or_one_that_never_was_does_nothing() -> None:
    room = started()
    room.recorder.remove(ONE)
    room.recorder.remove(ONE)
    room.recorder.remove(NEW)
    assert [asked for asked in room.capture.asked if asked[1] == ONE] == [("close", ONE, 1)]


def test_a_stream_that_comes_back_while_it_still_goes_waits_until_the_camera_is_free() -> None:
    room = started()
    room.recorder.remove(ONE)
    room.recorder.add(plan(ONE))
    room.pass_time(1)
    assert room.capture.asked == [("close", ONE, 1)]
    room.end(ONE)
    assert room.capture.asked == [("close", ONE, 1), ("open", ONE, 2)]
    room.record(ONE, session=2)
    room.pass_time(6)
    assert len([path for path in room.writer.disk if path.startswith("cam_01")]) == 2
    assert ("release", ONE, 0) not in room.capture.asked


def test_a_stream_that_comes_back_does_not_wait_for_ever() -> None:
    room = started()
    room.recorder.remove(ONE)
    room.recorder.add(plan(ONE))
    room.pass_time(END_PATIENCE_S + 1)
    assert ("open", ONE, 2) in room.capture.asked


def test_a_stream_that_comes_and_goes_and_comes_is_there_once() -> None:
    room = started()
    for _ in range(3):
        room.recorder.remove(ONE)
        room.recorder.add(plan(ONE))
    room.recorder.remove(ONE)
    room.end(ONE)
    room.pass_time(END_PATIENCE_S + 3)
    assert [asked for asked in room.capture.asked if asked[1] == ONE] == [("close", ONE, 1), ("release", ONE, 0)]
    assert [status.camera for status in room.recorder.status()] == ["cam_02"]


def test_what_an_old_life_still_says_is_not_taken_for_the_new_one() -> None:
    room = started()
    room.recorder.change(plan(ONE, address=ELSEWHERE))
    room.end(ONE)
    assert room.recorder.streams[ONE].session == 2
    room.end(ONE)
    assert room.recorder.streams[ONE].session == 2
    assert not room.catalog.faults()


async def test_an_end_of_everything_makes_the_files_of_those_that_were_leaving_final(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("holdfast.recorder.recorder.END_PATIENCE_S", 0.1)
    room = started()
    room.recorder.remove(ONE)
    room.recorder.add(plan(ONE))
    disk = asyncio.create_task(room.disk())
    assert await room.recorder.shut_down()
    disk.cancel()
    assert all(file.is_final for file in room.writer.disk.values())
    assert ("open", ONE, 2) not in room.capture.asked


# ------------------------------------------------------------ changing


def test_another_address_connects_this_stream_anew_and_no_other() -> None:
    room = started()
    room.recorder.change(plan(ONE, address=ELSEWHERE))
    room.end(ONE)
    assert room.capture.asked == [("close", ONE, 1), ("open", ONE, 2)]
    assert room.capture.opened[-1].address == ELSEWHERE
    assert [status.camera for status in room.recorder.status()] == ["cam_01", "cam_02"], "in its place"


@pytest.mark.parametrize("change", [{"user": "u"}, {"password": "p"}, {"transport": "udp"}])
def test_another_account_or_transport_connects_it_anew(change: dict[str, Any]) -> None:
    room = started()
    room.recorder.change(plan(ONE, address=replace(StreamAddress("rtsp://h/"), **change)))
    assert [asked for asked in room.capture.asked if asked[1] == ONE] == [("close", ONE, 1)]


def test_sound_that_is_wanted_connects_it_anew() -> None:
    room = started()
    room.recorder.change(replace(plan(ONE), sound=True))
    room.end(ONE)
    assert room.capture.opened[-1].sound


def test_another_name_is_shown_and_connects_nothing() -> None:
    room = started()
    room.recorder.change(plan(ONE, name="Front door"))
    assert room.recorder.status()[0].name == "Front door"
    assert room.catalog.posted[-1] == StreamRecord(camera="cam_01", stream="main", display_name="Front door")
    assert not room.capture.asked


def test_recording_by_the_plan_is_changed_without_connecting_anew_and_is_no_switch_of_the_user() -> None:
    room = started()
    for records in (False, True):
        room.recorder.change(plan(ONE, records=records))
        assert room.recorder.streams[ONE].wanted is records
    assert not room.capture.asked
    assert not room.catalog.intents()


def test_another_length_of_files_counts_from_the_next_file_on() -> None:
    room = started()
    room.recorder.change(plan(ONE, rules=SegmentRules(duration_ns=NS_PER_S)))
    assert room.recorder.streams[ONE].recording.rules.duration_ns == NS_PER_S
    assert sum(isinstance(order, CreateSegment) for order in room.writer.orders) == 2
    assert not room.capture.asked


def test_a_stream_that_is_changed_and_is_not_there_is_added() -> None:
    room = started()
    room.recorder.change(plan(NEW))
    assert room.capture.asked == [("open", NEW, 1)]


def test_what_was_switched_at_run_time_goes_over_to_the_new_address() -> None:
    room = started()
    room.recorder.switch(ONE, wanted=False)
    room.recorder.streams[ONE].set_mode(Mode.BOTH)
    room.recorder.change(plan(ONE, address=ELSEWHERE))
    room.end(ONE)
    assert not room.recorder.streams[ONE].wanted
    assert room.capture.opened[-1].mode is Mode.BOTH


# ------------------------------------------------------------ intent


def switched(*, wanted: bool) -> FakeCatalog:
    catalog = FakeCatalog()
    catalog.post(IntentRecord(camera="cam_01", stream="main", wanted=wanted, since_wall_ns=WallNs(1)))
    return catalog


@pytest.mark.parametrize("records", [True, False])
@pytest.mark.parametrize("wanted", [True, False])
def test_what_the_user_switched_before_wins_over_the_plan_and_is_not_switched_again(
    *, wanted: bool, records: bool
) -> None:
    catalog = switched(wanted=wanted)
    posted = len(catalog.posted)
    room = Room(records=records, catalog=catalog)
    room.recorder.start()
    assert [stream.wanted for stream in room.recorder.streams.values()] == [wanted, records]
    assert not any(isinstance(change, IntentRecord) for change in catalog.posted[posted:])
    assert room.states() == [("cam_01", not wanted), ("cam_02", False)]


def test_a_switch_is_kept_and_known_to_the_next_recorder() -> None:
    room = started()
    room.recorder.switch(ONE, wanted=False)
    assert room.states() == [("cam_01", True), ("cam_02", False)]
    restarted = Room(catalog=room.catalog)
    restarted.recorder.start()
    assert [stream.wanted for stream in restarted.recorder.streams.values()] == [False, True]
    restarted.recorder.switch(ONE, wanted=True)
    again = Room(records=False, catalog=room.catalog)
    again.recorder.start()
    assert [stream.wanted for stream in again.recorder.streams.values()] == [True, False]


def test_a_switch_that_changes_nothing_leaves_it_to_the_plan() -> None:
    room = started()
    room.recorder.switch(ONE, wanted=True)
    assert not room.catalog.intents()
    room.recorder.change(plan(ONE, records=False))
    assert not room.recorder.streams[ONE].wanted


def test_a_switch_wins_over_a_plan_that_changes_later_and_over_a_removal() -> None:
    room = started()
    room.recorder.switch(ONE, wanted=False)
    room.recorder.change(plan(ONE, name="x"))
    assert not room.recorder.streams[ONE].wanted
    room.recorder.remove(ONE)
    room.recorder.add(plan(ONE))
    assert not room.recorder.streams[ONE].wanted


class Unreadable(FakeCatalog):
    def intents(self) -> tuple[IntentRecord, ...]:
        raise CatalogUnreadableError("it is damaged")


@pytest.mark.expects_log("WARNING holdfast.catalog: .*it is damaged")
def test_a_catalog_that_cannot_be_read_keeps_nobody_from_recording() -> None:
    room = Room(catalog=Unreadable())
    room.recorder.start()
    assert all(stream.wanted for stream in room.recorder.streams.values())


def test_session_numbers_go_on_after_those_of_the_catalog() -> None:
    first = started()
    again = Room(catalog=first.catalog)
    again.recorder.start()
    assert again.capture.asked == [("open", ONE, 2), ("open", TWO, 2)]


# ------------------------------------------------------------ what an earlier life left


def _yesterday(*, is_open: bool = False) -> FakeCatalog:
    """A recorder ended in order a day ago; its footage ended a minute before, or a gap was open then."""
    catalog = FakeCatalog()
    now_ns = FakeClock().wall_ns()
    day_ago_ns = now_ns - 24 * 3600 * NS_PER_S
    for stream in STREAMS:
        catalog.post(StreamRecord(camera=stream.camera, stream=stream.stream, display_name=""))
        catalog.post(
            replace(
                PLAIN,
                path=f"{stream.camera}/old.mp4",
                camera=stream.camera,
                stream=stream.stream,
                run_id=f"run of {stream}",
                wall_start_ns=WallNs(day_ago_ns - 120 * NS_PER_S),
                duration_ns=60 * NS_PER_S,
                codec="h264",
            )
        )
        if is_open:
            catalog.post(
                GapRecord(
                    gap_id=f"gap of {stream}",
                    camera=stream.camera,
                    stream=stream.stream,
                    cause=FaultKind.REFUSED,
                    sentence="",
                    from_wall_ns=WallNs(day_ago_ns - 60 * NS_PER_S),
                )
            )
    catalog.post(RecorderStopped(wall_ns=WallNs(day_ago_ns)))
    return catalog


def _long_gaps(catalog: FakeCatalog) -> list[str]:
    """Cameras with a gap of more than an hour."""
    now_ns = FakeClock().wall_ns()
    gaps = ((gap.camera, (gap.to_wall_ns or now_ns) - gap.from_wall_ns) for gap in catalog.gaps())
    return [camera for camera, length_ns in gaps if length_ns > 3600 * NS_PER_S]


def test_the_time_since_an_earlier_life_of_the_recorder_is_missing_once_however_often_a_camera_moves() -> None:
    room = Room(catalog=_yesterday())
    room.recorder.start()
    for stream in STREAMS:
        room.record(stream, session=2)
    room.pass_time(5)
    assert _long_gaps(room.catalog) == ["cam_01", "cam_02"]
    room.recorder.change(plan(ONE, address=ELSEWHERE))
    room.recorder.remove(TWO)
    for stream in STREAMS:
        room.end(stream, session=2)
    room.pass_time(5)
    room.recorder.add(plan(TWO))
    for stream in STREAMS:
        room.record(stream, session=3)
    room.recorder.repaired({stream: FakeClock().wall_ns() for stream in STREAMS})
    room.pass_time(5)
    assert _long_gaps(room.catalog) == ["cam_01", "cam_02"]


def test_a_stream_that_nobody_wanted_at_the_start_did_not_miss_the_time_before() -> None:
    room = Room(records=False, catalog=_yesterday())
    room.recorder.start()
    room.recorder.switch(ONE, wanted=True)
    room.recorder.repaired({ONE: FakeClock().wall_ns()})
    room.pass_time(5)
    room.recorder.change(plan(ONE, address=ELSEWHERE))
    room.pass_time(10)
    assert not _long_gaps(room.catalog)


def test_a_gap_that_an_earlier_life_left_open_ends_with_that_life_when_nobody_wants_the_stream_now() -> None:
    catalog = _yesterday(is_open=True)
    room = Room(records=False, catalog=catalog)
    room.recorder.remove(TWO)
    room.recorder.start()
    life = FakeClock().wall_ns() - 24 * 3600 * NS_PER_S
    assert [gap.to_wall_ns for gap in catalog.gaps()] == [life, life]
