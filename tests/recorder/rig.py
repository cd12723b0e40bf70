"""One recording between a simulated muxer and a simulated disk, and an account of what must not be lost."""

from collections import Counter
from dataclasses import dataclass, field
from uuid import UUID

from holdfast.domain.faults import Fault
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs
from holdfast.fmp4 import HEAD_BYTES, SegmentStamp, read_header
from holdfast.policy import segmenting
from holdfast.policy.segmenting import Append, Segmenter, SegmentRules
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from holdfast.ports.volumes import Writer
from holdfast.recorder.recording import Recording, Services
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.fakes.writer import FakeFile, FakeWriter
from tests.fmp4.builder import FTYP, Sample, fragment, moov, payload

STREAM = StreamId("cam_01")
TICKS_PER_S = 90_000
SAMPLE_BYTES = 64


class Watched(Recording):
    """Decides everything a second time, with a disk that never fails: `wanted` counts what that would have written."""

    shadow: Segmenter
    wanted: Counter[int]

    def _step(self, event: segmenting.Event) -> None:
        if not isinstance(event, segmenting.Suspended | segmenting.Resumed):
            self.shadow, actions = segmenting.step(self.shadow, event)
            self.wanted.update(a.fragment.index for a in actions if isinstance(a, Append))
        super()._step(event)


@dataclass
class Written:
    """One file of the fake disk: the fragments that are safely in it, by index."""

    path: str
    stamp: SegmentStamp
    indexes: list[int]
    is_final: bool


@dataclass
class Rig:
    rules: SegmentRules
    ring_limit_bytes: int = 1 << 30
    clock: FakeClock = field(default_factory=FakeClock)
    writer: FakeWriter = field(default_factory=FakeWriter)
    catalog: FakeCatalog = field(default_factory=FakeCatalog)
    faults: list[Fault] = field(default_factory=list)
    arrived: int = 0
    session: int = 1
    take: int = 0
    take_is_open: bool = False
    decode_time: int = 0
    keys: int = 0
    runs: int = 0
    stream: StreamId = STREAM

    def __post_init__(self) -> None:
        services = Services(self.clock, self._writer(), self.catalog, self._new_key, self._new_run_id)
        self.recording = Watched(self.stream, self.rules, services, self.faults.append)
        self.recording.shadow, self.recording.wanted = Segmenter(self.rules), Counter()

    def _writer(self) -> Writer:
        return self.writer

    def _new_key(self) -> int:
        self.keys += 1
        return self.keys

    def _new_run_id(self) -> UUID:
        self.runs += 1
        return UUID(int=self.runs)

    # ------------------------------------------------------------ the camera

    def deliver(self, samples: int = 5, *, is_sync: bool = False) -> None:
        """A fragment of some frames of 0.1 s, just when its last frame has come."""
        if not self.take_is_open:
            self._open_take()
            is_sync = True
        self.clock.advance(samples / 10)
        frames = [Sample(SAMPLE_BYTES, TICKS_PER_S // 10, sync=is_sync and not n) for n in range(samples)]
        media = self.arrived.to_bytes(4, "big") + payload(samples * SAMPLE_BYTES - 4, self.arrived)
        data = fragment(self.decode_time, frames, number=self.arrived + 1, media=media)
        self.arrived += 1
        self.decode_time += samples * TICKS_PER_S // 10
        for part in (data[:100], data[100:]):
            self.recording.take_bytes(TakeBytes(self.stream, self.session, self.take, part))
        self.recording.shrink(self.ring_limit_bytes)

    def group(self, fragments: int = 2, samples: int = 5) -> None:
        """A whole group of pictures."""
        for number in range(fragments):
            self.deliver(samples, is_sync=number == 0)

    def end_take(self, *, new_session: bool = False) -> None:
        if self.take_is_open:
            self.recording.take_closed(TakeClosed(self.stream, self.session, self.take))
        self.take_is_open = False
        if new_session:
            self.session, self.take = self.session + 1, 0

    def _open_take(self) -> None:
        self.take, self.take_is_open, self.decode_time = self.take + 1, True, 0
        now_ns = self.clock.mono_ns()
        pts_ns = PtsNs(now_ns - self.session * NS_PER_S)
        self.recording.take_opened(
            TakeOpened(
                self.stream, self.session, self.take, pts_ns, MonoNs(now_ns), reorders=False, reason="session began"
            )
        )
        self.recording.take_bytes(TakeBytes(self.stream, self.session, self.take, FTYP + moov()))

    # ------------------------------------------------------------ the disk

    def work(self, orders: int = 1) -> None:
        self.writer.work(orders)

    def listen(self, answers: int = 1) -> None:
        self.writer.deliver(self.recording.answered, answers)

    def settle(self) -> None:
        """The disk does all it was told, and the recording hears all of it."""
        self.writer.sync()
        while self.writer.orders or self.writer.answers:
            self.work(1 << 20)
            self.writer.sync()
            self.listen(1 << 20)

    def end(self) -> None:
        """The camera ends, the disk works again, and everything is written."""
        self.end_take()
        self.writer.broken = False
        for _ in range(3):
            self.settle()
            self.clock.advance(5)
            self.recording.tick()
        self.recording.shut_down()
        self.settle()

    # ------------------------------------------------------------ the account

    def files(self) -> list[Written]:
        """What is safe on the disk, counting what is still to be cut as cut."""
        return [
            Written(path, stamp_of(file), indexes_of(file), file.is_final) for path, file in self.writer.disk.items()
        ]

    @property
    def held(self) -> list[int]:
        """Indexes of what is in memory."""
        return [held.info.index for held in self.recording.ring]

    def missing(self) -> set[int]:
        """What was to be recorded, and is neither safe on the disk nor in memory."""
        safe = {index for file in self.files() for index in file.indexes}
        return set(self.recording.wanted) - safe - set(self.held)


def stamp_of(file: FakeFile) -> SegmentStamp:
    stamp = read_header(bytes(file.data[:HEAD_BYTES])).stamp
    assert stamp is not None
    return stamp


def indexes_of(file: FakeFile) -> list[int]:
    """The fragments that are safe in a file, by the number that their media begin with; whole boxes only."""
    found, at, data = [], 0, bytes(file.data[: file.synced_bytes])
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"mdat" and at + size <= len(data):
            found.append(int.from_bytes(data[at + 8 : at + 12], "big"))
        at += size
    return found
