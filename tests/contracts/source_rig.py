"""A real capture worker between a simulated camera and a folder, for the contract of the sources."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from holdfast.domain.streams import Mode, StreamAddress, StreamId, Track
from holdfast.lab.account import ServedFrame
from holdfast.lab.reader import Account, Recording, compare, read
from holdfast.lab.remote import LabServer
from holdfast.media.pool import PoolSettings, WorkerPool
from holdfast.ports.capture import (
    OpenSession,
    PoolEvent,
    Progress,
    SessionEnded,
    TakeBytes,
    TakeOpened,
    WorkerLost,
)

PATIENCE_S = 40.0
STREAM = StreamId("cam_01")
FPS = Fraction(15)
E = TypeVar("E")


@dataclass
class SourceRig:
    """One session of one source. What it records goes to one file per take, as the muxer wrote it."""

    lab: LabServer
    camera: int
    source: str
    folder: Path
    pool: WorkerPool
    heard: list[PoolEvent] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    served_before: int = 0

    def hear(self, event: PoolEvent) -> None:
        if isinstance(event, TakeBytes):
            with self.path(event.take, event.track).open("ab") as file:
                file.write(event.data)
        else:
            self.heard.append(event)
        self.news.set()

    def open(
        self,
        mode: Mode = Mode.RECORDING_ONLY,
        *,
        url: str | None = None,
        password: str | None = None,
        sound: bool = False,
        pin: str = "",
    ) -> StreamAddress:
        """Open the session, at the camera's own URL unless told otherwise."""
        self.served_before = len(self.lab.served(self.camera))
        parts = urlsplit(url or self.lab.urls[self.camera])
        address = StreamAddress(
            url=f"{parts.scheme}://{parts.hostname}:{parts.port}{parts.path}",
            user=unquote(parts.username or ""),
            password=unquote(parts.password or "") if password is None else password,
            source=self.source,
            pin=pin,
        )
        self.pool.open(OpenSession(STREAM, 1, address, mode, reorders=False, sound=sound))
        return address

    async def close(self) -> None:
        """Close the session and wait until all that it held is in the files."""
        self.pool.close(STREAM, 1)
        await self.until(SessionEnded)

    async def until(self, kind: type[E], count: int = 1) -> E:
        """The event of a kind, of all that were ever heard."""
        async with asyncio.timeout(PATIENCE_S):
            while len(found := [event for event in self.heard if isinstance(event, kind)]) < count:
                lost = [event for event in self.heard if isinstance(event, WorkerLost)]
                assert not lost, f"the worker was lost: {lost}"
                self.news.clear()
                await self.news.wait()
        return found[count - 1]

    async def until_served(self, frames: int) -> None:
        """Until the camera has served so many frames (more) in this session."""
        begin = len(self.served())
        async with asyncio.timeout(PATIENCE_S):
            while len(self.served()) < begin + frames:
                await asyncio.sleep(0.05)

    async def next_progress(self) -> Progress:
        """The next account of the worker that follows from now on."""
        return await self.until(Progress, 1 + sum(isinstance(event, Progress) for event in self.heard))

    def served(self) -> list[ServedFrame]:
        return self.lab.served(self.camera)[self.served_before :]

    def takes(self, track: Track = Track.VIDEO) -> list[TakeOpened]:
        return [event for event in self.heard if isinstance(event, TakeOpened) and event.track is track]

    def recordings(self) -> list[Recording]:
        return [read(self.path(opened.take)) for opened in self.takes()]

    def account(self) -> Account:
        """Frames served against frames recorded, from the first served one on. Times are checked within each take."""
        served = self.served()
        return compare(served, self.recordings(), fps=FPS, first=served[0].frame)

    def path(self, take: int, track: Track = Track.VIDEO) -> Path:
        return self.folder / f"{track}_{take}.mp4"


@asynccontextmanager
async def session(lab: LabServer, camera: int, source: str, folder: Path) -> AsyncIterator[SourceRig]:
    """A rig with a pool of its own, which is shut down afterwards."""
    loop = asyncio.get_running_loop()
    rig: SourceRig | None = None

    def hear(event: PoolEvent) -> None:
        assert rig is not None
        rig.hear(event)

    pool = WorkerPool(loop, PoolSettings(), hear)
    rig = SourceRig(lab, camera, source, folder, pool)
    try:
        yield rig
    finally:
        pids = list(pool.pids)
        pool.shut_down()
        async with asyncio.timeout(PATIENCE_S):
            while any(_is_alive(pid) for pid in pids):
                await asyncio.sleep(0.02)


def _is_alive(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()
