"""Volumes: places for segments. What the recorder asks of a writer, and what the writer answers.

Orders are never answered at once and never block: an answer says what is really on the disk.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from holdfast.domain.faults import FaultKind
from holdfast.domain.segments import MAIN_VOLUME


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


Order = CreateSegment | AppendData | FinishSegment | CutSegment


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


class Writer(Protocol):
    """Carries out orders, those for one volume in the order in which they were given."""

    @property
    def in_use(self) -> str | None:
        """The volume that new segments go to now; None: there is none."""

    def order(self, order: Order) -> None:
        """Give an order. Never blocks, never raises."""
