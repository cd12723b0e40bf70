"""The beginning of a segment's file, and what is written over it when the file becomes final.

A file is `ftyp`, our stamp, `moov`, our labels, `(moof mdat)*` and, when it is final, `mfra`. Everything that
changes at the end lies in the first 512 bytes, so that one write of one sector makes a file final or leaves it as
it was. For that, `moov` is written anew, in the order mvhd, mvex, trak(tkhd, mdia(mdhd, …), edts), with 64-bit
times throughout (the 32-bit ones of ISO/IEC 14496-12 end in February 2040).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct

from holdfast.fmp4.boxes import Box, children, fields, first, inside, make, make_full, read_box, user_type
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.stamp import STAMP_BYTES, STAMP_TYPE, SegmentStamp, labels_box, stamp_box
from holdfast.fmp4.stream import Fragment, InitSegment
from holdfast.fmp4.tracks import U8, Track, read_tracks, video_track

SECTOR_BYTES = 512
"""What a disk writes as a whole: the smallest sector of any."""
MAX_HEADER_BYTES = 64 << 10
"""The decoder's configuration comes from the camera: a longer header could not be read back in one piece."""

# iso5 has default-base-is-moof, iso6 tfdt; mp42 and mp41 are for players that only look for those.
_FTYP = make(b"ftyp", b"iso6", bytes(4), b"iso6", b"iso5", b"mp42", b"mp41")
_BEGINNING = _FTYP + STAMP_BYTES.to_bytes(4, "big") + b"uuid" + STAMP_TYPE
_SECONDS_1904_TO_1970 = 2_082_844_800
_NS_PER_S = 1_000_000_000
_U64 = Struct(">Q")
_TWO_U64 = Struct(">QQ")
_ELST = Struct(">IIiHH")
_MAX_TICKS = 1 << 63
_MAX_TRACKS = 2
# Bytes between the two times and the duration: timescale, or track number and four reserved bytes.
_BETWEEN = {b"mvhd": 4, b"tkhd": 8, b"mdhd": 4}
_SIZES = {b"uuid": STAMP_BYTES, b"mvhd": 120, b"free": 20, b"mehd": 20, b"tkhd": 104, b"mdhd": 44}


@dataclass(frozen=True, slots=True)
class Patch:
    """Bytes to write at an offset of the file; both ends lie in its first sector."""

    offset: int
    data: bytes


def segment_header(
    init: InitSegment, stamp: SegmentStamp, first_fragment: Fragment, labels: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of a new file up to its first fragment.

    `first_fragment` is the one the file begins with: pictures that are shown later than they are decoded need an
    edit list, so that the first is shown at 0. Raises Fmp4Error without a video track, with more than two tracks
    (their fields would not fit into the sector), or for numbers out of range.
    """
    data = init.data
    moov = _top_box(data, b"moov")
    video = video_track(init.tracks)
    if len(init.tracks) > _MAX_TRACKS:
        reason = f"{len(init.tracks)} tracks are more than the {_MAX_TRACKS} a segment may have"
        raise moov.error(reason)
    offsets = {run.track_id: run.first_composition_offset for run in first_fragment.runs}
    created = _creation_time(stamp)
    traks = [box for box in inside(data, moov) if box.kind == b"trak"]
    pairs = sorted(zip(init.tracks, traks, strict=True), key=lambda pair: pair[0] is not video)
    header = b"".join(
        [
            _FTYP,
            stamp_box(stamp),
            make(
                b"moov",
                _with_times(data, first(data, moov, b"mvhd"), created, timescale=video.timescale),
                _mvex(data, first(data, moov, b"mvex")),
                *(_trak(data, trak, created, offsets.get(track.track_id, 0)) for track, trak in pairs),
            ),
            labels_box(labels or {}),
        ]
    )
    if len(header) > MAX_HEADER_BYTES:
        reason = f"a header of {len(header)} bytes is longer than {MAX_HEADER_BYTES}"
        raise moov.error(reason)
    _places(header)
    return header


def begins_like_segment(head: bytes) -> bool:
    """Return whether a file that begins with these bytes, however few, may be one of ours."""
    return head[: len(_BEGINNING)] == _BEGINNING[: len(head)]


def free_header(size: int) -> bytes:
    """Return the header of a free box: written over `size` unreadable bytes, at least 8, players skip them."""
    if size < 1 << 32:
        return size.to_bytes(4, "big") + b"free"
    return b"\0\0\0\1free" + size.to_bytes(8, "big")


def finish_patch(header: bytes, *, durations: Mapping[int, int], stamp: SegmentStamp) -> Patch:
    """Return what to write over the beginning of a file to make it final.

    `header` is what `segment_header` returned, or as many bytes of the file as hold it. `durations` are ticks by
    track number. `stamp` is written as it is given: set `final`, `samples` and the best known `wall_start_ns`.
    Raises Fmp4Error when the header is none of ours or a number is out of range. The same arguments give the same
    bytes, whether the header was patched before or not.
    """
    places = _places(header)
    tracks = read_tracks(header, places.moov)
    created = _creation_time(stamp)
    whole = max(_rescaled(durations.get(track.track_id, 0), track, tracks[0].timescale) for track in tracks)
    new = bytearray(header[: places.mdhd.end])
    new[places.stamp.start : places.stamp.end] = stamp_box(stamp)
    new[places.mehd.start + 4 : places.mehd.end] = b"mehd\1\0\0\0" + _U64.pack(whole)
    lead = durations.get(tracks[0].track_id, 0)
    for box, duration in ((places.mvhd, whole), (places.tkhd, whole), (places.mdhd, lead)):
        _U64.pack_into(new, _duration_at(box), duration)
        _TWO_U64.pack_into(new, box.body + 4, created, created)
    return Patch(places.stamp.start, bytes(new[places.stamp.start :]))


def rebased_moof(fragment: Fragment, bases: Mapping[int, int], sequence_number: int) -> bytes:
    """Return the moof of a fragment as it belongs into a file, of the same length.

    `bases` are the decode times, in ticks by track number, that become 0. `sequence_number` counts from 1 (section
    8.8.5). default-base-is-moof is set, which is what the offsets already mean. Raises Fmp4Error for a fragment
    before its base or of a track without one.
    """
    moof = bytearray(fragment.data[: fragment.moof_bytes])
    top = next(children(moof, 0, len(moof)))
    if not 0 <= sequence_number < 1 << 32:
        reason = f"sequence number {sequence_number} does not fit"
        raise top.error(reason)
    number_at = first(moof, top, b"mfhd").body + 4
    moof[number_at : number_at + 4] = sequence_number.to_bytes(4, "big")
    for traf, run in zip((box for box in inside(moof, top) if box.kind == b"traf"), fragment.runs, strict=True):
        time = run.decode_time - bases.get(run.track_id, run.decode_time + 1)
        if time < 0:
            reason = f"track {run.track_id} is at {run.decode_time}, before the base of its file"
            raise traf.error(reason)
        moof[first(moof, traf, b"tfhd").body + 1] |= 0x02
        tfdt = first(moof, traf, b"tfdt")
        width = 8 if moof[tfdt.body] == 1 else 4
        moof[tfdt.body + 4 : tfdt.body + 4 + width] = time.to_bytes(width, "big")
    return bytes(moof)


def rebase(fragment: Fragment, bases: Mapping[int, int], sequence_number: int) -> bytes:
    """Return a whole fragment as it belongs into a file: `rebased_moof` and the mdat behind it."""
    return rebased_moof(fragment, bases, sequence_number) + fragment.data[fragment.moof_bytes :]


@dataclass(frozen=True, slots=True)
class _Places:
    """The boxes of a header in which something is patched, all in version 1."""

    stamp: Box
    moov: Box
    mvhd: Box
    mehd: Box
    tkhd: Box
    mdhd: Box


def _places(header: bytes) -> _Places:
    moov = _top_box(header, b"moov")
    stamp = _top_box(header, b"uuid")
    trak = first(header, moov, b"trak")
    places = _Places(
        stamp=stamp,
        moov=moov,
        mvhd=first(header, moov, b"mvhd"),
        mehd=next(inside(header, first(header, moov, b"mvex")), moov),
        tkhd=first(header, trak, b"tkhd"),
        mdhd=first(header, first(header, trak, b"mdia"), b"mdhd"),
    )
    if user_type(header, stamp) != STAMP_TYPE or places.mehd.kind not in (b"free", b"mehd"):
        reason = "is not the beginning of a segment of ours"
        raise stamp.error(reason)
    changed = (stamp, places.mvhd, places.mehd, places.tkhd, places.mdhd)
    for box in changed:
        if box.end > SECTOR_BYTES:
            reason = f"ends at byte {box.end}, behind the first sector"
            raise box.error(reason)
        if box.end - box.start != _SIZES[box.kind] or (box is not stamp and header[box.body] != 1):
            reason = "is not as a segment of ours has it"
            raise box.error(reason)
    return places


def _top_box(data: bytes, kind: bytes) -> Box:
    """Return the first box of that kind in the beginning of a file, however much of the file there is."""
    at = 0
    while (box := read_box(data, at, len(data))) is not None and box.end <= len(data):
        if box.kind == kind:
            return box
        at = box.end
    reason = f"there is no whole {kind.decode()!r}"
    raise Fmp4Error(reason, offset=at)


def _creation_time(stamp: SegmentStamp) -> int:
    """Return the wall start as the boxes count: seconds since 1904."""
    return stamp.wall_start_ns // _NS_PER_S + _SECONDS_1904_TO_1970


def _rescaled(ticks: int, track: Track, timescale: int) -> int:
    """Return a length in ticks of another timescale, rounded up. Raises Fmp4Error when it is out of range."""
    if not 0 <= ticks < _MAX_TICKS // timescale:
        reason = f"track {track.track_id} cannot be {ticks} ticks long"
        raise Fmp4Error(reason)
    return -(-ticks * timescale // track.timescale)


def _duration_at(box: Box) -> int:
    return box.body + 4 + _TWO_U64.size + _BETWEEN[box.kind]


def _with_times(data: bytes, box: Box, created: int, *, timescale: int | None = None) -> bytes:
    """Return mvhd, tkhd or mdhd in version 1, created at `created`, with a duration of 0."""
    (version,) = fields(U8, data, box)
    times_bytes, duration_bytes = (16, 8) if version == 1 else (8, 4)
    begin = box.body + 4 + times_bytes
    rest = begin + _BETWEEN[box.kind] + duration_bytes
    size = 8 + 4 + _TWO_U64.size + _BETWEEN[box.kind] + _U64.size + max(0, box.end - rest)
    if size != _SIZES[box.kind]:
        reason = f"has {box.end - box.start} bytes in version {version}"
        raise box.error(reason)
    between = data[begin : begin + _BETWEEN[box.kind]] if timescale is None else timescale.to_bytes(4, "big")
    flags = int.from_bytes(data[box.body + 1 : box.body + 4], "big")
    times = _TWO_U64.pack(created, created)
    return make_full(box.kind, 1, flags, times, between, bytes(_U64.size), data[rest : box.end])


def _mvex(data: bytes, mvex: Box) -> bytes:
    # A duration that is not known is no mehd at all (section 8.8.2.1): a free box keeps its place.
    parts = [make_full(b"free", 1, 0, bytes(_U64.size))]
    parts += [data[box.start : box.end] for box in inside(data, mvex) if box.kind == b"trex"]
    return make(b"mvex", *parts)


def _trak(data: bytes, trak: Box, created: int, shown_later: int) -> bytes:
    mdia = first(data, trak, b"mdia")
    parts = [_with_times(data, first(data, mdia, b"mdhd"), created)]
    parts += [data[box.start : box.end] for box in inside(data, mdia) if box.kind != b"mdhd"]
    tkhd = _with_times(data, first(data, trak, b"tkhd"), created)
    return make(b"trak", tkhd, make(b"mdia", *parts), *_edit_list(shown_later))


def _edit_list(media_time: int) -> tuple[bytes, ...]:
    """Return an edit list that begins the presentation at a composition time, in ticks (section 8.6.6).

    A length of 0 in a fragmented file means: to the end, fragments included.
    """
    if media_time <= 0:
        return ()
    return (make(b"edts", make_full(b"elst", 0, 0, _ELST.pack(1, 0, media_time, 1, 0))),)
