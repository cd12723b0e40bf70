"""One camera, several sessions of it, and the lanes that record them."""

from dataclasses import dataclass, field
from uuid import UUID

from holdfast.domain.faults import Fault
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from holdfast.recorder.lanes import Lanes, Turns
from holdfast.recorder.memory import Memory
from holdfast.recorder.recording import Services
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.fakes.writer import FakeWriter
from tests.fmp4.builder import FTYP, Sample, fragment, moov, payload

STREAM = StreamId("cam_01")
HALF = 45_000
SAMPLE_BYTES = 64
GROUP = 4


@dataclass
class Sender:
    """One session of a camera that makes a group of pictures every two seconds, in four fragments."""

    session: int
    first: int
    """Number of the first piece that it sends; every fourth begins with a key frame."""
    sent: int = 0


class Heard:
    """Keeps what is told of footage, in seconds since the rig began."""

    def __init__(self, clock: FakeClock) -> None:
        self.began_ns = clock.mono_ns()
        self.stretches: list[tuple[int, float, float]] = []
        self.losses: list[tuple[float, float, str]] = []
        self.shifts: list[tuple[int, float]] = []

    def recorded(self, lane: int, from_ns: MonoNs, to_ns: MonoNs, interval_ns: int) -> None:
        assert interval_ns > 0
        self.stretches.append((lane, self._s(from_ns), self._s(to_ns)))

    def redated(self, lane: int, by_ns: int) -> None:
        self.shifts.append((lane, by_ns / NS_PER_S))

    def lost(self, from_ns: MonoNs, to_ns: MonoNs, cause: str, text: str, session: int | None) -> None:
        assert text
        assert session is not None
        self.losses.append((self._s(from_ns), self._s(to_ns), cause))

    def _s(self, at_ns: int) -> float:
        return round((at_ns - self.began_ns) / NS_PER_S, 3)


@dataclass
class Rig:
    limit_bytes: int = 1 << 30
    clock: FakeClock = field(default_factory=FakeClock)
    writer: FakeWriter = field(default_factory=FakeWriter)
    catalog: FakeCatalog = field(default_factory=FakeCatalog)
    faults: list[Fault] = field(default_factory=list)
    told: list[tuple[str, int]] = field(default_factory=list)
    numbers: int = 0
    wins: bool = True
    """Whether a rival that has something new is promoted."""

    def __post_init__(self) -> None:
        memory = Memory(self.limit_bytes)
        services = Services(self.clock, self.writer, self.catalog, self.number, lambda: UUID(int=self.number()), memory)
        self.heard = Heard(self.clock)
        turns = Turns(begins=self.begins, drained=lambda session: self.told.append(("drained", session)))
        self.lanes = Lanes(STREAM, SegmentRules(), services, self.faults.append, turns, self.heard)

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    # ------------------------------------------------------------ what the owner hears

    def begins(self, session: int) -> None:
        self.told.append(("begins", session))
        if self.wins:
            self.lanes.inherit(session)

    # ------------------------------------------------------------ the camera

    def open(self, session: int, first: int, *, is_rival: bool = False) -> Sender:
        self.lanes.open(session, is_rival=is_rival)
        sender = Sender(session, first)
        arrival_ns = self.clock.mono_ns()
        self.lanes.take_opened(
            TakeOpened(
                STREAM, session, 1, PtsNs(session * NS_PER_S), arrival_ns, reorders=False, reason="session began"
            )
        )
        self.lanes.take_bytes(TakeBytes(STREAM, session, 1, FTYP + moov()))
        return sender

    def send(self, sender: Sender, pieces: int = 1, *, longest: int = 0, text: int | None = None) -> None:
        """Pieces of half a second of two frames; time passes by itself only outside."""
        for _ in range(pieces):
            number = sender.first + sender.sent
            frames = [
                Sample(SAMPLE_BYTES, HALF // 2, sync=number % GROUP == 0),
                Sample(SAMPLE_BYTES, HALF // 2 + longest),
            ]
            media = (number if text is None else text).to_bytes(4, "big") + payload(2 * SAMPLE_BYTES - 4, 0)
            data = fragment(sender.sent * HALF, frames, number=sender.sent + 1, media=media)
            sender.sent += 1
            self.lanes.take_bytes(TakeBytes(STREAM, sender.session, 1, data))

    def send_lasting(self, sender: Sender, *ticks: int) -> None:
        """One piece whose frames last so long, of the camera's time since its last piece."""
        number = sender.first + sender.sent
        frames = [Sample(SAMPLE_BYTES, one) for one in ticks]
        media = number.to_bytes(4, "big") + payload(len(ticks) * SAMPLE_BYTES - 4, 0)
        data = fragment(sender.sent * HALF, frames, number=sender.sent + 1, media=media)
        sender.sent += 1
        self.lanes.take_bytes(TakeBytes(STREAM, sender.session, 1, data))

    def live(self, sender: Sender, pieces: int = 1) -> None:
        for _ in range(pieces):
            self.send(sender)
            self.clock.advance(0.5)

    def end(self, sender: Sender) -> None:
        self.lanes.take_closed(TakeClosed(STREAM, sender.session, 1))
        self.lanes.close(sender.session)

    def settle(self) -> None:
        for _ in range(4):
            self.writer.work(1 << 20)
            self.writer.sync()
            self.writer.deliver(self.lanes.answered, 1 << 20)
            self.clock.advance(3)
            self.lanes.tick()

    def files(self) -> list[list[int]]:
        """The numbers of the pieces in each file."""
        return [_numbers(bytes(file.data[: file.synced_bytes])) for file in self.writer.disk.values()]


def _numbers(data: bytes) -> list[int]:
    found, at = [], 0
    while at + 12 <= len(data):
        size = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"mdat":
            found.append(int.from_bytes(data[at + 8 : at + 12], "big"))
        at += size
    return found
