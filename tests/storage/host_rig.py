"""The host of a volume's process in a test: its events one by one."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar

from holdfast.ports.volumes import OpenVolume, Order, VolumeEvent, VolumeExited, VolumeReady, VolumeSeen
from holdfast.storage.volume_host import MAX_UNSENT_BYTES, PROCESS_COMMAND, VolumeHost

PATIENCE_S = 30.0
ODD = Path(__file__).parent / "odd_process.py"
E = TypeVar("E")


def odd(behaviour: str) -> tuple[str, ...]:
    """The command of a process that behaves in some way."""
    return sys.executable, str(ODD), behaviour


def volume(root: Path) -> OpenVolume:
    return OpenVolume(str(root), None, "11111111-1111-4111-8111-111111111111", "name")


class HostRig:
    """Events wait to be asked for, but for `VolumeSeen`, which comes once a second."""

    def __init__(self, root: Path, command: tuple[str, ...], max_unsent_bytes: int) -> None:
        self.events: asyncio.Queue[VolumeEvent] = asyncio.Queue()
        self.seen: list[VolumeSeen] = []
        loop = asyncio.get_running_loop()
        self.host = VolumeHost(loop, volume(root), self._heard, max_unsent_bytes=max_unsent_bytes, command=command)

    def _heard(self, event: VolumeEvent) -> None:
        if isinstance(event, VolumeSeen):
            self.seen.append(event)
        else:
            self.events.put_nowait(event)

    def order(self, *orders: Order) -> None:
        for order in orders:
            self.host.order(order)

    async def next(self) -> VolumeEvent:
        async with asyncio.timeout(PATIENCE_S):
            return await self.events.get()

    async def until(self, kind: type[E]) -> E:
        """The next event of a kind."""
        while not isinstance(event := await self.next(), kind):
            pass
        return event

    async def all_until(self, kind: type[VolumeEvent]) -> list[VolumeEvent]:
        """All events up to the next one of a kind."""
        events = [await self.next()]
        while not isinstance(events[-1], kind):
            events.append(await self.next())
        return events

    async def when_seen(self) -> VolumeSeen:
        """What is told of the volume next."""
        self.seen.clear()
        async with asyncio.timeout(PATIENCE_S):
            while not self.seen:
                await asyncio.sleep(0.01)
        return self.seen[0]


@asynccontextmanager
async def hosted(
    root: Path, command: tuple[str, ...] = PROCESS_COMMAND, *, max_unsent_bytes: int = MAX_UNSENT_BYTES
) -> AsyncIterator[HostRig]:
    """A host whose process is gone at the end."""
    rig = HostRig(root, command, max_unsent_bytes)
    try:
        yield rig
    finally:
        if not rig.host.is_exited:
            rig.host.abandon("the test is over")
            await rig.until(VolumeExited)


@asynccontextmanager
async def opened(
    root: Path, command: tuple[str, ...] = PROCESS_COMMAND, *, max_unsent_bytes: int = MAX_UNSENT_BYTES
) -> AsyncIterator[HostRig]:
    """The same, once its volume is open."""
    async with hosted(root, command, max_unsent_bytes=max_unsent_bytes) as rig:
        await rig.until(VolumeReady)
        yield rig


def is_alive(pid: int) -> bool:
    """Whether there is such a process, be it only as a zombie."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
