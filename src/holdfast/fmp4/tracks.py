"""What a `moov` box says about its tracks (ISO/IEC 14496-12, sections 8.2 to 8.5 and 8.8)."""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import Literal, TypeAlias

from holdfast.fmp4.boxes import Box, Buffer, fields, first, inside
from holdfast.fmp4.codecs import codec_name
from holdfast.fmp4.errors import Fmp4Error

TrackKind: TypeAlias = Literal["video", "audio", "other"]

U8 = Struct(">B")
U32 = Struct(">I")
_HANDLER = Struct(">I")
_TREX = Struct(">4xI4xIII")
_SIZE = Struct(">HH")
_EDIT_32 = Struct(">4xi")
_EDIT_64 = Struct(">8xq")
_KINDS: Mapping[int, TrackKind] = {
    int.from_bytes(b"vide"): "video",
    int.from_bytes(b"soun"): "audio",
}
_STSD_FIELDS_BYTES = 8
_NS_PER_S = 1_000_000_000
_TURNS: Mapping[tuple[int, ...], int] = {(0, 1, -1, 0): 90, (-1, 0, 0, -1): 180, (0, -1, 1, 0): 270}
_MATRIX = Struct(">ii4xii")
_ONE = 1 << 16
MAX_TRACKS = 16


@dataclass(frozen=True, slots=True)
class Defaults:
    """What a sample is when its fragment does not say (section 8.8.3): ticks, bytes, sample flags."""

    duration: int = 0
    size: int = 0
    flags: int = 0


@dataclass(frozen=True, slots=True)
class Track:
    """One track. `timescale` is in ticks per second, `width` and `height` in pixels (0 for sound).

    `codec` is an RFC 6381 name. `sample_entry` is the whole first sample entry with the decoder's configuration:
    two sessions whose entries are equal can be decoded by one decoder. `edit_start` is the composition time, in ticks,
    at which the presentation begins (section 8.6.6).
    """

    track_id: int
    kind: TrackKind
    timescale: int
    codec: str
    width: int
    height: int
    sample_entry: bytes
    defaults: Defaults
    turned: int = 0
    """By so many degrees, clockwise, pictures are to be turned to be seen upright: 0, 90, 180 or 270."""
    edit_start: int = 0

    def to_ns(self, ticks: int) -> int:
        """Return a time of this track in nanoseconds, rounded down."""
        return ticks * _NS_PER_S // self.timescale


def read_tracks(data: Buffer, moov: Box) -> tuple[Track, ...]:
    """Return the tracks of a `moov` box, in file order. Raises Fmp4Error; no track at all is one, too."""
    traks = [box for box in inside(data, moov) if box.kind == b"trak"]
    if not 0 < len(traks) <= MAX_TRACKS:
        reason = f"has {len(traks)} tracks, not 1 to {MAX_TRACKS}"
        raise moov.error(reason)
    defaults = _read_defaults(data, moov)
    tracks = tuple(_read_track(data, trak, defaults) for trak in traks)
    if len({track.track_id for track in tracks}) < len(tracks):
        reason = "has two tracks with one number"
        raise moov.error(reason)
    return tracks


def _read_defaults(data: Buffer, moov: Box) -> dict[int, Defaults]:
    found = {}
    mvex = first(data, moov, b"mvex")
    for box in inside(data, mvex):
        if box.kind == b"trex":
            track_id, duration, size, flags = fields(_TREX, data, box)
            found[track_id] = Defaults(duration, size, flags)
    return found


def _read_track(data: Buffer, trak: Box, defaults: Mapping[int, Defaults]) -> Track:
    mdia = first(data, trak, b"mdia")
    tkhd = first(data, trak, b"tkhd")
    track_id = _after_times(data, tkhd)
    mdhd = first(data, mdia, b"mdhd")
    timescale = _after_times(data, mdhd)
    if timescale == 0:
        reason = "has a timescale of 0"
        raise mdhd.error(reason)
    if track_id not in defaults:
        reason = f"track {track_id} has no 'trex': the file is not fragmented"
        raise trak.error(reason)
    (handler,) = fields(_HANDLER, data, first(data, mdia, b"hdlr"), 8)
    kind = _KINDS.get(handler, "other")
    stbl = first(data, first(data, mdia, b"minf"), b"stbl")
    stsd = first(data, stbl, b"stsd")
    entry = next(inside(data, stsd, _STSD_FIELDS_BYTES), None)
    if entry is None:
        reason = "has no sample entry"
        raise stsd.error(reason)
    width, height = fields(_SIZE, data, entry, 24) if kind == "video" else (0, 0)
    codec = codec_name(data, entry)
    sample_entry = bytes(data[entry.start : entry.end])
    start, turned = _edit_start(data, trak), _turned(data, tkhd)
    return Track(track_id, kind, timescale, codec, width, height, sample_entry, defaults[track_id], turned, start)


def _edit_start(data: Buffer, trak: Box) -> int:
    """Return where the first edit begins in the media; 0 without one, and for one of nothing."""
    edts = next((box for box in inside(data, trak) if box.kind == b"edts"), None)
    if edts is None:
        return 0
    elst = first(data, edts, b"elst")
    (version,) = fields(U8, data, elst)
    (count,) = fields(U32, data, elst, 4)
    (start,) = fields(_EDIT_64 if version == 1 else _EDIT_32, data, elst, 8) if count else (0,)
    return max(0, start)


def _after_times(data: Buffer, box: Box) -> int:
    """Return the field behind creation and modification time, which are 32 or 64 bits wide."""
    (version,) = fields(U8, data, box)
    (value,) = fields(U32, data, box, 20 if version == 1 else 12)
    return value


def _turned(data: Buffer, tkhd: Box) -> int:
    """What the matrix of a track says (sections 8.3.2 and 6.2.2). One that is no quarter turns is not followed."""
    (version,) = fields(U8, data, tkhd)
    at = 52 if version == 1 else 40
    if tkhd.body + at + _MATRIX.size > tkhd.end:
        return 0
    return _TURNS.get(tuple(value // _ONE for value in fields(_MATRIX, data, tkhd, at)), 0)


def video_track(tracks: tuple[Track, ...]) -> Track:
    """Return the first video track. Raises Fmp4Error when there is none."""
    for track in tracks:
        if track.kind == "video":
            return track
    reason = "there is no video track"
    raise Fmp4Error(reason, box="moov")
