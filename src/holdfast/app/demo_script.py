"""What the demo provokes, on which camera, and when."""

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


AWAY = frozenset({Trouble.CABLE, Trouble.BUSY, Trouble.RESTART})
"""While these last, the camera cannot be had: what it makes then is in nobody's reach."""
UNTOUCHED = 0
"""This camera has no trouble at all, and so must lose nothing at all."""
FIRST_AT_S = 8.0
"""Cameras and capture processes have started, and frames have flowed for a while."""
LAST_BEFORE_END_S = 3.0


@dataclass(frozen=True, slots=True)
class Scene:
    """One trouble of one camera (counted from 0)."""

    trouble: Trouble
    camera: int
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


_PROGRAMME = (
    # A camera has its next trouble when frames have flowed for long enough that the last one is forgotten.
    (Trouble.RESET, 1, 0.0, 7.0),
    (Trouble.HELD, 2, 5.0, 11.0),
    (Trouble.CABLE, 3, 5.0, 13.0),
    (Trouble.DEAD, 1, 0.0, 9.0),
    (Trouble.BUSY, 2, 3.0, 13.0),
    (Trouble.KILLED, 3, 0.0, 8.0),
    (Trouble.RESTART, 1, 8.0, 16.0),
)


def schedule(for_s: float) -> tuple[Scene, ...]:
    """As many troubles as there is time for, one after another; time that is left over is spread between them.

    How long a trouble lasts does not change with the time: a recorder needs its seconds, whoever watches.
    """
    left_s = for_s - FIRST_AT_S - LAST_BEFORE_END_S
    chosen: list[tuple[Trouble, int, float, float]] = []
    for row in _PROGRAMME:
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
