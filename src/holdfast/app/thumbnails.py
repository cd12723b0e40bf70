"""Thumbnails: from a camera and a moment to a JPEG. Finds the file, asks the process for the picture, and keeps it.

Everything here may wait for a disk: the service calls it on threads that nobody waits for without a limit.
"""

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from holdfast.app.moments import local
from holdfast.app.thumbnail_maker import Answer, Maker, MakerDied
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.ports.catalog import CatalogError, CatalogReads
from holdfast.storage.picture_cache import Kept, PictureCache, Segment

DEFAULT_WIDTH = 320
LEAST_WIDTH, MOST_WIDTH = 16, 1920
UNWRITTEN_NS = 10 * NS_PER_S
"""So much of what is just now recorded may not be in the file yet: its last picture is the one of now."""
AHEAD_NS = 10 * NS_PER_S
"""Whoever asks for now may have a clock that is a little ahead of this one."""
AGAIN_S = 600.0
"""A picture that the process died of is not tried again for so long."""
LOOK_AGAIN_S = 30.0
"""A file in which it died or hung when it looked for a picture: its disk may be back by then."""
MOST_REMEMBERED = 1000
LOOKING = -1
"""In the place of a key frame that is not found yet."""
SWEEP_EVERY_S = 600.0


class Why(StrEnum):
    """Why there is no thumbnail."""

    BAD = "bad"
    """What was asked for makes no sense."""
    UNKNOWN = "unknown"
    """There is no such camera."""
    NO_FOOTAGE = "no_footage"
    AWAY = "away"
    """The footage is on a volume that is not there."""
    UNREADABLE = "unreadable"
    """The footage is there, and no picture can be made of it."""


class NoThumbnail(Exception):
    """There is none to be had. `sentence` is English; its lines are sentences of their own."""

    def __init__(self, why: Why, sentence: str, nearest: "Nearest | None" = None) -> None:
        """`nearest`: what there is instead."""
        super().__init__(sentence)
        self.why, self.sentence, self.nearest = why, sentence, nearest


@dataclass(frozen=True, slots=True)
class Nearest:
    """Why there is no footage at a moment, and what there is before and after it."""

    cause: str
    """As the ledger of gaps calls it; empty when it says nothing."""
    before_ns: WallNs | None
    """The end of the footage before; None when there is none."""
    after_ns: WallNs | None
    """The begin of the footage after."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A JPEG, and when what it shows was."""

    jpeg: bytes
    wall_ns: WallNs
    is_kept: bool
    """It was made before."""
    read_bytes: int
    """Of footage."""


@dataclass(frozen=True, slots=True)
class VolumePlace:
    """Where a volume may be found."""

    roots: tuple[str, ...]
    """Folders, the most likely first."""
    volume_id: str
    """Of its marker; empty: it has none."""
    trouble: str = ""
    """Why it cannot be read now, as a sentence; empty while nothing is known against it."""


Places = Mapping[str, VolumePlace]


class Makes(Protocol):
    """Who does what `app.thumbnail_process` does."""

    def ask(self, request: Mapping[str, object]) -> Answer:
        """Have something done. Raises MakerDied."""

    def close(self) -> None:
        """End it."""


@dataclass(slots=True)
class Thumbnails:
    """Of one recorder. For any number of threads; as many of them work at once as there are `makers`."""

    reads: CatalogReads
    cache: PictureCache
    wall_ns: Callable[[], int] = time.time_ns
    makers: list[Makes] = field(default_factory=lambda: [Maker()])
    _idle: list[Makes] = field(init=False)
    _free: threading.Semaphore = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _deadly: OrderedDict[tuple[str, int, int], tuple[float, str]] = field(default_factory=OrderedDict)
    _swept_s: float = -SWEEP_EVERY_S

    def __post_init__(self) -> None:
        """Nothing is started yet."""
        self._idle = list(self.makers)
        self._free = threading.Semaphore(len(self.makers))

    def at(self, stream: StreamId, at_ns: WallNs, width: int, places: Places) -> Thumbnail:
        """The key frame that is shown at a moment, or the last one before it in the same file.

        `width` in pixels at most, 16 to 1920. Raises NoThumbnail, CatalogError.
        """
        if not LEAST_WIDTH <= width <= MOST_WIDTH:
            raise NoThumbnail(Why.BAD, f"A thumbnail is {LEAST_WIDTH} to {MOST_WIDTH} pixels wide, not {width}.")
        if at_ns > self.wall_ns() + AHEAD_NS:
            raise NoThumbnail(Why.BAD, f"{local(at_ns)} lies in the future.")
        row = self._segment(stream, at_ns)
        segment, offset_ns = Segment(row.run_id, row.ordinal), max(0, at_ns - row.wall_start_ns)
        kept = self.cache.get(segment, offset_ns, width)
        if kept is not None:
            return _shown(row, kept, is_kept=True, read_bytes=0)
        return self._made(row, offset_ns, width, _place(row, places))

    def sweep(self) -> None:
        """Remove pictures of footage that is no more. Raises CatalogError."""
        ordinals: dict[str, frozenset[int]] = {}
        gone = []
        for segment in self.cache.segments():
            if segment.run_id not in ordinals:
                ordinals[segment.run_id] = self.reads.ordinals(segment.run_id)
            if segment.ordinal not in ordinals[segment.run_id]:
                gone.append(segment)
        self.cache.forget(gone)
        self.cache.tidy()

    def close(self) -> None:
        """End the processes, also in the middle of their work."""
        for maker in self.makers:
            maker.close()

    # ------------------------------------------------------------ which file

    def _segment(self, stream: StreamId, at_ns: WallNs) -> SegmentRecord:
        rows = list(self.reads.segments(stream.camera, stream=stream.stream, from_ns=at_ns, to_ns=WallNs(at_ns + 1)))
        there = [row for row in rows if row.state is not SegmentState.MISSING]
        if there:
            # Of several, the one that certainly reaches so far; one that was left open may have ended long ago.
            return max(there, key=lambda row: (row.state is not SegmentState.OPEN, row.wall_start_ns))
        if rows:
            nearest, _ = self._nearest(stream, at_ns, None)
            raise NoThumbnail(Why.NO_FOOTAGE, f"The file {rows[-1].path} of that moment is missing.", nearest)
        if not any((one.camera, one.stream) == (stream.camera, stream.stream) for one in self.reads.cameras()):
            raise NoThumbnail(Why.UNKNOWN, f"There is no camera {stream} in this recorder.")
        raise self._no_footage(stream, at_ns, None)

    def _no_footage(self, stream: StreamId, at_ns: WallNs, end_ns: WallNs | None) -> NoThumbnail:
        nearest, said = self._nearest(stream, at_ns, end_ns)
        lines = [f"There is no footage of {stream} at {local(at_ns)}."]
        lines += [said] if said else []
        if nearest.before_ns is not None:
            lines.append(f"The nearest footage before it ends at {local(nearest.before_ns)}.")
        if nearest.after_ns is not None:
            lines.append(f"The nearest footage after it begins at {local(nearest.after_ns)}.")
        return NoThumbnail(Why.NO_FOOTAGE, "\n".join(lines), nearest)

    def _nearest(self, stream: StreamId, at_ns: WallNs, end_ns: WallNs | None) -> tuple[Nearest, str]:
        """What there is before and after, and what the ledger says. `end_ns`: where the file before it ends."""
        given = {"stream": stream.stream, "from_ns": at_ns, "to_ns": WallNs(at_ns + 1)}
        gap = next(iter(self.reads.gaps(stream.camera, **given)), None)  # type: ignore[arg-type] # as `gaps` has them
        before = self.reads.footage_end(stream.camera, stream.stream, before_ns=at_ns) if end_ns is None else end_ns
        after = self.reads.footage_begin(stream.camera, stream.stream, after_ns=at_ns)
        if gap is None:
            return Nearest("", before, after), ""
        return Nearest(gap.cause, before, after), gap.sentence

    # ------------------------------------------------------------ which picture

    def _made(self, row: SegmentRecord, offset_ns: int, width: int, place: VolumePlace) -> Thumbnail:
        segment = Segment(row.run_id, row.ordinal)
        request: dict[str, object] = {
            "roots": list(place.roots),
            "volume_id": place.volume_id,
            "path": row.path,
            "keep_bytes": row.keep_bytes,
        }
        found, _ = self._ask(row, LOOKING, {"do": "find", "at_ns": offset_ns} | request)
        begin_ns, end_ns = _int(found, "begin_ns"), _int(found, "end_ns")
        next_ns = None if found["next_ns"] is None else _int(found, "next_ns")
        read_bytes = _int(found, "read_bytes")
        if row.state is SegmentState.OPEN and offset_ns > end_ns + UNWRITTEN_NS:
            at_ns = WallNs(row.wall_start_ns + offset_ns)
            raise self._no_footage(StreamId(row.camera, row.stream), at_ns, WallNs(row.wall_start_ns + end_ns))
        if row.state is SegmentState.FINAL and next_ns is None:
            # It is the last one, and always will be.
            next_ns = max(end_ns, row.duration_ns)
        kept = self.cache.get_exactly(segment, begin_ns, next_ns, width)
        if kept is not None:
            return _shown(row, kept, is_kept=True, read_bytes=read_bytes)
        where = {"offset": _int(found, "offset"), "size_bytes": _int(found, "size_bytes"), "width": width}
        made, jpeg = self._ask(row, begin_ns, {"do": "make"} | where | request)
        kept = Kept(begin_ns, next_ns, jpeg)
        self.cache.put(segment, kept, width)
        self._sweep_sometimes()
        return _shown(row, kept, is_kept=False, read_bytes=read_bytes + _int(made, "read_bytes"))

    def _ask(self, row: SegmentRecord, begin_ns: int, request: Mapping[str, object]) -> Answer:
        """Ask a process that is free. `begin_ns`: of the key frame, or LOOKING. Raises NoThumbnail."""
        key = (row.run_id, row.ordinal, begin_ns)
        until_s, trouble = self._deadly.get(key, (0.0, ""))
        if time.monotonic() < until_s:
            raise _unreadable(row, f"{trouble}; it is not tried again for a while")
        with self._free:
            with self._lock:
                maker = self._idle.pop()
            try:
                said, data = maker.ask(request)
            except MakerDied as error:
                self._remember(key, str(error))
                raise _unreadable(row, str(error)) from error
            finally:
                with self._lock:
                    self._idle.append(maker)
        if "error" in said:
            raise _unreadable(row, str(said["error"]))
        return said, data

    def _remember(self, key: tuple[str, int, int], trouble: str) -> None:
        with self._lock:
            wait_s = LOOK_AGAIN_S if key[2] == LOOKING else AGAIN_S
            self._deadly[key] = (time.monotonic() + wait_s, trouble)
            while len(self._deadly) > MOST_REMEMBERED:
                self._deadly.popitem(last=False)

    def _sweep_sometimes(self) -> None:
        with self._lock:
            is_due = time.monotonic() - self._swept_s >= SWEEP_EVERY_S
            if is_due:
                self._swept_s = time.monotonic()
        if is_due:
            # The picture is made: what cannot be looked up now is looked up the next time.
            with contextlib.suppress(CatalogError):
                self.sweep()


def _place(row: SegmentRecord, places: Places) -> VolumePlace:
    place = places.get(row.volume)
    if place is None:
        raise NoThumbnail(Why.AWAY, f"Volume {row.volume}, on which the footage of that moment is, is not known here.")
    if place.trouble:
        lines = [f"Volume {row.volume}, on which the footage of that moment is, is not there.", place.trouble]
        raise NoThumbnail(Why.AWAY, "\n".join(lines))
    return place


def _shown(row: SegmentRecord, kept: Kept, *, is_kept: bool, read_bytes: int) -> Thumbnail:
    return Thumbnail(kept.jpeg, WallNs(row.wall_start_ns + kept.begin_ns), is_kept, read_bytes)


def _unreadable(row: SegmentRecord, reason: str) -> NoThumbnail:
    return NoThumbnail(Why.UNREADABLE, f"No picture can be made of {row.path}: {reason}.")


def _int(said: Mapping[str, object], key: str) -> int:
    """A number that the process said; what makes no sense is not believed. Raises NoThumbnail."""
    value = said.get(key)
    if not isinstance(value, int) or not 0 <= value < 1 << 63:
        raise NoThumbnail(Why.UNREADABLE, "The process that makes pictures says what makes no sense.")
    return value
