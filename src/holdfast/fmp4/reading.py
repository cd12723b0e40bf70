"""Reading the files of segments back: quickly by both ends, or fragment by fragment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from struct import Struct
from typing import TypeAlias

from holdfast.fmp4.boxes import DEFAULT_LIMITS, Box, Limits, fields, first, inside, read_box
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.fragments import TrackRun, read_runs
from holdfast.fmp4.index import IndexBuilder
from holdfast.fmp4.segment import MAX_HEADER_BYTES
from holdfast.fmp4.stamp import SegmentStamp, read_labels, read_stamp
from holdfast.fmp4.tracks import Track, read_tracks, video_track

ReadAt: TypeAlias = Callable[[int, int], bytes]
"""Takes an offset and a length, returns that many bytes of the file, fewer only at its end."""

HEAD_BYTES = MAX_HEADER_BYTES
"""As much of a file as `read_summary` wants from each end."""
_WINDOW_BYTES = 4096
_SEARCH_BYTES = 1 << 20
_BOX_HEADER_BYTES = 16
_SMALLEST_BOX_BYTES = 8
MAX_CANDIDATES = 10_000
"""How many places that look like a fragment are tried behind damage, in one file."""
_MFRO_BYTES = 16
_MFRO_BEGINNING = b"\0\0\0\x10mfro\0\0\0\0"
_U64 = Struct(">Q")
_BETWEEN_BOXES = frozenset((b"free", b"skip", b"styp", b"sidx", b"prft", b"emsg", b"uuid"))


@dataclass(frozen=True, slots=True)
class SegmentHeader:
    """The beginning of a file. `size` is the offset of what comes after ftyp, stamp, moov and labels.

    `stamp` and `labels` are None when the file was not made by Holdfast (labels also when they
    cannot be read). `duration` is what mehd says, in ticks of
    the first track, and None as long as the file is not final.
    """

    size: int
    stamp: SegmentStamp | None
    labels: Mapping[str, str] | None
    tracks: tuple[Track, ...]
    duration: int | None

    @property
    def video(self) -> Track:
        """The first video track. Raises Fmp4Error when there is none."""
        return video_track(self.tracks)


@dataclass(frozen=True, slots=True)
class SegmentSummary:
    """What the two ends of a file tell. `is_final` means: nothing needs repair, as far as the ends show."""

    size: int
    header: SegmentHeader
    has_index: bool

    @property
    def is_final(self) -> bool:
        """Whether the file was finished: its stamp says so and its index is there."""
        return self.has_index and self.header.stamp is not None and self.header.stamp.final

    @property
    def duration_ns(self) -> int | None:
        """The length in nanoseconds, None when the file is not final."""
        if self.header.duration is None or not self.is_final:
            return None
        return self.header.tracks[0].to_ns(self.header.duration)


@dataclass(frozen=True, slots=True)
class FoundFragment:
    """A whole fragment at `offset` of a file; `moof_bytes` of its `size` bytes are the moof."""

    offset: int
    moof_bytes: int
    size: int
    runs: tuple[TrackRun, ...]

    @property
    def end(self) -> int:
        """The offset of the byte after it."""
        return self.offset + self.size


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a file that are no whole box, and why: `end` is the next whole fragment or the end of the file."""

    start: int
    end: int
    reason: str


@dataclass(frozen=True, slots=True)
class SegmentScan:
    """Every fragment of a file, and every stretch that is none.

    `whole_end` is the offset after the last whole fragment (or after the header when there is none), `index_start`
    the offset of an `mfra` that ends the file.
    """

    size: int
    header: SegmentHeader
    fragments: tuple[FoundFragment, ...]
    whole_end: int
    index_start: int | None
    damage: tuple[Damage, ...]

    @property
    def is_final(self) -> bool:
        """Whether the file was finished and is whole."""
        stamp = self.header.stamp
        return self.index_start is not None and not self.damage and stamp is not None and stamp.final

    def index(self) -> IndexBuilder:
        """Return the index, lengths and sample count of what is there. Files of ours begin at decode time 0.

        Sound does not count: a film is as long as its picture, and is searched by it.
        """
        builder = IndexBuilder({track.track_id: 0 for track in self.header.tracks if track.kind != "audio"})
        for fragment in self.fragments:
            builder.add(tuple(run for run in fragment.runs if run.kind != "audio"), fragment.offset)
        return builder


def read_summary(head: bytes, tail: bytes, size: int) -> SegmentSummary:
    """Return what is known from the first and the last `HEAD_BYTES` bytes of a file of `size` bytes.

    Raises Fmp4Error when the header is not whole or not that of a fragmented file.
    """
    return SegmentSummary(size, read_header(head), _ends_with_index(tail))


def read_header(head: bytes) -> SegmentHeader:
    """Return what the beginning of a file says, as far as the first box that is no part of it. Raises Fmp4Error."""
    stamp: SegmentStamp | None = None
    labels: Mapping[str, str] | None = None
    moov: Box | None = None
    at = 0
    while (box := _header_box(head, at)) is not None:
        stamp = stamp or read_stamp(head, box)
        labels = labels or read_labels(head, box)
        moov = box if box.kind == b"moov" else moov
        at = box.end
    if moov is None:
        reason = "there is no whole 'moov'"
        raise Fmp4Error(reason, offset=at)
    return SegmentHeader(at, stamp, labels, read_tracks(head, moov), _read_mehd(head, moov))


def _header_box(head: bytes, at: int) -> Box | None:
    """Return the next whole box of a header. Damage behind the moov is no reason to doubt what is before it."""
    try:
        box = read_box(head, at, len(head))
    except Fmp4Error:
        return None
    if box is None or box.end > len(head) or box.kind not in (b"ftyp", b"uuid", b"moov", b"free"):
        return None
    return box


def _read_mehd(data: bytes, moov: Box) -> int | None:
    for box in inside(data, first(data, moov, b"mvex")):
        if box.kind == b"mehd" and data[box.body : box.body + 1] == b"\1":
            return fields(_U64, data, box, 4)[0]
    return None


def _ends_with_index(tail: bytes) -> bool:
    """Return whether a file that ends with `tail` ends with an index; one longer than the tail is believed."""
    # By comparing bytes: what a crash left at the end may be anything, and is no reason to doubt the rest.
    if tail[-_MFRO_BYTES:-4] != _MFRO_BEGINNING:
        return False
    size = int.from_bytes(tail[-4:], "big")
    if size > len(tail):
        return True
    begin = len(tail) - size
    return tail[begin : begin + 8] == tail[-4:] + b"mfra"


def scan(read_at: ReadAt, size: int, limits: Limits = DEFAULT_LIMITS) -> SegmentScan:
    """Walk through the boxes of a file of `size` bytes. Of the media data only damaged stretches are read.

    Behind damage it looks for the next whole fragment. Raises Fmp4Error when the header is not whole or not that of
    a fragmented file, and what `read_at` raises.
    """
    header = read_header(read_at(0, min(size, limits.moov_bytes + limits.other_bytes)))
    return _Scanner(read_at, size, header, limits).walk(header.size)


def scan_on(
    read_at: ReadAt, size: int, header: SegmentHeader, begin: int, limits: Limits = DEFAULT_LIMITS
) -> SegmentScan:
    """As `scan`, from the box at byte `begin` on: a file that grows is not read from its beginning each time."""
    return _Scanner(read_at, size, header, limits).walk(begin)


def open_fragment(read_at: ReadAt, at: int, size: int, window: bytes, limits: Limits) -> tuple[bytes, Box, Box]:
    """Return as many bytes from `at` on as hold the moof there, that moof, and the mdat behind it.

    `window` is the beginning of it, as far as it was read, `size` that of the file. The boxes count from `at`. Raises
    Fmp4Error when there is no whole fragment.
    """
    moof = read_box(window, 0, len(window))
    if moof is None or moof.kind != b"moof" or moof.end > limits.moof_bytes:
        reason = "is no moof, or too large a one"
        raise Fmp4Error(reason, offset=0)
    if len(window) < moof.end + _BOX_HEADER_BYTES:
        window = read_at(at, min(moof.end + _BOX_HEADER_BYTES, size - at))
    mdat = read_box(window, moof.end, len(window))
    if len(window) < moof.end or mdat is None:
        reason = "is cut off"
        raise moof.error(reason)
    is_unsized = window[moof.end : moof.end + 4] == bytes(4)
    if mdat.kind != b"mdat" or mdat.end > limits.fragment_bytes or is_unsized:
        # One that says 0 would go on to the end of the file, over all that follows: nobody writes fragments like that.
        reason = "is not followed by an mdat of a size to believe"
        raise moof.error(reason)
    if at + mdat.end > size:
        reason = f"is cut off: {at + mdat.end - size} of {mdat.end - mdat.start} bytes are missing"
        raise mdat.error(reason)
    return window, moof, mdat


class _Scanner:
    def __init__(self, read_at: ReadAt, size: int, header: SegmentHeader, limits: Limits) -> None:
        self._read_at = read_at
        self._size = size
        self._header = header
        self._limits = limits
        self._tracks = {track.track_id: track for track in header.tracks}
        self._fragments: list[FoundFragment] = []
        self._damage: list[Damage] = []
        self._index_start: int | None = None
        self._candidates = MAX_CANDIDATES

    def walk(self, begin: int) -> SegmentScan:
        at = begin
        while at < self._size:
            try:
                at = self._step(at)
            except Fmp4Error as error:
                found = self._search(at + _SMALLEST_BOX_BYTES)
                self._damage.append(Damage(at, found, str(error.moved(at))))
                at = found
        return SegmentScan(
            size=self._size,
            header=self._header,
            fragments=tuple(self._fragments),
            whole_end=self._fragments[-1].end if self._fragments else begin,
            index_start=self._index_start,
            damage=tuple(self._damage),
        )

    def _step(self, at: int) -> int:
        """Take in the box at `at` and return where the next one is. Offsets in its errors count from `at`."""
        window = self._read_at(at, min(_WINDOW_BYTES, self._size - at))
        box = read_box(window, 0, self._size - at) if len(window) >= _BOX_HEADER_BYTES else None
        if box is None:
            reason = "a box header is cut off"
            raise Fmp4Error(reason, offset=0)
        if box.kind == b"moof":
            fragment = self._fragment(at, window)
            self._fragments.append(fragment)
            return fragment.end
        if box.kind != b"mfra" and box.kind not in _BETWEEN_BOXES:
            reason = "is no box of a segment"
            raise box.error(reason)
        if at + box.end > self._size:
            reason = "is cut off"
            raise box.error(reason)
        if box.kind == b"mfra" and at + box.end == self._size:
            self._index_start = at
        return at + box.end

    def _fragment(self, at: int, window: bytes) -> FoundFragment:
        """Return the fragment at `at`, of which `window` is the beginning."""
        window, moof, mdat = open_fragment(self._read_at, at, self._size, window, self._limits)
        runs = read_runs(window, moof, range(mdat.body, mdat.end), self._tracks)
        used = mdat.body + sum(run.sample_bytes for run in runs)
        if used < mdat.end and self._read_at(at + used + 4, 4) == b"moof":
            reason = "is longer than its samples and goes over the next fragment"
            raise mdat.error(reason)
        return FoundFragment(at, moof.end, mdat.end, runs)

    def _search(self, begin: int) -> int:
        """Return the offset of the next whole fragment at or behind `begin`, or the end of the file."""
        at = begin
        while at < self._size and self._candidates > 0:
            block = self._read_at(at, min(_SEARCH_BYTES, self._size - at))
            where = block.find(b"moof", 4)
            if where < 0:
                # The last bytes are looked at again: a type may begin in one block and end in the next.
                at += max(1, len(block) - _SMALLEST_BOX_BYTES + 1)
                continue
            self._candidates -= 1
            at += where - 4
            if self._continues_at(at):
                return at
            at += 1
        return self._size

    def _continues_at(self, at: int) -> bool:
        try:
            found = self._fragment(at, self._read_at(at, min(_WINDOW_BYTES, self._size - at)))
        except Fmp4Error:
            return False
        last = {run.track_id: run.end_time for run in self._fragments[-1].runs} if self._fragments else {}
        return all(run.decode_time >= last.get(run.track_id, 0) for run in found.runs)
