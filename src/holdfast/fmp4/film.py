"""One film out of excerpts of many files: when each sample is decoded and shown in it, and in which order they lie.

A gap takes no time in it: what was recorded behind it follows what was recorded before. Pictures that must be decoded
and not be shown lie outside of the edits (ISO/IEC 14496-12, section 8.6.6).
"""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import merge
from itertools import pairwise

from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.excerpt import Excerpt, heard
from holdfast.fmp4.samples import SampleTable
from holdfast.fmp4.tracks import Track

MAX_FILM_SAMPLES = 8_000_000
"""In one track: more than three days at 30 frames per second."""
_CHUNK_BYTES = 4 << 20
_NS_PER_S = 1_000_000_000
_MAX_DELTA = 1 << 32


@dataclass(frozen=True, slots=True)
class FilmPiece:
    """What one file contributes. `origin` is the composition time at which its sound is at 0; `source` its number."""

    source: int
    video: Excerpt
    origin: int
    sound: SampleTable | None = None


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch that is shown: its length in ticks of the film, and where it begins in ticks of the track.

    `start` None: nothing is shown for so long.
    """

    length: int
    start: int | None


@dataclass(slots=True)
class FilmTrack:
    """A track of the film. `sources` says in which file each sample lies; `edits` what is shown of it."""

    track: Track
    samples: SampleTable = field(default_factory=SampleTable)
    sources: "array[int]" = field(default_factory=lambda: array("l"))
    edits: tuple[Edit, ...] = ()

    def deltas(self) -> list[int]:
        """How long each sample lasts: up to the next one. Raises Fmp4Error when a field cannot hold it."""
        times = self.samples.times
        found = [later - time for time, later in pairwise(times)] + list(self.samples.durations[-1:])
        if found and not 0 <= min(found) <= max(found) < _MAX_DELTA:
            reason = "a sample lasts longer than a file can say"
            raise Fmp4Error(reason, box="stts")
        return found

    @property
    def length(self) -> int:
        """From the first decode time, which is 0, to the end of the last sample, in ticks."""
        return self.samples.end


@dataclass(frozen=True, slots=True)
class Film:
    """Tracks of a film; times of the film are in ticks of the video track. `starts`: when each piece is shown."""

    video: FilmTrack
    sound: FilmTrack | None
    starts: tuple[int, ...]

    @property
    def tracks(self) -> tuple[FilmTrack, ...]:
        """The picture, and the sound if there is any."""
        return (self.video,) if self.sound is None else (self.video, self.sound)

    @property
    def timescale(self) -> int:
        """Ticks of the film per second."""
        return self.video.track.timescale

    @property
    def length(self) -> int:
        """How long it is shown, in ticks."""
        return sum(edit.length for edit in self.video.edits)


@dataclass(frozen=True, slots=True)
class Chunk:
    """Samples of a track (by its place in `Film.tracks`) that lie in one piece in their file."""

    track: int
    first: int
    count: int
    source: int
    place: int
    size: int


def join(video: Track, sound: Track | None, pieces: Sequence[FilmPiece]) -> Film:
    """Return one film of these pieces, at least one, in this order. `sound` None: without.

    The tracks are those of every piece, as far as a decoder cares. Raises Fmp4Error for a film that is too long.
    """
    if sum(len(piece.video.samples) for piece in pieces) > MAX_FILM_SAMPLES:
        reason = f"there are more than {MAX_FILM_SAMPLES} pictures in one file"
        raise Fmp4Error(reason, box="stsz")
    starts = [0]
    for piece in pieces:
        starts.append(starts[-1] + piece.video.shown_to - piece.video.shown_from)
    pictures = _join_video(video, pieces)
    heard_track = None if sound is None else _join_sound(sound, video, pieces, starts)
    return Film(pictures, heard_track, tuple(starts[:-1]))


def _join_video(track: Track, pieces: Sequence[FilmPiece]) -> FilmTrack:
    film = FilmTrack(track)
    edits: list[Edit] = []
    free, latest, is_clean = 0, 0, False
    for piece in pieces:
        one, samples = piece.video, piece.video.samples
        shown = samples.shown()
        length = one.shown_to - one.shown_from
        # The earliest at which it can be shown: behind what is decoded, and behind what is shown.
        earliest = max(free + one.shown_from - samples.times[0], latest + one.shown_from - min(shown))
        end = edits[-1].length + (edits[-1].start or 0) if edits else 0
        if edits and is_clean and not one.hidden_before and end >= free + one.shown_from - samples.times[0]:
            start = end
            edits[-1] = Edit(edits[-1].length + length, edits[-1].start)
        else:
            start = earliest
            edits.append(Edit(length, start))
        shift = start - one.shown_from
        _append(film, samples, piece.source, shift)
        free = film.samples.times[-1] + 1
        latest = max(max(shown) + shift + 1, start + length)
        is_clean = not one.hidden_after
    film.edits = tuple(edits)
    return film


def _append(film: FilmTrack, samples: SampleTable, source: int, shift: int) -> None:
    into = film.samples
    into.times.extend(time + shift for time in samples.times)
    into.durations.extend(samples.durations)
    into.offsets.extend(samples.offsets)
    into.sizes.extend(samples.sizes)
    into.places.extend(samples.places)
    into.syncs.extend(samples.syncs)
    film.sources.extend([source] * len(samples))


def _join_sound(track: Track, video: Track, pieces: Sequence[FilmPiece], starts: Sequence[int]) -> FilmTrack | None:
    film = FilmTrack(track)

    def ticks(time: int) -> int:
        return (2 * time * track.timescale + video.timescale) // (2 * video.timescale)

    for piece, start in zip(pieces, starts, strict=False):
        if piece.sound is None:
            continue
        begin = ticks(piece.video.shown_from - piece.origin)
        end = ticks(piece.video.shown_to - piece.origin)
        found = heard(piece.sound, begin, end, warm_up=not len(film.samples))
        _append_sound(film, found, piece.source, ticks(start) - begin)
        if len(film.samples) > MAX_FILM_SAMPLES:
            reason = f"there are more than {MAX_FILM_SAMPLES} frames of sound in one file"
            raise Fmp4Error(reason, box="stsz")
    if not len(film.samples):
        return None
    _edit_sound(film, starts[-1], video.timescale)
    return film


def _append_sound(film: FilmTrack, found: SampleTable, source: int, shift: int) -> None:
    """Append frames where they belong; what is there already gives way to a frame that begins in its first half.

    The last frames of a take have no length of their own, and all the same time: they follow one another as far as
    there is room before the next take.
    """
    into = film.samples
    usual = sorted(found.durations)[len(found) // 2] if len(found) else 0
    before, is_short = None, False
    for number, (time, duration) in enumerate(zip(found.times, found.durations, strict=True)):
        at = time + shift
        if is_short and time == before:
            at = into.times[-1] + usual
        while len(into) and at < into.times[-1] + max(1, into.durations[-1] // 2):
            _drop_last(film)
        before, is_short = time, duration * 2 < usual
        into.times.append(at)
        into.durations.append(usual if is_short else duration)
        into.offsets.append(0)
        into.sizes.append(found.sizes[number])
        into.places.append(found.places[number])
        into.syncs.append(1)
        film.sources.append(source)


def _drop_last(film: FilmTrack) -> None:
    samples = film.samples
    for column in (samples.times, samples.durations, samples.offsets, samples.sizes, samples.places, samples.syncs):
        column.pop()
    film.sources.pop()


def _edit_sound(film: FilmTrack, length: int, timescale: int) -> None:
    """Let the track begin at decode time 0, and be heard when it should. `length` is that of the film."""
    times = film.samples.times
    begin = times[0]
    film.samples.times = array("q", [time - begin for time in times])
    late = max(0, begin) * timescale // film.track.timescale
    there = (film.samples.end - max(0, -begin)) * timescale // film.track.timescale
    heard_for = Edit(max(1, min(length - late, there)), max(0, -begin))
    film.edits = (Edit(late, None), heard_for) if late > 0 else (heard_for,)


def chunks(film: Film) -> Iterator[Chunk]:
    """Yield what the film is made of in the order in which it is to lie in the file: by time, at most 1 s apart."""
    lanes = [_timed_chunks(track, number, film) for number, track in enumerate(film.tracks)]
    for _, chunk in merge(*lanes, key=lambda pair: pair[0]):
        yield chunk


def _timed_chunks(track: FilmTrack, number: int, film: Film) -> Iterator[tuple[int, Chunk]]:
    samples, sources, scale = track.samples, track.sources, track.track.timescale
    begin, size, count = 0, 0, len(samples)
    # The picture's times count from its first edit, those of the sound from where it is heard.
    first = track.edits[0].start
    zero = first if first is not None else -(track.edits[0].length * scale // film.timescale)
    for at in range(count):
        size += samples.sizes[at]
        following = at + 1
        ends = (
            following == count
            or samples.places[following] != samples.places[at] + samples.sizes[at]
            or sources[following] != sources[at]
            or samples.times[following] - samples.times[begin] >= scale
            or size + samples.sizes[following] > _CHUNK_BYTES
            or (number == 0 and bool(samples.syncs[following]))
        )
        if ends:
            time_ns = (samples.times[begin] - zero) * _NS_PER_S // scale
            yield time_ns, Chunk(number, begin, following - begin, sources[begin], samples.places[begin], size)
            begin, size = following, 0
