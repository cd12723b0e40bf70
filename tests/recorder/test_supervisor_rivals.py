"""Several sessions of a stream at once, and what the user and the workers do meanwhile."""

import pytest

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, FaultKind, OwnError
from holdfast.domain.streams import Mode
from holdfast.policy.connecting import Phase
from holdfast.ports.capture import SessionEnded, SessionFailed, TakeClosed, WorkerLost
from tests.recorder.test_supervisor import DIED, REFUSED, STREAM, Desk, seen

pytestmark = pytest.mark.expects_log("cam_01: The connection is open, but no frames arrive")

NO_TRANSPORT = ErrorReport(Branch.SOURCE, "gst-stream-error-quark", 6, "source", "no")


@pytest.fixture
def desk() -> Desk:
    """Session 1 is silent, session 2 is its rival."""
    made = Desk()
    made.supervisor.enable()
    made.supervisor.want(wanted=True)
    made.begin_take()
    made.pass_time(2.5)
    assert made.capture.asked[-1] == ("open", STREAM, 2)
    return made


def test_a_mode_is_switched_in_the_rival_too(desk: Desk) -> None:
    desk.capture.asked.clear()
    desk.supervisor.set_mode(Mode.STREAMING_ONLY)
    assert desk.capture.asked == [("mode", STREAM, 1), ("mode", STREAM, 2)]


@pytest.mark.expects_log("cam_01: The camera cannot be reached")
def test_a_fault_is_of_the_session_that_failed_though_another_takes_its_place(desk: Desk) -> None:
    desk.supervisor.handle(SessionFailed(STREAM, 1, REFUSED))
    assert desk.supervisor.session == 2
    fault = desk.catalog.faults()[-1]
    assert (fault.kind, fault.session) == (FaultKind.RTSP_NETWORK, 1)
    (gap,) = desk.catalog.gaps()
    assert gap.session == 1


@pytest.mark.expects_log("cam_01: The capture process ended")
def test_a_worker_that_dies_with_all_sessions_of_a_stream_leaves_none_of_them(desk: Desk) -> None:
    desk.begin_take(2, text=7)
    desk.pass_time(2.5)
    assert desk.capture.asked[-1] == ("open", STREAM, 3)
    for session in (1, 2, 3):
        desk.supervisor.handle(TakeClosed(STREAM, session, 1))
        desk.supervisor.handle(WorkerLost(STREAM, session, DIED))
    assert desk.capture.asked[-1] == ("open", STREAM, 4)
    desk.begin_take(4, text=9)
    desk.disk_works()
    assert len(desk.writer.disk) == 3
    assert {record.number: record.end_reason for record in desk.catalog.sessions() if record.ended_wall_ns} == {
        1: "worker_died",
        2: "worker_died",
        3: "worker_died",
    }


def test_a_stream_that_is_disabled_has_no_session_left(desk: Desk) -> None:
    desk.begin_take(2, text=7)
    desk.pass_time(2.5)
    desk.supervisor.disable()
    assert sorted(number for what, _, number in desk.capture.asked if what == "close") == [1, 2, 3]
    desk.supervisor.enable()
    assert desk.capture.asked[-1] == ("open", STREAM, 4)
    for session in (3, 1, 2):
        desk.supervisor.handle(SessionEnded(STREAM, session))
    desk.begin_take(4, text=9)
    assert desk.supervisor.status.phase is Phase.CONNECTED
    assert desk.supervisor.connection.closing == frozenset()


@pytest.mark.expects_log("cam_01: The camera does not send over this transport")
@pytest.mark.expects_log("cam_01: The camera cannot be reached")
@pytest.mark.expects_log("cam_01: The camera's address answers, but nothing listens")
def test_another_transport_that_brings_nothing_either_is_given_up() -> None:
    desk = Desk()
    desk.supervisor.enable()
    silence = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.STALLED, "recorder", "no frame")
    desk.supervisor.handle(seen(OwnError.REFUSED))
    for session, error in ((1, NO_TRANSPORT), (2, REFUSED), (3, silence), (4, NO_TRANSPORT)):
        desk.supervisor.handle(SessionFailed(STREAM, session, error))
        desk.supervisor.handle(SessionEnded(STREAM, session))
        desk.pass_time(9)
    desk.frames(9, session=5)
    desk.supervisor.handle(SessionFailed(STREAM, 5, REFUSED))
    desk.pass_time(5)
    transports = [command.address.transport for command in desk.capture.opened]
    assert transports == ["tcp", "udp", "udp", "tcp", "udp", "udp"]
