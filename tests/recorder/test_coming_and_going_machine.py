"""Streams that come, go, change and are switched in any order: one session per stream, and everything ends in order."""

from collections import defaultdict

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from holdfast.domain.streams import StreamAddress, StreamId
from holdfast.policy.connecting import ConnectionSettings
from holdfast.ports.capture import SessionEnded
from holdfast.recorder.leaving import END_PATIENCE_S
from tests.recorder.test_recorder import STREAMS, Room, plan

pytestmark = [
    pytest.mark.expects_log("WARNING holdfast.recording: cam_0", optional=True),
    pytest.mark.expects_log("holdfast.alarms: cam_0", optional=True),
]
PATIENT = ConnectionSettings(first_frame_s=1e9, stall_s=1e9, one_session=True, only_session_s=1e9)
"""Silence is no matter here: only the user ends sessions."""
ALL = [*STREAMS, StreamId("cam_03")]
ADDRESSES = [StreamAddress("rtsp://h/"), StreamAddress("rtsp://elsewhere/")]
A_STREAM = st.sampled_from(ALL)


class ComingAndGoing(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.room = Room()
        for stream in STREAMS:
            self.room.recorder.change(plan(stream, connection=PATIENT))
        self.room.recorder.start()
        self.there = dict.fromkeys(STREAMS, True)
        """Streams that are to be there, and whether their plan says to record."""
        self.switched: dict[StreamId, bool] = {}
        self.seen = 0
        self.open: dict[StreamId, set[int]] = defaultdict(set)
        self.closing: dict[tuple[StreamId, int], float] = {}
        self.newest: dict[StreamId, int] = defaultdict(int)
        self.follow()

    def follow(self) -> None:
        """What the workers were told since the last look."""
        asked = self.room.capture.asked
        while self.seen < len(asked):
            what, stream, session = asked[self.seen]
            self.seen += 1
            if what == "open":
                assert session > self.newest[stream], "numbers only grow"
                self.newest[stream] = session
                self.open[stream].add(session)
                assert len(self.open[stream]) == 1, "one session per stream"
            elif what == "close":
                assert session in self.open[stream]
                self.closing[stream, session] = 0.0
            else:
                assert stream not in self.there
                assert not self.open[stream], "nothing that is still in use is let go"

    def end(self, stream: StreamId, session: int) -> None:
        del self.closing[stream, session]
        self.open[stream].discard(session)
        self.room.recorder.handle(SessionEnded(stream, session))
        self.follow()

    @rule(stream=A_STREAM, address=st.sampled_from(ADDRESSES), records=st.booleans(), by_change=st.booleans())
    def is_wanted(self, stream: StreamId, address: StreamAddress, *, records: bool, by_change: bool) -> None:
        wanted = plan(stream, address=address, records=records, connection=PATIENT)
        (self.room.recorder.change if by_change else self.room.recorder.add)(wanted)
        self.there[stream] = records
        self.follow()

    @rule(stream=A_STREAM)
    def is_not_wanted(self, stream: StreamId) -> None:
        self.room.recorder.remove(stream)
        self.there.pop(stream, None)
        self.follow()

    @precondition(lambda self: self.there)
    @rule(data=st.data(), wanted=st.booleans())
    def is_switched(self, data: st.DataObject, *, wanted: bool) -> None:
        stream = data.draw(st.sampled_from(sorted(self.there)))
        if self.room.recorder.streams[stream].wanted != wanted:
            self.switched[stream] = wanted
        self.room.recorder.switch(stream, wanted=wanted)

    @precondition(lambda self: any(self.open.values()))
    @rule(data=st.data())
    def delivers(self, data: st.DataObject) -> None:
        stream = data.draw(st.sampled_from(sorted(stream for stream, sessions in self.open.items() if sessions)))
        (session,) = self.open[stream]
        self.room.record(stream, session)

    @precondition(lambda self: self.closing)
    @rule(data=st.data())
    def ends(self, data: st.DataObject) -> None:
        self.end(*data.draw(st.sampled_from(sorted(self.closing))))

    @rule(seconds=st.sampled_from([0.25, 1.0, 3.0]))
    def time_passes(self, seconds: float) -> None:
        for key in list(self.closing):
            self.closing[key] += seconds
            if self.closing[key] >= END_PATIENCE_S:
                # A worker ends a session within this, or is killed.
                self.end(*key)
        self.room.pass_time(seconds)
        self.follow()

    @invariant()
    def what_is_shown_is_what_is_wanted(self) -> None:
        recorder = self.room.recorder
        assert {StreamId(status.camera) for status in recorder.status()} == set(self.there)
        for stream, records in self.there.items():
            assert recorder.streams[stream].wanted is self.switched.get(stream, records)
        kept = {StreamId(i.camera, i.stream): i.wanted for i in self.room.catalog.intents()}
        assert kept == self.switched, "the catalog has what the user switched, and nothing else"

    def teardown(self) -> None:
        for stream in list(self.there):
            self.is_not_wanted(stream)
        for key in list(self.closing):
            self.end(*key)
        self.room.pass_time(END_PATIENCE_S + 8)
        self.follow()
        assert not any(self.open.values())
        assert not self.room.recorder.open_paths()
        assert all(file.is_final for file in self.room.writer.disk.values())


TestComingAndGoing = ComingAndGoing.TestCase
