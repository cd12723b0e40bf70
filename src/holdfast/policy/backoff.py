"""How long to wait before the next try."""

from dataclasses import dataclass

from holdfast.domain.faults import FaultKind

SELDOM = frozenset({FaultKind.AUTHENTICATION})
"""Faults after which quick tries do harm: cameras lock accounts (requirement C6)."""

SLOW = frozenset({FaultKind.NO_VIDEO, FaultKind.ELEMENT_MISSING, FaultKind.BAD_ADDRESS, FaultKind.CERTIFICATE_CHANGED})
"""Faults that quick tries do not end."""

AT_ONCE = frozenset(
    {
        FaultKind.WORKER_DIED,
        FaultKind.WORKER_HUNG,
        FaultKind.WORKER_MEMORY,
        FaultKind.TRANSPORT,
        FaultKind.NOT_UNDERSTOOD,
    }
)
"""Faults of our own, and those after which something else is tried: the first try need not wait."""


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff with jitter: at most `min(base·2ⁿ, cap)` seconds (requirement C1)."""

    base_s: float = 0.5
    cap_s: float = 60.0
    own_cap_s: float = 5.0
    """For faults of our own."""
    busy_cap_s: float = 10.0
    """For a camera that is busy: it is there, and lets go of an old session after a minute at the latest."""
    seldom_base_s: float = 40.0
    seldom_cap_s: float = 300.0

    def delay_s(self, failures: int, kind: FaultKind, *, chance: float) -> float:
        """Seconds to wait after `failures` (≥ 1) failures in a row; `chance` in [0, 1) spreads cameras apart.

        The jitter only ever shortens, by up to a third: the limit stays a limit.
        """
        if kind in AT_ONCE:
            return 0.0 if failures <= 1 else min(self.base_s * 2.0 ** min(failures - 1, 30), self.own_cap_s)
        base_s, cap_s = (self.seldom_base_s, self.seldom_cap_s) if kind in SELDOM else (self.base_s, self.cap_s)
        if kind is FaultKind.BUSY:
            base_s, cap_s = max(1.0, self.base_s), min(self.busy_cap_s, self.cap_s)
        exponent = min(max(failures, 1) - 1, 30)
        return min(base_s * 2.0**exponent, cap_s) * (1 - chance / 3)
