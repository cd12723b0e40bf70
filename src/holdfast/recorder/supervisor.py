"""One owner per stream: reads its events in order, asks the policies, and carries out what they say."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, Fault, FaultKind, OwnError
from holdfast.domain.segments import IntentRecord, StreamRecord
from holdfast.domain.streams import Mode, StreamAddress, StreamId, Track
from holdfast.domain.times import NS_PER_S
from holdfast.policy import connecting, connection
from holdfast.policy.connecting import Connection, ConnectionSettings, Phase
from holdfast.policy.faults import SENTENCES, classify
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.capture import (
    BranchFailed,
    Capture,
    CertificateSeen,
    ClockSample,
    OpenSession,
    PacketsLost,
    PoolEvent,
    Progress,
    SessionBegun,
    SessionEnded,
    SessionFailed,
    TakeBytes,
    TakeClosed,
    TakeOpened,
    WorkerLost,
)
from holdfast.ports.reach import PortSeen, Reach
from holdfast.recorder.approach import Approach
from holdfast.recorder.arrivals import Arrivals
from holdfast.recorder.lanes import Lanes, Turns
from holdfast.recorder.ledger_keeping import LedgerKeeper
from holdfast.recorder.pins import Pins
from holdfast.recorder.recording import Services
from holdfast.recorder.session_log import SessionLog
from holdfast.recorder.status import StreamStatus, recording_state, sound_state
from holdfast.recorder.troubles import Troubles

LOG_RTSP = logging.getLogger("holdfast.rtsp")
LOG_RECONNECT = logging.getLogger("holdfast.reconnect")
"""All that is known of a session whose packets do not come through."""

OF_STORAGE = frozenset({FaultKind.STORAGE_DISCONNECTED, FaultKind.DISK_FULL})
SILENT_S = 3600.0
"""A camera that ends a session when it is asked for its sound is not asked again for so long."""
LOG_RECORDING = logging.getLogger("holdfast.recording")


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
    records: bool = True
    """Whether to record while the user has switched nothing."""
    sound: bool = False
    """Whether to record what the camera hears, too."""


@dataclass(frozen=True, slots=True)
class StreamPorts:
    """What a supervisor works with."""

    capture: Capture
    reach: Reach
    services: Services
    pins: Pins
    chance: Callable[[], float]


class StreamSupervisor:
    """Owns one stream."""

    def __init__(self, plan: StreamPlan, ports: StreamPorts, last_session: int) -> None:
        """Nothing is captured before `enable`. `last_session`: numbering goes on after it."""
        self.plan = plan
        self.stream = plan.stream
        clock, catalog = ports.services.clock, ports.services.catalog
        self._troubles = Troubles(plan.stream, clock, catalog)
        self._sessions = SessionLog(plan.stream, clock, catalog)
        self._arrivals = Arrivals()
        self.ledger = LedgerKeeper(plan.stream, clock, catalog, ports.services.new_run_id)
        turns = Turns(
            begins=lambda session: self._step(connecting.Delivered(session, begins=True)),
            drained=lambda session: self._step(connecting.Drained(session)),
        )
        often = partial(self._report, often=True)
        self.recording = Lanes(plan.stream, plan.rules, ports.services, often, turns, self.ledger)
        self.wanted = False
        self._ports, self._services = ports, ports.services
        self.connection = Connection(session=last_session, records=plan.mode.records)
        self.approach = Approach(plan.stream, plan.address, ports.pins)
        self._mode = plan.mode
        self._reorders = False
        self._silent_until_s = float("-inf")
        self._phase = Phase.DISCONNECTED
        self._unnamed: tuple[int, Fault] | None = None
        """A network fault of a session that never came about: the look at the port, which follows, names it."""
        self._port: PortSeen | None = None
        """The last look at the camera's port since frames came."""
        catalog.post(StreamRecord(camera=self.stream.camera, stream=self.stream.stream, display_name=plan.name))

    # ------------------------------------------------------------ what the user wants

    def enable(self) -> None:
        """Capture from now on."""
        self._step(connecting.Enabled())

    def disable(self) -> None:
        """End the session; what it holds is recorded first."""
        self._step(connecting.Disabled())

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
        """The intent as it was before a restart, or as it was configured: nobody switched anything."""
        if wanted == self.wanted:
            return
        self.wanted = wanted
        self.ledger.wanted(wanted=wanted)
        if wanted:
            self.recording.start()
            if not self._mode.records:
                self.ledger.valve_shut()
            if self._troubles.last is not None and self.connection.phase is not Phase.CONNECTED:
                self.ledger.fault(self._troubles.last, self.session, breaks=True)
        else:
            self.recording.stop()

    def set_mode(self, mode: Mode) -> None:
        """Open and close the valves of the running session and of those to come."""
        if self._mode.records and not mode.records:
            self.ledger.valve_shut()
        self._mode = mode
        # A rival may be the one that goes on; what drains is of before.
        for live in (self.connection.primary, self.connection.rival):
            if live is not None:
                self._ports.capture.set_mode(self.stream, live.number, mode)
        self._step(connecting.ModeSet(mode.records))

    # ------------------------------------------------------------ events

    def handle(self, event: PoolEvent | PortSeen) -> None:
        """One event of this stream. Those of older sessions only bring what was recorded in them."""
        match event:
            case PortSeen():
                self._port_seen(event)
            case SessionBegun(_, session):
                self._step(connecting.Begun(session))
            case CertificateSeen(_, _, fingerprint):
                self.approach.saw(fingerprint)
            case TakeOpened(track=Track.SOUND):
                # Sound tells nothing of the picture, not even that the camera is alive.
                self.recording.take_opened(event)
            case TakeBytes(track=Track.SOUND):
                self.recording.take_bytes(event)
            case TakeOpened():
                self._reorders = self._reorders or event.reorders
                self.recording.take_opened(event)
                self._step(connecting.FramesSeen(event.session))
            case TakeBytes():
                self.recording.take_bytes(event)
                self._step(connecting.Delivered(event.session))
            case TakeClosed():
                self.recording.take_closed(event)
            case Progress():
                self._progressed(event)
            case PacketsLost():
                self._packets_lost(event)
            case ClockSample(_, session, pts_ns, arrival_ns):
                self.recording.observe(session, pts_ns, arrival_ns)
            case SessionFailed(_, session, error):
                if error.branch is Branch.SOUND:
                    self._silent_until_s = self._now_s() + SILENT_S
                self._step(connecting.Failed(session, self._refined(classify(error))))
            case WorkerLost(_, session, error):
                self.recording.close(session)
                self._step(connecting.Failed(session, classify(error), ended=True))
                self._sessions.ended(session, classify(error).kind)
            case SessionEnded(_, session):
                self.recording.close(session)
                self._step(connecting.Ended(session))
                self._sessions.ended(session, "closed")
            case BranchFailed(_, session, error) if error.branch is Branch.SOUND:
                self._troubles.report(classify(error), session, often=True)
            case BranchFailed(_, _, error):
                self._report(classify(error), often=True)

    def _port_seen(self, seen: PortSeen) -> None:
        """The camera's port was looked at; that may tell more exactly why nothing comes."""
        if seen.url not in {"", self.approach.address.url}:
            # Where the camera was before the configuration changed.
            return
        self._port = seen
        unnamed, self._unnamed = self._unnamed, None
        if unnamed is not None:
            session, fault = unnamed
            self._report(self._refined(fault), session, breaks=True)
        self._step(connecting.PortLooked(seen.error is None))

    def _refined(self, fault: Fault) -> Fault:
        """What the source can only call a network fault, told more exactly by the last look at the port."""
        if fault.kind is not FaultKind.RTSP_NETWORK or self._port is None:
            return fault
        error = self._port.error
        if error is None and self.approach.address.url.startswith("rtsps:"):
            text = "the port answers, but no encrypted connection comes about"
            error = ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.TLS, "recorder", text, fault.detail)
        return fault if error is None else classify(error)

    def tick(self, skipped_s: float) -> None:
        """Called a few times a second. `skipped_s`: how much longer than usual it was not."""
        self._step(connecting.Ticked(skipped_s))
        self.recording.tick()
        self.ledger.tick()
        if self.connection.phase is Phase.CONNECTED and self._arrivals.lacks_key_frames(self._now_s()):
            self._report(Fault(FaultKind.NO_KEY_FRAME, SENTENCES[FaultKind.NO_KEY_FRAME]))

    def is_down(self) -> bool:
        """Whether no session is open or ending."""
        return self.connection.is_down

    @property
    def session(self) -> int:
        """Number of the session that is recorded, or the newest one."""
        primary = self.connection.primary
        return self.connection.session if primary is None else primary.number

    @property
    def status(self) -> StreamStatus:
        """What to show."""
        at_s = self._now_s()
        fps, bits_per_s = self._arrivals.rates.per_second if self.connection.phase is Phase.CONNECTED else (0.0, 0.0)
        fault, age_s = self._troubles.last, self._troubles.age_s
        if fault is not None and fault.kind in OF_STORAGE and self.recording.storage_fault is None:
            # It is over: footage reaches a disk. What is still wrong with a volume is said of the volume.
            fault = age_s = None
        next_s = self.connection.next_try_at_s
        segment, gap, clock = self.recording.current, self.ledger.open_gap, self._services.clock
        return StreamStatus(
            camera=self.stream.camera,
            stream=self.stream.stream,
            name=self.plan.name,
            phase=self.connection.phase,
            recording=recording_state(self.recording, at_s, wanted=self.wanted),
            mode=self._mode,
            session=self.session,
            fps=round(fps, 1),
            bits_per_s=round(bits_per_s),
            file=segment.path if segment is not None else "",
            fault=fault.sentence if fault is not None else "",
            fault_kind=fault.kind if fault is not None else "",
            fault_age_s=None if age_s is None else round(age_s, 1),
            next_try_s=None if next_s is None else round(max(0.0, next_s - at_s), 1),
            held_bytes=self.recording.held_bytes,
            missing_s=None if gap is None else round(max(0, clock.wall_ns() - gap.from_wall_ns) / NS_PER_S, 1),
            frames=self._arrivals.frames,
            source=self.approach.address.chosen_source,
            source_reason=self.approach.reason,
            sound=sound_state(self.recording, at_s, wanted=self.plan.sound),
            held_s=round(self.recording.held_ns / NS_PER_S, 1),
        )

    # ------------------------------------------------------------ inside

    def _step(self, event: connecting.Event) -> None:
        before = self.connection
        self.connection, actions = connection.step(
            before, event, self.plan.connection, at_s=self._now_s(), chance=self._ports.chance()
        )
        for action in actions:
            self._carry_out(action, before)
        primary = self.connection.primary
        if primary is not None and (before.primary is None or before.primary.number != primary.number):
            # Another session than before is the one that is recorded.
            self.recording.inherit(primary.number)
            self._arrivals.begin(self._now_s())
        phase = self.connection.phase
        if phase is Phase.CONNECTED:
            self._port = None
        if phase is not self._phase:
            self._phase = phase
            LOG_RTSP.info("%s: %s", self.stream, phase)

    def _carry_out(self, action: connecting.Action, before: Connection) -> None:
        match action:
            case connecting.Open(session):
                self._open(session)
            case connecting.Close(session):
                self._ports.capture.close(self.stream, session)
            case connecting.Promote(session, drains):
                LOG_RECONNECT.info("%s: session %d goes on in place of session %d", self.stream, session, drains)
                self.recording.inherit(session)
            case connecting.LookAtPort():
                self._ports.reach.look(self.stream, self.approach.address.url)
            case connecting.Report(session, fault, ends):
                if ends:
                    self._sessions.ended(session, fault.kind)
                LOG_RTSP.debug("%s: session %d: %s", self.stream, session, fault.detail)
                had_frames = before.primary is not None and before.primary.first_at_s is not None
                self.approach.failed(fault, had_frames=had_frames)
                if fault.kind is FaultKind.RTSP_NETWORK and not had_frames and self._port is None:
                    self._unnamed = session, fault
                    self._ports.reach.look(self.stream, self.approach.address.url)
                else:
                    self._report(fault, session, breaks=ends)
            case connecting.Alarm(fault):
                LOG_RECONNECT.error("%s: still not recorded: %s", self.stream, fault.sentence)

    def _open(self, session: int) -> None:
        primary = self.connection.primary
        is_rival = primary is None or primary.number != session
        LOG_RECONNECT.debug("%s: session %d is opened%s", self.stream, session, " beside another" if is_rival else "")
        self.recording.open(session, is_rival=is_rival)
        self._sessions.began(session)
        sound = self.plan.sound and self._now_s() >= self._silent_until_s
        address, mode = self.approach.address, self._mode
        command = OpenSession(self.stream, session, address, mode, self._reorders, sound=sound)
        self._ports.capture.open(command)

    def _progressed(self, seen: Progress) -> None:
        if seen.frames:
            self._step(connecting.FramesSeen(seen.session))
        primary = self.connection.primary
        if primary is None or seen.session != primary.number:
            return
        self._arrivals.progressed(seen, self.recording.received_bytes(seen.session), self._now_s())

    def _packets_lost(self, lost: PacketsLost) -> None:
        """Known loss: what the packets were of is damaged, though there may be frames."""
        text = f"{lost.packets} packets did not arrive"
        self.ledger.lost(lost.from_ns, lost.to_ns, FaultKind.PACKETS_LOST, text, lost.session)
        fault = Fault(FaultKind.PACKETS_LOST, SENTENCES[FaultKind.PACKETS_LOST], text)
        self._troubles.report(fault, lost.session, often=True)

    def _report(self, fault: Fault, session: int | None = None, *, breaks: bool = False, often: bool = False) -> None:
        """`session`: the one that failed; None: the one that is recorded. `often`: see Troubles."""
        session = self.session if session is None else session
        self._troubles.report(fault, session, again=self.connection.failures > 1, often=often)
        self.ledger.fault(fault, session, breaks=breaks)

    def _now_s(self) -> float:
        return self._services.clock.mono_ns() / NS_PER_S
