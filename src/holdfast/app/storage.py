"""Puts the volumes together: their processes, the table of mounts, and what is done when one is open."""

import asyncio
import contextlib
import logging
import os
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.app.cleaning import Cleaning, CleaningPorts
from holdfast.app.cleaning_plan import CameraUse
from holdfast.app.daemon import in_daemon
from holdfast.app.home_coming import HomeComing, Leftovers, Mover
from holdfast.app.identity import recorder_id
from holdfast.app.retention_rules import rules_as_json
from holdfast.app.tidying import Tidying
from holdfast.app.volumes import rules_from
from holdfast.app.volumes_shown import VolumeShown, volumes_shown
from holdfast.catalog.store import Catalog
from holdfast.config.settings import StorageSettings, VolumeSettings
from holdfast.domain.segments import SegmentRecord, VolumeRecord
from holdfast.policy.retention import RetentionRules, Short
from holdfast.ports.catalog import CatalogError
from holdfast.ports.clock import Clock
from holdfast.recorder.recorder import Recorder
from holdfast.recorder.storage_news import StorageNews
from holdfast.recorder.volume_keeping import VolumePlan, VolumePorts
from holdfast.recorder.volumes import VolumeSet
from holdfast.storage.mount_watch import MountWatch
from holdfast.storage.mounts import Mount
from holdfast.storage.processes import Processes

LOG = logging.getLogger("holdfast.storage")
CLOSE_S = 10.0


@dataclass(frozen=True, slots=True)
class Places:
    """Where things are."""

    root: Path
    """Folder of the catalog, and of what else must outlive the recorder: the only volume, or the state folder."""
    volumes: tuple[VolumeSettings, ...]
    """In order of preference."""
    storage: StorageSettings = field(default_factory=StorageSettings)

    @property
    def state(self) -> str:
        """The folder of the catalog when it lies in none of the volumes; else empty."""
        paths = {str(volume.path.absolute()) for volume in self.volumes}
        if len(self.volumes) == 1 and self.storage.state is None:
            # It was tried already. Any other may be on a disk that does not answer, and is not followed through links.
            paths.add(os.path.realpath(self.volumes[0].path))
        return "" if str(self.root) in paths else str(self.root)


class StorageDesk:
    """Owns the volumes of a running recorder."""

    def __init__(
        self,
        places: Places,
        loop: asyncio.AbstractEventLoop,
        catalog: Catalog,
        clock: Clock,
        new_key: Callable[[], int],
        retention: RetentionRules,
    ) -> None:
        """Nothing is opened before `start`."""
        self._loop, self._catalog, self._clock = loop, catalog, clock
        self._roots = {volume.name: volume.path.absolute() for volume in places.volumes}
        plans = [VolumePlan(name, str(root)) for name, root in self._roots.items()]
        ports = VolumePorts(
            clock,
            catalog,
            Processes(loop),
            new_key,
            loop.call_soon,
            recorder_id(places.root),
            self._known,
            state=places.state,
        )
        self.volumes = VolumeSet(plans, rules_from(places.storage), ports)
        self._tidying: Tidying | None = None
        self._watch: MountWatch | None = None
        rate = places.storage.move_rate_bytes
        self._movers: defaultdict[str, Mover] = defaultdict(Mover)
        self._leftovers = Leftovers(self.volumes, catalog, self._roots, self._movers.__getitem__)
        self._home_coming = HomeComing(self.volumes, catalog, self._roots, rate, leftovers=self._leftovers)
        self._writing = threading.Lock()
        self._recorder: Recorder | None = None
        cleaning_ports = CleaningPorts(
            self.volumes,
            catalog,
            clock,
            self._leftovers,
            self._home_coming.taken,
            self._camera_uses,
            self._cannot_keep,
            places.root,
            self._writing,
        )
        self.cleaning = Cleaning(cleaning_ports, retention)
        self._beside: list[asyncio.Task[None]] = []
        self._records: tuple[VolumeRecord, ...] = ()
        self._asking: asyncio.Task[None] | None = None

    def shown(self) -> list[VolumeShown]:
        """How they are doing. On the event loop."""
        return volumes_shown(self.volumes, self._clock)

    def retention_now(self) -> dict[str, object]:
        """What is deleted by itself, and how fast space falls. On the event loop."""
        falls_by = self.cleaning.falls_by()
        return {
            "rules": rules_as_json(self.cleaning.rules),
            "falls_by": falls_by,
            "reserve_bytes": self.volumes.state.rules.reserve_bytes,
        }

    def start(self, recorder: Recorder) -> None:
        """Open the volumes, and look after them."""
        self._recorder = recorder
        self._leftovers.open_paths = recorder.open_paths
        tidying = self._tidying = Tidying(self._catalog, recorder, self._loop, self._roots, self._writing)
        with contextlib.suppress(CatalogError, OSError):
            self._records = self._catalog.volumes()

        def opened(name: str) -> None:
            tidying.opened(name, self._roots[name], self.volumes.state.of(name).volume_id)

        news = StorageNews(recorder, opened)
        self.volumes.start(news, self._uncut())
        self._beside = [self._loop.create_task(one.run()) for one in (self._home_coming, self.cleaning)]
        try:
            self._watch = MountWatch(self._mounts_changed)
        except OSError as error:
            LOG.warning("what is mounted cannot be watched (%s): a disk that is unmounted is noticed late", error)

    def stop(self) -> None:
        """Begin nothing new."""
        for task in self._beside:
            task.cancel()
        if self._watch is not None:
            self._watch.close()
        if self._tidying is not None:
            self._tidying.stop()

    async def close(self) -> bool:
        """Have everything written. False when a volume did not let it be in time."""
        await asyncio.gather(*(mover.close() for mover in self._movers.values()))
        return await self.volumes.keeper.close(CLOSE_S)

    def _camera_uses(self) -> dict[str, CameraUse]:
        """What is being written just now, by camera."""
        found: dict[str, CameraUse] = {}
        for stream, supervisor in () if self._recorder is None else self._recorder.streams.items():
            before = found.get(stream.camera, CameraUse())
            current = supervisor.recording.current
            writes = supervisor.status.bits_per_s / 8 if supervisor.wanted else 0.0
            open_bytes = 0 if current is None else current.size_bytes
            found[stream.camera] = CameraUse(before.writes + writes, before.open_bytes + open_bytes)
        return found

    def _cannot_keep(self, shorts: Sequence[Short]) -> None:
        if self._recorder is not None:
            self._recorder.alarms.cannot_keep = {short.subject: short.sentence for short in shorts}

    def _mounts_changed(self, _mounts: tuple[Mount, ...]) -> None:
        with contextlib.suppress(RuntimeError):
            # The loop may be closed already.
            self._loop.call_soon_threadsafe(self.volumes.keeper.mounts_changed)

    def _known(self) -> Iterable[VolumeRecord]:
        """What was known when it was asked last: the catalog may lie on the very disk that hangs."""
        if self._asking is None or self._asking.done():
            self._asking = self._loop.create_task(self._ask())
        return self._records

    async def _ask(self) -> None:
        # What cannot be read is not known: the volumes themselves are then believed, if it is this recorder that they
        # name.
        with contextlib.suppress(CatalogError, OSError):
            self._records = await in_daemon(self._catalog.volumes)

    def _uncut(self) -> list[SegmentRecord]:
        try:
            return [row for name in self._roots for row in self._catalog.uncut(name)]
        except CatalogError as error:
            LOG.warning("which files are still to be cut is not known: %s", error)
            return []
