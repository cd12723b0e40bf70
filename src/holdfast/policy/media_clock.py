"""When a frame was taken, by the host's clock: a minimum-delay filter over arrivals.

A frame can be late but never early, so the smallest difference between arrival and media time seen lately is the best
guess of when media time zero was. Late packets do not bend it; the window follows a camera whose clock drifts.
"""

from dataclasses import dataclass

from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs

WINDOW_NS = 120 * NS_PER_S
BUCKET_NS = 10 * NS_PER_S


@dataclass(frozen=True, slots=True)
class MediaClock:
    """Maps one session's media time to the host's monotonic time."""

    buckets: tuple[tuple[int, int], ...] = ()
    """(arrival at the bucket's first sample, least delay in it), oldest first; at most WINDOW_NS / BUCKET_NS + 1."""

    def observed(self, pts_ns: PtsNs, arrival_ns: MonoNs) -> "MediaClock":
        """The clock after a frame of media time `pts_ns` arrived."""
        delay_ns = arrival_ns - pts_ns
        kept = tuple(b for b in self.buckets if arrival_ns - b[0] <= WINDOW_NS)
        if kept and arrival_ns - kept[-1][0] < BUCKET_NS:
            last = kept[-1]
            return MediaClock((*kept[:-1], (last[0], min(last[1], delay_ns))))
        return MediaClock((*kept, (arrival_ns, delay_ns)))

    @property
    def delay_ns(self) -> int | None:
        """Monotonic time at media time zero, or None before the first frame."""
        return min((delay for _, delay in self.buckets), default=None)

    def mono_of(self, pts_ns: PtsNs) -> MonoNs:
        """When the frame of this media time was taken. Raises ValueError before the first observation."""
        delay_ns = self.delay_ns
        if delay_ns is None:
            raise ValueError("no frame was observed yet")
        return MonoNs(pts_ns + delay_ns)

    def pts_of(self, at_ns: MonoNs) -> PtsNs:
        """The media time of what happens at `at_ns`. Raises ValueError before the first observation."""
        return PtsNs(at_ns - self.mono_of(PtsNs(0)))
