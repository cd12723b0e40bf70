"""What the worker counts of the session that is recorded: rates, and whether key frames come at all."""

from dataclasses import dataclass, field

from holdfast.ports.capture import Progress
from holdfast.recorder.rates import Rates

KEY_FRAME_PATIENCE_S = 15.0


@dataclass(slots=True)
class Arrivals:
    """Counters of one session at a time."""

    rates: Rates = field(default_factory=Rates)
    frames: int = 0
    _key_frames: int = 0
    _key_frame_at_s: float = 0.0
    _was_told: bool = False

    def begin(self, at_s: float) -> None:
        """Another session is the one that is recorded."""
        self.rates.clear()
        self._key_frames, self._key_frame_at_s = 0, at_s

    def progressed(self, seen: Progress, received_bytes: int, at_s: float) -> None:
        """The worker's counters at this moment."""
        self.frames = seen.frames
        self.rates.observe(at_s, seen.frames, received_bytes)
        if seen.key_frames > self._key_frames:
            self._key_frames, self._key_frame_at_s, self._was_told = seen.key_frames, at_s, False

    def lacks_key_frames(self, at_s: float) -> bool:
        """Once: frames come, and none of them can begin a recording."""
        if self._key_frames or self._was_told or at_s - self._key_frame_at_s <= KEY_FRAME_PATIENCE_S:
            return False
        self._was_told = True
        return True
