"""A fragment in whose middle a key frame lies becomes two, of which the second begins with it.

A muxer that is told to end puts the last frame into the fragment before it, also when that frame is a key frame.
Whoever tells key frames by the begins of fragments would not see it: it could neither be the end of one session's
footage nor be recognised as what another session has as well.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from struct import Struct

from holdfast.fmp4.boxes import children, fields, first, inside, make, make_full
from holdfast.fmp4.fragments import Samples, read_runs, read_samples
from holdfast.fmp4.stream import Fragment
from holdfast.fmp4.tracks import U32, Track

_BASE_IS_MOOF = 0x020000
_ALL_COLUMNS = 0xF00
_HAS_OFFSET = 0x01
_SAMPLE = Struct(">IIIi")
_U64 = Struct(">Q")
_I32 = Struct(">i")
_SEQUENCE_AT = 4


@dataclass(frozen=True, slots=True)
class _Part:
    """Samples of one track, one after the other, and their bytes."""

    track_id: int
    decode_time: int
    samples: Samples
    media: bytes


def split_at_sync(fragment: Fragment, tracks: Sequence[Track]) -> tuple[Fragment, ...]:
    """Return the fragments in which every key frame of the video comes first; mostly that is the fragment itself.

    Other tracks stay whole, in the first of them. Raises Fmp4Error when the fragment is none of these tracks.
    """
    video = fragment.video
    if video is None or video.sync_count == video.starts_with_sync:
        return (fragment,)
    by_id = {track.track_id: track for track in tracks}
    moof = next(children(fragment.data, 0, len(fragment.data)))
    (sequence,) = fields(U32, fragment.data, first(fragment.data, moof, b"mfhd"), _SEQUENCE_AT)
    media = range(moof.end, len(fragment.data))
    trafs = [traf for traf in inside(fragment.data, moof) if traf.kind == b"traf"]
    parts: list[_Part] = []
    tails: list[_Part] = []
    for run, traf in zip(fragment.runs, trafs, strict=True):
        samples = read_samples(fragment.data, traf, media, by_id)
        whole = _Part(run.track_id, run.decode_time, samples, b"".join(_bytes_of(fragment.data, samples)))
        if run is video:
            head, *tails = _cut(whole)
            parts.append(head)
        else:
            parts.append(whole)
    groups = [parts, *([tail] for tail in tails)]
    return tuple(_fragment(sequence + number, group, by_id) for number, group in enumerate(groups))


def _bytes_of(data: bytes, samples: Samples) -> list[bytes]:
    return [data[at : at + size] for at, size in zip(samples.places, samples.sizes, strict=True)]


def _cut(whole: _Part) -> list[_Part]:
    """The part, cut before each key frame but the one that it may begin with."""
    samples = whole.samples
    count = len(samples.sizes)
    cuts = [0, *(n for n in range(1, count) if samples.is_sync(n)), count]
    times = list(accumulate(samples.durations, initial=whole.decode_time))
    ends = list(accumulate(samples.sizes, initial=0))
    return [
        _Part(whole.track_id, times[begin], samples.part(begin, end), whole.media[ends[begin] : ends[end]])
        for begin, end in pairwise(cuts)
    ]


def _fragment(sequence: int, parts: Sequence[_Part], tracks: Mapping[int, Track]) -> Fragment:
    """Box up these parts."""
    size = len(_moof(sequence, parts, 0))
    moof = _moof(sequence, parts, size + 8)
    data = moof + make(b"mdat", *(part.media for part in parts))
    runs = read_runs(data, next(children(data, 0, size)), range(size + 8, len(data)), tracks)
    return Fragment(data, size, runs)


def _moof(sequence: int, parts: Sequence[_Part], media_at: int) -> bytes:
    trafs = []
    for part in parts:
        samples = part.samples
        rows = zip(samples.durations, samples.sizes, samples.flags, samples.offsets, strict=True)
        head = U32.pack(len(samples.sizes)) + _I32.pack(media_at)
        trun = make_full(b"trun", 1, _HAS_OFFSET | _ALL_COLUMNS, head, *(_SAMPLE.pack(*row) for row in rows))
        tfhd = make_full(b"tfhd", 0, _BASE_IS_MOOF, U32.pack(part.track_id))
        tfdt = make_full(b"tfdt", 1, 0, _U64.pack(part.decode_time))
        trafs.append(make(b"traf", tfhd, tfdt, trun))
        media_at += len(part.media)
    return make(b"moof", make_full(b"mfhd", 0, 0, U32.pack(sequence)), *trafs)
