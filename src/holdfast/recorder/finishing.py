"""Making segments final, and when: one that ends as its session begins waits until it can be dated.

One that has sound waits for that of its last moments, while it is on its way.

A camera may begin with a burst of stored frames. A segment that ends within the burst would be dated by frames that all
came late; a little later the first live frames have told when media time began.
"""

from holdfast.domain.times import NS_PER_S
from holdfast.ports.volumes import Writer
from holdfast.recorder.segment_writing import SegmentInWriting
from holdfast.recorder.sound_keeping import SoundKeeper
from holdfast.recorder.takes import SessionClock

YOUNG_NS = 9 * NS_PER_S // 2
"""A session whose first frame was seen less than this ago. A burst may be longer than the worker's first look; the next
one comes within two seconds, and is told of two seconds later."""

SOUND_PATIENCE_NS = 3 * NS_PER_S // 2


class Finishing:
    """The segments of one recording that have all their fragments and are not yet ordered to be made final."""

    def __init__(self, writer: Writer, clock: SessionClock, sound: SoundKeeper) -> None:
        """None."""
        self._writer, self._clock, self._sound = writer, clock, sound
        self._waiting: dict[int, tuple[SegmentInWriting, int]] = {}
        """With the moment up to which sound is waited for."""

    def finish(self, segment: SegmentInWriting) -> None:
        """Make a segment final, now or as soon as it can be dated."""
        until_ns = self._clock.clock.mono_ns() + SOUND_PATIENCE_NS
        if self._clock.age_ns < YOUNG_NS or self._sound.is_awaited(segment):
            self._waiting[segment.key] = segment, until_ns
        else:
            self._order(segment)

    def forget(self, segment: SegmentInWriting) -> None:
        """It was given up."""
        self._waiting.pop(segment.key, None)
        self._sound.done(segment)

    def tick(self) -> None:
        """Let time pass."""
        if not self._waiting or self._clock.age_ns < YOUNG_NS:
            return
        now_ns = self._clock.clock.mono_ns()
        for segment, until_ns in list(self._waiting.values()):
            if now_ns >= until_ns or not self._sound.is_awaited(segment):
                del self._waiting[segment.key]
                self._order(segment)

    def flush(self) -> None:
        """Date all of them as well as can be: nothing more will be known, or nobody can wait."""
        for segment, _ in self._waiting.values():
            self._order(segment)
        self._waiting.clear()

    def _order(self, segment: SegmentInWriting) -> None:
        self._sound.done(segment)
        self._writer.order(segment.finish(self._clock))
