"""Volumes as they are: their processes, what these say, and what `policy.volumes` decides about it."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from holdfast.domain.segments import VolumeRecord
from holdfast.domain.times import NS_PER_S
from holdfast.domain.volumes import VolumeIdentity, VolumeSpace, VolumeState
from holdfast.policy import volumes as policy
from holdfast.policy.volume_events import (
    AbandonVolume,
    Action,
    ComeHome,
    Event,
    Exited,
    FailSegments,
    MountsChanged,
    Opened,
    OpeningRefused,
    Seen,
    StartProcess,
    Tell,
    Ticked,
    Unanswered,
    Use,
    VolumeRules,
    Volumes,
    WritingFailed,
)
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.clock import Clock
from holdfast.ports.volumes import (
    Answer,
    OpenVolume,
    SegmentFailed,
    VolumeEvent,
    VolumeExited,
    VolumeLost,
    VolumeProcess,
    VolumeProcesses,
    VolumeReady,
    VolumeRefused,
    VolumeSeen,
)

LOG = logging.getLogger("holdfast.storage")
LEFT = "It is not written to any more."


@dataclass(frozen=True, slots=True)
class VolumePlan:
    """A volume as it is configured."""

    name: str
    root: str
    """Absolute."""


@dataclass(frozen=True, slots=True)
class VolumePorts:
    """What volumes are worked with."""

    clock: Clock
    catalog: CatalogWrites
    processes: VolumeProcesses
    new_key: Callable[[], int]
    later: Callable[[Callable[[], None]], object]
    """Calls something soon, on the same loop."""
    recorder_id: str
    known: Callable[[], Iterable[VolumeRecord]]
    """What the catalog has of them; asked whenever one is opened, because a person may have adopted another disk."""
    state: str = ""
    """The folder of the catalog, absolute; empty when it lies in the only volume."""


class Hears(Protocol):
    """Who is told what becomes of volumes."""

    def opened(self, name: str) -> None:
        """A volume is open: what is there can be cut."""

    def answered(self, name: str, process: int, answer: Answer) -> None:
        """An answer about a segment, by a process of a volume."""

    def all_failed(self, failed: FailSegments) -> None:
        """Every segment that is open there has failed."""

    def used(self, name: str | None) -> None:
        """New segments go there now."""

    def came_home(self) -> None:
        """A better volume than before is in use."""


class VolumeKeeper:
    """Owns the processes. All calls come on the recorder's event loop and none of them waits."""

    def __init__(self, plans: Sequence[VolumePlan], rules: VolumeRules, ports: VolumePorts, hears: Hears) -> None:
        """Nothing is opened before `start`. `plans` in order of preference, at least one."""
        self.plans = {plan.name: plan for plan in plans}
        self.state = Volumes(rules)
        self._ports, self._hears = ports, hears
        self._known: dict[str, VolumeIdentity] = {}
        self._processes: dict[tuple[str, int], VolumeProcess] = {}
        self._is_closing = False

    @property
    def is_looking(self) -> bool:
        """Whether a volume is still being looked at."""
        return any(volume.state is VolumeState.CHECKING for volume in self.state.volumes)

    def start(self) -> None:
        """Open all volumes."""
        self.state, actions = policy.begin(self.plans, self.state.rules, at_s=self._now_s())
        self._carry_out(actions)

    def process(self, name: str) -> tuple[int, VolumeProcess] | None:
        """The process of a volume, with its number; None while it has none."""
        number = self.state.of(name).process
        found = None if number is None else self._processes.get((name, number))
        return None if number is None or found is None else (number, found)

    def tick(self) -> None:
        """Let time pass."""
        now_s = self._now_s()
        for volume in self.state.volumes:
            found = self.process(volume.name)
            since_s = None if found is None else found[1].waiting_since_s
            if found is not None and since_s is not None:
                self._step(Unanswered(volume.name, found[0], now_s - since_s))
        self._step(Ticked())

    def mounts_changed(self) -> None:
        """The table of mounts is another one."""
        paths = {one.name: one.path or self.plans[one.name].root for one in self.state.volumes}
        self._step(MountsChanged(self._ports.processes.covering(paths)))

    def failed(self, name: str, process: int, answer: SegmentFailed) -> None:
        """An order failed on the disk."""
        self._step(WritingFailed(name, process, answer.sentence, answer.state))

    async def close(self, timeout_s: float) -> bool:
        """Have everything carried out, and end all processes. False when that did not come about in time."""
        self._is_closing = True
        current = {(volume.name, volume.process) for volume in self.state.volumes}
        waited = []
        for key, process in self._processes.items():
            if key in current:
                waited.append(process.close(timeout_s))
            else:
                process.abandon(LEFT)
        return all(await asyncio.gather(*waited))

    # ------------------------------------------------------------ inside

    def _heard(self, name: str, process: int, event: VolumeEvent) -> None:
        match event:
            case VolumeReady():
                self._ready(name, process, event)
            case VolumeRefused(state, sentence) if self.state.of(name).is_open:
                # Later it may still find that the disk is not what it was.
                self._step(WritingFailed(name, process, sentence, state))
            case VolumeRefused(state, sentence):
                self._step(OpeningRefused(name, process, state, sentence))
            case VolumeSeen(free_bytes, total_bytes, slowest_s, is_refusing):
                self._step(Seen(name, process, VolumeSpace(free_bytes, total_bytes), slowest_s, is_refusing))
            case VolumeLost(sentence):
                self._step(WritingFailed(name, process, sentence, VolumeState.GONE))
            case VolumeExited():
                self._processes.pop((name, process), None)
                if not self._is_closing:
                    self._step(Exited(name, process))
            case _:
                self._hears.answered(name, process, event)

    def _ready(self, name: str, process: int, event: VolumeReady) -> None:
        if self.state.of(name).process != process:
            # It was given up while it was opening the volume.
            return
        self._known[name] = event.identity
        self._ports.catalog.post(
            VolumeRecord(
                name=name,
                volume_id=event.identity.volume_id,
                path=self.plans[name].root,
                file_system=event.file_system.kind,
                source=event.file_system.source,
                seen_wall_ns=self._ports.clock.wall_ns(),
            )
        )
        self._step(Opened(name, process, event.identity, event.file_system, event.space, event.path, event.full))
        self.mounts_changed()
        if self.state.of(name).is_open:
            self._hears.opened(name)

    def _step(self, event: Event) -> None:
        self.state, actions = policy.step(self.state, event, at_s=self._now_s())
        self._carry_out(actions)

    def _carry_out(self, actions: Iterable[Action]) -> None:
        used: list[str | None] = []
        for action in actions:
            match action:
                case Use(name):
                    used.append(name)
                case ComeHome():
                    self._hears.came_home()
                case FailSegments():
                    self._hears.all_failed(action)
                case AbandonVolume(name, process):
                    given_up = self._processes.get((name, process))
                    if given_up is not None:
                        given_up.abandon(self.state.of(name).sentence or LEFT)
                case StartProcess(name, process):
                    self._start(name, process)
                case Tell():
                    _say(action)
        # Last: by then all that failed is known to have failed.
        for name in used:
            self._hears.used(name)

    def _start(self, name: str, process: int) -> None:
        for one in self._ports.known():
            self._known[one.name] = VolumeIdentity(one.volume_id, self._ports.recorder_id, one.name)
        root, expected = self.plans[name].root, self._known.get(name)
        order = OpenVolume(
            root, expected, self._ports.recorder_id, name, self.state.rules.reserve_bytes, self._ports.state
        )
        heard = partial(self._heard, name, process)
        try:
            self._processes[name, process] = self._ports.processes.start(order, heard)
        except OSError as error:
            LOG.warning("the process for volume %s cannot be started: %s", name, error)
            self._ports.later(partial(heard, VolumeExited(1)))

    def _now_s(self) -> float:
        return self._ports.clock.mono_ns() / NS_PER_S


def _say(told: Tell) -> None:
    is_well = told.new in {VolumeState.HEALTHY, VolumeState.CHECKING}
    sentence = f": {told.sentence}" if told.sentence else ""
    LOG.log(logging.INFO if is_well else logging.WARNING, "volume %s: %s%s", told.name, told.new, sentence)
