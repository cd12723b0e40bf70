"""What the demo provokes, on which camera, and when."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Trouble(StrEnum):
    """What goes wrong."""

    RESET = "reset"
    """The camera cuts the connection and can be had again at once."""
    HELD = "held"
    """The network delivers everything late, and all of it."""
    CABLE = "cable"
    """Nothing passes either way, and nobody is told."""
    DEAD = "dead"
    """The connection dies without a word; another one would work."""
    BUSY = "busy"
    """The camera ends the session and answers 503."""
    KILLED = "killed"
    """The capture process is killed."""
    RESTART = "restart"
    """The camera is off, then answers 404, then serves."""
    DISK = "disk"
    """The disk is pulled out, and put back."""


AWAY = frozenset({Trouble.CABLE, Trouble.BUSY, Trouble.RESTART})
"""While these last, the camera cannot be had: what it makes then is in nobody's reach."""
UNTOUCHED = 0
"""This camera has no trouble at all, and so must lose nothing at all."""
FIRST_AT_S = 8.0
"""Cameras and capture processes have started, and frames have flowed for a while."""
LAST_BEFORE_END_S = 3.0
_ROUND_S = 5


@dataclass(frozen=True, slots=True)
class Scene:
    """One trouble."""

    trouble: Trouble
    camera: int | None
    """Counted from 0; None when it concerns all."""
    at_s: float
    """From the begin of the recording."""
    lasts_s: float
    """0: it is over at once, and what follows is up to the recorder."""
    needs_s: float
    """From its begin until it is told what became of it."""

    @property
    def is_away(self) -> bool:
        """The camera cannot be had while it lasts."""
        return self.trouble in AWAY


_Row = tuple[Trouble, int | None, float, float]
_PROGRAMME: tuple[_Row, ...] = (
    # A camera has its next trouble when frames have flowed for long enough that the last one is forgotten.
    (Trouble.RESET, 1, 0.0, 7.0),
    (Trouble.HELD, 2, 5.0, 11.0),
    (Trouble.CABLE, 3, 5.0, 13.0),
    (Trouble.DISK, None, 6.0, 15.0),
    (Trouble.DEAD, 1, 0.0, 9.0),
    (Trouble.BUSY, 2, 3.0, 13.0),
    (Trouble.KILLED, 3, 0.0, 8.0),
    (Trouble.RESTART, 1, 8.0, 16.0),
)


def whole_s(*, has_disk: bool) -> int:
    """How long a demo takes that shows all: `has_disk` when there is a disk to pull."""
    needed_s = FIRST_AT_S + sum(row[-1] for row in _programme(has_disk=has_disk)) + LAST_BEFORE_END_S
    return math.ceil(needed_s / _ROUND_S) * _ROUND_S


def schedule(for_s: float, *, has_disk: bool) -> tuple[Scene, ...]:
    """As many troubles as there is time for, one after another; time that is left over is spread between them.

    How long a trouble lasts does not change with the time: a recorder needs its seconds, whoever watches.
    """
    left_s = for_s - FIRST_AT_S - LAST_BEFORE_END_S
    chosen: list[_Row] = []
    for row in _programme(has_disk=has_disk):
        if row[-1] > left_s:
            break
        chosen.append(row)
        left_s -= row[-1]
    scenes: list[Scene] = []
    at_s = FIRST_AT_S
    for trouble, camera, lasts_s, needs_s in chosen:
        scenes.append(Scene(trouble, camera, at_s, lasts_s, needs_s))
        at_s += needs_s + left_s / len(chosen)
    return tuple(scenes)


def _programme(*, has_disk: bool) -> tuple[_Row, ...]:
    return tuple(row for row in _PROGRAMME if has_disk or row[0] is not Trouble.DISK)
