"""How often a session usually delivers, and from when on its silence is suspicious.

Deliveries are those of fragments, about two a second, or one per frame of a slow stream. What counts is the third
longest of the last intervals: one stall, or the burst behind it, does not make a stream slow.
"""

from dataclasses import dataclass

REMEMBERED = 16
LATE_S = 0.8
"""So long after a frame its fragment may have been delivered, and somebody have looked."""
ENOUGH = 4
"""Fewer intervals than this tell nothing yet."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """The last intervals between deliveries, in seconds."""

    intervals_s: tuple[float, ...] = ()

    def after(self, interval_s: float) -> "Rhythm":
        """One more interval was seen."""
        return Rhythm((*self.intervals_s, interval_s)[-REMEMBERED:])

    @property
    def longest_usual_s(self) -> float:
        """0 while too little was seen."""
        if len(self.intervals_s) < ENOUGH:
            return 0.0
        return sorted(self.intervals_s, reverse=True)[2]

    def suspicious_after_s(self, at_most_s: float) -> float:
        """Silence of deliveries that is no part of the rhythm.

        The silence of frames is then no longer than `at_most_s`, unless the stream itself is slower.
        """
        usual_s, at_most_s = self.longest_usual_s, max(at_most_s - LATE_S, 0.3)
        if usual_s == 0.0:
            return at_most_s
        return max(min(max(1.0, 2 * usual_s) + 0.2, at_most_s), 1.25 * usual_s + 0.2)
