"""Brings segments home that were recorded on another volume, one by one, beside recording."""

import asyncio
import contextlib
import json
import logging
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from holdfast.app.daemon import in_daemon
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import LeftoverRemoved, SegmentMoved, SegmentRecord
from holdfast.policy.home_coming import may_move
from holdfast.policy.volume_events import Volume, Volumes
from holdfast.ports.catalog import CatalogError

LOG = logging.getLogger("holdfast.storage")
COMMAND = (sys.executable, "-m", "holdfast.storage.move_process")
LOOK_EVERY_S = 2.0
AT_ONCE = 100
FLUSH_S = 30.0
SILENT_S = 60.0
"""The process says at least so often how far it is, or it hangs."""
ENDED_S = 1.0
AGAIN_S = 60.0
"""A segment that could not be moved is left alone for so long."""


class MoverError(Exception):
    """The process that moves files does not answer."""


class KnowsVolumes(Protocol):
    """Who knows how all volumes are."""

    @property
    def state(self) -> Volumes:
        """What is known of them."""


class Moves(Protocol):
    """Who does what `storage.move_process` does."""

    async def ask(self, request: Mapping[str, object]) -> dict[str, object]:
        """Have something done. Raises MoverError."""

    async def close(self) -> None:
        """End it, whatever it is doing."""


@dataclass(slots=True)
class Mover:
    """The process, started when it is needed."""

    process: asyncio.subprocess.Process | None = None
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """It does one thing after the other, and its answers do not say to what."""

    async def ask(self, request: Mapping[str, object]) -> dict[str, object]:
        """Have something done. Raises MoverError when the process hangs or dies; the next call starts another one."""
        async with self._turn:
            process = self.process
            if process is None:
                pipe = asyncio.subprocess.PIPE
                try:
                    process = await asyncio.create_subprocess_exec(*COMMAND, stdin=pipe, stdout=pipe)
                except OSError as error:
                    raise MoverError(f"the process that moves files cannot be started ({error})") from error
                self.process = process
            try:
                return await _answer(process, request)
            except (OSError, TimeoutError, ValueError) as error:
                await self.close()
                raise MoverError("the process that moves files does not answer; it is started again") from error
            except asyncio.CancelledError:
                # Its answer would be taken for that to the next request.
                await self.close()
                raise

    async def close(self) -> None:
        """End it, whatever it is doing. One that a disk holds is not waited for."""
        process, self.process = self.process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(ENDED_S):
                    await process.wait()


async def _answer(process: asyncio.subprocess.Process, request: Mapping[str, object]) -> dict[str, object]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(request).encode() + b"\n")
    while True:
        async with asyncio.timeout(SILENT_S):
            line = await process.stdout.readline()
        said = json.loads(line)
        if "at_bytes" not in said:
            return dict(said)


@dataclass(slots=True)
class Leftovers:
    """Removes files that count no more: copies of what came home, and what was deleted. Nobody else removes footage.

    One at a time on each volume, so that a name is free only after it was looked at who has it.
    """

    volumes: KnowsVolumes
    catalog: Catalog
    roots: Mapping[str, Path]
    mover_of: Callable[[str], Moves]
    """By the name of a volume."""
    open_paths: Callable[[], frozenset[str]] = frozenset
    """What is being written, on whatever volume."""
    _one_at_a_time: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def ask(self, volume: Volume, do: str, **more: object) -> dict[str, object]:
        """Have something done on a volume by its process. Raises MoverError."""
        request = {"do": do, "root": str(self.roots[volume.name]), "volume_id": volume.volume_id, **more}
        return await self.mover_of(volume.name).ask(request)

    async def remove_all(self, volume: Volume) -> None:
        """What was left behind on an open volume. Raises CatalogError, MoverError."""
        for path in await in_daemon(partial(self.catalog.leftovers, volume.name)):
            await self.remove(volume, path)

    async def remove(self, volume: Volume, path: str) -> dict[str, object]:
        """One of `leftovers(volume)`; what the process said. Raises CatalogError, MoverError."""
        async with self._one_at_a_time[volume.name]:
            is_taken = await in_daemon(partial(self.catalog.segment, path, volume=volume.name)) is not None
            if is_taken or path in self.open_paths():
                # The copy is gone, and the name was taken since.
                self.catalog.post(LeftoverRemoved(volume=volume.name, path=path))
                return {}
            said = await self.ask(volume, "remove", path=path)
            if "error" in said:
                LOG.warning("the file %s on volume %s cannot be removed yet: %s", path, volume.name, said["error"])
            else:
                self.catalog.post(LeftoverRemoved(volume=volume.name, path=path))
            return said


@dataclass(slots=True)
class HomeComing:
    """One at a time, no faster than `bytes_per_s`; what was begun goes on after a restart."""

    volumes: KnowsVolumes
    catalog: Catalog
    roots: Mapping[str, Path]
    bytes_per_s: int
    _mover: Moves = field(default_factory=Mover)
    _not_before_s: dict[tuple[str, str], float] = field(default_factory=dict)
    moved: int = 0
    taken: set[tuple[str, str]] = field(default_factory=set)
    """Volume and path of what somebody is busy with: it is neither moved nor deleted by another one."""
    leftovers: Leftovers | None = None
    """Who removes them, and sees to it that all of them go; None: this here does."""

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await asyncio.sleep(LOOK_EVERY_S)
                try:
                    await self.look()
                except (CatalogError, MoverError) as error:
                    LOG.warning("segments are not moved home just now: %s", error)
        finally:
            await self._mover.close()

    async def look(self) -> None:
        """Bring home what there is, after removing what of that was left behind. Raises CatalogError, MoverError."""
        await self._remove_leftovers()
        await self._bring_home()

    async def _bring_home(self) -> None:
        for home in self.volumes.state.volumes:
            if len(self.roots) == 1 or not home.is_writable:
                continue
            rows = await in_daemon(partial(self.catalog.away_from, home.name, limit=AT_ONCE))
            for row in rows:
                if self._may_move(row):
                    await self._bring_alone(row)

    async def _bring_alone(self, row: SegmentRecord) -> None:
        key = row.volume, row.path
        if key in self.taken:
            return
        self.taken.add(key)
        try:
            # It may have been deleted since it was listed.
            if await in_daemon(partial(self.catalog.segment, row.path, volume=row.volume)) is not None:
                await self._bring(row)
        finally:
            self.taken.discard(key)

    def _may_move(self, row: SegmentRecord) -> bool:
        names = {volume.name: volume for volume in self.volumes.state.volumes}
        home, source = names.get(row.home), names.get(row.volume)
        is_due = asyncio.get_running_loop().time() >= self._not_before_s.get((row.volume, row.path), 0.0)
        if home is None or source is None or not is_due:
            return False
        return may_move(home, source, row.size_bytes, self.volumes.state.rules)

    async def _bring(self, row: SegmentRecord) -> None:
        state = self.volumes.state
        home, source = state.of(row.home), state.of(row.volume)
        said = await self._mover.ask(
            {
                "do": "bring",
                "source_root": str(self.roots[source.name]),
                "source_id": source.volume_id,
                "root": str(self.roots[home.name]),
                "volume_id": home.volume_id,
                "path": row.path,
                "bytes_per_s": self.bytes_per_s,
            }
        )
        if "error" in said:
            self._not_before_s[row.volume, row.path] = asyncio.get_running_loop().time() + AGAIN_S
            LOG.warning("%s stays on volume %s for now: %s", row.path, row.volume, said["error"])
            return
        moved = SegmentMoved(volume=row.volume, path=row.path, to_volume=home.name, to_path=str(said["path"]))
        self.catalog.post(moved)
        self.moved += 1
        LOG.info("%s came home from volume %s to %s", row.path, row.volume, home.name)
        # Only when the catalog has it: until then the copy elsewhere is the one that counts.
        await in_daemon(partial(self.catalog.flush, FLUSH_S))
        if row.path in await in_daemon(partial(self.catalog.leftovers, source.name)):
            await self._removing().remove(source, row.path)

    async def _remove_leftovers(self) -> None:
        if self.leftovers is not None:
            return
        for volume in self.volumes.state.volumes:
            if volume.is_open:
                await self._removing().remove_all(volume)

    def _removing(self) -> Leftovers:
        if self.leftovers is not None:
            return self.leftovers
        return Leftovers(self.volumes, self.catalog, self.roots, lambda _: self._mover)
