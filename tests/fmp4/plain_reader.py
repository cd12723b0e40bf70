"""Reads plain MP4 files by the letter of ISO/IEC 14496-12, independently of the code that writes them."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate


@dataclass(frozen=True)
class Read:
    """A sample: when it is decoded and shown in the media, where its bytes are, whether it is a key frame."""

    decoded: int
    composed: int
    data: bytes
    sync: bool


@dataclass(frozen=True)
class ReadTrack:
    handler: bytes
    timescale: int
    entry: bytes
    samples: list[Read]
    edits: list[tuple[int, int]]
    """Length in ticks of the film, and where in the media; -1: nothing is shown."""
    duration: int

    def shown(self) -> list[tuple[int, bytes]]:
        """Pictures that the edits show, with their times in ticks of the film; film and track have one clock."""
        found: list[tuple[int, bytes]] = []
        at = 0
        for length, start in self.edits:
            ordered = sorted(self.samples, key=lambda sample: sample.composed) if start >= 0 else []
            inside = (one for one in ordered if start <= one.composed < start + length)
            found.extend((at + one.composed - start, one.data) for one in inside)
            at += length
        return found


def boxes(data: bytes, at: int = 0, end: int | None = None) -> Iterator[tuple[bytes, int, int]]:
    """Kind, begin of the contents, end."""
    end = len(data) if end is None else end
    while at < end:
        size, kind = struct.unpack_from(">I4s", data, at)
        body = at + 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, body)
            body += 8
        assert at + size <= end, kind
        yield kind, body, at + size
        at += size


def find(data: bytes, path: str, at: int = 0, end: int | None = None) -> list[tuple[int, int]]:
    """Where the boxes along a path such as moov/trak lie."""
    first, _, rest = path.partition("/")
    found = [(body, stop) for kind, body, stop in boxes(data, at, end) if kind == first.encode()]
    return [place for body, stop in found for place in (find(data, rest, body, stop) if rest else [(body, stop)])]


def table(data: bytes, place: tuple[int, int], layout: str, skip: int = 4) -> list[tuple[int, ...]]:
    """Rows of a full box that begins with their number, `skip` bytes into it."""
    (count,) = struct.unpack_from(">I", data, place[0] + skip)
    rows = list(struct.iter_unpack(layout, data[place[0] + skip + 4 : place[1]]))
    assert len(rows) == count
    return rows


def tracks(data: bytes) -> list[ReadTrack]:
    return [_track(data, *place) for place in find(data, "moov/trak")]


def _edits(data: bytes, at: int, end: int) -> list[tuple[int, int]]:
    (place,) = find(data, "edts/elst", at, end)
    layout = ">QqI" if data[place[0]] == 1 else ">IiI"
    assert all(row[2] == 0x10000 for row in table(data, place, layout))
    return [(row[0], row[1]) for row in table(data, place, layout)]


def _track(data: bytes, at: int, end: int) -> ReadTrack:
    (mdhd,) = find(data, "mdia/mdhd", at, end)
    wide = data[mdhd[0]] == 1
    timescale, duration = struct.unpack_from(">IQ" if wide else ">II", data, mdhd[0] + (20 if wide else 12))
    (hdlr,) = find(data, "mdia/hdlr", at, end)
    (stbl,) = find(data, "mdia/minf/stbl", at, end)
    kinds = {kind: (body, stop) for kind, body, stop in boxes(data, *stbl)}
    entry = data[kinds[b"stsd"][0] + 8 : kinds[b"stsd"][1]]
    samples = list(_samples(data, kinds))
    return ReadTrack(data[hdlr[0] + 8 : hdlr[0] + 12], timescale, entry, samples, _edits(data, at, end), duration)


def _samples(data: bytes, kinds: dict[bytes, tuple[int, int]]) -> Iterator[Read]:
    deltas = [delta for count, delta in table(data, kinds[b"stts"], ">II") for _ in range(count)]
    decoded = list(accumulate(deltas, initial=0))[:-1]
    later = [0] * len(deltas)
    if b"ctts" in kinds:
        layout = ">Ii" if data[kinds[b"ctts"][0]] == 1 else ">II"
        later = [offset for count, offset in table(data, kinds[b"ctts"], layout) for _ in range(count)]
    sizes = [row[0] for row in table(data, kinds[b"stsz"], ">I", 8)]
    syncs = {row[0] for row in table(data, kinds[b"stss"], ">I")} if b"stss" in kinds else None
    places = _places(data, kinds, sizes)
    assert len(deltas) == len(later) == len(sizes) == len(places)
    for number, (time, offset, size, at) in enumerate(zip(decoded, later, sizes, places, strict=True), 1):
        yield Read(time, time + offset, data[at : at + size], syncs is None or number in syncs)


def _places(data: bytes, kinds: dict[bytes, tuple[int, int]], sizes: list[int]) -> list[int]:
    far = b"co64" in kinds
    chunks = [row[0] for row in table(data, kinds[b"co64" if far else b"stco"], ">Q" if far else ">I")]
    runs = table(data, kinds[b"stsc"], ">III")
    found: list[int] = []
    for number, at in enumerate(chunks, 1):
        (count,) = [count for first, count, _ in runs if first <= number][-1:]
        own = sizes[len(found) : len(found) + count]
        found.extend(accumulate(own[:-1], initial=at))
    return found
