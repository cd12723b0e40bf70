"""The host's clocks, as the recorder asks for them."""

from typing import Protocol

from holdfast.domain.times import MonoNs, WallNs


class Clock(Protocol):
    """Reads the clocks of this machine."""

    def mono_ns(self) -> MonoNs:
        """CLOCK_MONOTONIC."""

    def wall_ns(self) -> WallNs:
        """CLOCK_REALTIME; may jump."""

    def utc_offset_s(self, wall_ns: WallNs) -> int:
        """Seconds that local time is ahead of UTC at that moment."""
