"""What the frames of a session tell: the least delayed of them, and breaks in their times.

Knows nothing of GStreamer: numbers in, verdicts out. It sees every frame while a session begins or a key frame is
awaited, and a few each second from then on: calling Python for every frame costs more than all of GStreamer's muxing.
"""

from enum import Enum

JUMP_NS = 2_000_000_000
"""A frame cannot come before it was taken: one that is this much too early means that the camera's clock jumped."""
REORDER_NS = 1_000_000_000
"""A step back by less than this, between key frames, is a B-frame."""


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
        self._least_delay_ns: int | None = None
        self._sample: tuple[int, int, int] | None = None

    def frame(self, pts_ns: int, arrival_ns: int, *, is_key: bool, reorders: bool) -> Verdict:
        """Count one frame and judge its presentation time (ns of the session) against the ones before."""
        self.frames_seen += 1
        self.key_frames += is_key
        verdict = self._judge(pts_ns, arrival_ns, is_key=is_key, reorders=reorders)
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

    def take_sample(self) -> tuple[int, int] | None:
        """The least delayed frame since the last call, as (pts_ns, arrival_ns); then begin anew."""
        sample, self._sample = self._sample, None
        return sample and (sample[1], sample[2])

    def _judge(self, pts_ns: int, arrival_ns: int, *, is_key: bool, reorders: bool) -> Verdict:
        last = self._last_pts_ns
        if last is None:
            return Verdict.GOES_ON
        if self._least_delay_ns is not None and self._least_delay_ns - (arrival_ns - pts_ns) > JUMP_NS:
            return Verdict.BROKEN
        back_ns = last - pts_ns
        if back_ns <= 0:
            return Verdict.GOES_ON
        if back_ns < REORDER_NS and not is_key:
            return Verdict.GOES_ON if reorders else Verdict.REORDERED
        return Verdict.BROKEN
