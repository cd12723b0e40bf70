"""The host's clocks and chance, as adapters."""

import time

from holdfast.domain.times import NS_PER_S, MonoNs, WallNs


class SystemClock:
    """Implements `ports.clock.Clock`."""

    def mono_ns(self) -> MonoNs:
        """CLOCK_MONOTONIC."""
        return MonoNs(time.monotonic_ns())

    def wall_ns(self) -> WallNs:
        """CLOCK_REALTIME."""
        return WallNs(time.time_ns())

    def utc_offset_s(self, wall_ns: WallNs) -> int:
        """Seconds that local time is ahead of UTC at that moment."""
        return time.localtime(wall_ns // NS_PER_S).tm_gmtoff
