"""Packets that did not arrive: when, and how many. Filled on a streaming thread, emptied with each heartbeat."""

import threading
from dataclasses import dataclass, field

APART_NS = 200_000_000
"""Losses nearer than this are told of as one."""
MOST_SPANS = 32


@dataclass(slots=True)
class Span:
    """Losses near one another, by the host's monotonic clock."""

    from_ns: int
    to_ns: int
    packets: int


@dataclass(slots=True)
class Losses:
    """The losses of one session since they were last taken."""

    _spans: list[Span] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, at_ns: int, packets: int) -> None:
        """So many packets were missed at this moment."""
        with self._lock:
            last = self._spans[-1] if self._spans else None
            if last is not None and (at_ns - last.to_ns < APART_NS or len(self._spans) >= MOST_SPANS):
                last.to_ns, last.packets = at_ns, last.packets + packets
            else:
                self._spans.append(Span(at_ns, at_ns, packets))

    def take(self) -> list[Span]:
        """All since the last call."""
        with self._lock:
            spans, self._spans = self._spans, []
        return spans
