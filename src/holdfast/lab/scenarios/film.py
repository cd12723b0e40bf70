"""What became of a camera's frames, by the time at which they were taken."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

from holdfast.lab.reader import Recording
from holdfast.lab.scenarios.stand import NS_PER_S


class Hole(NamedTuple):
    """Frames that follow one another and are in no file; `to_ns` is when the one after them is due."""

    first: int
    last: int
    from_ns: int
    to_ns: int

    @property
    def seconds(self) -> float:
        """How long."""
        return (self.to_ns - self.from_ns) / NS_PER_S


@dataclass(frozen=True, slots=True)
class Film:
    """The frames of a camera of constant rate. When a frame was made is known of every number, recorded or not."""

    fps: Fraction
    zero_ns: int
    """Wall time of frame 0."""
    recorded: frozenset[int]

    @classmethod
    def of(cls, recordings: Iterable[Recording], fps: Fraction) -> "Film":
        """What is in these files. Raises ValueError when that is nothing."""
        frames = [frame for recording in recordings for frame in recording.frames]
        if not frames:
            raise ValueError("nothing was recorded")
        # A lab that was held up stamps late, never early.
        zero_ns = min(frame.wall_ns - round(frame.frame * NS_PER_S / fps) for frame in frames)
        return cls(fps, zero_ns, frozenset(frame.frame for frame in frames))

    @property
    def interval_ns(self) -> int:
        """From frame to frame."""
        return round(NS_PER_S / self.fps)

    def wall_ns(self, frame: int) -> int:
        """When a frame was made."""
        return self.zero_ns + round(frame * NS_PER_S / self.fps)

    def made(self, from_ns: int, to_ns: int) -> range:
        """The frames that were made in this time."""
        first = -((self.zero_ns - from_ns) * self.fps // NS_PER_S)
        end = -((self.zero_ns - to_ns) * self.fps // NS_PER_S)
        return range(max(0, int(first)), max(0, int(end)))

    def lost_s(self, from_ns: int, to_ns: int) -> float:
        """How much of what was made in this time is in no file."""
        return float(sum(frame not in self.recorded for frame in self.made(from_ns, to_ns)) / self.fps)

    def holes(self, to_ns: int | None = None) -> Iterator[Hole]:
        """What is missing after the first recorded frame, up to the last one or up to a time."""
        kept = sorted(self.recorded)
        if to_ns is not None:
            kept.append(max(kept[-1] + 1, self.made(0, to_ns).stop))
        for before, after in pairwise(kept):
            if after > before + 1:
                yield Hole(before + 1, after - 1, self.wall_ns(before + 1), self.wall_ns(after))


def worst_and_median(figures: Sequence[float]) -> tuple[float, float]:
    """Of a few figures; the median of an even number is the larger of the two in the middle."""
    return max(figures), sorted(figures)[len(figures) // 2]
