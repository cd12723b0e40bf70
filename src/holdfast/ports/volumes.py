"""Volumes: places for segments. What the recorder asks of a writer, and what the writer answers.

Orders are never answered at once and never block: an answer says what is really on the disk.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from holdfast.domain.faults import FaultKind
from holdfast.domain.segments import MAIN_VOLUME
from holdfast.domain.volumes import FileSystem, VolumeIdentity, VolumeSpace, VolumeState

# ------------------------------------------------------------------ recorder -> volume


@dataclass(frozen=True, slots=True)
class OpenVolume:
    """Look at the volume before anything is written to it. Comes first, and again after `VolumeRefused`."""

    root: str
    """The volume's folder, absolute."""
    expected: VolumeIdentity | None
    """What its marker said when it was last here; None: it is not known yet, and may be made."""
    recorder_id: str
    name: str
    reserve_bytes: int = 0
    """What is to stay free."""
    state: str = ""
    """The folder of the catalog, absolute, for whoever is given the volume's; empty when it lies in the volume."""


@dataclass(frozen=True, slots=True)
class CreateSegment:
    """Create a file exclusively: the first of `paths` (relative to the volume) that does not exist yet."""

    key: int
    """Chosen by the recorder; names this segment in every later order and answer."""
    paths: tuple[str, ...]
    header: bytes


@dataclass(frozen=True, slots=True)
class AppendData:
    """Write at the end."""

    key: int
    data: bytes
    token: int
    """Comes back in `Synced`."""
    rest: bytes | memoryview = b""
    """Follows `data`: a fragment's media goes to the file from where it is held."""


@dataclass(frozen=True, slots=True)
class FinishSegment:
    """Make the file final: append the index, sync, patch the first sector, sync."""

    key: int
    trailer: bytes
    patch_offset: int
    patch: bytes


@dataclass(frozen=True, slots=True)
class CutSegment:
    """Cut a segment at `size_bytes` and make the rest final, as far as the disk allows; 0 removes the file.

    For footage that is written again elsewhere: what is cut off is still held in memory. A file that is final by then
    stays as it is.
    """

    key: int
    size_bytes: int
    path: str = ""
    """Of `Created`, when the process that wrote the file is gone and another one has to cut it."""
    paths: tuple[str, ...] = ()
    """Of `CreateSegment`, when nobody heard of `Created`: it may be any of these, or none."""
    run_id: str = ""
    """With `ordinal`, of its stamp, when it is cut by its path. Another file has taken the name when it says otherwise:
    an order that is given again may have been carried out before. Empty: not looked at."""
    ordinal: int = 0
    wall_start_ns: int | None = None
    """When its first frame was taken, as is known by now; None: as the file says."""


Order = CreateSegment | AppendData | FinishSegment | CutSegment

# ------------------------------------------------------------------ volume -> recorder


@dataclass(frozen=True, slots=True)
class VolumeReady:
    """The volume is open: orders are obeyed from now on."""

    identity: VolumeIdentity
    file_system: FileSystem
    space: VolumeSpace
    path: str
    """Its folder without symbolic links: what the table of mounts is asked for."""
    full: str = ""
    """Why nothing can be written there although it is ours, as a sentence: no space. Empty when there is some."""


@dataclass(frozen=True, slots=True)
class VolumeRefused:
    """The volume is not open, and nothing was written to it. It may be tried again with another `OpenVolume`."""

    state: VolumeState
    """Why, as far as the reaction differs."""
    sentence: str


@dataclass(frozen=True, slots=True)
class VolumeSeen:
    """Told once a second by a volume that is open. When it is not told, even asking for the free space hangs."""

    free_bytes: int
    total_bytes: int
    slowest_s: float
    """The longest that a write or sync took that ended since the last time, or has taken until now."""
    is_refusing: bool = False
    """It refused data as full, and does so still, whatever the free space is: blocks or files may be limited."""


@dataclass(frozen=True, slots=True)
class Created:
    """The file exists, with its header."""

    key: int
    path: str
    at_s: float
    """Monotonic seconds."""
    volume: str = MAIN_VOLUME
    home: str = ""
    """The volume that it belongs on, when that is another one."""


@dataclass(frozen=True, slots=True)
class Synced:
    """All data up to this token is on the disk."""

    key: int
    token: int
    """-1: the header, and no data yet."""
    size_bytes: int


@dataclass(frozen=True, slots=True)
class Finished:
    """The file is final."""

    key: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class SegmentFailed:
    """The segment cannot be written any more; nothing after the last `Synced` counts as saved."""

    key: int
    kind: FaultKind
    sentence: str
    path: str
    state: VolumeState | None = None
    """What the error says of the whole volume; None: nothing, only of this file."""
    volume: str = MAIN_VOLUME


@dataclass(frozen=True, slots=True)
class Cut:
    """A segment was cut and is final; 0 bytes: its file is gone, or never was."""

    key: int
    size_bytes: int


@dataclass(frozen=True, slots=True)
class CutFailed:
    """A segment could not be cut and made final yet. Its file plays up to its last whole fragment.

    It is tried again; `Cut` follows when the disk lets it be done.
    """

    key: int
    sentence: str


Answer = Created | Synced | Finished | SegmentFailed | Cut | CutFailed
Listener = Callable[[Answer], None]

VolumeTold = VolumeReady | VolumeRefused | VolumeSeen
"""What is told of the volume itself."""

# ------------------------------------------------------------------ from the host of a volume's process


@dataclass(frozen=True, slots=True)
class VolumeLost:
    """The process obeys no more: it died, talked nonsense or was abandoned. Its open segments have failed before this.

    Not told when it ended in order.
    """

    sentence: str


@dataclass(frozen=True, slots=True)
class VolumeExited:
    """The process is gone from this machine, and nothing of it can touch the volume any more. The last event."""

    exit_code: int
    """As of `subprocess`: negative for a signal."""


VolumeEvent = Answer | VolumeTold | VolumeLost | VolumeExited
"""What the recorder hears of a volume, one event at a time."""


class Writer(Protocol):
    """Carries out orders, those for one volume in the order in which they were given."""

    @property
    def in_use(self) -> str | None:
        """The volume that new segments go to now; None: there is none."""

    def order(self, order: Order) -> None:
        """Give an order. Never blocks, never raises."""


class VolumeProcess(Protocol):
    """A process that has a volume open, or is opening it. Nothing here waits."""

    @property
    def waiting_since_s(self) -> float | None:
        """Since when, in monotonic seconds, the oldest order or sync waits to be answered; None when nothing does."""

    def order(self, order: Order) -> None:
        """Give an order. Never blocks, never raises."""

    def abandon(self, sentence: str) -> None:
        """End it at once, whatever it is doing. Its segments fail with `sentence`; `VolumeExited` says it is gone."""

    async def close(self, timeout_s: float) -> bool:
        """Have everything carried out, then end it. False when that did not come about in time."""


class VolumeProcesses(Protocol):
    """Starts them, and knows the table of mounts."""

    def start(self, order: OpenVolume, listener: Callable[[VolumeEvent], None]) -> VolumeProcess:
        """A process that opens the volume. What it says comes later, never from within a call. Raises OSError."""

    def covering(self, paths: Mapping[str, str]) -> Mapping[str, FileSystem | None]:
        """What covers each of these folders (by any name) just now."""
