"""The processes of volumes, and the table of mounts. Implements `ports.volumes.VolumeProcesses`."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from holdfast.domain.volumes import FileSystem
from holdfast.ports.volumes import OpenVolume, VolumeEvent
from holdfast.storage.mounts import covering, parse, read_table
from holdfast.storage.volume_host import VolumeHost


@dataclass(frozen=True, slots=True)
class Processes:
    """On one event loop."""

    loop: asyncio.AbstractEventLoop

    def start(self, order: OpenVolume, listener: Callable[[VolumeEvent], None]) -> VolumeHost:
        """See VolumeProcesses."""
        return VolumeHost(self.loop, order, listener)

    def covering(self, paths: Mapping[str, str]) -> Mapping[str, FileSystem | None]:
        """See VolumeProcesses. What cannot be seen is left out."""
        try:
            mounts = parse(read_table())
        except OSError:
            return {}
        return {name: covering(mounts, path) for name, path in paths.items()}
