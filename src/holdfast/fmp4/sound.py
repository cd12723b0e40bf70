"""Sound beside the picture: a second track, whose fragments are made here and lie between those of the video.

The muxer that brings sound knows nothing of the video. Its fragments are taken apart into frames, and those of one
file are boxed up anew, because a segment of video ends in the middle of a fragment of sound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct

from holdfast.fmp4.boxes import Box, children, fields, first, inside, make, make_full
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.fragments import read_samples
from holdfast.fmp4.stream import Fragment, InitSegment
from holdfast.fmp4.tracks import U8, U32, Track, read_tracks, video_track

_NS_PER_S = 1_000_000_000
_BASE_IS_MOOF = 0x020000
_DEFAULT_FLAGS = 0x20
_HAS_OFFSET_DURATION_SIZE = 0x301
_INDEPENDENT = 0x02000000
"""Sample flags (ISO/IEC 14496-12, section 8.8.3.1): a frame of sound depends on no other."""
_U64 = Struct(">Q")
_I32 = Struct(">i")
_TWO_U32 = Struct(">II")
_MDAT_HEADER_BYTES = 8
_PAUSE = 2
"""A frame that lasts this many times the usual one has a pause behind it: the muxer makes it as long as that."""
_LONGEST = 4
"""A part of a second: no frame of sound is longer. The longest of AAC, 2048 samples at 8 kHz, are all but that."""


@dataclass(frozen=True, slots=True)
class SoundFrames:
    """Encoded frames of sound, one after the other without a pause.

    `ticks` is when the first begins, `durations` how long each lasts, both by the clock of their track; `data` has
    their bytes, `sizes` how many each.
    """

    ticks: int
    durations: tuple[int, ...]
    sizes: tuple[int, ...]
    data: bytes

    @property
    def end_ticks(self) -> int:
        """When the last one ends."""
        return self.ticks + sum(self.durations)

    def between(self, begin_ticks: int, end_ticks: int) -> "SoundFrames | None":
        """Those that begin in this time, `end_ticks` excluded; None when there are none."""
        starts = list(accumulate(self.durations, initial=self.ticks))[:-1]
        chosen = [n for n, start in enumerate(starts) if begin_ticks <= start < end_ticks]
        if len(chosen) == len(starts):
            return self
        if not chosen:
            return None
        low, high = chosen[0], chosen[-1] + 1
        places = list(accumulate(self.sizes, initial=0))
        data = self.data[places[low] : places[high]]
        return SoundFrames(starts[low], self.durations[low:high], self.sizes[low:high], data)


def sound_track(init: InitSegment) -> Track:
    """Return the first track of sound. Raises Fmp4Error when there is none."""
    for track in init.tracks:
        if track.kind == "audio":
            return track
    reason = "there is no track of sound"
    raise Fmp4Error(reason, box="moov")


def sound_frames(fragment: Fragment, track: Track) -> tuple[SoundFrames, ...]:
    """Return the frames of that track, cut at every pause between two of them. Raises Fmp4Error."""
    moof = next(children(fragment.data, 0, len(fragment.data)))
    trafs = [box for box in inside(fragment.data, moof) if box.kind == b"traf"]
    media = range(moof.end, len(fragment.data))
    for run, traf in zip(fragment.runs, trafs, strict=True):
        if run.track_id == track.track_id:
            samples = read_samples(fragment.data, traf, media, {track.track_id: track})
            pairs = zip(samples.places, samples.sizes, strict=True)
            frames = [fragment.data[at : at + size] for at, size in pairs]
            longest = track.timescale // _LONGEST
            return tuple(_without_pauses(run.decode_time, samples.durations, frames, longest))
    return ()


def _without_pauses(ticks: int, durations: Sequence[int], frames: Sequence[bytes], longest: int) -> list[SoundFrames]:
    usual = min(sorted(durations)[(len(durations) - 1) // 2], longest) if durations else 0
    found: list[SoundFrames] = []
    kept: list[int] = []
    begin, at = ticks, ticks
    for number, duration in enumerate(durations):
        pauses = duration > _PAUSE * usual
        kept.append(usual if pauses else duration)
        at += duration
        if pauses or number == len(durations) - 1:
            those = frames[number + 1 - len(kept) : number + 1]
            found.append(SoundFrames(begin, tuple(kept), tuple(map(len, those)), b"".join(those)))
            begin, kept = at, []
    return found


def sound_moof(frames: SoundFrames, track_id: int, ticks: int, sequence_number: int) -> bytes:
    """Return what has to be written before `frames.data`: a moof, and the header of the mdat.

    `ticks` is the decode time of the first frame in the file. Raises Fmp4Error for a number that does not fit.
    """
    size = len(_moof(frames, track_id, 0, 0, 0))
    if not 0 <= ticks < 1 << 63 or not 0 <= sequence_number < 1 << 32:
        reason = f"fragment {sequence_number} of sound cannot be at {ticks}"
        raise Fmp4Error(reason, box="moof")
    header = (_MDAT_HEADER_BYTES + len(frames.data)).to_bytes(4, "big") + b"mdat"
    return _moof(frames, track_id, ticks, sequence_number, size + _MDAT_HEADER_BYTES) + header


def _moof(frames: SoundFrames, track_id: int, ticks: int, sequence_number: int, media_at: int) -> bytes:
    rows = map(_TWO_U32.pack, frames.durations, frames.sizes)
    head = U32.pack(len(frames.sizes)) + _I32.pack(media_at)
    tfhd = make_full(b"tfhd", 0, _BASE_IS_MOOF | _DEFAULT_FLAGS, _TWO_U32.pack(track_id, _INDEPENDENT))
    tfdt = make_full(b"tfdt", 1, 0, _U64.pack(ticks))
    trun = make_full(b"trun", 0, _HAS_OFFSET_DURATION_SIZE, head, *rows)
    return make(b"moof", make_full(b"mfhd", 0, 0, U32.pack(sequence_number)), make(b"traf", tfhd, tfdt, trun))


def with_sound(video: InitSegment, sound: InitSegment) -> InitSegment:
    """Return what begins a file with the track of the picture of one stream, and that of the sound of another.

    The track of sound gets a number of its own. Raises Fmp4Error when one of them has no such track.
    """
    picture = _moov(video.data)
    chosen, track = video_track(video.tracks), sound_track(sound)
    number = 1 + chosen.track_id % ((1 << 32) - 2)
    parts = []
    for box in inside(video.data, picture):
        match box.kind:
            case b"mvhd":
                parts.append(video.data[box.start : box.end - 4] + U32.pack(number + 1))
            case b"trak":
                parts += [video.data[box.start : box.end]] if _track_id(video.data, box) == chosen.track_id else []
            case b"mvex":
                extends = _trex(video.data, picture, chosen.track_id, chosen.track_id)
                more = _trex(sound.data, _moov(sound.data), track.track_id, number)
                parts += [_trak(sound.data, track.track_id, number), make(b"mvex", extends, more)]
            case _:
                pass
    data = video.data[: picture.start] + make(b"moov", *parts)
    return InitSegment(data, read_tracks(data, _moov(data)))


def _moov(data: bytes) -> Box:
    """Return the moov, which is the last box of an InitSegment."""
    return next(box for box in children(data, 0, len(data)) if box.kind == b"moov")


def _track_id(data: bytes, trak: Box) -> int:
    tkhd = first(data, trak, b"tkhd")
    (track_id,) = fields(U32, data, tkhd, _track_id_at(data, tkhd))
    return track_id


def _track_id_at(data: bytes, tkhd: Box) -> int:
    """Return where the number of the track is, behind two times of 32 or 64 bits (section 8.3.2)."""
    (version,) = fields(U8, data, tkhd)
    return 20 if version == 1 else 12


def _trak(data: bytes, track_id: int, number: int) -> bytes:
    """Return the track of that number under another one."""
    trak = next(box for box in inside(data, _moov(data)) if box.kind == b"trak" and _track_id(data, box) == track_id)
    parts = []
    for box in inside(data, trak):
        at = box.body + _track_id_at(data, box) if box.kind == b"tkhd" else box.start
        replaced = U32.pack(number) if box.kind == b"tkhd" else b""
        parts.append(data[box.start : at] + replaced + data[at + len(replaced) : box.end])
    return make(b"trak", *parts)


def _trex(data: bytes, moov: Box, track_id: int, number: int) -> bytes:
    for box in inside(data, first(data, moov, b"mvex")):
        if box.kind == b"trex" and fields(U32, data, box, 4) == (track_id,):
            return data[box.start : box.body + 4] + U32.pack(number) + data[box.body + 8 : box.end]
    reason = f"has no 'trex' for track {track_id}"
    raise moov.error(reason)


def sound_ns(ticks: int, track: Track) -> int:
    """Return ticks in nanoseconds, rounded to the nearest: half a tick is less than what can be heard."""
    return (2 * ticks * _NS_PER_S + track.timescale) // (2 * track.timescale)


def sound_ticks(ns: int, track: Track) -> int:
    """Return nanoseconds in ticks of the track, rounded to the nearest."""
    return (2 * ns * track.timescale + _NS_PER_S) // (2 * _NS_PER_S)
