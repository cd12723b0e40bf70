"""The host's clocks, set by the test."""

from dataclasses import dataclass

from holdfast.domain.times import NS_PER_S, MonoNs, WallNs


@dataclass
class FakeClock:
    """Stands still until `advance`; the wall clock may `jump`."""

    at_ns: int = 1_000 * NS_PER_S
    wall_ahead_ns: int = 1_700_000_000 * NS_PER_S
    offset_s: int = 3600

    def mono_ns(self) -> MonoNs:
        return MonoNs(self.at_ns)

    def wall_ns(self) -> WallNs:
        return WallNs(self.at_ns + self.wall_ahead_ns)

    def utc_offset_s(self, wall_ns: WallNs) -> int:
        return self.offset_s

    def advance(self, seconds: float) -> None:
        self.at_ns += round(seconds * NS_PER_S)

    def jump(self, seconds: float) -> None:
        self.wall_ahead_ns += round(seconds * NS_PER_S)
