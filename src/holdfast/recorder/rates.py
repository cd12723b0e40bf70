"""Frames and bits per second of a stream, from counters that start anew with every session."""

from dataclasses import dataclass, field

WINDOW_S = 5.0


@dataclass(slots=True)
class Rates:
    """Averages over the last seconds."""

    _seen: list[tuple[float, int, int]] = field(default_factory=list)

    def observe(self, at_s: float, frames: int, size_bytes: int) -> None:
        """Counters at a moment (monotonic seconds)."""
        if self._seen and frames < self._seen[-1][1]:
            self._seen.clear()
        self._seen.append((at_s, frames, size_bytes))
        while self._seen[1:-1] and at_s - self._seen[1][0] >= WINDOW_S:
            del self._seen[0]

    def clear(self) -> None:
        """Nothing flows any more."""
        self._seen.clear()

    @property
    def per_second(self) -> tuple[float, float]:
        """(frames per second, bits per second); zeros until there is something to compare."""
        if not self._seen[1:]:
            return 0.0, 0.0
        (from_s, frames_0, bytes_0), (to_s, frames_1, bytes_1) = self._seen[0], self._seen[-1]
        span_s = to_s - from_s
        if span_s <= 0:
            return 0.0, 0.0
        return (frames_1 - frames_0) / span_s, (bytes_1 - bytes_0) * 8 / span_s
