"""Making segments final, and when: one that ends as its session begins waits until it can be dated.

A camera may begin with a burst of stored frames. A segment that ends within the burst would be dated by frames that all
came late; a little later the first live frames have told when media time began.
"""

from holdfast.domain.times import NS_PER_S
from holdfast.ports.volumes import Writer
from holdfast.recorder.segment_writing import SegmentInWriting
from holdfast.recorder.takes import SessionClock

YOUNG_NS = 9 * NS_PER_S // 2
"""A session whose first frame was seen less than this ago. A burst may be longer than the worker's first look; the next
one comes within two seconds, and is told of two seconds later."""


class Finishing:
    """The segments of one recording that have all their fragments and are not yet ordered to be made final."""

    def __init__(self, writer: Writer, clock: SessionClock) -> None:
        """None."""
        self._writer, self._clock = writer, clock
        self._waiting: dict[int, SegmentInWriting] = {}

    def finish(self, segment: SegmentInWriting) -> None:
        """Make a segment final, now or as soon as it can be dated."""
        if self._clock.age_ns < YOUNG_NS:
            self._waiting[segment.key] = segment
        else:
            self._writer.order(segment.finish(self._clock))

    def forget(self, segment: SegmentInWriting) -> None:
        """It was given up."""
        self._waiting.pop(segment.key, None)

    def tick(self) -> None:
        """Let time pass."""
        if self._waiting and self._clock.age_ns >= YOUNG_NS:
            self.flush()

    def flush(self) -> None:
        """Date all of them as well as can be: nothing more will be known, or nobody can wait."""
        for segment in self._waiting.values():
            self._writer.order(segment.finish(self._clock))
        self._waiting.clear()
