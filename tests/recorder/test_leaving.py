"""What is left to be said of a stream that leaves."""

import pytest

from holdfast.domain.times import NS_PER_S, PtsNs
from holdfast.ports.capture import ClockSample
from tests.recorder.test_recorder import STREAMS, Room

pytestmark = pytest.mark.expects_log("The connection is open, but no frames arrive")


def test_what_was_missing_when_a_stream_was_removed_is_in_the_ledger() -> None:
    room = Room()
    room.recorder.start()
    one = STREAMS[0]
    room.recorder.handle(ClockSample(one, 1, PtsNs(-10 * NS_PER_S), room.clock.mono_ns()))
    room.pass_time(10)
    room.record(one)
    room.pass_time(3)
    room.recorder.remove(one)
    for _, _, session in [asked for asked in room.capture.asked if asked[:2] == ("close", one)]:
        room.end(one, session)
    removed_ns = room.clock.wall_ns()
    room.pass_time(7)
    gap = room.catalog.gaps(one.camera)[-1]
    assert gap.to_wall_ns == removed_ns
    assert removed_ns - gap.from_wall_ns == NS_PER_S, "too short to have been said before"
