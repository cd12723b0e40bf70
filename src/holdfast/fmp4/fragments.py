"""What a `moof` box says about its samples (ISO/IEC 14496-12, sections 8.8.4 to 8.8.12)."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct

from holdfast.fmp4.boxes import Box, Buffer, children, fields, first, inside
from holdfast.fmp4.tracks import U8, U32, Defaults, Track, TrackKind

_I32 = Struct(">i")
_U64 = Struct(">Q")
_TWO_U32 = Struct(">II")

_TFHD_BASE_DATA_OFFSET = 0x01
_TFHD_DESCRIPTION = 0x02
_TFHD_DURATION = 0x08
_TFHD_SIZE = 0x10
_TFHD_FLAGS = 0x20
_TRUN_DATA_OFFSET = 0x01
_TRUN_FIRST_FLAGS = 0x04
_TRUN_DURATION = 0x100
_TRUN_SIZE = 0x200
_TRUN_FLAGS = 0x400
_TRUN_COMPOSITION = 0x800
_NOT_SYNC = 0x10000
_FLAGS_MASK = 0xFFFFFF
MAX_SAMPLES = 1 << 16
"""Samples in one run: a run whose samples have no fields of their own could claim any number in a few bytes."""


@dataclass(frozen=True, slots=True)
class TrackRun:
    """The samples of one track in one fragment. Times are in ticks of the track, sizes in bytes.

    `duration` is the sum of the samples' durations. `first_composition_offset` is what the first sample is shown
    later than it is decoded. `longest_sample` is the greatest duration of one sample: a camera that paused shows in it.
    `leading_count` samples are shown before the first: when the first is a key frame, its group of pictures is open,
    and they cannot be decoded without the group before. `first_sample_bytes` is the size of the first sample.
    """

    track_id: int
    kind: TrackKind
    decode_time: int
    duration: int
    sample_count: int
    starts_with_sync: bool
    sync_count: int
    first_composition_offset: int
    sample_bytes: int
    largest_sample_bytes: int
    longest_sample: int
    leading_count: int
    first_sample_bytes: int = 0

    @property
    def end_time(self) -> int:
        """The decode time of the sample that would come next."""
        return self.decode_time + self.duration


@dataclass(slots=True)
class Samples:
    """Columns of the samples of one track fragment, run after run.

    Durations and composition offsets are in ticks of the track, `flags` those of ISO/IEC 14496-12 section 8.8.3.1.
    `places` are where the samples' bytes begin, counted from the first byte of the moof.
    """

    durations: list[int]
    sizes: list[int]
    flags: list[int]
    offsets: list[int]
    places: list[int]

    def is_sync(self, number: int) -> bool:
        """Whether that sample, counted from 0, is a key frame."""
        return not self.flags[number] & _NOT_SYNC

    def part(self, begin: int, end: int) -> "Samples":
        """The samples from `begin` to before `end`."""
        columns = (self.durations, self.sizes, self.flags, self.offsets, self.places)
        return Samples(*(column[begin:end] for column in columns))


def read_runs(data: Buffer, moof: Box, media: range, tracks: Mapping[int, Track]) -> tuple[TrackRun, ...]:
    """Return one run per `traf`, in file order.

    `media` is the range of bytes, counted from the first byte of the moof, that the samples may lie in. Raises
    Fmp4Error, also for a fragment whose offsets do not count from its own moof.
    """
    runs = [_read_traf(data, traf, media, tracks) for traf in inside(data, moof) if traf.kind == b"traf"]
    if not runs:
        reason = "has no track fragment"
        raise moof.error(reason)
    if len({run.track_id for run in runs}) < len(runs):
        reason = "has two track fragments of one track"
        raise moof.error(reason)
    return tuple(runs)


def _read_traf(data: Buffer, traf: Box, media: range, tracks: Mapping[int, Track]) -> TrackRun:
    track, defaults = _read_tfhd(data, first(data, traf, b"tfhd"), tracks)
    decode_time = _read_tfdt(data, first(data, traf, b"tfdt"))
    samples = _read_truns(data, traf, media, defaults)
    count = len(samples.sizes)
    sync = [not flags & _NOT_SYNC for flags in samples.flags]
    return TrackRun(
        track_id=track.track_id,
        kind=track.kind,
        decode_time=decode_time,
        duration=sum(samples.durations),
        sample_count=count,
        starts_with_sync=count > 0 and sync[0],
        sync_count=sum(sync),
        first_composition_offset=samples.offsets[0] if count else 0,
        sample_bytes=sum(samples.sizes),
        largest_sample_bytes=max(samples.sizes, default=0),
        longest_sample=max(samples.durations, default=0),
        leading_count=_count_leading(samples),
        first_sample_bytes=samples.sizes[0] if count else 0,
    )


def read_samples(data: Buffer, traf: Box, media: range, tracks: Mapping[int, Track]) -> Samples:
    """Return the samples of one `traf`; arguments and errors are those of `read_runs`."""
    _, defaults = _read_tfhd(data, first(data, traf, b"tfhd"), tracks)
    return _read_truns(data, traf, media, defaults)


def read_track_samples(
    data: Buffer, moof: Box, media: range, tracks: Mapping[int, Track]
) -> list[tuple[int, int, Samples]]:
    """Return track number, decode time and samples of every `traf`; arguments and errors are those of `read_runs`."""
    found = []
    for traf in inside(data, moof):
        if traf.kind == b"traf":
            track, defaults = _read_tfhd(data, first(data, traf, b"tfhd"), tracks)
            decode_time = _read_tfdt(data, first(data, traf, b"tfdt"))
            found.append((track.track_id, decode_time, _read_truns(data, traf, media, defaults)))
    return found


def _read_truns(data: Buffer, traf: Box, media: range, defaults: Defaults) -> Samples:
    samples = Samples([], [], [], [], [])
    at: int | None = None
    for trun in children(data, traf.body, traf.end):
        if trun.kind == b"trun":
            at = _read_trun(data, trun, samples, defaults, media, at)
    return samples


def _read_tfhd(data: Buffer, tfhd: Box, tracks: Mapping[int, Track]) -> tuple[Track, Defaults]:
    version_and_flags, track_id = fields(_TWO_U32, data, tfhd)
    if track_id not in tracks:
        reason = f"is about track {track_id}, which is not in the moov"
        raise tfhd.error(reason)
    if version_and_flags & _TFHD_BASE_DATA_OFFSET:
        reason = "counts its offsets from the start of the file, so that the fragment cannot be moved"
        raise tfhd.error(reason)
    given = tracks[track_id].defaults
    values = [given.duration, given.size, given.flags]
    at = _TWO_U32.size + (U32.size if version_and_flags & _TFHD_DESCRIPTION else 0)
    for position, flag in enumerate((_TFHD_DURATION, _TFHD_SIZE, _TFHD_FLAGS)):
        if version_and_flags & flag:
            (values[position],) = fields(U32, data, tfhd, at)
            at += U32.size
    return tracks[track_id], Defaults(*values)


def _read_tfdt(data: Buffer, tfdt: Box) -> int:
    (version,) = fields(U8, data, tfdt)
    (decode_time,) = fields(_U64 if version == 1 else U32, data, tfdt, 4)
    return decode_time


def _read_trun(data: Buffer, trun: Box, samples: Samples, defaults: Defaults, media: range, at: int | None) -> int:
    """Add the samples of a run and return where their bytes end. `at` is where the run before it ended."""
    version_and_flags, count = fields(_TWO_U32, data, trun)
    has = version_and_flags & _FLAGS_MASK
    if len(samples.sizes) + count > MAX_SAMPLES:
        reason = f"has {count} samples, more than {MAX_SAMPLES} in the fragment"
        raise trun.error(reason)
    position = _TWO_U32.size
    if has & _TRUN_DATA_OFFSET:
        (at,) = fields(_I32, data, trun, position)
        position += _I32.size
    if at is None:
        reason = "does not say where its samples are"
        raise trun.error(reason)
    first_flags = None
    if has & _TRUN_FIRST_FLAGS:
        (first_flags,) = fields(U32, data, trun, position)
        position += U32.size
    columns = _read_columns(data, trun, position, count, has)
    sizes = columns.get(_TRUN_SIZE) or [defaults.size] * count
    end = at + sum(sizes)
    if at < media.start or end > media.stop:
        reason = f"has samples at {at} to {end}, but the media data are at {media.start} to {media.stop}"
        raise trun.error(reason)
    flags = columns.get(_TRUN_FLAGS) or [defaults.flags] * count
    if first_flags is not None and flags:
        flags[0] = first_flags
    samples.durations += columns.get(_TRUN_DURATION) or [defaults.duration] * count
    samples.sizes += sizes
    samples.places += accumulate(sizes[:-1], initial=at) if sizes else ()
    samples.flags += flags
    samples.offsets += [_signed(offset) for offset in columns.get(_TRUN_COMPOSITION, ())] or [0] * count
    return end


def _signed(offset: int) -> int:
    # Version 0 is unsigned by the letter, but writers of negative offsets before version 1 exist, and no picture is
    # shown 2^31 ticks late.
    return offset - (1 << 32) if offset >= 1 << 31 else offset


def _count_leading(samples: Samples) -> int:
    if not any(samples.offsets):
        return 0
    decode_times = accumulate(samples.durations, initial=0)
    shown = [time + offset for time, offset in zip(decode_times, samples.offsets, strict=False)]
    return sum(time < shown[0] for time in shown)


def _read_columns(data: Buffer, trun: Box, position: int, count: int, has: int) -> dict[int, list[int]]:
    present = [flag for flag in (_TRUN_DURATION, _TRUN_SIZE, _TRUN_FLAGS, _TRUN_COMPOSITION) if has & flag]
    width = len(present)
    values = fields(Struct(f">{count * width}I"), data, trun, position)
    return {flag: list(values[column::width]) for column, flag in enumerate(present)}
