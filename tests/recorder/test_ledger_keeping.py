"""What the ledger says reaches the catalog, in wall time and in words."""

from uuid import UUID

import pytest

from holdfast.domain.faults import Fault, FaultKind
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, MonoNs, WallNs
from holdfast.policy.gap_words import UNKNOWN_CAUSE
from holdfast.recorder import ledger_keeping
from holdfast.recorder.ledger_keeping import LONGEST_TEXT, LedgerKeeper
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock

RESET = Fault(FaultKind.RTSP_NETWORK, "The camera cannot be reached.", "reset by rtsp://admin:secret@10.0.0.7/x")
INTERVAL_NS = NS_PER_S // 25


class Room:
    def __init__(self) -> None:
        self.clock = FakeClock()
        self.catalog = FakeCatalog()
        self.begin_ns = self.clock.at_ns
        self.wall_at_begin_ns = self.clock.wall_ns()
        self.next_id = 0
        self.keeper = self.another()

    def another(self) -> LedgerKeeper:
        return LedgerKeeper(StreamId("cam_01"), self.clock, self.catalog, self.new_id)

    def new_id(self) -> UUID:
        self.next_id += 1
        return UUID(int=self.next_id)

    def at(self, seconds: float) -> MonoNs:
        return MonoNs(self.begin_ns + round(seconds * NS_PER_S))

    def wall(self, seconds: float) -> WallNs:
        return WallNs(self.wall_at_begin_ns + round(seconds * NS_PER_S))

    def recorded(self, lane: int, from_s: float, to_s: float) -> None:
        self.keeper.recorded(lane, self.at(from_s), self.at(to_s), INTERVAL_NS)

    @property
    def posted(self) -> list[GapRecord | GapRemoved]:
        return [change for change in self.catalog.posted if isinstance(change, GapRecord | GapRemoved)]


@pytest.fixture
def room() -> Room:
    """Session 1 has delivered for ten seconds when it fails."""
    made = Room()
    made.keeper.wanted(wanted=True)
    made.clock.advance(10)
    made.recorded(1, 0, 10)
    made.keeper.fault(RESET, 1, breaks=True)
    return made


def test_an_outage_is_written_when_it_begins_and_when_it_ends(room: Room) -> None:
    (gap,) = room.catalog.gaps()
    assert room.keeper.open_gap == gap
    assert (gap.camera, gap.stream, gap.cause, gap.session) == ("cam_01", "main", "rtsp_network", 1)
    assert (gap.from_wall_ns, gap.to_wall_ns) == (room.wall(10), None)
    assert gap.sentence.startswith("The camera cannot be reached.")
    room.recorded(2, 12, 12.5)
    (ended,) = room.catalog.gaps()
    assert (ended.gap_id, ended.from_wall_ns, ended.to_wall_ns) == (gap.gap_id, room.wall(10), room.wall(12))
    assert room.keeper.open_gap is None


def test_no_secret_gets_into_the_catalog_and_no_page(room: Room) -> None:
    room.keeper.fault(Fault(FaultKind.NOT_FOUND, "No.", "a page " * 1000), 2, breaks=True)
    (gap,) = room.catalog.gaps()
    assert gap.detail["text"] == "reset by rtsp://***@10.0.0.7/x"
    also = gap.detail["also"]
    assert isinstance(also, list)
    assert also == [{"kind": "not_found", "text": ("a page " * 1000)[:LONGEST_TEXT]}]


def test_a_camera_cannot_move_the_cursor_of_who_reads_the_ledger(room: Room) -> None:
    room.keeper.lost(room.at(4), room.at(5), "packets_lost", "a\x1b[2Jb\nc", 1)
    assert room.catalog.gaps()[0].detail["text"] == "a [2Jb c"


def test_what_was_said_once_stays_where_it_is_when_the_wall_clock_jumps(room: Room) -> None:
    room.clock.jump(-3600)
    room.recorded(2, 12, 12.5)
    (gap,) = room.catalog.gaps()
    assert (gap.from_wall_ns, gap.to_wall_ns) == (room.wall(10), room.wall(12 - 3600))
    room.clock.jump(7200)
    room.recorded(1, 10, 10.5)
    room.clock.advance(1)
    room.keeper.tick()
    (gap,) = room.catalog.gaps()
    assert (gap.from_wall_ns, gap.to_wall_ns) == (room.wall(10.5 + 3600), room.wall(12 - 3600))


def test_what_is_recorded_piece_by_piece_is_held_against_what_is_wanted_once_a_second(room: Room) -> None:
    room.recorded(2, 12, 12.5)
    (gap,) = room.catalog.gaps()
    room.recorded(2, 12.5, 13)
    room.recorded(2, 13.02, 14)
    room.recorded(2, 18, 19)
    room.clock.advance(20)
    room.keeper.tick()
    later = [one for one in room.catalog.gaps() if one.gap_id != gap.gap_id]
    assert [(one.from_wall_ns, one.to_wall_ns) for one in later] == [
        (room.wall(14), room.wall(18)),
        (room.wall(19), None),
    ]


def test_a_gap_that_was_none_is_taken_back(room: Room) -> None:
    room.recorded(1, 10, 11)
    room.recorded(2, 11.02, 12)
    assert room.catalog.gaps() == ()
    assert isinstance(room.posted[-1], GapRemoved)


def test_silence_is_noticed_and_switching_off_ends_it(room: Room) -> None:
    room.recorded(2, 10, 20)
    room.clock.advance(13)
    room.keeper.tick()
    (gap,) = room.catalog.gaps()
    assert (gap.cause, gap.to_wall_ns, gap.detail) == ("silent", None, {})
    room.keeper.wanted(wanted=False)
    (gap,) = room.catalog.gaps()
    assert gap.to_wall_ns == room.wall(23)


def test_known_loss_and_a_better_clock_are_written(room: Room) -> None:
    room.keeper.lost(room.at(4), room.at(5), "packets_lost", "40 packets", 1)
    room.keeper.redated(1, -NS_PER_S // 2)
    room.recorded(2, 12, 13)
    lost, outage = room.catalog.gaps()
    assert (lost.from_wall_ns, lost.to_wall_ns, lost.detail) == (room.wall(3.5), room.wall(4.5), {"text": "40 packets"})
    assert outage.from_wall_ns == room.wall(9.5)


def test_a_cause_of_nobody_is_written_all_the_same(room: Room) -> None:
    room.keeper.lost(room.at(4), room.at(5), "moonlight", "", None)
    assert room.catalog.gaps()[0].sentence == UNKNOWN_CAUSE


def test_the_next_life_begins_where_the_footage_of_the_last_ended() -> None:
    room = Room()
    room.keeper.earlier_life(room.wall(-60), "recorder_killed", None)
    room.keeper.wanted(wanted=True)
    room.recorded(1, 2, 3)
    room.keeper.earlier_life(room.wall(-55), "recorder_killed", None)
    (gap,) = room.catalog.gaps()
    assert (gap.cause, gap.from_wall_ns, gap.to_wall_ns) == ("recorder_killed", room.wall(-55), room.wall(2))


def test_the_next_life_goes_on_with_the_gap_that_was_open(room: Room) -> None:
    room.keeper.fault(Fault(FaultKind.NOT_FOUND, "No.", "404"), 2, breaks=True)
    (left,) = room.catalog.open_gaps()
    room.clock.advance(100)
    room.keeper = room.another()
    room.keeper.earlier_life(room.wall(9), "recorder_stopped", left)
    room.keeper.wanted(wanted=True)
    room.recorded(3, 112, 113)
    (gap,) = room.catalog.gaps()
    assert (gap.gap_id, gap.cause, gap.session) == (left.gap_id, "rtsp_network", 1)
    assert (gap.from_wall_ns, gap.to_wall_ns) == (left.from_wall_ns, room.wall(112))
    also = gap.detail["also"]
    assert isinstance(also, list)
    assert [one["kind"] for one in also if isinstance(one, dict)] == ["not_found", "recorder_stopped"]


def test_a_gap_that_was_open_and_is_filled_by_a_repair_goes() -> None:
    room = Room()
    left = GapRecord(
        gap_id="left",
        camera="cam_01",
        stream="main",
        cause="stalled",
        sentence="Silence.",
        from_wall_ns=room.wall(-20),
        detail={"also": "nonsense"},
    )
    room.catalog.post(left)
    room.keeper.wanted(wanted=True)
    room.recorded(1, 0, 1)
    room.keeper.earlier_life(room.wall(-0.05), "recorder_killed", left)
    assert room.catalog.gaps() == ()


def test_names_of_old_gaps_are_forgotten(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger_keeping, "MOST_SAID", 4)
    room.keeper.earlier_life(room.wall(-5), "recorder_killed", None)
    for second in range(20):
        room.keeper.lost(room.at(second * 0.4), room.at(second * 0.4 + 0.01), f"cause {second}", "", 1)
    assert len(room.catalog.gaps()) == 22


def test_a_clock_that_is_behind_the_end_of_an_earlier_life_does_not_hide_what_is_missing_now() -> None:
    room = Room()
    room.clock.jump(-7 * 24 * 3600)
    left = GapRecord(
        gap_id="left", camera="cam_01", stream="main", cause="refused", sentence="", from_wall_ns=room.wall(3600)
    )
    room.keeper.earlier_life(room.wall(3600), "recorder_killed", left)
    room.keeper.wanted(wanted=True)
    room.recorded(1, 1, 2)
    room.clock.advance(10)
    room.keeper.fault(RESET, 1, breaks=True)
    first, second = sorted(room.catalog.gaps(), key=lambda gap: gap.gap_id == "left", reverse=True)
    assert first.from_wall_ns == left.from_wall_ns, "what was said stays"
    assert first.to_wall_ns is not None
    assert (second.cause, second.to_wall_ns) == ("rtsp_network", None)
