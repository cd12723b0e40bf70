"""Finding one key frame in a file: by the index at its end, or by its fragments as far as there are any."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from struct import Struct
from typing import TypeAlias

from holdfast.fmp4.boxes import DEFAULT_LIMITS, Box, Limits, fields, first, inside, read_box
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.fragments import Samples, read_samples
from holdfast.fmp4.reading import FoundFragment, ReadAt, SegmentHeader
from holdfast.fmp4.tracks import U8, U32

MAX_INDEX_BYTES = 16 << 20
"""More than six hours of nothing but key frames need."""
MAX_SAMPLE_BYTES = 16 << 20
_MFRO_BYTES = 16
_TFRA = Struct(">III")
_TIMES = (Struct(">II"), Struct(">QQ"))
_WINDOW_BYTES = 4096
_MDAT_HEADER_BYTES = 16

Entry: TypeAlias = tuple[int, int]
"""When a fragment that begins with a key frame is shown, and where it is.

The time is in ticks of the video track from the first picture of the file on, the place the offset of its moof.
"""


@dataclass(frozen=True, slots=True)
class KeyFrame:
    """A key frame of the video track: when it is shown, in ticks from the first picture on, and where its bytes are.

    `until` is when the next key frame is shown; None when there is none.
    """

    time: int
    until: int | None
    offset: int
    size: int


class Index(Sequence[Entry]):
    """The entries of a file's index, in order of time; none is read before it is looked at."""

    def __init__(self, data: bytes, row: Struct, extra_bytes: int) -> None:
        """`data` are rows of time and place with `extra_bytes` of other fields behind each."""
        self._data, self._row, self._step = data, row, row.size + extra_bytes

    def __len__(self) -> int:
        return len(self._data) // self._step

    def __getitem__(self, number: int) -> Entry:  # type: ignore[override] # nobody slices it
        if not 0 <= number < len(self):
            raise IndexError(number)
        time, place = self._row.unpack_from(self._data, number * self._step)
        return time, place


def index_size(tail: bytes) -> int:
    """The size of the index that ends a file whose last 16 or more bytes are these; 0 when there is none."""
    mfro = tail[-_MFRO_BYTES:]
    return int.from_bytes(mfro[12:], "big") if mfro[:8] == b"\0\0\0\x10mfro" else 0


def read_index(mfra: bytes, track_id: int) -> Index:
    """The entries for a track in an `mfra` box (ISO/IEC 14496-12, section 8.8.10). Raises Fmp4Error."""
    box = read_box(mfra, 0, len(mfra))
    if box is None or box.kind != b"mfra" or box.end != len(mfra):
        reason = "there is no whole index"
        raise Fmp4Error(reason, offset=0)
    for tfra in inside(mfra, box):
        if tfra.kind == b"tfra" and fields(U32, mfra, tfra, 4)[0] == track_id:
            return _entries(mfra, tfra)
    reason = "says nothing of the video track"
    raise box.error(reason)


def _entries(mfra: bytes, tfra: Box) -> Index:
    (version,) = fields(U8, mfra, tfra)
    _, lengths, count = fields(_TFRA, mfra, tfra, 4)
    row = _TIMES[version == 1]
    extra_bytes = 3 + sum(lengths >> shift & 3 for shift in (0, 2, 4))
    begin = tfra.body + 4 + _TFRA.size
    end = begin + count * (row.size + extra_bytes)
    if end != tfra.end:
        reason = f"has no room for {count} entries, or too much"
        raise tfra.error(reason)
    return Index(mfra[begin:end], row, extra_bytes)


def entries_of(fragments: Sequence[FoundFragment], track_id: int, shown_later: int) -> list[Entry]:
    """The entries that an index of these fragments would have.

    `shown_later`: ticks that the file's first picture is shown later than it is decoded.
    """
    return [
        (max(0, run.decode_time + run.first_composition_offset - shown_later), fragment.offset)
        for fragment in fragments
        for run in fragment.runs
        if run.track_id == track_id and run.starts_with_sync
    ]


def find_key_frame(
    read_at: ReadAt, header: SegmentHeader, entries: Sequence[Entry], time: int, limits: Limits = DEFAULT_LIMITS
) -> KeyFrame:
    """The last key frame that is shown at `time` or before, or else the first one.

    `time`: ticks of the video track from the first picture on. Reads the fragment's moof only. Raises Fmp4Error, also
    when there is no key frame at all, and what `read_at` raises.
    """
    if not entries:
        reason = "there is no key frame in it yet"
        raise Fmp4Error(reason)
    number = max(0, bisect_right(entries, time, key=lambda entry: entry[0]) - 1)
    begin, at = entries[number]
    until = entries[number + 1][0] if number + 1 < len(entries) else None
    return _in_fragment(_moof(read_at, at, limits), at, header, KeyFrame(begin, until, at, 0), time)


def _moof(read_at: ReadAt, at: int, limits: Limits) -> bytes:
    """The moof at byte `at`, and what is needed of the mdat behind it."""
    window = read_at(at, _WINDOW_BYTES)
    box = read_box(window, 0, len(window))
    if box is None or box.kind != b"moof" or box.end > limits.moof_bytes:
        reason = "there is no fragment where the index says"
        raise Fmp4Error(reason, offset=at)
    if len(window) < box.end + _MDAT_HEADER_BYTES:
        window = read_at(at, box.end + _MDAT_HEADER_BYTES)
    return window


def _in_fragment(data: bytes, at: int, header: SegmentHeader, entry: KeyFrame, time: int) -> KeyFrame:
    """The fragment's last key frame up to `time`. Its first one is shown when `entry` says."""
    moof = _box_at(data, 0, at)
    mdat = _box_at(data, moof.end, at)
    samples = _video_samples(data, moof, mdat, header)
    keys, shown = [], 0
    for number, duration in enumerate(samples.durations):
        if samples.is_sync(number):
            keys.append((entry.time + shown + samples.offsets[number] - samples.offsets[0], number))
        shown += duration
    if not keys or keys[0][1] != 0:
        reason = "does not begin with the key frame that the index says is there"
        raise moof.error(reason).moved(at)
    place = max(0, bisect_right(keys, time, key=lambda key: key[0]) - 1)
    when, number = keys[place]
    until = keys[place + 1][0] if place + 1 < len(keys) else entry.until
    size = samples.sizes[number]
    if not 0 < size <= MAX_SAMPLE_BYTES:
        reason = f"has a key frame of {size} bytes"
        raise moof.error(reason).moved(at)
    return KeyFrame(when, until, at + samples.places[number], size)


def _box_at(data: bytes, begin: int, at: int) -> Box:
    """The box there; `data` begins at byte `at` of the file. Raises Fmp4Error when its header is not whole."""
    box = read_box(data, begin, len(data))
    if box is None:
        reason = "a fragment is cut off"
        raise Fmp4Error(reason, offset=at)
    return box


def _video_samples(data: bytes, moof: Box, mdat: Box, header: SegmentHeader) -> Samples:
    tracks = {track.track_id: track for track in header.tracks}
    for traf in inside(data, moof):
        if traf.kind == b"traf" and fields(U32, data, first(data, traf, b"tfhd"), 4)[0] == header.video.track_id:
            return read_samples(data, traf, range(mdat.body, mdat.end), tracks)
    reason = "has nothing of the video track"
    raise moof.error(reason)
