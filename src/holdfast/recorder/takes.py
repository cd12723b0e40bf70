"""From a take's bytes to fragments with times: media time, and the host's wall time by the media clock."""

from dataclasses import dataclass, field

from holdfast.domain.times import NS_PER_MS, NS_PER_S, PtsNs, WallNs
from holdfast.fmp4.splitting import split_at_sync
from holdfast.fmp4.stream import Fragment, FragmentSplitter, InitSegment, Trailer
from holdfast.policy.media_clock import MediaClock
from holdfast.policy.segmenting import MAX_SEGMENT_NS, FragmentInfo
from holdfast.ports.capture import TakeOpened
from holdfast.ports.clock import Clock

SETTLED_NS = 10 * NS_PER_S
"""After so much media time the least delay is known well enough to date a segment's first frame."""
TIGHT_NS = NS_PER_MS
MOST_FRAGMENT_NS = 3600 * NS_PER_S
"""A camera that paused for longer has lost its connection long before."""
MOST_AWAY_NS = 24 * 3600 * NS_PER_S
"""No frame is that old, or that far in the future."""
READINGS = 8


@dataclass(slots=True)
class OpenTake:
    """One take while its bytes arrive."""

    opened: TakeOpened
    splitter: FragmentSplitter = field(default_factory=FragmentSplitter)
    init: InitSegment | None = None
    base_ns: int | None = None
    """Media time of decode time 0."""
    reorder_ns: int = 0
    """How much later a key frame is shown than it is decoded: no other frame is shown more than this too early."""

    @property
    def id(self) -> tuple[int, int]:
        """(session, take)."""
        return self.opened.session, self.opened.take

    def feed(self, data: bytes | memoryview) -> list[Fragment]:
        """The fragments that are whole now; key frames are at their begins only. Raises Fmp4Error."""
        fragments: list[Fragment] = []
        for piece in self.splitter.feed(data):
            match piece:
                case InitSegment():
                    self.init = piece
                case Fragment():
                    fragments += split_at_sync(piece, self.init.tracks if self.init else ())
                case Trailer():
                    pass
        return fragments

    def times_ns(self, fragment: Fragment) -> tuple[PtsNs, PtsNs]:
        """Media time of the fragment's begin and end: a key frame's is when it is shown, not when it is decoded.

        The muxer counts from 0 at the take's first frame, of which the worker told the media time. With B-frames, one
        that is shown up to `reorder_ns` before the end may be in the next fragment.
        """
        run = fragment.video
        assert run is not None
        assert self.init is not None
        track = self.init.video
        if self.base_ns is None:
            self.base_ns = self.opened.first_pts_ns - track.to_ns(run.decode_time)
            self.reorder_ns = track.to_ns(max(0, run.first_composition_offset))
        start_ns = self.base_ns + track.to_ns(run.decode_time)
        return PtsNs(start_ns), PtsNs(self.base_ns + track.to_ns(run.end_time))


@dataclass(slots=True)
class SessionClock:
    """The media clock of the current session, and the host's clocks beside it."""

    clock: Clock
    session: int = 0
    media: MediaClock = field(default_factory=MediaClock)
    began_ns: int | None = None
    """When the first frame of the session was seen."""

    @property
    def age_ns(self) -> int:
        """How long ago that was; 0 when nothing was seen yet."""
        return 0 if self.began_ns is None else self.clock.mono_ns() - self.began_ns

    def observe(self, session: int, pts_ns: int, arrival_ns: int) -> None:
        """A frame of this session arrived. A new session begins anew: its media time has another origin."""
        if session != self.session:
            self.session, self.media, self.began_ns = session, MediaClock(), self.clock.mono_ns()
        self.media = self.media.observed(PtsNs(pts_ns), arrival_ns)  # type: ignore[arg-type] # MonoNs comes as int

    def begin_anew(self) -> None:
        """Media time broke."""
        self.media = MediaClock()

    def wall_offset_ns(self) -> int:
        """What the wall clock is ahead of the monotonic one at present.

        Two clocks are never read at once: a process that is preempted between them would be as wrong as it slept long.
        """
        readings = (self._read_both() for _ in range(READINGS))
        best = next(readings)
        while best[0] > TIGHT_NS and (reading := next(readings, None)) is not None:
            best = min(best, reading)
        return best[1]

    def _read_both(self) -> tuple[int, int]:
        """How long it took to read both clocks, and what the wall clock was ahead."""
        before_ns = self.clock.mono_ns()
        wall_ns = self.clock.wall_ns()
        took_ns = self.clock.mono_ns() - before_ns
        return took_ns, wall_ns - before_ns - took_ns // 2

    def wall_of(self, pts_ns: PtsNs, wall_offset_ns: int | None = None) -> WallNs:
        """When the frame of this media time was taken, by the wall clock as it is now (or was, with its offset)."""
        offset_ns = self.wall_offset_ns() if wall_offset_ns is None else wall_offset_ns
        if self.media.delay_ns is None:
            return WallNs(self.clock.mono_ns() + offset_ns)
        return WallNs(max(0, self.media.mono_of(pts_ns) + offset_ns))

    def pts_now(self) -> PtsNs | None:
        """The media time of what happens now, or None when nothing was seen yet."""
        return None if self.media.delay_ns is None else self.media.pts_of(self.clock.mono_ns())


def describe(index: int, take: OpenTake, fragment: Fragment, clock: SessionClock) -> FragmentInfo:
    """The fragment as the segmenter sees it."""
    start_ns, end_ns = take.times_ns(fragment)
    wall_ns = clock.wall_of(start_ns)
    now_ns = clock.clock.wall_ns()
    return FragmentInfo(
        index=index,
        take=take.id,
        start_ns=start_ns,
        end_ns=end_ns,
        is_sync=fragment.starts_with_sync,
        size_bytes=len(fragment.data),
        wall_ns=wall_ns,
        # No calendar knows the times of a camera that lies.
        utc_offset_s=clock.clock.utc_offset_s(wall_ns if abs(wall_ns - now_ns) <= MOST_AWAY_NS else now_ns),
    )


def impossible(info: FragmentInfo, now_wall_ns: WallNs, segment_start_ns: PtsNs | None) -> str | None:
    """Why the times of a fragment cannot be true, or None.

    A camera whose times lie would have files that are days long, or from another century: no field holds that.
    `segment_start_ns`: media time at which the open segment began.
    """
    if not 0 <= info.end_ns - info.start_ns <= MOST_FRAGMENT_NS:
        return f"a fragment of {(info.end_ns - info.start_ns) // NS_PER_S} s"
    if abs(info.wall_ns - now_wall_ns) > MOST_AWAY_NS:
        return f"a frame {(info.wall_ns - now_wall_ns) // NS_PER_S} s from now"
    if segment_start_ns is not None and info.end_ns - segment_start_ns > MAX_SEGMENT_NS + MOST_FRAGMENT_NS:
        return f"a frame {(info.end_ns - segment_start_ns) // NS_PER_S} s behind the begin of its file"
    return None
