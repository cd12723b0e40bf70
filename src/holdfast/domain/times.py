"""The four kinds of time, which are never mixed (docs/design/time.md)."""

from typing import NewType

WallNs = NewType("WallNs", int)
"""Nanoseconds since 1970-01-01T00:00:00Z by the host's clock. May jump either way."""

MonoNs = NewType("MonoNs", int)
"""Nanoseconds of the host's CLOCK_MONOTONIC: the same for every process of one boot, never backwards."""

RunningNs = NewType("RunningNs", int)
"""Nanoseconds of a GStreamer pipeline's running time."""

PtsNs = NewType("PtsNs", int)
"""Nanoseconds of media time in one session, as the camera's RTP timestamps count them."""

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000
