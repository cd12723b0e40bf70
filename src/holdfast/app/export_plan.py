"""What an export is made of: which stretch of which file, looked up in the catalog and read from the files' indexes."""

import contextlib
import errno
import os
import resource
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from holdfast.app.language import say
from holdfast.app.problems import Exit, Problem
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.fmp4.codecs import decoder_key
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.excerpt import Excerpt, excerpt
from holdfast.fmp4.film import Film, FilmPiece, join
from holdfast.fmp4.reading import HEAD_BYTES, read_header
from holdfast.fmp4.samples import SegmentMedia, read_media
from holdfast.fmp4.tracks import Track
from holdfast.policy.exporting import UNREADABLE, Missing
from holdfast.ports.catalog import CatalogReads
from holdfast.storage.film_files import Source

LOOKS = 3
"""How often the catalog is asked again when a file is not where it says: it may just be moved or deleted."""
_JOIN_SLACK_NS = NS_PER_S
Places = Mapping[str, Path | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be exported of one stream: half-open, in wall time."""

    camera: str
    stream: str
    from_ns: WallNs
    to_ns: WallNs
    sound: bool = True


@dataclass(slots=True)
class Take:
    """What one file contributes."""

    record: SegmentRecord
    source: Source
    media: SegmentMedia
    shown: Excerpt

    @property
    def video(self) -> Track:
        """The track of the picture."""
        return self.media.header.video

    def wall_ns(self, time: int) -> WallNs:
        """When the picture of this composition time was taken."""
        return WallNs(self.record.wall_start_ns + (time - self.media.origin) * NS_PER_S // self.video.timescale)

    @property
    def span(self) -> tuple[int, int]:
        """From when to when its pictures were taken."""
        return self.wall_ns(self.shown.shown_from), self.wall_ns(self.shown.shown_to)


@dataclass(slots=True)
class Found:
    """What there is of a stream in a range. `unreadable`: what the catalog knows, and what could not be read."""

    wanted: Wanted
    takes: list[Take] = field(default_factory=list)
    unreadable: list[Missing] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Planned:
    """A file to write."""

    wanted: Wanted
    film: Film
    takes: Sequence[Take]

    @property
    def sources(self) -> list[Source]:
        """The files that it is copied from, by number."""
        return [take.source for take in self.takes]


def find(reader: CatalogReads, places: Places, wanted: Wanted, held: contextlib.ExitStack) -> Found:
    """Look up what there is, and open it: `held` closes it. Raises CatalogError, Problem."""
    found = Found(wanted)
    before: list[SegmentRecord] = []
    sources: dict[tuple[str, str], Source] = {}
    for _ in range(LOOKS):
        records = list(reader.segments(wanted.camera, stream=wanted.stream, from_ns=wanted.from_ns, to_ns=wanted.to_ns))
        found.unreadable = []
        for record in records:
            if (record.volume, record.path) not in sources:
                _hold(record, places, wanted, found, sources, held)
        if not found.unreadable or records == before:
            break
        before = records
    for record in records:
        source = sources.get((record.volume, record.path))
        if source is not None:
            _take(record, source, found)
    return found


def _hold(
    record: SegmentRecord,
    places: Places,
    wanted: Wanted,
    found: Found,
    sources: dict[tuple[str, str], Source],
    held: contextlib.ExitStack,
) -> None:
    place = places.get(record.volume)
    if place is None:
        away = _unreadable(
            record, wanted, f"The volume {record.volume} is not there, and {record.path} on it was not exported."
        )
        found.unreadable.append(away)
        return
    try:
        source = Source(place / record.path, most_bytes=record.keep_bytes)
    except OSError as error:
        if error.errno == errno.EMFILE:
            sentence = "The range has more files than a process may open. Export it in parts, or raise `ulimit -n`."
            raise Problem(Exit.INCOMPLETE, say(sentence)) from error
        path, reason = place / record.path, error.strerror or str(error)
        found.unreadable.append(
            _unreadable(record, wanted, f"{path} could not be read ({reason}), and was not exported.")
        )
        return
    sources[record.volume, record.path] = source
    held.callback(source.close)


def _take(record: SegmentRecord, source: Source, found: Found) -> None:
    """Read what of the file is wanted, and add it."""
    wanted = found.wanted
    try:
        media = _media(record, source, wanted)
    except (OSError, Fmp4Error) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        found.unreadable.append(
            _unreadable(record, wanted, f"{source.path} could not be read ({reason}), and was not exported.")
        )
        return
    begin, end = _ticks(record, media, wanted)
    last = found.takes[-1] if found.takes else None
    continues = last is not None and _is_next(last, record)
    shown = excerpt(media.video, begin + media.origin, end + media.origin, continues=continues)
    if shown is None:
        return
    take = Take(record, source, media, shown)
    if last is not None and continues:
        _close_seam(last, take)
    found.takes.append(take)


def _media(record: SegmentRecord, source: Source, wanted: Wanted) -> SegmentMedia:
    """The samples of the range. Raises OSError, Fmp4Error."""
    scale = read_header(source.read_at(0, HEAD_BYTES)).video.timescale
    begin, end = (_to_ticks(moment - record.wall_start_ns, scale) for moment in (wanted.from_ns, wanted.to_ns))
    media = read_media(source.read_at, source.size, begin, end)
    for track in media.header.tracks:
        # Raises for an entry of which nobody could say whether a decoder can go on with it.
        decoder_key(track.sample_entry)
    return media


def _ticks(record: SegmentRecord, media: SegmentMedia, wanted: Wanted) -> tuple[int, int]:
    scale = media.header.video.timescale
    return (
        _to_ticks(wanted.from_ns - record.wall_start_ns, scale),
        _to_ticks(wanted.to_ns - record.wall_start_ns, scale),
    )


def _to_ticks(length_ns: int, timescale: int) -> int:
    """Rounded up: a picture is in a half-open range when its tick is."""
    return -(-length_ns * timescale // NS_PER_S)


def _is_next(last: Take, record: SegmentRecord) -> bool:
    """Whether this file goes on where the one before ends, of which everything up to its end is shown."""
    is_whole = last.shown.hidden_after == 0 and last.shown.samples.places[-1] == last.media.video.places[-1]
    return is_whole and (last.record.run_id, last.record.ordinal + 1) == (record.run_id, record.ordinal)


def _close_seam(last: Take, take: Take) -> None:
    """Two files of one session are apart by what their stamps say; the last picture lasts up to the next one."""
    one, other = last.media.header.stamp, take.media.header.stamp
    if one is None or other is None or one.session != other.session or last.video.timescale != take.video.timescale:
        return
    meets = other.media_start - one.media_start + take.media.origin
    is_near = abs(meets - last.shown.shown_to) * NS_PER_S <= _JOIN_SLACK_NS * take.video.timescale
    if is_near and take.shown.hidden_before == 0 and meets > max(last.shown.samples.shown()):
        last.shown = replace(last.shown, shown_to=meets)


def _unreadable(record: SegmentRecord, wanted: Wanted, sentence: str) -> Missing:
    is_open = record.state is SegmentState.OPEN
    end_ns = wanted.to_ns if is_open else min(wanted.to_ns, record.wall_end_ns)
    begin_ns = max(wanted.from_ns, record.wall_start_ns)
    return Missing(from_ns=WallNs(begin_ns), to_ns=WallNs(end_ns), cause=UNREADABLE, sentence=sentence)


def _kind(take: Take, *, sound: bool) -> tuple[object, object]:
    """What one track must have in common: of the picture, and of the sound (None: it has none)."""
    video, heard = take.video, take.media.sound_track if sound else None
    of_sound = None if heard is None else (decoder_key(heard.sample_entry), heard.timescale)
    return (decoder_key(video.sample_entry), video.timescale), of_sound


def groups(takes: Iterable[Take], *, sound: bool) -> Iterator[list[Take]]:
    """Takes that one file can hold, in order. Raises Fmp4Error."""
    group: list[Take] = []
    video: object = None
    heard: object = None
    for take in takes:
        of_video, of_sound = _kind(take, sound=sound)
        differs = of_video != video or (heard is not None and of_sound is not None and of_sound != heard)
        if group and differs:
            yield group
            group, heard = [], None
        video, heard = of_video, of_sound if of_sound is not None else heard
        group.append(take)
    if group:
        yield group


def film_of(takes: Sequence[Take], *, sound: bool) -> Film:
    """One film of these. Raises Fmp4Error."""
    tracks = (take.media.sound_track for take in takes if sound)
    heard = next((track for track in tracks if track is not None), None)
    pieces = [
        FilmPiece(number, take.shown, take.media.origin, take.media.sound if heard is not None else None)
        for number, take in enumerate(takes)
    ]
    return join(takes[0].video, heard, pieces)


def open_many() -> None:
    """Let this process hold as many files open as the system allows it."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def is_inside(path: Path, folders: Iterable[Path]) -> Path | None:
    """The first of these folders that the path lies in."""
    real = Path(os.path.realpath(path))
    for folder in folders:
        if real.is_relative_to(os.path.realpath(folder)):
            return folder
    return None
