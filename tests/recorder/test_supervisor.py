"""One owner per stream: what it asks of the capture, what it shows, what it writes down."""

from collections.abc import Callable
from uuid import UUID

import pytest

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, FaultKind, OwnError
from holdfast.domain.streams import Mode, StreamAddress, StreamId
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs
from holdfast.policy.connecting import Phase
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.capture import (
    BranchFailed,
    ClockSample,
    PacketsLost,
    Progress,
    SessionEnded,
    SessionFailed,
    TakeBytes,
    TakeClosed,
    TakeOpened,
    WorkerLost,
)
from holdfast.ports.reach import PortSeen
from holdfast.recorder.pins import Pins
from holdfast.recorder.recording import Services
from holdfast.recorder.status import RecordingState
from holdfast.recorder.supervisor import StreamPlan, StreamPorts, StreamSupervisor
from tests.fakes.capture import FakeCapture
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.fakes.reach import FakeReach
from tests.fakes.writer import FakeWriter
from tests.fmp4.builder import FTYP, GROUP, INTER, fragment, moov, payload

STREAM = StreamId("cam_01")
REFUSED = ErrorReport(Branch.SOURCE, "gst-resource-error-quark", 7, "source", "Could not open", "rtsp://u:geheim@h/")
DIED = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.WORKER_DIED, "worker", "It ended.")
OTHER_TRANSPORT = ErrorReport(Branch.SOURCE, "gst-stream-error-quark", 6, "source", "no")


def counter(first: int = 1) -> Callable[[], int]:
    numbers = iter(range(first, 1 << 30))
    return lambda: next(numbers)


class Desk:
    """A supervisor with everything around it faked."""

    def __init__(self, last_session: int = 0, url: str = "rtsp://h/") -> None:
        self.clock, self.capture = FakeClock(), FakeCapture()
        self.catalog, self.writer = FakeCatalog(), FakeWriter()
        run_ids = counter()
        services = Services(self.clock, self.writer, self.catalog, counter(), lambda: UUID(int=run_ids()))
        plan = StreamPlan(STREAM, StreamAddress(url), "Front door", rules=SegmentRules())
        self.reach = FakeReach()
        ports = StreamPorts(self.capture, self.reach, services, Pins({}, self.clock, self.catalog), lambda: 0.0)
        self.supervisor = StreamSupervisor(plan, ports, last_session)

    def begin_take(self, session: int = 1, *, reorders: bool = False, text: int = 1) -> None:
        now_ns = self.clock.mono_ns()
        self.supervisor.handle(
            TakeOpened(STREAM, session, 1, PtsNs(0), MonoNs(now_ns), reorders=reorders, reason="session began")
        )
        media = payload(sum(sample.size for sample in GROUP), text)
        data = FTYP + moov() + fragment(0, GROUP, media=media) + fragment(42_000, INTER, number=2)
        self.supervisor.handle(TakeBytes(STREAM, session, 1, data))

    def frames(self, frames: int, *, session: int = 1, key_frames: int = 1) -> None:
        self.supervisor.handle(Progress(STREAM, session, frames, key_frames, 0, 0))

    def disk_works(self) -> None:
        self.writer.work(1000)
        self.writer.sync()
        self.writer.deliver(self.supervisor.recording.answered, 1000)

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.supervisor.tick(0.0)


@pytest.fixture
def desk() -> Desk:
    made = Desk()
    made.supervisor.enable()
    return made


def test_session_numbers_go_on_after_a_restart() -> None:
    desk = Desk(last_session=41)
    assert desk.supervisor.is_down()
    desk.supervisor.enable()
    assert desk.capture.asked == [("open", STREAM, 42)]
    assert desk.supervisor.session == 42
    assert not desk.supervisor.is_down()


@pytest.mark.expects_log("cam_01: The connection is open, but no frames arrive")
def test_shows_what_was_observed(desk: Desk) -> None:
    status = desk.supervisor.status
    assert (status.phase, status.recording, status.fps, status.name) == (
        Phase.CONNECTING,
        RecordingState.OFF,
        0.0,
        "Front door",
    )
    desk.supervisor.want(wanted=True)
    assert desk.supervisor.status.recording is RecordingState.WAITING
    desk.begin_take()
    assert desk.supervisor.status.phase is Phase.CONNECTED
    desk.frames(10)
    desk.clock.advance(1)
    desk.frames(25)
    assert desk.supervisor.status.fps == 15.0
    assert desk.supervisor.status.recording is RecordingState.WAITING, "nothing is on the disk yet"
    desk.disk_works()
    status = desk.supervisor.status
    assert (status.recording, status.frames) == (RecordingState.RECORDING, 25)
    assert status.file == "cam_01/2023-11-14/cam_01_20231114_233000.mp4"
    desk.pass_time(6)
    assert desk.supervisor.status.recording is RecordingState.WAITING
    assert desk.supervisor.status.as_json()["camera"] == "cam_01"


@pytest.mark.expects_log("cam_01: The connection is open, but no frames arrive")
@pytest.mark.expects_log("WARNING holdfast.recording: cam_01: The disk is in trouble")
def test_shows_that_footage_is_held_while_the_disk_is_in_trouble(desk: Desk) -> None:
    desk.supervisor.want(wanted=True)
    desk.writer.broken = True
    desk.begin_take()
    desk.disk_works()
    status = desk.supervisor.status
    assert status.recording is RecordingState.HELD
    assert status.fault_kind is FaultKind.DISK_FULL
    assert status.held_bytes > 0
    desk.writer.broken = False
    desk.pass_time(3)
    desk.disk_works()
    status = desk.supervisor.status
    assert status.recording is RecordingState.RECORDING
    assert FaultKind.DISK_FULL not in (status.fault_kind, status.fault), "what is over is not shown"
    assert "in trouble" not in status.fault


@pytest.mark.expects_log("WARNING holdfast.recording: cam_01: The camera cannot be reached")
def test_a_failed_session_is_tried_again_and_written_down_without_secrets(desk: Desk) -> None:
    desk.clock.advance(1)
    desk.supervisor.handle(SessionFailed(STREAM, 1, REFUSED))
    desk.supervisor.handle(PortSeen(STREAM, None))
    status = desk.supervisor.status
    assert (status.phase, status.next_try_s) == (Phase.RECONNECTING, 0.5)
    desk.supervisor.handle(SessionEnded(STREAM, 1))
    desk.pass_time(0.6)
    assert desk.capture.asked == [("open", STREAM, 1), ("open", STREAM, 2)]
    (fault,) = desk.catalog.faults()
    assert (fault.kind, fault.session) == ("rtsp_network", 1)
    assert "geheim" not in str(fault)
    first, second = desk.catalog.sessions()
    assert (first.number, first.end_reason) == (1, "rtsp_network")
    assert (second.number, second.ended_wall_ns) == (2, None)
    assert desk.supervisor.status.fault_age_s == 0.6


@pytest.mark.expects_log("cam_01: The capture process ended")
def test_a_worker_that_died_is_replaced_at_once(desk: Desk) -> None:
    desk.supervisor.handle(WorkerLost(STREAM, 1, DIED))
    assert desk.capture.asked[-1] == ("open", STREAM, 2)


NOT_UNDERSTOOD = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.BAD_ANSWER, "source", "three words are no status")


@pytest.mark.expects_log("cam_01: Holdfast's own client")
def test_a_camera_that_the_own_client_does_not_understand_is_fetched_by_the_other_once_and_for_all(desk: Desk) -> None:
    assert (desk.supervisor.status.source, desk.supervisor.status.source_reason) == ("native", "")
    for session in (1, 2):
        desk.supervisor.handle(SessionFailed(STREAM, session, NOT_UNDERSTOOD))
        desk.supervisor.handle(SessionEnded(STREAM, session))
        desk.pass_time(2)
    chosen = [command.address.chosen_source for command in desk.capture.opened]
    assert chosen == ["native", "rtspsrc", "rtspsrc"]
    assert desk.supervisor.status.source == "rtspsrc"
    assert "three words" in desk.supervisor.status.source_reason


@pytest.mark.expects_log("cam_01: The camera does not send over this transport")
def test_a_camera_that_does_not_send_over_tcp_is_tried_over_udp_and_back(desk: Desk) -> None:
    for session in (1, 2):
        desk.supervisor.handle(SessionFailed(STREAM, session, OTHER_TRANSPORT))
        desk.supervisor.handle(SessionEnded(STREAM, session))
        desk.pass_time(2)
    assert [command.address.transport for command in desk.capture.opened] == ["tcp", "udp", "tcp"]
    assert [record.ended_wall_ns is None for record in desk.catalog.sessions()] == [False, False, True]


def test_the_end_of_an_older_session_does_not_end_the_record_of_the_new_one(desk: Desk) -> None:
    desk.supervisor.handle(SessionEnded(STREAM, 0))
    assert [record.ended_wall_ns for record in desk.catalog.sessions()] == [None]


def test_what_an_older_session_recorded_still_counts(desk: Desk) -> None:
    desk.supervisor.want(wanted=True)
    desk.supervisor.disable()
    desk.begin_take()
    desk.supervisor.handle(TakeClosed(STREAM, 1, 1))
    desk.supervisor.handle(SessionEnded(STREAM, 1))
    desk.disk_works()
    (segment,) = desk.catalog.segments("cam_01")
    assert segment.frames == len(GROUP) + len(INTER)
    assert desk.supervisor.is_down()
    (session,) = desk.catalog.sessions()
    assert session.end_reason == "closed"


def test_a_mode_is_switched_in_the_session_that_is_open_and_kept_for_the_next(desk: Desk) -> None:
    desk.supervisor.set_mode(Mode.BOTH)
    assert desk.capture.modes == [Mode.BOTH]
    desk.supervisor.disable()
    desk.supervisor.set_mode(Mode.STREAMING_ONLY)
    assert desk.capture.modes == [Mode.BOTH]
    desk.supervisor.handle(SessionEnded(STREAM, 1))
    desk.supervisor.enable()
    assert desk.capture.opened[-1].mode is Mode.STREAMING_ONLY


def test_b_frames_once_seen_are_expected_in_the_next_session(desk: Desk) -> None:
    desk.begin_take(reorders=True)
    desk.supervisor.disable()
    desk.supervisor.handle(SessionEnded(STREAM, 1))
    desk.supervisor.enable()
    assert [command.reorders for command in desk.capture.opened] == [False, True]


@pytest.mark.expects_log("WARNING holdfast.recording: cam_01: Frames arrive, but no key frame")
def test_frames_without_a_key_frame_are_said_once(desk: Desk) -> None:
    desk.frames(5, key_frames=0)
    for second in range(60):
        desk.frames(5 + second, key_frames=0)
        desk.pass_time(1)
    assert [fault.kind for fault in desk.catalog.faults()] == ["no_key_frame"]


@pytest.mark.expects_log("WARNING holdfast.recording: cam_01: The recording branch failed")
def test_a_branch_that_failed_is_said_and_the_session_goes_on(desk: Desk) -> None:
    desk.frames(5)
    error = ErrorReport(Branch.RECORDING, "gst-stream-error-quark", 10, "muxer", "Could not multiplex")
    desk.supervisor.handle(BranchFailed(STREAM, 1, error))
    assert desk.supervisor.status.phase is Phase.CONNECTED
    assert desk.supervisor.status.fault_kind is FaultKind.MUX


def test_the_intent_is_written_down_when_it_changes(desk: Desk) -> None:
    for wanted in (True, True, False, False, True):
        desk.supervisor.want(wanted=wanted)
    assert [intent.wanted for intent in desk.catalog.intents()] == [True]
    assert sum(type(change).__name__ == "IntentRecord" for change in desk.catalog.posted) == 3


def test_clock_samples_of_older_sessions_are_ignored(desk: Desk) -> None:
    desk.supervisor.handle(ClockSample(STREAM, 1, PtsNs(0), MonoNs(5 * NS_PER_S)))
    desk.supervisor.handle(ClockSample(STREAM, 0, PtsNs(0), MonoNs(1)))
    assert desk.supervisor.recording.mono_of(1, 7) == 5 * NS_PER_S + 7
    assert desk.supervisor.recording.mono_of(0, 7) is None


def test_progress_of_older_sessions_is_ignored(desk: Desk) -> None:
    desk.frames(5, session=0)
    assert desk.supervisor.status.phase is Phase.CONNECTING


# ------------------------------------------------------------ what the look at the port tells


def seen(code: OwnError | None) -> PortSeen:
    error = None if code is None else ErrorReport(Branch.SOURCE, OWN_DOMAIN, code, "port", "said so")
    return PortSeen(STREAM, error)


@pytest.mark.expects_log("cam_01: The camera's address answers, but nothing listens at this port")
def test_a_connection_that_never_came_about_is_named_by_the_look_at_the_port(desk: Desk) -> None:
    desk.supervisor.want(wanted=True)
    desk.supervisor.handle(SessionFailed(STREAM, 1, REFUSED))
    assert desk.reach.asked == [(STREAM, "rtsp://h/")]
    assert not desk.catalog.faults(), "nothing is said before it is known"
    desk.supervisor.handle(seen(OwnError.REFUSED))
    desk.pass_time(0.6)
    desk.supervisor.handle(SessionFailed(STREAM, 2, REFUSED))
    assert [fault.kind for fault in desk.catalog.faults()] == ["refused", "refused"]
    assert [gap.cause for gap in desk.catalog.gaps()] == ["refused"]


@pytest.mark.expects_log("cam_01: No encrypted connection to the camera comes about")
def test_a_port_that_answers_where_no_encrypted_connection_comes_about_is_named_so() -> None:
    desk = Desk(url="rtsps://h/")
    desk.supervisor.enable()
    desk.supervisor.handle(SessionFailed(STREAM, 1, REFUSED))
    desk.supervisor.handle(seen(None))
    assert desk.supervisor.status.fault_kind is FaultKind.TLS


@pytest.mark.expects_log("cam_01: The camera cannot be reached")
def test_a_connection_that_broke_is_named_at_once(desk: Desk) -> None:
    desk.begin_take()
    desk.supervisor.handle(SessionFailed(STREAM, 1, REFUSED))
    assert [fault.kind for fault in desk.catalog.faults()] == ["rtsp_network"]


# ------------------------------------------------------------ rivals, losses, alarms


@pytest.mark.expects_log("cam_01: The connection is open, but no frames arrive")
def test_a_rival_that_has_frames_goes_on_and_the_other_drains(desk: Desk) -> None:
    desk.supervisor.want(wanted=True)
    desk.begin_take()
    desk.pass_time(2.5)
    assert desk.capture.asked[-1] == ("open", STREAM, 2)
    desk.begin_take(2, text=7)
    status = desk.supervisor.status
    assert (status.phase, status.session) == (Phase.CONNECTED, 2)
    desk.supervisor.handle(SessionFailed(STREAM, 1, DIED))
    desk.supervisor.handle(SessionEnded(STREAM, 1))
    assert desk.supervisor.status.phase is Phase.CONNECTED
    desk.disk_works()
    assert len(desk.writer.disk) == 2


@pytest.mark.expects_log("cam_01: Packets of the camera did not arrive")
def test_lost_packets_are_said_once_in_a_while_and_all_are_in_the_ledger(desk: Desk) -> None:
    desk.supervisor.want(wanted=True)
    desk.begin_take()
    at_ns = desk.clock.mono_ns()
    for number in range(3):
        begin_ns = MonoNs(at_ns + number * NS_PER_S)
        desk.supervisor.handle(PacketsLost(STREAM, 1, begin_ns, MonoNs(begin_ns + NS_PER_S // 10), 4))
    assert [fault.kind for fault in desk.catalog.faults()] == ["packets_lost"]
    assert [gap.cause for gap in desk.catalog.gaps()].count("packets_lost") == 3


@pytest.mark.expects_log("ERROR holdfast.reconnect: cam_01: still not recorded")
@pytest.mark.expects_log("WARNING holdfast.recording: cam_01")
def test_many_failures_raise_one_alarm(desk: Desk) -> None:
    for session in range(1, 30):
        desk.supervisor.handle(SessionFailed(STREAM, session, REFUSED))
        desk.supervisor.handle(SessionEnded(STREAM, session))
        desk.supervisor.handle(seen(OwnError.UNREACHABLE))
        desk.pass_time(61)
    assert desk.supervisor.status.phase is Phase.ERROR


@pytest.mark.expects_log("cam_01: The camera's frames carry no usable times")
def test_what_goes_wrong_with_every_piece_is_said_once_in_a_while(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    desk.supervisor.want(wanted=True)
    desk.begin_take()
    desk.frames(5)
    for number in range(3, 203):
        late = fragment(number * (1 << 34), GROUP, number=number)
        desk.supervisor.handle(TakeBytes(STREAM, 1, 1, late))
        desk.pass_time(0.5)
    assert [fault.kind for fault in desk.catalog.faults()] == ["no_times", "no_times"]
    assert sum("no usable times" in record.message for record in caplog.records) == 2


def test_what_is_missing_while_the_valve_is_shut_is_by_the_users_wish(desk: Desk) -> None:
    desk.supervisor.want(wanted=True)
    desk.begin_take()
    desk.supervisor.set_mode(Mode.STREAMING_ONLY)
    desk.supervisor.want(wanted=False)
    desk.pass_time(5)
    desk.frames(9)
    desk.supervisor.want(wanted=True)
    desk.pass_time(5)
    assert [(gap.cause, gap.to_wall_ns is None) for gap in desk.catalog.gaps()] == [("streaming_only", True)]


def test_a_look_at_another_address_tells_nothing(desk: Desk) -> None:
    refused = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.REFUSED, "port", "said so")
    desk.supervisor.handle(PortSeen(STREAM, refused, "rtsp://where-it-was/"))
    assert not desk.supervisor.connection.port_down
    desk.supervisor.handle(PortSeen(STREAM, refused, "rtsp://h/"))
    assert desk.supervisor.connection.port_down
