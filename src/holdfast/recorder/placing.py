"""Where segments are written: which volume, by which of its processes, and what is still to be cut there."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from holdfast.fmp4 import HEAD_BYTES, Fmp4Error, read_header
from holdfast.ports.volumes import CreateSegment, CutSegment


@dataclass(slots=True)
class Placed:
    """A segment that is not final yet, or whose file is still to be cut."""

    volume: str
    process: int
    """Number of the volume's process that it was given to."""
    path: str = ""
    """Empty until the file is known to be there."""
    has_failed: bool = False
    cut_bytes: int | None = None
    """What is to be left of it; None: all."""
    paths: tuple[str, ...] = ()
    """What it may be called, until that is known."""
    place: tuple[str, int] = ("", 0)
    """Its run, and its place there."""
    wall_start_ns: int | None = None
    """What is known of its begin when it is to be cut; None: no more than the file says."""

    def cut_order(self, key: int) -> CutSegment:
        """For another process than the one that wrote it. Of a file that nobody ever said was there nothing counts."""
        if self.path:
            return CutSegment(key, self.cut_bytes or 0, self.path, (), *self.place, self.wall_start_ns)
        return CutSegment(key, 0, "", self.paths, *self.place)


def new_one(order: CreateSegment, volume: str, process: int) -> Placed:
    """A segment that begins."""
    with contextlib.suppress(Fmp4Error):
        stamp = read_header(order.header[:HEAD_BYTES]).stamp
        if stamp is not None:
            return Placed(volume, process, paths=order.paths, place=(str(stamp.run_id), stamp.ordinal))
    # By its name alone no file is removed.
    return Placed(volume, process)


@dataclass(slots=True)
class Placing:
    """Segments by key."""

    _placed: dict[int, Placed] = field(default_factory=dict)

    def put(self, key: int, placed: Placed) -> None:
        """A segment begins, or a file is known that is to be cut."""
        self._placed[key] = placed

    def get(self, key: int) -> Placed | None:
        """Where a segment is; None when it is nowhere, or is done."""
        return self._placed.get(key)

    def done(self, key: int) -> None:
        """It is final, cut or gone."""
        self._placed.pop(key, None)

    def open_on(self, volume: str) -> list[tuple[int, Placed]]:
        """Segments of a volume that are being written, oldest first."""
        return [(key, one) for key, one in self._of(volume) if not one.has_failed and one.cut_bytes is None]

    def to_be_cut(self, volume: str) -> list[tuple[int, Placed]]:
        """Files of a volume that are to be cut, oldest first."""
        return [(key, one) for key, one in self._of(volume) if one.cut_bytes is not None]

    def _of(self, volume: str) -> Iterator[tuple[int, Placed]]:
        return ((key, one) for key, one in sorted(self._placed.items()) if one.volume == volume)
