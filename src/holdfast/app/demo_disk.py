"""The disk that the demo pulls: a loop device of its own, and how what is on it gets to the folder in the end."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from holdfast.app.language import translated
from holdfast.app.recording_root import catalog_path, recorder_is_running
from holdfast.catalog.store import Catalog
from holdfast.config.settings import VolumeSettings
from holdfast.domain.segments import (
    MAIN_VOLUME,
    LeftoverRemoved,
    SegmentMoved,
    SegmentRecord,
    SegmentState,
    VolumeForgotten,
)
from holdfast.lab.storage.mounts import DiskError
from holdfast.lab.storage.pullable import PullableDisk
from holdfast.ports.catalog import CatalogError
from holdfast.storage.moving import MoveError, bring, remove
from holdfast.storage.repair import StalePlanError
from holdfast.storage.volume_files import Uncut

VOLUME = "demo-disk"
"""A name that nobody gives a disk of theirs: what the catalog has of it is forgotten with it."""
FLUSH_S = 30.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class DemoDisk:
    """A context manager. At its end everything that is on the disk is brought to `root`, and nothing stays mounted.

    Entering it raises DiskError or OSError where there can be no such disk, although nothing spoke against it.
    """

    root: Path
    left: list[str] = field(default_factory=list)
    """Why something could not be brought to the folder, one sentence each; known after the block."""
    _disk: PullableDisk = field(default_factory=PullableDisk)
    _is_busy: threading.Lock = field(default_factory=threading.Lock)

    @property
    def folder(self) -> Path:
        """Of the volume."""
        return self._disk.folder / "recordings"

    @property
    def volumes(self) -> tuple[VolumeSettings, ...]:
        """The disk first, and the folder while it is pulled."""
        return VolumeSettings(self.folder, VOLUME), VolumeSettings(self.root, MAIN_VOLUME)

    def pull(self) -> None:
        """As by hand. Raises OSError."""
        with self._is_busy:
            self._disk.pull()

    def put_back(self) -> None:
        """As by hand, if it is out. Raises DiskError."""
        with self._is_busy:
            if not self._disk.is_in:
                self._disk.put_back()

    def __enter__(self) -> Self:
        forget(self.root)
        self._disk.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Whoever presses Ctrl-C twice wants it to end, and not a disk that stays mounted for ever.
        with _undisturbed():
            try:
                self._empty()
            finally:
                self._disk.__exit__(kind, error, trace)

    def _empty(self) -> None:
        try:
            self.put_back()
        except (DiskError, OSError) as error:
            self.left.append(str(error))
        if not catalog_path(self.root).exists():
            return
        try:
            catalog = Catalog.open(catalog_path(self.root))
        except (CatalogError, OSError) as error:
            self.left.append(translated(str(error)))
            return
        try:
            self.left += bring_all(catalog, self.folder, self.root)
        except CatalogError as error:
            self.left.append(translated(str(error)))
        finally:
            catalog.close()


def reason_against() -> str | None:
    """Why there can be no disk to pull, in the user's language; None when there can."""
    reason = PullableDisk.reason_against()
    return None if reason is None else translated(reason)


def forget(root: Path) -> None:
    """Of a demo that was killed its disk is still known, and would be waited for."""
    if not catalog_path(root).exists() or recorder_is_running(root):
        return
    with contextlib.suppress(CatalogError, OSError), contextlib.closing(Catalog.open(catalog_path(root))) as catalog:
        if any(volume.name == VOLUME for volume in catalog.volumes()):
            catalog.post(VolumeForgotten(name=VOLUME))


def bring_all(catalog: Catalog, folder: Path, root: Path) -> list[str]:
    """Bring every file of the volume `folder` to `root`, and forget the volume; returns what went wrong.

    Raises CatalogError. Nobody may record there any more.
    """
    # First: a file that goes back to where it was takes the copy that it left there.
    for path in catalog.leftovers(MAIN_VOLUME):
        with contextlib.suppress(OSError):
            remove(root, path)
            catalog.post(LeftoverRemoved(volume=MAIN_VOLUME, path=path))
    left = []
    for row in [row for row in catalog.segments() if row.volume == VOLUME]:
        try:
            _bring(catalog, row, folder, root)
        except (OSError, MoveError, StalePlanError, ValueError) as error:
            left.append(f"{row.path}: {error}")
    # The volume is forgotten ahead of segments that still wait to be written.
    catalog.flush(FLUSH_S)
    catalog.post(VolumeForgotten(name=VOLUME))
    catalog.flush(FLUSH_S)
    return left


def _bring(catalog: Catalog, row: SegmentRecord, folder: Path, root: Path) -> None:
    source = folder / row.path
    if row.keep_bytes is not None:
        # What follows was written again elsewhere.
        size_bytes = Uncut(row.keep_bytes, source, wall_start_ns=row.wall_start_ns).cut()
        state = SegmentState.FINAL if size_bytes else SegmentState.MISSING
        row = replace(row, state=state, size_bytes=size_bytes, keep_bytes=None)
        catalog.post(row)
    if row.state is not SegmentState.MISSING:
        moved = bring(source, root, row.path, lambda _: None)
        catalog.post(SegmentMoved(volume=VOLUME, path=row.path, to_volume=MAIN_VOLUME, to_path=moved.path))


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """What ends a program does not end it in here, nor the commands that it runs."""
    before = [(one, signal.signal(one, signal.SIG_IGN)) for one in _SIGNALS]
    try:
        yield
    finally:
        for one, handler in before:
            signal.signal(one, handler)
