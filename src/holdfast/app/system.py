"""The host's clocks and chance, as adapters."""

import contextlib
import ctypes
import gc
import os
import time
from pathlib import Path

from holdfast.domain.times import NS_PER_S, MonoNs, WallNs

QUARTER_NS = 900 * NS_PER_S
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
COLLECTED_AFTER = 20_000
"""Objects made and not gone again."""


def yield_less() -> None:
    """Ask the scheduler for few and long turns instead of many short ones (sched(7), SCHED_BATCH)."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def keep_freed_memory() -> None:
    """Have malloc use the memory of freed fragments again, instead of giving each back and faulting it in anew.

    glibc's mallopt(3); with another C library nothing happens.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, 16 << 20)
        mallopt(M_TRIM_THRESHOLD, 32 << 20)


def collect_less() -> None:
    """Look for garbage in cycles more seldom, and never among what was there at the start.

    Nearly all that is made for a fragment goes by reference counts as soon as it is written.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECTED_AFTER, 20, 20)


def boot_id() -> str:
    """What tells one boot of the machine from another; empty where the kernel does not say (proc(5))."""
    try:
        return BOOT_ID.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


class SystemClock:
    """Implements `ports.clock.Clock`."""

    def __init__(self) -> None:
        """Nothing was asked yet."""
        self._offset = -1, 0
        """The quarter of an hour that was asked for last, and its offset."""

    def mono_ns(self) -> MonoNs:
        """CLOCK_MONOTONIC."""
        return MonoNs(time.monotonic_ns())

    def wall_ns(self) -> WallNs:
        """CLOCK_REALTIME."""
        return WallNs(time.time_ns())

    def utc_offset_s(self, wall_ns: WallNs) -> int:
        """Seconds that local time is ahead of UTC at that moment."""
        quarter = wall_ns // QUARTER_NS
        if quarter != self._offset[0]:
            # No zone of the world changes its offset within one.
            self._offset = quarter, time.localtime(wall_ns // NS_PER_S).tm_gmtoff
        return self._offset[1]
