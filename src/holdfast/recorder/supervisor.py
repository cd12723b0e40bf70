"""One owner per stream: reads its events in order, asks the policies, and carries out what they say."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from holdfast.domain.faults import Fault, FaultKind
from holdfast.domain.segments import FaultRecord, IntentRecord, SessionRecord, StreamRecord
from holdfast.domain.streams import Mode, StreamAddress, StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.policy import connection
from holdfast.policy.connection import Connection, ConnectionSettings, Phase, shown_phase
from holdfast.policy.faults import SENTENCES, classify
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.capture import (
    BranchFailed,
    Capture,
    ClockSample,
    OpenSession,
    PoolEvent,
    Progress,
    SessionEnded,
    SessionFailed,
    TakeBytes,
    TakeClosed,
    TakeOpened,
    WorkerLost,
)
from holdfast.recorder.rates import Rates
from holdfast.recorder.recording import Recording, Services
from holdfast.recorder.status import RecordingState, StreamStatus

LOG_RTSP = logging.getLogger("holdfast.rtsp")
LOG_RECONNECT = logging.getLogger("holdfast.reconnect")
LOG_RECORDING = logging.getLogger("holdfast.recording")

KEY_FRAME_PATIENCE_S = 15.0
SYNCED_LATELY_S = 5.0


@dataclass(frozen=True, slots=True)
class StreamPlan:
    """What shall be done with one stream."""

    stream: StreamId
    address: StreamAddress
    name: str = ""
    """What people call the camera."""
    mode: Mode = Mode.RECORDING_ONLY
    rules: SegmentRules = field(default_factory=SegmentRules)
    connection: ConnectionSettings = field(default_factory=ConnectionSettings)
    ring_limit_bytes: int = 256 * 1024 * 1024
    records: bool = True
    """Whether to record while the user has switched nothing."""


class StreamSupervisor:
    """Owns one stream."""

    def __init__(
        self,
        plan: StreamPlan,
        capture: Capture,
        services: Services,
        chance: Callable[[], float],
        last_session: int,
    ) -> None:
        """Nothing is captured before `enable`. `last_session`: numbering goes on after it."""
        self.plan = plan
        self.stream = plan.stream
        self.recording = Recording(plan.stream, plan.rules, services, self._report, plan.ring_limit_bytes)
        self.wanted = False
        self._capture, self._services, self._chance = capture, services, chance
        self._connection = Connection(session=last_session)
        self._address = plan.address
        self._mode = plan.mode
        self._rates = Rates()
        self._reorders = False
        self._progress: Progress | None = None
        self._key_frames: tuple[int, int, float] = (0, 0, 0.0)
        """(session, key frames, when the last one was seen)"""
        self._told_no_key_frame = False
        self._fault: tuple[Fault, float] | None = None
        self._phase = Phase.DISCONNECTED
        self._session_record: SessionRecord | None = None
        services.catalog.post(
            StreamRecord(camera=self.stream.camera, stream=self.stream.stream, display_name=plan.name)
        )

    # ------------------------------------------------------------ what the user wants

    def enable(self) -> None:
        """Capture from now on."""
        self._step(connection.Enabled())

    def disable(self) -> None:
        """End the session; what it holds is recorded first."""
        self._step(connection.Disabled())

    def want(self, *, wanted: bool) -> None:
        """Record or do not: the intent. Only the user calls this (invariant I4)."""
        if wanted == self.wanted:
            return
        LOG_RECORDING.info("%s: recording switched %s by the user", self.stream, "on" if wanted else "off")
        clock = self._services.clock
        self._services.catalog.post(
            IntentRecord(
                camera=self.stream.camera, stream=self.stream.stream, wanted=wanted, since_wall_ns=clock.wall_ns()
            )
        )
        self.restore(wanted=wanted)

    def restore(self, *, wanted: bool) -> None:
        """Record or do not, as it was before or as it is configured: nobody switched anything."""
        if wanted == self.wanted:
            return
        self.wanted = wanted
        if wanted:
            self.recording.start()
        else:
            self.recording.stop()

    def set_mode(self, mode: Mode) -> None:
        """Open and close the valves of the running session and of those to come."""
        self._mode = mode
        if self._connection.open:
            self._capture.set_mode(self.stream, self._connection.session, mode)

    # ------------------------------------------------------------ events

    def handle(self, event: PoolEvent) -> None:
        """One event of this stream. Those of older sessions only bring what was recorded in them."""
        match event:
            case TakeOpened():
                self._reorders = self._reorders or event.reorders
                self.recording.take_opened(event)
                self._step(connection.FramesSeen(event.session))
            case TakeBytes():
                self.recording.take_bytes(event)
            case TakeClosed():
                self.recording.take_closed(event)
            case Progress():
                self._progressed(event)
            case ClockSample(_, session, pts_ns, arrival_ns):
                if session >= self.recording.clock.session:
                    self.recording.clock.observe(session, pts_ns, arrival_ns)
            case SessionFailed(_, session, error):
                self._step(connection.Failed(session, classify(error)))
            case WorkerLost(_, session, error):
                self._step(connection.Failed(session, classify(error), ended=True))
            case SessionEnded(_, session):
                self._step(connection.Ended(session))
            case BranchFailed(_, _, error):
                self._report(classify(error))

    def tick(self, skipped_s: float) -> None:
        """Called a few times a second. `skipped_s`: how much longer than usual it was not."""
        self._step(connection.Ticked(skipped_s))
        self.recording.tick()
        self._watch_key_frames()

    def is_down(self) -> bool:
        """Whether no session is open or ending."""
        return not self._connection.open and not self._connection.ending

    @property
    def session(self) -> int:
        """Number of the newest session."""
        return self._connection.session

    @property
    def status(self) -> StreamStatus:
        """What to show."""
        at_s = self._now_s()
        fps, bits_per_s = self._rates.per_second if self._connection.phase is Phase.CONNECTED else (0.0, 0.0)
        fault, fault_at_s = self._fault or (None, 0.0)
        next_s = self._connection.next_try_at_s
        segment = self.recording.current
        return StreamStatus(
            camera=self.stream.camera,
            stream=self.stream.stream,
            name=self.plan.name,
            phase=shown_phase(self._connection, self.plan.connection),
            recording=self._recording_state(at_s),
            mode=self._mode,
            session=self._connection.session,
            fps=round(fps, 1),
            bits_per_s=round(bits_per_s),
            file=segment.path if segment is not None else "",
            fault=fault.sentence if fault is not None else "",
            fault_kind=fault.kind if fault is not None else "",
            fault_age_s=round(at_s - fault_at_s, 1) if fault is not None else None,
            next_try_s=None if next_s is None else round(max(0.0, next_s - at_s), 1),
            held_bytes=self.recording.ring.size_bytes,
            frames=self._progress.frames if self._progress is not None else 0,
        )

    # ------------------------------------------------------------ inside

    def _step(self, event: connection.Event) -> None:
        if isinstance(event, connection.Ended) and event.session == self._connection.session:
            self._end_session_record("closed")
        self._connection, actions = connection.step(
            self._connection, event, self.plan.connection, at_s=self._now_s(), chance=self._chance()
        )
        for action in actions:
            match action:
                case connection.Open(session):
                    self._open(session)
                case connection.Close(session):
                    self._capture.close(self.stream, session)
                case connection.Report(session, fault):
                    self._end_session_record(fault.kind)
                    self._address = _after(fault, self._address)
                    LOG_RTSP.debug("%s: session %d: %s", self.stream, session, fault.detail)
                    self._report(fault)
        self._log_phase()

    def _open(self, session: int) -> None:
        LOG_RECONNECT.debug("%s: session %d is opened", self.stream, session)
        self._rates.clear()
        self._key_frames = (session, 0, self._now_s())
        self._session_record = SessionRecord(
            camera=self.stream.camera,
            stream=self.stream.stream,
            number=session,
            started_wall_ns=self._services.clock.wall_ns(),
        )
        self._services.catalog.post(self._session_record)
        self._capture.open(OpenSession(self.stream, session, self._address, self._mode, self._reorders))

    def _end_session_record(self, reason: str) -> None:
        if self._session_record is not None:
            ended_ns = self._services.clock.wall_ns()
            self._services.catalog.post(replace(self._session_record, ended_wall_ns=ended_ns, end_reason=reason))
            self._session_record = None

    def _progressed(self, seen: Progress) -> None:
        if seen.session != self._connection.session:
            return
        at_s = self._now_s()
        self._progress = seen
        self._rates.observe(at_s, seen.frames, self.recording.received_bytes)
        if seen.key_frames > self._key_frames[1]:
            self._key_frames = (seen.session, seen.key_frames, at_s)
            self._told_no_key_frame = False
        if seen.frames:
            self._step(connection.FramesSeen(seen.session))

    def _watch_key_frames(self) -> None:
        """Say it once when frames come and none of them can begin a recording."""
        if self._connection.phase is not Phase.CONNECTED or self._key_frames[1] or self._told_no_key_frame:
            return
        if self._now_s() - self._key_frames[2] > KEY_FRAME_PATIENCE_S:
            self._told_no_key_frame = True
            self._report(Fault(FaultKind.NO_KEY_FRAME, SENTENCES[FaultKind.NO_KEY_FRAME]))

    def _report(self, fault: Fault) -> None:
        is_new = self._fault is None or self._fault[0].kind is not fault.kind or self._connection.failures <= 1
        self._fault = (fault, self._now_s())
        LOG_RECORDING.log(logging.WARNING if is_new else logging.DEBUG, "%s: %s", self.stream, fault.sentence)
        self._services.catalog.post(
            FaultRecord(
                kind=fault.kind,
                sentence=fault.sentence,
                wall_ns=self._services.clock.wall_ns(),
                camera=self.stream.camera,
                stream=self.stream.stream,
                session=self._connection.session,
                detail={"text": fault.detail} if fault.detail else {},
            )
        )

    def _log_phase(self) -> None:
        phase = shown_phase(self._connection, self.plan.connection)
        if phase is not self._phase:
            self._phase = phase
            LOG_RTSP.info("%s: %s", self.stream, phase)

    def _recording_state(self, at_s: float) -> RecordingState:
        recording = self.recording
        if recording.storage_fault is not None and self.wanted:
            return RecordingState.HELD
        if recording.current is not None:
            synced_ns = recording.synced_at_ns
            lately = synced_ns is not None and at_s - synced_ns / NS_PER_S < SYNCED_LATELY_S
            return RecordingState.RECORDING if lately else RecordingState.WAITING
        return RecordingState.WAITING if self.wanted else RecordingState.OFF

    def _now_s(self) -> float:
        return self._services.clock.mono_ns() / NS_PER_S


def _after(fault: Fault, address: StreamAddress) -> StreamAddress:
    """A camera that does not send over TCP may send over UDP, and the other way round."""
    if fault.kind is not FaultKind.TRANSPORT:
        return address
    return replace(address, transport="udp" if address.transport == "tcp" else "tcp")
