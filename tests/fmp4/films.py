"""Films made by the code under test from made-up pieces, and the bytes of their files."""

from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from random import Random

from holdfast.fmp4.excerpt import Excerpt, excerpt
from holdfast.fmp4.film import Chunk, Film, FilmPiece, join
from holdfast.fmp4.samples import SampleTable
from holdfast.fmp4.tracks import Defaults, Track
from tests.fmp4.builder import audio_entry, visual_entry

TICK = 6000
FRAME = 1024
WALL_NS = 1_700_000_000_000_000_000
VIDEO = Track(1, "video", 90000, "avc1.640028", 320, 240, visual_entry(), Defaults())
SOUND = Track(2, "audio", 16000, "mp4a.40.2", 0, 0, audio_entry(), Defaults())
PLAIN: tuple[int, ...] = ()
B_PICTURES = (0, 3, 1, 2, 6, 4, 5)
"""A closed group in decoding order, by the order of showing."""


def pictures(groups: int, group: Sequence[int] = PLAIN, length: int = 7, *, later: int | None = None) -> SampleTable:
    """Groups of pictures: of `group`, or of `length` that are shown as they are decoded."""
    places = list(group) or list(range(length))
    delay = 2 * bool(group) if later is None else later
    table = SampleTable()
    for number in range(groups * len(places)):
        base, place = divmod(number, len(places))
        table.times.append(TICK * number)
        table.durations.append(TICK)
        table.offsets.append(TICK * (base * len(places) + places[place] + delay - number))
        table.sizes.append(40 + number % 7)
        table.places.append(1000 + 50 * number)
        table.syncs.append(place == 0)
    return table


def sound(frames: int, first: int = 0) -> SampleTable:
    times = array("q", [first + FRAME * n for n in range(frames)])
    places = array("q", [100_000 + 9 * n for n in range(frames)])
    even = array("q", [FRAME] * frames)
    return SampleTable(times, even, array("q", [0] * frames), array("q", [9] * frames), places, bytearray([1]) * frames)


def part(table: SampleTable, begin: int, end: int) -> Excerpt:
    """The pictures that are shown in this time, counted in pictures."""
    found = excerpt(table, begin * TICK, end * TICK)
    assert found is not None
    return found


@cache
def source(number: int) -> bytes:
    """A file to copy from, different wherever one looks."""
    return Random(number).randbytes(110_000)


def assemble(parts: Iterable[bytes | Chunk], sources: Sequence[bytes]) -> bytes:
    return b"".join(
        one if isinstance(one, bytes) else sources[one.source][one.place : one.place + one.size] for one in parts
    )


def file_of(film: Film, make: Callable[[Film, int], Iterator[bytes | Chunk]], count: int = 1) -> bytes:
    return assemble(make(film, WALL_NS), [source(number) for number in range(count)])


def film_of(*videos: Excerpt, sounds: Sequence[SampleTable | None] = (), origin: int = 0) -> Film:
    pieces = [
        FilmPiece(number, video, origin, sounds[number] if sounds else None) for number, video in enumerate(videos)
    ]
    return join(VIDEO, SOUND if sounds else None, pieces)
