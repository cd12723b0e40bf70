"""A film as a plain MP4 file: its index first, then the media (ISO/IEC 14496-12, sections 8.6 and 8.7)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby
from struct import Struct

from holdfast.fmp4.boxes import make, make_full
from holdfast.fmp4.film import Chunk, Film, FilmTrack, chunks
from holdfast.fmp4.film_boxes import created, moov

_FTYP = make(b"ftyp", b"isom", (0x200).to_bytes(4, "big"), b"isom", b"iso2", b"mp41", b"mp42")
_PAIR, _SIGNED_PAIR, _TRIPLE = Struct(">II"), Struct(">Ii"), Struct(">III")
_MDAT_BYTES = 16
_FAR = (1 << 32) - (64 << 20)
"""From this size of a file on, offsets of chunks take 64 bits."""


def plain_parts(film: Film, wall_start_ns: int) -> Iterator[bytes | Chunk]:
    """Yield the file: bytes as they are, and chunks to be copied from their sources. The same for the same film.

    `wall_start_ns` is when it was filmed. Raises Fmp4Error, before anything is yielded.
    """
    order = list(chunks(film))
    head = _head(film, order, created(wall_start_ns))
    return _parts(head, order)


def _parts(head: bytes, order: Iterable[Chunk]) -> Iterator[bytes | Chunk]:
    yield head
    yield from order


def _head(film: Film, order: Sequence[Chunk], created_s: int) -> bytes:
    size = sum(chunk.size for chunk in order)
    tables = [_tables(track, [c for c in order if c.track == n]) for n, track in enumerate(film.tracks)]
    index_bytes = sum(len(part) for parts in tables for part in parts) + 16 * len(order)
    is_far = size + index_bytes >= _FAR
    empty = _moov(film, order, created_s, tables, 0, is_far=is_far)
    at = len(_FTYP) + len(empty) + _MDAT_BYTES
    # Always in 64 bits, so that the header has one length.
    mdat = (1).to_bytes(4, "big") + b"mdat" + (_MDAT_BYTES + size).to_bytes(8, "big")
    return _FTYP + _moov(film, order, created_s, tables, at, is_far=is_far) + mdat


def _moov(
    film: Film, order: Sequence[Chunk], created_s: int, tables: Sequence[list[bytes]], at: int, *, is_far: bool
) -> bytes:
    """The index of a file whose media begin at byte `at`."""
    places: list[list[int]] = [[] for _ in film.tracks]
    for chunk in order:
        places[chunk.track].append(at)
        at += chunk.size
    by_track = {id(track): number for number, track in enumerate(film.tracks)}

    def of(track: FilmTrack) -> list[bytes]:
        number = by_track[id(track)]
        return [*tables[number], _offsets(places[number], is_far=is_far)]

    return moov(film, created_s, of)


def _offsets(places: Sequence[int], *, is_far: bool) -> bytes:
    kind, letter = (b"co64", "Q") if is_far else (b"stco", "I")
    return make_full(kind, 0, 0, Struct(f">I{len(places)}{letter}").pack(len(places), *places))


def _tables(track: FilmTrack, order: Sequence[Chunk]) -> list[bytes]:
    """All about the samples but where their chunks are."""
    samples = track.samples
    sizes = Struct(f">II{len(samples)}I").pack(0, len(samples), *samples.sizes)
    found = [_runs(b"stts", 0, track.deltas(), _PAIR)]
    if any(samples.offsets):
        is_signed = min(samples.offsets) < 0
        found.append(_runs(b"ctts", int(is_signed), samples.offsets, _SIGNED_PAIR if is_signed else _PAIR))
    keys = [number for number, is_key in enumerate(samples.syncs, 1) if is_key]
    if len(keys) < len(samples):
        found.append(make_full(b"stss", 0, 0, Struct(f">I{len(keys)}I").pack(len(keys), *keys)))
    return [*found, _stsc(order), make_full(b"stsz", 0, 0, sizes)]


def _runs(kind: bytes, version: int, values: Iterable[int], layout: Struct) -> bytes:
    """A table of (how many in a row, value)."""
    rows = [layout.pack(sum(1 for _ in group), value) for value, group in groupby(values)]
    return make_full(kind, version, 0, len(rows).to_bytes(4, "big"), *rows)


def _stsc(order: Sequence[Chunk]) -> bytes:
    """How many samples each chunk has, where that changes."""
    rows: list[bytes] = []
    last = None
    for number, chunk in enumerate(order, 1):
        if chunk.count != last:
            rows.append(_TRIPLE.pack(number, chunk.count, 1))
            last = chunk.count
    return make_full(b"stsc", 0, 0, len(rows).to_bytes(4, "big"), *rows)
