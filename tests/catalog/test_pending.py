from hypothesis import given
from hypothesis import strategies as st

from holdfast.catalog.pending import Pending
from holdfast.domain.gaps import GapRecord, GapRemoved
from holdfast.domain.segments import FaultRecord, Heartbeat, IntentRecord, RecorderStopped, RunRecord
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import Change


def run(name: str, *, ended: int | None = None) -> RunRecord:
    return RunRecord(
        run_id=name,
        camera="cam_01",
        stream="main",
        session=1,
        started_wall_ns=WallNs(0),
        ended_wall_ns=None if ended is None else WallNs(ended),
    )


def fault(at: int) -> FaultRecord:
    return FaultRecord(kind="stalled", sentence="No frames.", wall_ns=WallNs(at))


def gap(name: str, *, ends: int | None = None) -> GapRecord:
    return GapRecord(
        gap_id=name,
        camera="cam_01",
        stream="main",
        cause="silent",
        sentence="No frames.",
        from_wall_ns=WallNs(0),
        to_wall_ns=None if ends is None else WallNs(ends),
    )


def intent(camera: str) -> IntentRecord:
    return IntentRecord(camera=camera, stream="main", wanted=True, since_wall_ns=WallNs(0))


def waiting(pending: Pending) -> list[Change]:
    return [change for _, _, change in pending.first(1000)]


def test_only_the_latest_of_a_name_waits() -> None:
    pending = Pending(10)
    for change in (run("a"), run("b"), run("a", ended=5)):
        pending.put(change)
    assert waiting(pending) == [run("a", ended=5), run("b")]


def test_what_is_written_is_forgotten_unless_it_changed_meanwhile() -> None:
    pending = Pending(10)
    pending.put(run("a"))
    pending.put(run("b"))
    entries = pending.first(10)
    pending.put(run("a", ended=5))
    pending.done(entries)
    assert waiting(pending) == [run("a", ended=5)]


def test_faults_go_first_then_what_the_files_know_and_never_an_intent() -> None:
    pending = Pending(3)
    dropped = [pending.put(change) for change in (intent("x"), fault(1), run("a"), run("b"), run("c"))]
    assert dropped == [0, 0, 0, 1, 1]
    assert waiting(pending) == [intent("x"), run("b"), run("c")]
    assert [pending.put(intent(name)) for name in "yz"] == [1, 1]
    assert waiting(pending) == [intent("x"), intent("y"), intent("z")]
    assert pending.put(Heartbeat(wall_ns=WallNs(1))) == 0
    assert len(pending) == 4


def test_gaps_outlive_what_the_files_know() -> None:
    pending = Pending(3)
    dropped = [pending.put(change) for change in (gap("a"), fault(1), run("a"), gap("b"), gap("c"))]
    assert dropped == [0, 0, 0, 1, 1]
    assert waiting(pending) == [gap("a"), gap("b"), gap("c")]
    assert pending.put(gap("d")) == 1
    assert waiting(pending) == [gap("b"), gap("c"), gap("d")]


def test_of_a_gap_only_the_latest_waits_be_it_that_there_is_none() -> None:
    pending = Pending(10)
    for change in (gap("a"), gap("b"), gap("a", ends=5), GapRemoved(gap_id="b")):
        pending.put(change)
    assert waiting(pending) == [gap("a", ends=5), GapRemoved(gap_id="b")]


def test_a_stop_is_the_last_heartbeat() -> None:
    pending = Pending(10)
    pending.put(Heartbeat(wall_ns=WallNs(1)))
    pending.put(RecorderStopped(wall_ns=WallNs(2)))
    assert waiting(pending) == [RecorderStopped(wall_ns=WallNs(2))]


def test_knows_whether_something_posted_by_then_still_waits() -> None:
    pending = Pending(10)
    pending.put(run("a"))
    number = pending.number
    assert pending.has_before(number)
    pending.put(run("a", ended=5))
    assert not pending.has_before(number)


@given(st.lists(st.integers(0, 30)), st.integers(1, 10))
def test_never_holds_more_droppable_changes_than_its_limit(names: list[int], limit: int) -> None:
    pending = Pending(limit)
    for name in names:
        pending.put(run(str(name)) if name % 3 else fault(name))
        assert len(pending) <= limit
