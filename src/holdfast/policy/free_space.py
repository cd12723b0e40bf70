"""How fast the free space of a volume falls, whoever writes to it, and what is still to come of files that are gone.

A step for each look. Times are seconds of a monotonic clock. What is measured is the fall between looks between which
nothing of ours was removed; a removal begins a new stretch.
"""

from dataclasses import dataclass, replace

from holdfast.domain.volumes import VolumeSpace

STRETCHES = 5
COMING_S = 30.0
"""A file system may give the space of a removed file back so late (btrfs: with its next commit)."""


@dataclass(frozen=True, slots=True)
class Trend:
    """What was seen of one volume."""

    at_s: float | None = None
    """Of the last look; None before the first."""
    free_bytes: int = 0
    stretches: tuple[tuple[float, int], ...] = ()
    """Of the last looks: seconds, and the bytes by which the free space fell meanwhile (less than 0: it rose)."""
    coming_bytes: int = 0
    """Of files that were removed, and whose space has not been seen yet."""
    coming_until_s: float = 0.0

    @property
    def falls_by(self) -> float:
        """Bytes a second, not less than 0: that of the last stretch, or that of all of them when it is more."""
        if not self.stretches:
            return 0.0
        last_s, last_bytes = self.stretches[-1]
        all_s = sum(length_s for length_s, _ in self.stretches)
        return max(0.0, last_bytes / last_s, sum(fall for _, fall in self.stretches) / all_s)


def seen(trend: Trend, free_bytes: int, at_s: float) -> Trend:
    """A look at the free space; nothing of ours was removed since the last one."""
    if trend.at_s is None or at_s <= trend.at_s:
        return replace(trend, at_s=at_s if trend.at_s is None else trend.at_s, free_bytes=free_bytes)
    fall_bytes = trend.free_bytes - free_bytes
    coming_bytes = 0 if at_s >= trend.coming_until_s else max(0, trend.coming_bytes + min(0, fall_bytes))
    came_bytes = trend.coming_bytes - coming_bytes if at_s < trend.coming_until_s else 0
    # What came back of our own files hides as much of what others wrote.
    stretch = (at_s - trend.at_s, fall_bytes + came_bytes)
    return replace(
        trend,
        at_s=at_s,
        free_bytes=free_bytes,
        stretches=(*trend.stretches, stretch)[-STRETCHES:],
        coming_bytes=coming_bytes,
    )


def removed(trend: Trend, freed_bytes: int, free_bytes: int, at_s: float) -> Trend:
    """Files of so many bytes were removed since the last look, and this is free now."""
    if trend.at_s is None:
        return seen(trend, free_bytes, at_s)
    written_bytes = round(trend.falls_by * max(0.0, at_s - trend.at_s))
    missing_bytes = trend.free_bytes + freed_bytes - written_bytes - free_bytes
    coming_bytes = trend.coming_bytes + min(freed_bytes, max(0, missing_bytes))
    return replace(
        trend,
        at_s=at_s,
        free_bytes=free_bytes,
        coming_bytes=coming_bytes,
        coming_until_s=at_s + COMING_S,
    )


@dataclass(frozen=True, slots=True)
class Room:
    """The space of one volume at one moment."""

    name: str
    space: VolumeSpace
    falls_by: float = 0.0
    """Bytes a second, whoever writes."""
    coming_bytes: int = 0
    """Of files that are removed already."""
    reserve_bytes: int = 0
    """Below it the volume is full, and recording goes on elsewhere."""
