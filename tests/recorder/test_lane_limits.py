"""Lanes at their limits: more than can be kept, and a stop while one drains."""

from holdfast.domain.faults import FaultKind
from holdfast.recorder.lanes import MOST_LANES
from tests.recorder.lanes_rig import Rig


def test_what_is_in_lanes_that_are_too_many_is_said_to_be_lost() -> None:
    rig = Rig()
    rig.lanes.start()
    rig.writer.broken = True
    for session in range(1, MOST_LANES + 10):
        sender = rig.open(session, 4 * session)
        rig.live(sender, 2)
        rig.end(sender)
        rig.writer.work(1 << 20)
        rig.writer.deliver(rig.lanes.answered, 1 << 20)
        rig.lanes.tick()
    rig.writer.broken = False
    rig.settle()
    kept = sum(len(file) for file in rig.files())
    lost = round(sum(to_s - from_s for from_s, to_s, _ in rig.heard.losses) * 2)
    assert lost > 0
    assert kept + lost == 2 * (MOST_LANES + 9)
    assert {cause for _, _, cause in rig.heard.losses} == {FaultKind.FOOTAGE_DROPPED}


def test_what_was_held_back_before_a_stop_is_recorded_after_it() -> None:
    rig = Rig()
    rig.lanes.start()
    old = rig.open(1, 0)
    rig.live(old, 6)
    rig.clock.advance(3)
    new = rig.open(2, 12, is_rival=True)
    rig.live(new, 4)
    rig.lanes.stop()
    for _ in range(10):
        rig.clock.advance(0.5)
        rig.lanes.tick()
    rig.send(old, 8)
    rig.end(old)
    rig.end(new)
    rig.settle()
    assert sorted(rig.files()) == [list(range(12)), list(range(12, 16))]
    assert rig.lanes.is_idle
