"""The samples of a segment's file as columns: where each of them lies, when it is decoded, and when it is shown.

Only the beginning of the file, its moofs and the index at its end are read.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from struct import Struct

from holdfast.fmp4.boxes import DEFAULT_LIMITS, Limits, fields, inside, read_box
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.fragments import Samples, read_track_samples
from holdfast.fmp4.reading import HEAD_BYTES, ReadAt, SegmentHeader, open_fragment, read_header, scan
from holdfast.fmp4.tracks import Track

MAX_FILE_SAMPLES = 4_000_000
"""In one track of one file: 24 hours at 46 frames per second."""
_MAX_TICKS = 1 << 60
_WINDOW_BYTES = 4096
_SOUND_LATE_S = 5
"""Sound lies so much behind the picture that it belongs to, at most; more is not looked for."""
_MFRO_BYTES = 16
_MFRO_BEGINNING = b"\0\0\0\x10mfro\0\0\0\0"
_TFRA = Struct(">4xIII")
_ENTRY = Struct(">QQ3x")
_BETWEEN_BOXES = frozenset((b"free", b"skip", b"styp", b"sidx", b"prft", b"emsg", b"uuid", b"mfra"))


def _column() -> "array[int]":
    return array("q")


@dataclass(slots=True)
class SampleTable:
    """Samples of one track, in decoding order.

    `times` are decode times, `durations` how long each lasts, `offsets` what it is shown later than it is decoded,
    all in ticks; `sizes` are in bytes, `places` offsets in the file; `syncs` is 1 for a key frame.
    """

    times: "array[int]" = field(default_factory=_column)
    durations: "array[int]" = field(default_factory=_column)
    offsets: "array[int]" = field(default_factory=_column)
    sizes: "array[int]" = field(default_factory=_column)
    places: "array[int]" = field(default_factory=_column)
    syncs: bytearray = field(default_factory=bytearray)

    def __len__(self) -> int:
        return len(self.times)

    @property
    def end(self) -> int:
        """The decode time after the last sample; 0 when there is none."""
        return self.times[-1] + self.durations[-1] if self.times else 0

    def shown(self) -> list[int]:
        """When each sample is shown: its composition time, in ticks."""
        return [time + offset for time, offset in zip(self.times, self.offsets, strict=True)]

    def picked(self, numbers: Iterable[int]) -> "SampleTable":
        """These samples."""
        chosen = list(numbers)

        def pick(column: "array[int]") -> "array[int]":
            return array("q", [column[number] for number in chosen])

        times, durations, offsets = pick(self.times), pick(self.durations), pick(self.offsets)
        syncs = bytearray(self.syncs[number] for number in chosen)
        return SampleTable(times, durations, offsets, pick(self.sizes), pick(self.places), syncs)

    def add(self, at: int, decode_time: int, samples: Samples) -> None:
        """Append the samples of a fragment at byte `at`. Raises Fmp4Error for times that no film has."""
        if decode_time + sum(samples.durations) >= _MAX_TICKS:
            reason = f"a sample is decoded at {decode_time}, which no film is long enough for"
            raise Fmp4Error(reason, box="tfdt")
        if len(self) + len(samples.sizes) > MAX_FILE_SAMPLES:
            reason = f"there are more than {MAX_FILE_SAMPLES} samples in a track"
            raise Fmp4Error(reason, box="trun")
        for duration in samples.durations:
            self.times.append(decode_time)
            decode_time += duration
        self.durations.extend(samples.durations)
        self.offsets.extend(samples.offsets)
        self.sizes.extend(samples.sizes)
        self.places.extend(at + place for place in samples.places)
        self.syncs.extend(samples.is_sync(number) for number in range(len(samples.sizes)))


@dataclass(frozen=True, slots=True)
class SegmentMedia:
    """What a stretch of a segment's file is made of. `sound` is None when the file has no track for it.

    Composition time `origin` of the video is where the film begins, as time 0 of the sound is. `damaged_bytes` lie in
    the stretch and could not be read as fragments; what is still being written at the end of an open file is none.
    """

    header: SegmentHeader
    video: SampleTable
    sound: SampleTable | None
    damaged_bytes: int

    @property
    def origin(self) -> int:
        """Composition time of the first picture, in ticks of the video track."""
        return self.header.video.edit_start

    @property
    def sound_track(self) -> Track | None:
        """The first track of sound."""
        return next((track for track in self.header.tracks if track.kind == "audio"), None)


def read_media(read_at: ReadAt, size: int, begin: int, end: int, limits: Limits = DEFAULT_LIMITS) -> SegmentMedia:
    """Return the samples of a file of `size` bytes that are needed to show it from `begin` to `end`, and some more.

    Both are in ticks of the video track, counted from the first picture. Raises Fmp4Error when the header is not
    whole or there are too many samples, and what `read_at` raises.
    """
    header = read_header(read_at(0, min(size, HEAD_BYTES)))
    collector = _Collector(read_at, size, header, limits)
    collector.collect(begin + header.video.edit_start, end + header.video.edit_start)
    return SegmentMedia(header, collector.video, collector.sound, collector.damaged_bytes)


class _Collector:
    def __init__(self, read_at: ReadAt, size: int, header: SegmentHeader, limits: Limits) -> None:
        self._read_at, self._size, self._header, self._limits = read_at, size, header, limits
        self._tracks = {track.track_id: track for track in header.tracks}
        self._video_track = header.video
        self._sound_track = next((track for track in header.tracks if track.kind == "audio"), None)
        self.damaged_bytes = 0
        self._empty()

    def _empty(self) -> None:
        self.video = SampleTable()
        self.sound = None if self._sound_track is None else SampleTable()
        self._last_video_time = 0

    def collect(self, begin: int, end: int) -> None:
        """Take in what is shown from `begin` to `end`, in composition times."""
        at = self._hint(begin)
        if at != self._header.size and not self._begins_early(at, begin):
            self._empty()
            at = self._header.size
        while at < self._size and not self._is_beyond(end):
            try:
                at = self._step(at)
            except Fmp4Error:
                self._take_around_damage(at, end)
                return

    def _begins_early(self, at: int, begin: int) -> bool:
        """Whether a fragment that the index names is there, and begins with a key frame that is early enough."""
        try:
            self._step(at)
        except Fmp4Error:
            return False
        table = self.video
        is_early = bool(len(table)) and bool(table.syncs[0]) and table.times[0] + table.offsets[0] <= begin
        self._empty()
        return is_early

    def _is_beyond(self, end: int) -> bool:
        if self._last_video_time < end:
            return False
        if self._sound_track is None or self.sound is None:
            return True
        shown_end = end - self._video_track.edit_start
        is_heard = self.sound.end * self._video_track.timescale >= shown_end * self._sound_track.timescale
        return is_heard or self._last_video_time >= end + _SOUND_LATE_S * self._video_track.timescale

    def _step(self, at: int) -> int:
        """Take in the box at `at` and return where the next one is."""
        window = self._read_at(at, min(_WINDOW_BYTES, self._size - at))
        box = read_box(window, 0, self._size - at) if len(window) >= _MFRO_BYTES else None
        if box is None or (box.kind != b"moof" and box.kind not in _BETWEEN_BOXES) or at + box.end > self._size:
            reason = "is no whole box of a segment"
            raise Fmp4Error(reason, offset=at)
        if box.kind != b"moof":
            return at + box.end
        window, moof, mdat = open_fragment(self._read_at, at, self._size, window, self._limits)
        media = range(mdat.body, mdat.end)
        found = read_track_samples(window, moof, media, self._tracks)
        if sum(sum(samples.sizes) for _, _, samples in found) > len(media):
            reason = "has more bytes in its samples than in its media data"
            raise moof.error(reason)
        for track_id, decode_time, samples in found:
            self._add(at, track_id, decode_time, samples)
        return at + mdat.end

    def _add(self, at: int, track_id: int, decode_time: int, samples: Samples) -> None:
        is_video = track_id == self._video_track.track_id
        is_sound = self._sound_track is not None and track_id == self._sound_track.track_id
        table = self.video if is_video else self.sound if is_sound else None
        if table is None or not samples.sizes:
            return
        if decode_time < table.end:
            reason = f"track {track_id} goes back to {decode_time}"
            raise Fmp4Error(reason, offset=at)
        table.add(at, decode_time, samples)
        if is_video:
            self._last_video_time = decode_time

    def _take_around_damage(self, at: int, end: int) -> None:
        """Go on behind bytes that are no fragment, as `scan` finds its way around them."""
        found = scan(self._read_at, self._size, self._limits)
        is_open = found.header.stamp is not None and not found.header.stamp.final
        for damage in found.damage:
            is_tail = is_open and damage.end == self._size
            self.damaged_bytes += max(0, damage.end - max(damage.start, at)) * (not is_tail)
        for fragment in found.fragments:
            if self._is_beyond(end):
                return
            if fragment.offset < at:
                continue
            try:
                self._step(fragment.offset)
            except Fmp4Error:
                # As a box it is whole; its samples are none that could be shown.
                self.damaged_bytes += fragment.size

    def _hint(self, begin: int) -> int:
        """Return where to begin: by the index, one key frame more than needed before `begin`; else at the first."""
        entries = self._index()
        number = bisect_right(entries, (begin - self._video_track.edit_start, self._size)) - 2
        if number < 0 or not self._header.size <= entries[number][1] < self._size:
            return self._header.size
        return entries[number][1]

    def _index(self) -> list[tuple[int, int]]:
        """Return presentation times of key frames and offsets of their fragments; nothing when there is no index."""
        tail = self._read_at(max(0, self._size - _MFRO_BYTES), _MFRO_BYTES)
        size = int.from_bytes(tail[-4:], "big")
        if tail[:-4] != _MFRO_BEGINNING or not _MFRO_BYTES < size <= min(self._limits.other_bytes, self._size):
            return []
        data = self._read_at(self._size - size, size)
        try:
            mfra = read_box(data, 0, len(data))
            if mfra is None or mfra.kind != b"mfra":
                return []
            for box in inside(data, mfra):
                if box.kind != b"tfra":
                    continue
                track_id, lengths, count = fields(_TFRA, data, box)
                body = box.body + _TFRA.size
                is_ours = track_id == self._video_track.track_id and lengths == 0 and data[box.body] == 1
                if is_ours and body + count * _ENTRY.size == box.end:
                    return sorted(_ENTRY.iter_unpack(data[body : box.end]))
        except Fmp4Error:
            return []
        return []
