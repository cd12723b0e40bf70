"""When those take their turn who have much to do at once: capture processes, and the recorder a little behind them.

The clock is the machine's (CLOCK_MONOTONIC), so that no process has to tell another. What the camera sent is read at a
turn and has passed the muxer when the recorder looks, which so has a few wake-ups a second, whatever the number of
cameras, and finds whole fragments.
"""

TURN_S = 0.25
BEHIND_S = 0.05
"""So long after a turn of the capture processes the recorder has its own."""


def next_turn_s(now_s: float, *, every_s: float = TURN_S, behind_s: float = 0.0) -> float:
    """The moment of the next turn, in seconds of `time.monotonic()`."""
    since_s = (now_s - behind_s) % every_s
    return now_s + every_s - since_s
