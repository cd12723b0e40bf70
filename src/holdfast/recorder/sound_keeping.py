"""The sound of one session: held as long as its picture is, and written into the files of the picture.

The picture decides alone what a file is. What is here is asked by nobody whether a frame may be recorded.
"""

import logging
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field

from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_MS, NS_PER_S
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.sound import SoundFrames, sound_frames, sound_ns, sound_ticks, sound_track
from holdfast.fmp4.stream import FragmentSplitter, InitSegment, Trailer
from holdfast.fmp4.tracks import Track
from holdfast.policy.renewing import may_renew
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from holdfast.ports.volumes import Writer
from holdfast.recorder.segment_writing import SegmentInWriting, SoundPiece
from holdfast.recorder.takes import SessionClock

LOG = logging.getLogger("holdfast.recording")
MOST_BYTES = 4 << 20
"""Of AAC in a minute there are 0.5 MB; a camera that floods shall not push its own picture out of memory."""
AHEAD_NS = 2 * NS_PER_S
"""Sound that is said to be made so much later than now is nonsense."""
ALONE_NS = 3 * NS_PER_S
"""Kept while there is no picture yet: its first fragment comes later than its sound."""
SLACK_NS = 5 * NS_PER_MS
FLOWS_NS = 3 * NS_PER_S // 2
"""Sound that was heard of this lately is on its way."""


@dataclass(slots=True)
class _OpenTake:
    opened: TakeOpened
    splitter: FragmentSplitter = field(default_factory=FragmentSplitter)
    track: Track | None = None
    base_ns: int | None = None
    """Media time of the picture at tick 0."""


class SoundKeeper:
    """Owns what is held. `renew` asks for a new file at the next key frame."""

    def __init__(self, stream: StreamId, writer: Writer, clock: SessionClock, renew: Callable[[], None]) -> None:
        """There is no sound yet; mostly there never will be."""
        self.init: InitSegment | None = None
        """What the next file's track of sound is made from."""
        self.size_bytes = 0
        self.written_at_ns: int | None = None
        self._stream, self._writer, self._clock, self._renew = stream, writer, clock, renew
        self._track: Track | None = None
        self._take: _OpenTake | None = None
        self._pieces: list[SoundPiece] = []
        self._writing: list[SegmentInWriting] = []
        self._broke_at_ns = 0
        self._heard_at_ns = 0
        self._renewed_at_ns: int | None = None
        self._newest: SegmentInWriting | None = None

    # ------------------------------------------------------------ what the camera delivers

    def take_opened(self, opened: TakeOpened) -> None:
        """A take begins; one from before the times of the picture broke is of no use."""
        self._take = _OpenTake(opened) if opened.arrival_ns >= self._broke_at_ns else None

    def take_bytes(self, arrived: TakeBytes) -> None:
        """The next bytes of the current take. What is no sound ends it."""
        take = self._take
        if take is None or take.opened.take != arrived.take:
            return
        self._heard_at_ns = self._clock.clock.mono_ns()
        try:
            self._feed(take, arrived.data)
        except Fmp4Error as error:
            self._take = None
            LOG.debug("%s: the muxer of the sound wrote something that is no fragment: %s", self._stream, error)
        self.write()

    def take_closed(self, closed: TakeClosed) -> None:
        """No more comes of it."""
        if self._take is not None and self._take.opened.take == closed.take:
            self._take = None

    def broke(self, at_ns: int) -> None:
        """The times of the picture broke with a frame that arrived at this moment: the others are of no use."""
        self.write()
        self._broke_at_ns = at_ns
        self._take = None
        self._pieces.clear()
        self.size_bytes = 0

    def _feed(self, take: _OpenTake, data: bytes | memoryview) -> None:
        for piece in take.splitter.feed(data):
            if isinstance(piece, InitSegment):
                take.track = sound_track(piece)
                self._learn(piece, take.track)
            elif not isinstance(piece, Trailer) and take.track is not None:
                for frames in sound_frames(piece, take.track):
                    self._add(take, take.track, frames)

    def _learn(self, init: InitSegment, track: Track) -> None:
        if self._track is None or not _is_same(self._track, track):
            self.init, self._track = init, track
        self._renew_if_needed()

    def _renew_if_needed(self) -> None:
        """The newest file goes on until the next key frame; it cannot take this sound."""
        newest = self._newest
        fits = newest is None or self._fits(newest)
        now_ns = self._clock.clock.mono_ns()
        if self._track is not None and not fits and may_renew(now_ns, self._renewed_at_ns):
            self._renewed_at_ns = now_ns
            self._renew()

    def _add(self, take: _OpenTake, track: Track, frames: SoundFrames) -> None:
        if take.base_ns is None:
            take.base_ns = take.opened.first_pts_ns - sound_ns(frames.ticks, track)
        now_ns = self._clock.pts_now()
        start_ns = take.base_ns + sound_ns(frames.ticks, track)
        if now_ns is not None and start_ns > now_ns + AHEAD_NS:
            return
        rest: SoundFrames | None = frames
        if self._pieces and start_ns < self._pieces[-1].end_ns - SLACK_NS:
            # Two takes overlap, or the times went back: what is there stays.
            rest = frames.between(sound_ticks(self._pieces[-1].end_ns - take.base_ns, track), frames.end_ticks)
        if rest is not None:
            piece = SoundPiece(rest, track, take.base_ns)
            self._pieces.append(piece)
            self.size_bytes += piece.size_bytes
            self.shrink(MOST_BYTES)

    # ------------------------------------------------------------ files

    def begun(self, segment: SegmentInWriting) -> None:
        """A file was begun. It takes sound if it has a track for it."""
        if segment.sound is None:
            # What does not fit into a file now does not fit into the next one either.
            self.init = self._track = None
        self._newest = segment
        if segment.sound is not None:
            self._writing.append(segment)

    def write(self) -> None:
        """Write what is there and belongs to the open files: what began before the last of their pictures ended."""
        for segment in self._writing:
            assert segment.sound is not None
            first = bisect_right(self._pieces, segment.sound.next_ns, key=lambda piece: piece.end_ns)
            for piece in self._pieces[first:]:
                if piece.start_ns >= segment.end_ns:
                    break
                order = segment.append_sound(piece) if _is_same(segment.sound.track, piece.track) else None
                if order is not None:
                    self.written_at_ns = self._clock.clock.mono_ns()
                    self._writer.order(order)

    def is_awaited(self, segment: SegmentInWriting) -> bool:
        """Whether sound of a file's last moments is on its way."""
        if segment.sound is None or self._take is None or segment not in self._writing:
            return False
        is_there = bool(self._pieces) and self._pieces[-1].end_ns >= segment.end_ns
        return not is_there and self._clock.clock.mono_ns() - self._heard_at_ns < FLOWS_NS

    def done(self, segment: SegmentInWriting) -> None:
        """The file takes no more."""
        if segment in self._writing:
            self._writing.remove(segment)
        if self._newest is segment:
            self._newest = None

    # ------------------------------------------------------------ memory

    def release(self, oldest_ns: int | None) -> None:
        """Drop what no picture is held for any more. `oldest_ns`: where the oldest begins; None: there is none."""
        if not self._pieces:
            return
        edge_ns = self._pieces[-1].end_ns - ALONE_NS if oldest_ns is None else oldest_ns
        self._drop(bisect_right(self._pieces, edge_ns, key=lambda piece: piece.end_ns))

    def shrink(self, limit_bytes: int) -> None:
        """Drop the oldest until the limit is kept."""
        excess, count = self.size_bytes - limit_bytes, 0
        while excess > 0 and count < len(self._pieces):
            excess -= self._pieces[count].size_bytes
            count += 1
        self._drop(count)

    def tick(self) -> None:
        """Let time pass."""
        self._renew_if_needed()

    def _drop(self, count: int) -> None:
        if count:
            self.size_bytes -= sum(piece.size_bytes for piece in self._pieces[:count])
            del self._pieces[:count]

    def _fits(self, segment: SegmentInWriting) -> bool:
        sound = segment.sound
        return sound is not None and self._track is not None and _is_same(sound.track, self._track)


def _is_same(one: Track, other: Track) -> bool:
    """Whether one decoder and one clock do for both."""
    return one.sample_entry == other.sample_entry and one.timescale == other.timescale
