"""Ten thousand reconnections of one stream, and nothing that grows (requirement G2)."""

import gc
import sys
from collections.abc import Iterable
from uuid import UUID

import pytest

from holdfast.domain.faults import Branch, ErrorReport
from holdfast.domain.streams import StreamAddress, StreamId
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.ports.capture import SessionEnded, SessionFailed, TakeBytes, TakeClosed, TakeOpened
from holdfast.ports.reach import PortSeen
from holdfast.recorder.pins import Pins
from holdfast.recorder.recording import Services
from holdfast.recorder.supervisor import StreamPlan, StreamPorts, StreamSupervisor
from tests.fakes.capture import FakeCapture
from tests.fakes.catalog import FakeCatalog
from tests.fakes.clock import FakeClock
from tests.fakes.reach import FakeReach
from tests.fakes.writer import FakeWriter
from tests.fmp4.builder import FTYP, Sample, fragment, moov, payload

STREAM = StreamId("cam_01")
RESET = ErrorReport(Branch.SOURCE, "gst-resource-error-quark", 9, "rtspsrc", "Could not read", "(System error)")
ROUNDS = 10_000
WARM = 1_000

pytestmark = [
    pytest.mark.expects_log("WARNING holdfast.recording: cam_01", optional=True),
    pytest.mark.expects_log("ERROR holdfast.reconnect: cam_01", optional=True),
]


class Silent(FakeCatalog):
    """Writes nothing down, so that only the recorder itself can grow."""

    def post(self, change: object) -> None:
        del change


class Life:
    def __init__(self) -> None:
        self.clock, self.capture, self.writer = FakeClock(), FakeCapture(), FakeWriter()
        self.numbers = 0
        services = Services(self.clock, self.writer, Silent(), self.number, lambda: UUID(int=self.number()))
        self.reach = FakeReach()
        ports = StreamPorts(self.capture, self.reach, services, Pins({}, self.clock, Silent()), lambda: 0.5)
        self.supervisor = StreamSupervisor(StreamPlan(STREAM, StreamAddress("rtsp://h/")), ports, 0)
        self.supervisor.restore(wanted=True)
        self.supervisor.enable()

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def round(self, number: int) -> None:
        """A session delivers, every third one nothing, and fails; the port is looked at; the next one begins."""
        session = self.supervisor.session
        if number % 3:
            now_ns = self.clock.mono_ns()
            handle = self.supervisor.handle
            handle(TakeOpened(STREAM, session, 1, PtsNs(0), MonoNs(now_ns), reorders=False, reason="session began"))
            samples = [Sample(64, 9000, sync=True), Sample(64, 9000)]
            media = number.to_bytes(4, "big") + payload(124, 0)
            handle(TakeBytes(STREAM, session, 1, FTYP + moov() + fragment(0, samples, media=media)))
            self.pass_time(0.5)
            handle(TakeClosed(STREAM, session, 1))
        self.supervisor.handle(SessionFailed(STREAM, session, RESET))
        self.supervisor.handle(PortSeen(STREAM, None))
        self.supervisor.handle(SessionEnded(STREAM, session))
        wait_s = self.supervisor.status.next_try_s or 0.0
        for _ in range(4):
            # In steps, as the recorder's own loop would: what is young is settled, files become final.
            self.pass_time(wait_s / 3 + 0.1)
        assert self.supervisor.session == session + 1
        self.forget()

    def forget(self) -> None:
        """What the fakes remember is not the recorder's."""
        for memory in (self.capture.asked, self.capture.opened, self.reach.asked):
            memory.clear()
        self.writer.disk.clear()
        self.writer.forget_finished()

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.supervisor.tick(0.0)
        self.writer.work(100)
        self.writer.sync()
        self.writer.deliver(self.supervisor.recording.answered, 100)


def size_of(roots: Iterable[object]) -> int:
    """Bytes of everything that can be reached from these, classes and modules left out."""
    seen: set[int] = set()
    waiting = list(roots)
    total = 0
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type) or type(one).__name__ in {"module", "function", "Logger"}:
            continue
        seen.add(id(one))
        total += sys.getsizeof(one)
        waiting.extend(gc.get_referents(one))
    return total


def test_ten_thousand_reconnections_leave_the_recorder_as_large_as_it_was() -> None:
    life = Life()
    for number in range(WARM):
        life.round(number)
    before = size_of([life.supervisor])
    for number in range(WARM, ROUNDS):
        life.round(number)
    assert life.supervisor.session == ROUNDS + 1
    assert size_of([life.supervisor]) < before * 1.1 + 20_000
