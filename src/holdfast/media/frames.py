"""What the frames of a session tell: the least delayed of them, and breaks in their times.

Knows nothing of GStreamer: numbers in, verdicts out. It sees every frame while a session begins or a key frame is
awaited, and a few every two seconds from then on: calling Python for every frame costs more than all of GStreamer's
muxing.
"""

from enum import Enum

JUMP_NS = 2_000_000_000
"""A frame cannot come before it was taken. One that is this much too early came after late ones, whose number accounts
for the media time that passed meanwhile; or else the camera's clock has jumped."""
REORDER_NS = 1_000_000_000
"""A step back by less than this, between key frames, is a B-frame."""
FIRST_FRAMES = 60
"""A session is looked at for this long: a stream with B-frames shows them by then."""
ROW, REORDERED_ROW = 2, 8
"""Frames that are looked at one after the other from then on. A single one could be the same kind of frame each time,
as looks and groups of pictures keep step: always a large key frame, or always a B-frame, which is sent later after the
moment it shows than the frames that it refers to. Encoders put at most seven B-frames in a row."""


class Verdict(Enum):
    """What a frame's time means for the muxer."""

    GOES_ON = 1
    REORDERED = 2
    """The stream has B-frames: the muxer needs decode times."""
    BROKEN = 3
    """Media time does not go on from the frame before."""


class FrameClock:
    """Follows one session's frames."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self.frames_seen = 0
        self.key_frames = 0
        self._last_pts_ns: int | None = None
        self._last_number = 0
        self._row = 0
        self._steps, self._steps_ns = 0, 0
        self._least_delay_ns: int | None = None
        self._sample: tuple[int, int, int] | None = None

    def frame(self, pts_ns: int, arrival_ns: int, *, number: int, is_key: bool, reorders: bool) -> Verdict:
        """Count one frame and judge its presentation time (ns of the session) against the ones before.

        `number` counts all frames of the session, also those that are not shown to this clock.
        """
        self.frames_seen += 1
        self.key_frames += is_key
        verdict = self._judge(pts_ns, arrival_ns, number, is_key=is_key, reorders=reorders)
        if number == self._last_number + 1 and self._last_pts_ns is not None and verdict is not Verdict.BROKEN:
            self._steps += 1
            self._steps_ns += max(0, pts_ns - self._last_pts_ns)
        self._row = self._row + 1 if number == self._last_number + 1 else 1
        self._last_number = number
        if verdict is Verdict.BROKEN:
            self._least_delay_ns = None
            self._sample = None
        delay_ns = arrival_ns - pts_ns
        if self._least_delay_ns is None or delay_ns < self._least_delay_ns:
            self._least_delay_ns = delay_ns
        if self._sample is None or delay_ns < self._sample[0]:
            self._sample = (delay_ns, pts_ns, arrival_ns)
        if not reorders or self._last_pts_ns is None or pts_ns > self._last_pts_ns or verdict is Verdict.BROKEN:
            self._last_pts_ns = pts_ns
        return verdict

    def looks_on(self, *, reorders: bool) -> bool:
        """Whether the next frame is to be shown to this clock, too."""
        return self.frames_seen < FIRST_FRAMES or self._row < (REORDERED_ROW if reorders else ROW)

    def take_sample(self) -> tuple[int, int] | None:
        """The least delayed frame since the last call, as (pts_ns, arrival_ns); then begin anew."""
        sample, self._sample = self._sample, None
        return sample and (sample[1], sample[2])

    def _judge(self, pts_ns: int, arrival_ns: int, number: int, *, is_key: bool, reorders: bool) -> Verdict:
        last = self._last_pts_ns
        if last is None:
            return Verdict.GOES_ON
        early_ns = 0 if self._least_delay_ns is None else self._least_delay_ns - (arrival_ns - pts_ns)
        if early_ns > JUMP_NS and pts_ns - last - self._usual_ns(number - self._last_number) > JUMP_NS:
            return Verdict.BROKEN
        back_ns = last - pts_ns
        if back_ns <= 0:
            return Verdict.GOES_ON
        if back_ns < REORDER_NS and not is_key:
            return Verdict.GOES_ON if reorders else Verdict.REORDERED
        return Verdict.BROKEN

    def _usual_ns(self, frames: int) -> int:
        """Media time of so many frames, going by those that were seen one after the other."""
        return frames * self._steps_ns // self._steps if self._steps else 0
