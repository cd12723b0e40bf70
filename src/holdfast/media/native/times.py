"""From RTP time without end to GStreamer's, which knows nothing before zero."""

from holdfast.domain.times import NS_PER_S

ORIGIN_NS = 3600 * NS_PER_S
"""Media time of a session's first frame: a camera whose times go backward a little does not get below zero."""
MOST_NS = 1 << 62
APART_NS = NS_PER_S // 90_000
"""Two frames never have one time: GStreamer's parsers take the time off the second, and a muxer ends with an error at
a frame that has none. A tick of RTP video apart, they are in order."""


class MediaTimes:
    """Of one track."""

    def __init__(self, clock_rate: int) -> None:
        """`clock_rate`: ticks per second."""
        self._clock_rate = max(1, clock_rate)
        self.base_ns: int | None = None
        """Media time of tick 0; None before the first unit."""
        self._last_ticks: int | None = None
        self._same = 0
        """How many units in a row had the time of the one before: the camera's clock stands still."""

    def at(self, ticks: int, otherwise_ns: int) -> int:
        """Media time of a unit. `otherwise_ns`: of the first one, and of one whose time lies nowhere."""
        since_ns = ticks * NS_PER_S // self._clock_rate
        if self.base_ns is None or not 0 <= self.base_ns + since_ns < MOST_NS:
            self.base_ns = otherwise_ns - since_ns
        self._same = self._same + 1 if ticks == self._last_ticks else 0
        self._last_ticks = ticks
        return self.base_ns + since_ns + self._same * APART_NS
