"""Recordings of a few streams that write to several volumes, and an account of what is on them."""

import itertools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from uuid import UUID

from holdfast.domain.segments import SegmentRecord
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S
from holdfast.policy.renewing import renewed
from holdfast.policy.segmenting import SegmentRules
from holdfast.policy.volume_events import VolumeRules
from holdfast.ports.volumes import Answer, Writer
from holdfast.recorder.volume_keeping import VolumePlan, VolumePorts
from holdfast.recorder.volumes import VolumeSet
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.fakes.volumes import FakeDisk, FakeProcesses, FakeVolumeProcess
from tests.recorder.rig import Rig, indexes_of

OURS = "11111111-1111-4111-8111-111111111111"


@dataclass
class StreamRig(Rig):
    """One stream of several, which have the volumes and the catalog in common."""

    volumes: "VolumesRig | None" = None
    samples: dict[int, int] = field(default_factory=dict)
    """Frames of each fragment."""

    def deliver(self, samples: int = 5, *, is_sync: bool = False) -> None:
        self.samples[self.arrived] = samples
        super().deliver(samples, is_sync=is_sync)

    def _writer(self) -> Writer:
        assert self.volumes is not None
        return self.volumes.set

    def _new_key(self) -> int:
        assert self.volumes is not None
        return next(self.volumes.numbers)

    def _new_run_id(self) -> UUID:
        return UUID(int=self._new_key())


@dataclass
class VolumesRig:
    """Implements `volumes.VolumeNews` as `StorageNews` does. Nothing happens by itself."""

    names: Sequence[str] = ("first", "second")
    streams: int = 1
    segments: SegmentRules = field(default_factory=SegmentRules)
    rules: VolumeRules = field(default_factory=VolumeRules)
    clock: FakeClock = field(default_factory=FakeClock)
    catalog: FakeCatalog = field(default_factory=FakeCatalog)
    disks: dict[str, FakeDisk] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    answers: list[Answer] = field(default_factory=list)
    """All that the recordings heard."""
    opened: list[str] = field(default_factory=list)
    homecomings: list[str] = field(default_factory=list)
    later: deque[Callable[[], None]] = field(default_factory=deque)

    def __post_init__(self) -> None:
        for number, name in enumerate(self.names, 1):
            self.disks.setdefault(name, FakeDisk(name, number))
        self.processes = FakeProcesses(self.disks, self.clock)
        ports = VolumePorts(
            self.clock,
            self.catalog,
            self.processes,
            self._new_number,
            self.later.append,
            OURS,
            self.catalog.volumes,
        )
        plans = [VolumePlan(name, f"/disks/{name}") for name in self.names]
        self.set = VolumeSet(plans, self.rules, ports)
        self.rigs = [
            StreamRig(
                self.segments,
                clock=self.clock,
                catalog=self.catalog,
                stream=StreamId(f"cam_0{number}"),
                volumes=self,
            )
            for number in range(1, self.streams + 1)
        ]

    def _new_number(self) -> int:
        return next(self.numbers)

    # ------------------------------------------------------------ VolumeNews

    def answered(self, answer: Answer) -> None:
        self.answers.append(answer)
        for rig in self.rigs:
            if rig.recording.answered(answer):
                return

    def storage_is_back(self) -> None:
        for rig in self.rigs:
            rig.recording.try_again()

    def came_home(self) -> None:
        self.homecomings.append(self.set.in_use or "")
        for rig in self.rigs:
            rig.recording.segmenter = renewed(rig.recording.segmenter)

    def volume_opened(self, volume: str) -> None:
        self.opened.append(volume)

    # ------------------------------------------------------------ what happens

    def start(self) -> None:
        """Begin, and look at no volume yet."""
        self.set.start(self, [row for name in self.names for row in self.catalog.uncut(name)])

    def open(self, *names: str) -> None:
        """These volumes are looked at; all of them unless told."""
        for name in names or self.names:
            for process in self.processes.alive(name):
                process.open()
        self.hear()

    def process(self, name: str) -> FakeVolumeProcess:
        """The process that a volume has now."""
        return self.processes.alive(name)[-1]

    def hear(self) -> None:
        """The recorder hears all that was said."""
        while self.later or any(one.events for one in self.processes.started):
            for process in self.processes.started:
                process.deliver(1 << 20)
            self.run_later()

    def run_later(self) -> None:
        while self.later:
            self.later.popleft()()

    def settle(self) -> None:
        """All disks that can do all that they were told, and the recorder hears of it."""
        for _ in range(4):
            for process in list(self.processes.started):
                if process.abandoned is not None:
                    process.die()
                process.settle()
            self.hear()

    def tick(self, seconds: float = 0.25) -> None:
        """Time passes."""
        self.clock.advance(seconds)
        self.set.tick()
        for rig in self.rigs:
            rig.recording.tick()

    def mounts_changed(self) -> None:
        self.set.keeper.mounts_changed()

    def end(self) -> None:
        """The cameras end, all disks are back and well, and everything is written."""
        for rig in self.rigs:
            rig.end_take()
        for disk in self.disks.values():
            disk.come_back()
        self.mounts_changed()
        for _ in range(40):
            self.settle()
            self.tick(2)
            for name in self.names:
                self.process(name).seen()
            self.hear()
        for rig in self.rigs:
            rig.recording.shut_down()
        for _ in range(4):
            self.settle()
            self.tick(2)

    # ------------------------------------------------------------ the account

    def rows(self) -> dict[tuple[str, str], SegmentRecord]:
        return {(row.volume, row.path): row for row in self.catalog.segments()}

    def indexes(self, name: str, rig: Rig) -> dict[str, list[int]]:
        """The fragments of a stream that are safe on a volume, by file; what is still to be cut is counted as cut."""
        found = {}
        for path, file in self.disks[name].files.items():
            # Of one whose first sector was lost with the disk nothing is left to be known by.
            if path.startswith(f"{rig.stream.camera}/") and file.data:
                row = self.catalog.segment(path, volume=name)
                kept = None if row is None else row.keep_bytes
                whole = replace(file, synced_bytes=file.synced_bytes if kept is None else min(kept, file.synced_bytes))
                found[path] = indexes_of(whole)
        return found

    def missing(self, rig: Rig) -> set[int]:
        """What was to be recorded, and is neither safe on a disk nor in memory."""
        safe = {one for name in self.names for file in self.indexes(name, rig).values() for one in file}
        return set(rig.recording.wanted) - safe - set(rig.held)

    def said(self, kind: type[Answer]) -> list[Answer]:
        return [answer for answer in self.answers if isinstance(answer, kind)]


def recording(*, streams: int = 1, duration_s: int = 60) -> VolumesRig:
    """Both volumes are there, and every stream has two groups of pictures on the first, of which one is not synced."""
    rig = VolumesRig(streams=streams, segments=SegmentRules(duration_ns=duration_s * NS_PER_S))
    rig.start()
    rig.open()
    for stream in rig.rigs:
        stream.recording.start()
        stream.group()
    rig.settle()
    for stream in rig.rigs:
        stream.group()
    return rig


def pull(rig: VolumesRig, name: str, *, keeps_unsynced: bool = False) -> None:
    """The disk goes, the table of mounts tells, and the recorder has heard of everything."""
    rig.disks[name].vanish(keeps_unsynced=keeps_unsynced)
    rig.mounts_changed()
    rig.hear()


def mount(rig: VolumesRig, name: str) -> None:
    """The disk is back, is looked at, and all is written that waits."""
    rig.disks[name].come_back()
    rig.mounts_changed()
    for _ in range(4):
        rig.settle()
        rig.tick(2)
    rig.settle()
