"""Volumes whose disks are dictionaries, and whose processes work, answer, hang and die only when they are told to."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import FileSystem, VolumeIdentity, VolumeState
from holdfast.domain.volumes import VolumeSpace as Space
from holdfast.ports.volumes import (
    AppendData,
    CreateSegment,
    Cut,
    CutFailed,
    CutSegment,
    Finished,
    FinishSegment,
    OpenVolume,
    Order,
    SegmentFailed,
    VolumeEvent,
    VolumeExited,
    VolumeLost,
    VolumeReady,
    VolumeRefused,
    VolumeSeen,
)
from tests.fakes.clock import FakeClock
from tests.fakes.writer import FakeFile, FakeWriter

GIB = 1 << 30
KILLED = -9


@dataclass
class FakeDisk:
    """The disk of one volume, and how it is doing."""

    name: str
    number: int
    files: dict[str, FakeFile] = field(default_factory=dict)
    is_mounted: bool = True
    is_hung: bool = False
    trouble: VolumeState | None = None
    """What every write fails with; FULL lets files be cut."""
    spoils_one: bool = False
    """Every write fails, and the error says nothing of the whole volume."""
    mounts: int = 1
    free_bytes: int = 100 * GIB

    @property
    def file_system(self) -> FileSystem | None:
        if not self.is_mounted:
            return None
        mount_id = 100 * self.number + self.mounts
        return FileSystem("ext4", f"/dev/sd{self.number}", f"/disks/{self.name}", mount_id, f"8:{self.number}")

    @property
    def volume_id(self) -> str:
        return f"id of {self.name}"

    def vanish(self, *, keeps_unsynced: bool = False) -> None:
        """It is pulled. What was not synced is lost, unless it had been written nevertheless."""
        if self.is_mounted and not keeps_unsynced:
            for file in self.files.values():
                del file.data[file.synced_bytes :]
        self.is_mounted = self.is_hung = False

    def come_back(self) -> None:
        """It is mounted again, and well."""
        self.mounts += not self.is_mounted
        self.is_mounted, self.is_hung, self.trouble, self.spoils_one = True, False, None, False


@dataclass
class FakeVolumeProcess:
    """Implements `ports.volumes.VolumeProcess`."""

    disk: FakeDisk
    opening: OpenVolume
    listener: Callable[[VolumeEvent], None]
    clock: FakeClock
    events: deque[VolumeEvent] = field(default_factory=deque)
    """Not delivered yet."""
    abandoned: str | None = None
    is_ready: bool = False
    is_exited: bool = False
    is_closed: bool = False
    unanswered: dict[int, Order] = field(default_factory=dict)
    mount_id: int = 0
    since_s: float | None = None

    def __post_init__(self) -> None:
        self.writer = FakeWriter(self.disk.files)
        self.since_s = self._now_s()

    # ------------------------------------------------------------ VolumeProcess

    @property
    def waiting_since_s(self) -> float | None:
        return self.since_s

    def order(self, order: Order) -> None:
        if not self.is_ready or self.abandoned is not None or self.is_exited:
            self._refuse(order)
            return
        if isinstance(order, AppendData | FinishSegment) and order.key not in self.unanswered:
            return
        self.unanswered[order.key] = order
        self.since_s = self._now_s() if self.since_s is None else self.since_s
        self.writer.order(order)

    def abandon(self, sentence: str) -> None:
        if self.abandoned is None and not self.is_exited:
            self.abandoned = sentence
            self._lose(sentence)

    async def close(self, timeout_s: float) -> bool:
        self.is_closed = True
        if self.disk.is_hung or not self.is_ready:
            self.abandon("It did not end in time.")
            return False
        self.settle()
        return True

    # ------------------------------------------------------------ what the test makes of it

    def open(self) -> None:
        """Look at the volume, as it was ordered."""
        if self.is_ready or self.abandoned is not None or self.is_exited or self.disk.is_hung:
            return
        file_system, expected = self.disk.file_system, self.opening.expected
        self.since_s = None
        if file_system is None:
            self.events.append(VolumeRefused(VolumeState.GONE, "It is not mounted."))
        elif expected is not None and expected.volume_id != self.disk.volume_id:
            self.events.append(VolumeRefused(VolumeState.REFUSED, "It is another volume."))
        elif self.disk.trouble not in {None, VolumeState.FULL}:
            assert self.disk.trouble is not None
            self.events.append(VolumeRefused(self.disk.trouble, "It is in trouble."))
        else:
            self.is_ready, self.mount_id = True, file_system.mount_id
            identity = VolumeIdentity(self.disk.volume_id, self.opening.recorder_id, self.opening.name)
            full = "It is full." if self.disk.trouble is VolumeState.FULL else ""
            self.events.append(VolumeReady(identity, file_system, self._space(), file_system.mount_point, full))

    def work(self, orders: int = 1, *, silently: bool = False) -> None:
        """Carry out the next orders. `silently`: nobody hears what became of it."""
        if self.is_exited or self.disk.is_hung:
            return
        self._look()
        self.writer.work(orders)
        self._take(silently=silently)

    def sync(self) -> None:
        """Bring everything to the disk."""
        if not self.is_exited and not self.disk.is_hung:
            self._look()
            self.writer.sync()
            self._take()

    def seen(self, slowest_s: float = 0.0) -> None:
        """Tell of the free space, once."""
        if self.is_ready and self.abandoned is None and not self.disk.is_hung:
            space = self._space()
            self.events.append(VolumeSeen(space.free_bytes, space.total_bytes, slowest_s))

    def settle(self) -> None:
        """Do all that was ordered, and say so."""
        self.open()
        while self.writer.orders and not self.disk.is_hung and not self.is_exited:
            self.work(1 << 20)
        self.sync()
        self.deliver(1 << 20)

    def deliver(self, events: int = 1) -> None:
        """Let the recorder hear the next things that it said."""
        for _ in range(min(events, len(self.events))):
            self.listener(self.events.popleft())

    def die(self, orders: int = 0) -> None:
        """It is gone; before it was, it carried out a few more orders of which it told nothing."""
        if self.is_exited:
            return
        if self.abandoned is None:
            self._lose("The process has died.")
        if not self.disk.is_hung:
            self.work(orders, silently=True)
        self.is_exited = True
        self.since_s = None
        self.events.append(VolumeExited(KILLED))

    # ------------------------------------------------------------ inside

    def _look(self) -> None:
        """How the disk is, seen through the files that are open."""
        is_there = self.disk.file_system is not None and self.disk.file_system.mount_id == self.mount_id
        self.writer.state = self.disk.trouble if is_there else VolumeState.GONE
        self.writer.broken = self.writer.state is not None or self.disk.spoils_one

    def _take(self, *, silently: bool = False) -> None:
        """Fetch the answers of the writer."""
        while self.writer.answers:
            answer = self.writer.answers.popleft()
            is_cutting = isinstance(self.unanswered.get(answer.key), CutSegment)
            if isinstance(answer, Cut | CutFailed) or (isinstance(answer, Finished | SegmentFailed) and not is_cutting):
                self.unanswered.pop(answer.key, None)
            if not silently and self.abandoned is None:
                self.events.append(answer)
        self.since_s = self._now_s() if self.writer.orders else None

    def _lose(self, sentence: str) -> None:
        """As `VolumeHost`: what it was still to do has failed, each by itself, and then all of it."""
        for key, order in self.unanswered.items():
            if isinstance(order, CutSegment):
                self.events.append(CutFailed(key, sentence))
            else:
                self.events.append(SegmentFailed(key, FaultKind.STORAGE_DISCONNECTED, sentence, ""))
        self.unanswered.clear()
        self.since_s = None
        self.events.append(VolumeLost(sentence))

    def _refuse(self, order: Order) -> None:
        match order:
            case CreateSegment(key):
                self.events.append(SegmentFailed(key, FaultKind.STORAGE_DISCONNECTED, "It is not open.", ""))
            case CutSegment(key):
                self.events.append(CutFailed(key, "It is not open."))
            case _:
                pass

    def _space(self) -> Space:
        return Space(self.disk.free_bytes, 1000 * GIB)

    def _now_s(self) -> float:
        return self.clock.mono_ns() / 1e9


@dataclass
class FakeProcesses:
    """Implements `ports.volumes.VolumeProcesses`."""

    disks: Mapping[str, FakeDisk]
    clock: FakeClock
    started: list[FakeVolumeProcess] = field(default_factory=list)
    refuses: bool = False
    """No process can be started."""

    def start(self, order: OpenVolume, listener: Callable[[VolumeEvent], None]) -> FakeVolumeProcess:
        if self.refuses:
            raise OSError(11, "no more processes")
        process = FakeVolumeProcess(self.disks[order.name], order, listener, self.clock)
        self.started.append(process)
        return process

    def covering(self, paths: Mapping[str, str]) -> Mapping[str, FileSystem | None]:
        return {name: self.disks[name].file_system for name in paths}

    def alive(self, name: str) -> list[FakeVolumeProcess]:
        """The processes of a volume that have not ended, oldest first."""
        return [one for one in self.started if one.disk.name == name and not one.is_exited]
