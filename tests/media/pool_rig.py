"""A pool of workers in a test: its events one by one, and what it leaves behind."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

from holdfast.domain.streams import Mode, StreamAddress, StreamId
from holdfast.media.pool import PoolSettings, WorkerPool
from holdfast.ports.capture import OpenSession, PoolEvent, SessionBegun, TakeBytes

PATIENCE_S = 30.0
STREAM = StreamId("cam_01")
FAKE = Path(__file__).parent / "fake_worker.py"
E = TypeVar("E")


class PoolRig:
    """Events are kept with the bytes copied, as the recorder does."""

    def __init__(self, settings: PoolSettings) -> None:
        self.events: asyncio.Queue[PoolEvent] = asyncio.Queue()
        self.pool = WorkerPool(asyncio.get_running_loop(), settings, self._heard)

    def _heard(self, event: PoolEvent) -> None:
        if isinstance(event, TakeBytes):
            event = TakeBytes(event.stream, event.session, event.take, bytes(event.data))
        self.events.put_nowait(event)

    def open(self, session: int = 1, stream: StreamId = STREAM, mode: Mode = Mode.RECORDING_ONLY) -> None:
        self.pool.open(OpenSession(stream, session, StreamAddress("rtsp://127.0.0.1:9/"), mode, reorders=False))

    async def next(self) -> PoolEvent:
        """The next event, but for those that only say that a worker is at work."""
        async with asyncio.timeout(PATIENCE_S):
            while isinstance(event := await self.events.get(), SessionBegun):
                pass
        return event

    async def all_until(self, kind: type[PoolEvent]) -> list[PoolEvent]:
        """The events up to the next one of a kind."""
        seen = [await self.next()]
        while not isinstance(seen[-1], kind):
            seen.append(await self.next())
        return seen

    async def until(self, kind: type[E]) -> E:
        """The next event of a kind."""
        while not isinstance(event := await self.next(), kind):
            pass
        return event


def fake(behaviour: str, **settings: float) -> PoolSettings:
    """Workers that behave in some way; quick to lose patience."""
    impatient = {"check_every_s": 0.05, "pulse_s": 5.0, "start_s": 30.0} | settings
    command = (sys.executable, "-I", "-S", str(FAKE), behaviour)
    return PoolSettings(command=command, **impatient)  # type: ignore[arg-type] # limits of the workers, by name


def open_descriptors() -> set[str]:
    """Those that are still there after the listing, which needs one itself."""
    return {fd.name for fd in Path("/proc/self/fd").iterdir() if fd.is_symlink()}


def children() -> set[int]:
    """Process ids of this process's children, zombies too."""
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text(encoding="ascii", errors="replace")
            except OSError:
                continue
            if int(stat.rpartition(")")[2].split()[1]) == os.getpid():
                found.add(int(entry.name))
    return found


async def until_true(what: str, is_true: object) -> None:
    """Wait for something that nobody announces."""
    assert callable(is_true)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not is_true():
                await asyncio.sleep(0.01)
    except TimeoutError:
        raise AssertionError(f"waited in vain: {what}") from None


@asynccontextmanager
async def pool_of(settings: PoolSettings) -> AsyncIterator[PoolRig]:
    """A pool that leaves neither processes nor descriptors behind."""
    descriptors, processes = open_descriptors(), children()
    rig = PoolRig(settings)
    try:
        yield rig
    finally:
        pids = list(rig.pool.pids)
        rig.pool.shut_down()
        for pid in pids:
            # One that hangs would end with this process (PR_SET_PDEATHSIG): not so a fake one.
            with suppress(ProcessLookupError):
                os.kill(pid, 9)
        await until_true("all workers are gone", lambda: children() <= processes)
        await until_true("all descriptors are closed", lambda: open_descriptors() <= descriptors)
