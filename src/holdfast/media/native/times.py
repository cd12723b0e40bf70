"""From RTP time without end to GStreamer's, which knows nothing before zero."""

from holdfast.domain.times import NS_PER_S

ORIGIN_NS = 3600 * NS_PER_S
"""Media time of a session's first frame: a camera whose times go backward a little does not get below zero."""
MOST_NS = 1 << 62


class MediaTimes:
    """Of one track."""

    def __init__(self, clock_rate: int) -> None:
        """`clock_rate`: ticks per second."""
        self._clock_rate = max(1, clock_rate)
        self.base_ns: int | None = None
        """Media time of tick 0; None before the first unit."""

    def at(self, ticks: int, otherwise_ns: int) -> int:
        """Media time of a unit. `otherwise_ns`: of the first one, and of one whose time lies nowhere."""
        since_ns = ticks * NS_PER_S // self._clock_rate
        if self.base_ns is None or not 0 <= self.base_ns + since_ns < MOST_NS:
            self.base_ns = otherwise_ns - since_ns
        return self.base_ns + since_ns
