"""The recorder: all streams, those that come and go, the passing of time, and an orderly end."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

from holdfast.domain.segments import Heartbeat, RecorderStopped, StreamRecord
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.alarms import VolumeFacts
from holdfast.policy.volume_events import Volumes
from holdfast.ports.capture import Capture, PoolEvent
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.notifications import NobodyListens, Notifications
from holdfast.ports.reach import PortSeen, Reach
from holdfast.ports.volumes import Answer
from holdfast.recorder.alarm_keeping import AlarmKeeper
from holdfast.recorder.alone import Alone
from holdfast.recorder.leaving import END_PATIENCE_S, Leavers
from holdfast.recorder.past import Past, Remembers
from holdfast.recorder.pins import Pins
from holdfast.recorder.recording import Services
from holdfast.recorder.status import StreamStatus
from holdfast.recorder.supervisor import StreamPlan, StreamPorts, StreamSupervisor

LOG = logging.getLogger("holdfast.recorder")
LOG_RECORDING = logging.getLogger("holdfast.recording")

TICK_S = 0.25
HEARTBEAT_EVERY_TICKS = 20
ALARMS_EVERY_TICKS = 4
WRITE_PATIENCE_S = 10.0


class Storage(Protocol):
    """The volumes, as far as the recorder looks after them."""

    @property
    def state(self) -> Volumes:
        """What is known of them."""

    def tick(self) -> None:
        """Let time pass."""


@dataclass(frozen=True, slots=True)
class RecorderPorts:
    """What the recorder works with."""

    capture: Capture
    reach: Reach
    services: Services
    past: Remembers
    chance: Callable[[], float]
    boot_id: str = ""
    """Of the machine's boot; empty when it is not known. By it a power cut is told from a kill."""
    notifications: Notifications = field(default_factory=NobodyListens)
    storage: Storage | None = None


class Recorder:
    """Owns the supervisors. All calls come on its event loop, and none of them waits."""

    def __init__(self, plans: Sequence[StreamPlan], ports: RecorderPorts) -> None:
        """Nothing is captured before `start`."""
        self._ports = ports
        self.past = Past.recall(ports.past, ports.boot_id)
        services = ports.services
        self.alarms = AlarmKeeper(
            services.clock, services.catalog, ports.notifications, services.new_run_id, self.past.alarms
        )
        self._pins = Pins(self.past.certificates, ports.services.clock, ports.services.catalog)
        self.alone = Alone(ports.services.clock)
        self._leavers = Leavers(self.alone)
        self._supervisors = {plan.stream: self._supervisor(plan) for plan in plans}
        self._waiting: set[StreamId] = set()
        """Streams that are connected as soon as an earlier life of theirs has let go of the camera."""
        self._is_started = False
        self._last_tick_ns = 0
        self._ticks = 0

    @property
    def streams(self) -> Mapping[StreamId, StreamSupervisor]:
        """The supervisors."""
        return self._supervisors

    def status(self) -> list[StreamStatus]:
        """Every stream at this moment."""
        return [self.status_of(stream) for stream in self._supervisors]

    def status_of(self, stream: StreamId) -> StreamStatus:
        """One stream at this moment. Raises KeyError when there is none."""
        status = self._supervisors[stream].status
        return replace(status, switched_off=self.past.switched.get(stream) is False)

    def open_paths(self) -> frozenset[str]:
        """Files that are being written. May be called from any thread."""
        everyone = (*self._supervisors.copy().values(), *self._leavers)
        return frozenset(path for supervisor in everyone for path in supervisor.recording.open_paths)

    # ------------------------------------------------------------ what is wanted

    def start(self) -> None:
        """Capture every stream, and record those that are to be."""
        self._last_tick_ns = self._ports.services.clock.mono_ns()
        self._is_started = True
        for supervisor in self._supervisors.values():
            self._begin(supervisor)
        for stream in self.past.ends.keys() - self._supervisors.keys():
            self.past.end_unwanted(stream, self._ports.services.catalog)

    def add(self, plan: StreamPlan) -> None:
        """One more stream; one that is there already is changed."""
        if plan.stream in self._supervisors:
            self.change(plan)
            return
        self._supervisors[plan.stream] = self._supervisor(plan)
        if self._is_started:
            self._begin(self._supervisors[plan.stream])

    def remove(self, stream: StreamId) -> None:
        """End a stream's session, make its files final, then forget it. One that is not there is gone already."""
        supervisor = self._supervisors.pop(stream, None)
        if supervisor is not None:
            self._leave(supervisor)

    def change(self, plan: StreamPlan) -> None:
        """Do with a stream what this plan says; it is connected anew only for another address or for sound."""
        supervisor = self._supervisors.get(plan.stream)
        if supervisor is None:
            self.add(plan)
            return
        if (supervisor.plan.address, supervisor.plan.sound) == (plan.address, plan.sound):
            _adjust(supervisor, plan, self._ports.services.catalog)
            supervisor.restore(wanted=self.past.wanted(plan.stream, configured=plan.records))
            return
        mode = supervisor.status.mode
        self._leave(supervisor)
        # In the same place, so that people find it where it was.
        successor = self._supervisors[plan.stream] = self._supervisor(plan)
        successor.set_mode(mode)
        if self._is_started:
            self._begin(successor)

    def switch(self, stream: StreamId, *, wanted: bool) -> None:
        """The user switches a recording on or off (invariant I4). Raises KeyError when there is no such stream."""
        supervisor = self._supervisors[stream]
        if supervisor.wanted != wanted:
            self.past.switched[stream] = wanted
        supervisor.want(wanted=wanted)

    # ------------------------------------------------------------ events

    def handle(self, event: PoolEvent | PortSeen) -> None:
        """An event of a capture worker, or a look at a camera's port."""
        if not isinstance(event, PortSeen) and self._leavers.handle(event):
            self._look_at_leavers()
            return
        supervisor = self._supervisors.get(event.stream)
        if supervisor is not None:
            self.alone.do(event.stream, lambda: supervisor.handle(event))

    def repaired(self, footage: Mapping[StreamId, WallNs]) -> None:
        """Files that an earlier life left open were repaired: where each stream's footage of then really ends."""
        for stream, footage_wall_ns in footage.items():
            supervisor, end = self._supervisors.get(stream), self.past.ends.get(stream)
            if supervisor is not None and supervisor.wanted and end is not None:
                supervisor.ledger.earlier_life(footage_wall_ns, end.cause, end.open_gap)

    def answered(self, answer: Answer) -> None:
        """An answer of the writer."""
        for supervisor in self.everyone:
            if self.alone.do(supervisor.stream, partial(supervisor.recording.answered, answer)):
                return

    def tick(self) -> None:
        """Let time pass."""
        clock = self._ports.services.clock
        now_ns = clock.mono_ns()
        late_s = (now_ns - self._last_tick_ns) / NS_PER_S - TICK_S
        self._last_tick_ns = now_ns
        skipped_s = late_s if late_s > 1 else 0.0
        if self._ports.storage is not None:
            self._ports.storage.tick()
        for supervisor in self.everyone:
            self.alone.do(supervisor.stream, partial(supervisor.tick, skipped_s))
        self._look_at_leavers()
        if self._ticks % HEARTBEAT_EVERY_TICKS == 0:
            self._ports.services.catalog.post(Heartbeat(wall_ns=clock.wall_ns(), boot_id=self._ports.boot_id))
        if self._ticks % ALARMS_EVERY_TICKS == 0:
            limit_bytes = self._ports.services.memory.limit_bytes
            self.alarms.look(self._supervisors.values(), _facts(self._ports.storage), limit_bytes)
        self._ticks += 1

    async def shut_down(self) -> bool:
        """End every session and make every file final. False when something did not end in time."""
        everyone = self.everyone
        for supervisor in everyone:
            self.alone.do(supervisor.stream, supervisor.disable)
        self._waiting.clear()
        await _wait(lambda: all(s.is_down() for s in everyone), END_PATIENCE_S)
        for supervisor in everyone:
            self.alone.do(supervisor.stream, supervisor.recording.shut_down)
        is_clean = await _wait(lambda: all(s.recording.is_idle for s in everyone), WRITE_PATIENCE_S)
        for supervisor in everyone:
            self.alone.do(supervisor.stream, supervisor.ledger.settle)
        self._ports.services.catalog.post(RecorderStopped(wall_ns=self._ports.services.clock.wall_ns()))
        if not is_clean:
            LOG.warning("not every file could be made final; `holdfast check DIR --repair` does it")
        return is_clean

    # ------------------------------------------------------------ inside

    @property
    def everyone(self) -> list[StreamSupervisor]:
        """The supervisors, and those of streams that are on their way out."""
        return [*self._supervisors.values(), *self._leavers]

    def _supervisor(self, plan: StreamPlan) -> StreamSupervisor:
        ports = self._ports
        stream_ports = StreamPorts(ports.capture, ports.reach, ports.services, self._pins, ports.chance)
        return StreamSupervisor(plan, stream_ports, self.past.sessions.get(plan.stream, 0))

    def _begin(self, supervisor: StreamSupervisor) -> None:
        plan = supervisor.plan
        wanted = self.past.wanted(plan.stream, configured=plan.records)
        if plan.records and not wanted:
            LOG_RECORDING.info(
                "%s: off: it was switched off by hand, and so it stays until it is switched on", plan.stream
            )
        end = self.past.ends.get(plan.stream)
        if wanted and end is not None:
            supervisor.ledger.earlier_life(end.footage_wall_ns, end.cause, end.open_gap)
        else:
            self.past.end_unwanted(plan.stream, self._ports.services.catalog)
        supervisor.restore(wanted=wanted)
        if self._leavers.hold(plan.stream):
            self._waiting.add(plan.stream)
        else:
            supervisor.enable()

    def _leave(self, supervisor: StreamSupervisor) -> None:
        self._waiting.discard(supervisor.stream)
        if self._is_started:
            self.past.forget_end(supervisor.stream)
        self.past.sessions[supervisor.stream] = supervisor.connection.session
        supervisor.restore(wanted=False)
        self._leavers.add(supervisor, self._ports.services.clock.mono_ns())

    def _look_at_leavers(self) -> None:
        gone = self._leavers.look(self._ports.services.clock.mono_ns())
        for stream in gone - self._supervisors.keys():
            self._ports.capture.release(stream)
        for stream in [stream for stream in self._waiting if not self._leavers.hold(stream)]:
            self._waiting.discard(stream)
            self.alone.do(stream, self._supervisors[stream].enable)


def _adjust(supervisor: StreamSupervisor, plan: StreamPlan, catalog: CatalogWrites) -> None:
    """Go on by another plan for the same address. Lengths of files count from the next file on."""
    stream, recording, renamed = plan.stream, supervisor.recording, plan.name != supervisor.plan.name
    supervisor.plan = plan
    recording.set_rules(plan.rules)
    if renamed:
        catalog.post(StreamRecord(camera=stream.camera, stream=stream.stream, display_name=plan.name))


def _facts(storage: Storage | None) -> list[VolumeFacts]:
    volumes = () if storage is None else storage.state.volumes
    return [VolumeFacts(volume.name, volume.state, volume.sentence) for volume in volumes]


async def run(recorder: Recorder, stop: asyncio.Event, ticked: Callable[[], None] = lambda: None) -> None:
    """Start, and tick until `stop` is set. `ticked` is told of every tick: by that a watchdog knows of it."""
    recorder.start()
    while not stop.is_set():
        recorder.tick()
        ticked()
        try:
            async with asyncio.timeout(TICK_S):
                await stop.wait()
        except TimeoutError:
            continue


async def _wait(done: Callable[[], bool], patience_s: float) -> bool:
    for _ in range(int(patience_s / 0.02)):
        if done():
            return True
        await asyncio.sleep(0.02)
    return done()
