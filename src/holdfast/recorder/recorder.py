"""The recorder: all streams, the writer's answers, the passing of time, and an orderly end."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from holdfast.domain.segments import Heartbeat
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.ports.capture import Capture, PoolEvent
from holdfast.ports.reach import PortSeen, Reach
from holdfast.ports.volumes import Answer
from holdfast.recorder.recording import Services
from holdfast.recorder.status import StreamStatus
from holdfast.recorder.supervisor import StreamPlan, StreamPorts, StreamSupervisor

LOG = logging.getLogger("holdfast.recorder")

TICK_S = 0.25
HEARTBEAT_EVERY_TICKS = 20
END_PATIENCE_S = 4.0
WRITE_PATIENCE_S = 10.0


class Numbering(Protocol):
    """Where session numbers go on after a restart."""

    def last_session(self, camera: str, stream: str) -> int:
        """The highest session number ever used for the stream; 0 when none."""


@dataclass(frozen=True, slots=True)
class RecorderPorts:
    """What the recorder works with."""

    capture: Capture
    reach: Reach
    services: Services
    numbering: Numbering
    chance: Callable[[], float]


class Recorder:
    """Owns the supervisors. All calls come on its event loop."""

    def __init__(self, plans: Sequence[StreamPlan], ports: RecorderPorts, *, starts: bool = True) -> None:
        """Nothing is captured before `start`; `starts`: recording is wanted from then on."""
        self._ports = ports
        self._starts = starts
        stream_ports = StreamPorts(ports.capture, ports.reach, ports.services, ports.chance)
        self._supervisors: dict[StreamId, StreamSupervisor] = {
            plan.stream: StreamSupervisor(
                plan, stream_ports, ports.numbering.last_session(plan.stream.camera, plan.stream.stream)
            )
            for plan in plans
        }
        self._last_tick_ns = 0
        self._ticks = 0

    @property
    def streams(self) -> Mapping[StreamId, StreamSupervisor]:
        """The supervisors."""
        return self._supervisors

    def status(self) -> list[StreamStatus]:
        """Every stream at this moment."""
        return [s.status for s in self._supervisors.values()]

    def open_paths(self) -> frozenset[str]:
        """Files that are being written. May be called from any thread."""
        return frozenset(path for s in self._supervisors.values() for path in s.recording.open_paths)

    def start(self) -> None:
        """Capture every stream, and record it if that is wanted."""
        self._last_tick_ns = self._ports.services.clock.mono_ns()
        for supervisor in self._supervisors.values():
            supervisor.want(wanted=self._starts)
            supervisor.enable()

    def handle(self, event: PoolEvent) -> None:
        """An event of a capture worker."""
        supervisor = self._supervisors.get(event.stream)
        if supervisor is not None:
            supervisor.handle(event)

    def port_seen(self, seen: PortSeen) -> None:
        """A look at a camera's port."""
        supervisor = self._supervisors.get(seen.stream)
        if supervisor is not None:
            supervisor.port_seen(seen)

    def answered(self, answer: Answer) -> None:
        """An answer of the writer."""
        for supervisor in self._supervisors.values():
            if supervisor.recording.answered(answer):
                return

    def tick(self) -> None:
        """Let time pass."""
        clock = self._ports.services.clock
        now_ns = clock.mono_ns()
        late_s = (now_ns - self._last_tick_ns) / NS_PER_S - TICK_S
        self._last_tick_ns = now_ns
        for supervisor in self._supervisors.values():
            supervisor.tick(late_s if late_s > 1 else 0.0)
        if self._ticks % HEARTBEAT_EVERY_TICKS == 0:
            self._ports.services.catalog.post(Heartbeat(wall_ns=clock.wall_ns()))
        self._ticks += 1

    async def run(self, stop: asyncio.Event) -> None:
        """Tick until `stop` is set."""
        self.start()
        while not stop.is_set():
            self.tick()
            try:
                async with asyncio.timeout(TICK_S):
                    await stop.wait()
            except TimeoutError:
                continue

    async def shut_down(self) -> bool:
        """End every session and make every file final. False when something did not end in time."""
        for supervisor in self._supervisors.values():
            supervisor.disable()
        await self._wait(lambda: all(s.is_down() for s in self._supervisors.values()), END_PATIENCE_S)
        for supervisor in self._supervisors.values():
            supervisor.recording.shut_down()
        is_clean = await self._wait(
            lambda: all(s.recording.is_idle for s in self._supervisors.values()), WRITE_PATIENCE_S
        )
        if not is_clean:
            LOG.warning("not every file could be made final; `holdfast check DIR --repair` does it")
        return is_clean

    async def _wait(self, done: Callable[[], bool], patience_s: float) -> bool:
        for _ in range(int(patience_s / 0.02)):
            if done():
                return True
            await asyncio.sleep(0.02)
        return done()
