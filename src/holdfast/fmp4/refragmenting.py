"""A film as a fragmented MP4 file: what was written of it plays, however early it is cut off (section 8.8)."""

from collections.abc import Iterator, Sequence
from itertools import accumulate
from struct import Struct

from holdfast.fmp4.boxes import make, make_full
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.film import Chunk, Film, FilmTrack, chunks
from holdfast.fmp4.film_boxes import created, moov

_FTYP = make(b"ftyp", b"iso6", bytes(4), b"iso6", b"iso5", b"mp42", b"mp41")
_BASE_IS_MOOF = 0x020000
_ALL_COLUMNS_AND_OFFSET = 0xF01
_KEY_FRAME, _OTHER_FRAME, _SOUND_FRAME = 0x02000000, 0x01010000, 0x02000000
"""Sample flags (section 8.8.3.1): depends on no other; depends on others and is no key frame."""
_SAMPLE = Struct(">IIIi")
_HEAD = Struct(">Ii")
_ENTRY = Struct(">QQBBB")
_LONGEST = 2
"""Seconds after which a fragment ends even without a key frame."""


def fragmented_parts(film: Film, wall_start_ns: int) -> Iterator[bytes | Chunk]:
    """Yield the file: bytes as they are, and chunks to be copied from their sources. The same for the same film.

    `wall_start_ns` is when it was filmed. Raises Fmp4Error, before anything is yielded.
    """
    trex = [
        make_full(b"trex", 0, 0, Struct(">IIIII").pack(number, 1, 0, 0, 0)) for number in range(1, len(film.tracks) + 1)
    ]
    mehd = make_full(b"mehd", 1, 0, film.length.to_bytes(8, "big"))
    head = _FTYP + moov(film, created(wall_start_ns), _no_samples, make(b"mvex", mehd, *trex))
    deltas = [track.deltas() for track in film.tracks]
    if any(abs(offset) >= 1 << 31 for track in film.tracks for offset in track.samples.offsets):
        reason = "a picture is shown later than a field can say"
        raise Fmp4Error(reason, box="trun")
    return _parts(film, head, deltas)


def _no_samples(_track: FilmTrack) -> list[bytes]:
    """The tables of a `moov` that leaves everything to the fragments."""
    empty = [make_full(kind, 0, 0, bytes(4)) for kind in (b"stts", b"stsc", b"stco")]
    return [*empty, make_full(b"stsz", 0, 0, bytes(8))]


def _parts(film: Film, head: bytes, deltas: Sequence[Sequence[int]]) -> Iterator[bytes | Chunk]:
    yield head
    at = len(head)
    entries: list[bytes] = []
    video = film.video.samples
    for number, group in enumerate(_groups(film), 1):
        moof = _moof(film, deltas, group, number, 0)
        size = sum(chunk.size for chunk in group)
        moof = _moof(film, deltas, group, number, len(moof) + 8)
        first = next((chunk.first for chunk in group if chunk.track == 0), None)
        if first is not None and video.syncs[first]:
            shown = video.times[first] + video.offsets[first] - (film.video.edits[0].start or 0)
            entries.append(_ENTRY.pack(max(0, shown), at, 1, 1, 1))
        yield moof + (8 + size).to_bytes(4, "big") + b"mdat"
        yield from group
        at += len(moof) + 8 + size
    tfra = make_full(b"tfra", 1, 0, Struct(">III").pack(1, 0, len(entries)), *entries)
    whole = 8 + len(tfra) + 16
    yield make(b"mfra", tfra, make_full(b"mfro", 0, 0, whole.to_bytes(4, "big")))


def _groups(film: Film) -> Iterator[list[Chunk]]:
    """Chunks by fragment. Each begins with a key frame after a second at the earliest, or when it gets too long."""
    scale = film.timescale
    group: list[Chunk] = []
    begin = 0
    for chunk in chunks(film):
        time = film.video.samples.times[chunk.first] if chunk.track == 0 else None
        if group and time is not None:
            is_key = bool(film.video.samples.syncs[chunk.first])
            if time - begin >= (scale if is_key else _LONGEST * scale):
                yield group
                group, begin = [], time
        group.append(chunk)
    yield group


def _moof(film: Film, deltas: Sequence[Sequence[int]], group: Sequence[Chunk], number: int, media_at: int) -> bytes:
    places = list(accumulate((chunk.size for chunk in group), initial=media_at))
    trafs = []
    for index, track in enumerate(film.tracks):
        own = [(chunk, place) for chunk, place in zip(group, places, strict=False) if chunk.track == index]
        if own:
            time = track.samples.times[own[0][0].first]
            tfhd = make_full(b"tfhd", 0, _BASE_IS_MOOF, (index + 1).to_bytes(4, "big"))
            tfdt = make_full(b"tfdt", 1, 0, time.to_bytes(8, "big"))
            truns = (_trun(track, deltas[index], chunk, place) for chunk, place in own)
            trafs.append(make(b"traf", tfhd, tfdt, *truns))
    return make(b"moof", make_full(b"mfhd", 0, 0, number.to_bytes(4, "big")), *trafs)


def _trun(track: FilmTrack, deltas: Sequence[int], chunk: Chunk, place: int) -> bytes:
    samples = track.samples
    own = range(chunk.first, chunk.first + chunk.count)
    is_sound = track.track.kind == "audio"
    flags = (_SOUND_FRAME if is_sound else _KEY_FRAME if samples.syncs[n] else _OTHER_FRAME for n in own)
    rows = [
        _SAMPLE.pack(deltas[n], samples.sizes[n], flag, samples.offsets[n]) for n, flag in zip(own, flags, strict=True)
    ]
    return make_full(b"trun", 1, _ALL_COLUMNS_AND_OFFSET, _HEAD.pack(chunk.count, place), *rows)
