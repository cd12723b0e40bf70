"""One segment while it is written: which bytes go to the file, and what its catalog row says."""

import contextlib
from dataclasses import dataclass, field, replace
from uuid import UUID

from holdfast.domain.segments import MAIN_VOLUME, SegmentRecord, SegmentState
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_MS, PtsNs, WallNs
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.index import IndexBuilder
from holdfast.fmp4.segment import finish_patch, rebased_moof, segment_header
from holdfast.fmp4.sound import SoundFrames, sound_moof, sound_ns, sound_ticks, sound_track, with_sound
from holdfast.fmp4.stamp import SegmentStamp
from holdfast.fmp4.stream import Fragment, InitSegment
from holdfast.fmp4.tracks import Track
from holdfast.policy.naming import segment_path
from holdfast.policy.segmenting import EndReason, FragmentInfo
from holdfast.ports.volumes import AppendData, Created, CreateSegment, FinishSegment
from holdfast.recorder.takes import SETTLED_NS, SessionClock

NAMES_TRIED = 50
WORTH_TELLING_NS = 10 * NS_PER_MS
SLACK = 500
"""A part of a second by which two takes of sound may overlap, as rounding makes them."""


@dataclass(slots=True)
class SoundPiece:
    """Frames of sound of one take. `base_ns` is the media time of the picture at tick 0 of their track."""

    frames: SoundFrames
    track: Track
    base_ns: int
    start_ns: int = field(init=False)
    end_ns: int = field(init=False)

    def __post_init__(self) -> None:
        """Both ends, by the clock of the picture."""
        self.start_ns = self.base_ns + sound_ns(self.frames.ticks, self.track)
        self.end_ns = self.base_ns + sound_ns(self.frames.end_ticks, self.track)

    @property
    def size_bytes(self) -> int:
        """What it holds of memory, all but exactly."""
        return len(self.frames.data) + 64 * len(self.frames.sizes)


@dataclass(slots=True)
class SoundInWriting:
    """The track of sound in a file. What begins before `next_ns` was written, or will not be."""

    track: Track
    next_ns: int
    end_ticks: int = 0
    fragments: int = 0


@dataclass(slots=True)
class SegmentInWriting:
    """A segment from its first fragment to its last."""

    key: int
    stream: StreamId
    init: InitSegment
    first: FragmentInfo
    header: bytes
    stamp: SegmentStamp
    wall_offset_ns: int
    """What the wall clock was ahead of the monotonic one when the segment began: a later jump does not touch it."""
    index: IndexBuilder
    bases: dict[int, int]
    end_ns: PtsNs
    path: str = ""
    volume: str = MAIN_VOLUME
    home: str = ""
    """The volume that it belongs on, when it is written to another one."""
    keep_bytes: int | None = None
    """What counts of a file that could not be cut yet; None: all."""
    is_catalogued: bool = False
    size_bytes: int = 0
    is_settled: bool = False
    end_reason: EndReason | None = None
    frames_kept: int | None = None
    """Frames of a file that was cut; None: all."""
    sound: SoundInWriting | None = None
    """None: the file has no track for it."""
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of each fragment that is still held, by its index: where it begins in the file, and frames before it."""
    _told_wall_ns: int = field(init=False)

    def __post_init__(self) -> None:
        """The catalog is told of its first date when the file is there."""
        self._told_wall_ns = self.stamp.wall_start_ns

    def append(self, info: FragmentInfo, fragment: Fragment, clock: SessionClock) -> AppendData:
        """The order that writes the next fragment."""
        self.places[info.index] = self.size_bytes, self.index.samples
        self.index.add(fragment.runs, self.size_bytes)
        number = self.index.fragments + (0 if self.sound is None else self.sound.fragments)
        moof = rebased_moof(fragment, self.bases, number)
        self.size_bytes += len(fragment.data)
        self.end_ns = info.end_ns
        if not self.is_settled:
            self.is_settled = info.start_ns - self.first.start_ns >= SETTLED_NS
            self._date(clock)
        return AppendData(self.key, moof, info.index, memoryview(fragment.data)[fragment.moof_bytes :])

    def append_sound(self, piece: SoundPiece) -> AppendData | None:
        """The order that writes those of these frames that begin before the end of the last picture, if any."""
        sound = self.sound
        assert sound is not None
        origin = sound_ticks(piece.base_ns - self.first.start_ns, sound.track)
        begin = sound.end_ticks - origin - sound.track.timescale // SLACK
        frames = piece.frames.between(begin, sound_ticks(self.end_ns - self.first.start_ns, sound.track) - origin)
        if frames is None:
            return None
        sound.fragments += 1
        at = max(sound.end_ticks, frames.ticks + origin)
        moof = sound_moof(frames, sound.track.track_id, at, self.index.fragments + sound.fragments)
        sound.end_ticks = at + frames.end_ticks - frames.ticks
        sound.next_ns = self.first.start_ns + sound_ns(sound.end_ticks, sound.track)
        self.size_bytes += len(moof) + len(frames.data)
        return AppendData(self.key, moof, self.last_index, frames.data)

    @property
    def last_index(self) -> int:
        """Of the last fragment of the picture: what is behind it is safe when it is."""
        return next(reversed(self.places), -1)

    def finish(self, clock: SessionClock) -> FinishSegment:
        """The order that makes the file final."""
        if not self.is_settled:
            self._date(clock)
        self.stamp = replace(self.stamp, samples=self.index.samples, final=True)
        patch = finish_patch(self.header, durations=self.index.durations, stamp=self.stamp)
        return FinishSegment(self.key, self.index.mfra(), patch.offset, patch.data)

    def offset_of(self, info: FragmentInfo) -> int:
        """Where a fragment that is still held begins in the file; 0 for the first, with which the file ends."""
        return 0 if info.index <= self.first.index else self.places[info.index][0]

    def kept_up_to(self, again: FragmentInfo | None) -> int:
        """How many bytes of the file count when this fragment, and all that follows, is written again elsewhere."""
        return self.size_bytes if again is None else self.offset_of(again)

    def cut(self, again: FragmentInfo | None) -> None:
        """Count no longer what is written again elsewhere: this fragment, and all that followed in this file."""
        self.end_reason = EndReason.WRITE_FAILED
        if again is not None:
            self.end_ns = again.start_ns
            self.frames_kept = self.places[again.index][1]

    def forget_before(self, index: int) -> None:
        """Forget the places of fragments that are not held any more: they will never be written again."""
        while self.places and (oldest := next(iter(self.places))) < index:
            del self.places[oldest]

    def record(self, state: SegmentState, size_bytes: int) -> SegmentRecord:
        """The catalog's row."""
        video = self.init.video
        return SegmentRecord(
            path=self.path,
            camera=self.stream.camera,
            stream=self.stream.stream,
            run_id=str(self.stamp.run_id),
            session=self.stamp.session,
            ordinal=self.stamp.ordinal,
            wall_start_ns=WallNs(self.stamp.wall_start_ns),
            duration_ns=max(0, self.end_ns - self.first.start_ns),
            pts_start_ns=self.first.start_ns,
            size_bytes=size_bytes,
            codec=video.codec,
            width=video.width,
            height=video.height,
            frames=self.index.samples if self.frames_kept is None else self.frames_kept,
            state=state,
            end_reason=self.end_reason,
            volume=self.volume,
            home=self.home,
            keep_bytes=self.keep_bytes if state is SegmentState.OPEN else None,
        )

    def created(self, answer: Created) -> None:
        """The file is there."""
        self.path, self.volume, self.home = answer.path, answer.volume, answer.home

    def take_news(self) -> bool:
        """Whether it is dated otherwise than when this was asked last: the catalog should know, should we be killed."""
        is_news = abs(self.stamp.wall_start_ns - self._told_wall_ns) >= WORTH_TELLING_NS
        if is_news:
            self._told_wall_ns = self.stamp.wall_start_ns
        return is_news

    def _date(self, clock: SessionClock) -> None:
        """Date the first frame again, now that more arrivals were seen."""
        if clock.session == self.stamp.session:
            wall_ns = clock.wall_of(self.first.start_ns, self.wall_offset_ns)
            self.stamp = replace(self.stamp, wall_start_ns=wall_ns)


def begin_segment(
    key: int,
    stream: StreamId,
    init: InitSegment,
    first: tuple[FragmentInfo, Fragment],
    run: tuple[UUID, int],
    clock: SessionClock,
    sound: InitSegment | None = None,
) -> tuple[SegmentInWriting, CreateSegment]:
    """A new segment and the order that creates its file. `run` is (run id, ordinal). Raises Fmp4Error.

    `sound`: what its track of sound is made from; None, or something that does not fit into a file: it has none.
    """
    tracks = init
    if sound is not None:
        with contextlib.suppress(Fmp4Error):
            tracks = with_sound(init, sound)
    info, fragment = first
    bases = {r.track_id: r.decode_time for r in fragment.runs}
    video = fragment.video
    stamp = SegmentStamp(
        wall_start_ns=info.wall_ns,
        run_id=run[0],
        session=info.take[0],
        ordinal=run[1],
        media_start=video.decode_time if video is not None else 0,
    )
    header = segment_header(tracks, stamp, fragment, {"camera": stream.camera, "stream": stream.stream})
    segment = SegmentInWriting(
        key, stream, init, info, header, stamp, clock.wall_offset_ns(), IndexBuilder(bases), bases, info.start_ns
    )
    segment.size_bytes = len(header)
    if tracks is not init:
        segment.sound = SoundInWriting(sound_track(tracks), info.start_ns)
    camera = stream.camera if stream.stream == "main" else f"{stream.camera}_{stream.stream}"
    paths = tuple(segment_path(camera, info.wall_ns, info.utc_offset_s, n) for n in range(1, NAMES_TRIED + 1))
    return segment, CreateSegment(key, paths, header)
