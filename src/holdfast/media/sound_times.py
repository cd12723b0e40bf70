"""When sound was made, by the clock of the picture; and which packets have times that no muxer may see.

Knows nothing of GStreamer: numbers in, verdicts out. `rtspsrc` dates each track by the arrival of its first packet, so
that the two are apart by how late those were. It is asked about every packet of sound: there are 16 to 50 in a second,
and one with a time that is nonsense would shift all that a muxer or an encoder says of those that follow.
"""

from collections import deque
from enum import Enum

from holdfast.domain.times import NS_PER_MS, NS_PER_S

LOOKS = 128
"""So many packets and frames that came lately are compared: some seconds of packets."""
LONGEST_PACKET_NS = NS_PER_S // 2
STEPS = 8
MOST_STEPS = 3
"""A packet that is this many usual ones behind the last one follows it: one or two were lost."""
SAME_CLOCK_NS = 300 * NS_PER_MS
"""Sound that comes again after a pause is as late as before, within this, when its clock went on."""
IN_ORDER = 3
"""So many packets that follow one another, and not those before, are those of another clock."""
FORGOTTEN_NS = NS_PER_S
"""When all was nonsense for so long, what a usual step is counts no more: it may have been learned from nonsense."""
AGREES_NS = 2 * NS_PER_S
"""Sender reports that are further than this from the arrivals are those of a camera whose tracks have two clocks."""
REPORTED_OFF_NS, ARRIVED_OFF_NS = 25 * NS_PER_MS, 60 * NS_PER_MS
"""So much may the times in use be off before sound is dated anew."""


class Order(Enum):
    """What a packet's time means."""

    FOLLOWS = 1
    ANEW = 2
    """Sound goes on by another clock, or is in order again."""
    NONSENSE = 3


class SoundTimes:
    """Of one session. `video` is called by one thread, `sound` by another: each writes what is its own."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._video: deque[int] = deque(maxlen=LOOKS)
        self._sound: deque[int] = deque(maxlen=LOOKS)
        self._steps: deque[int] = deque(maxlen=STEPS)
        self._last_ns: int | None = None
        self._delay_ns = 0
        self._before_ns: int | None = None
        self._row = 0
        self._right_at_ns = 0
        """When a packet came last that was none."""
        self._is_spoilt = False
        """Among nonsense some of it looks right; what an encoder makes of that cannot be believed any more."""
        self._reported_ns: int | None = None

    def video(self, pts_ns: int, arrival_ns: int) -> None:
        """A frame of the picture arrived."""
        self._video.append(arrival_ns - pts_ns)

    def sound(self, pts_ns: int, arrival_ns: int) -> Order:
        """A packet of sound arrived; its time is that of its first sample, and it was sent behind its last."""
        before_ns, self._before_ns = self._before_ns, pts_ns
        step_ns = 0 if before_ns is None else pts_ns - before_ns
        is_in_row = self._is_step(step_ns)
        self._row = self._row + 1 if is_in_row else 0
        delay_ns = arrival_ns - pts_ns
        if self._last_ns is None or self._goes_on(pts_ns - self._last_ns, delay_ns):
            order = Order.ANEW if self._is_spoilt and self._row >= IN_ORDER else Order.FOLLOWS
        elif self._row >= IN_ORDER:
            order = Order.ANEW
            self._reported_ns = None
        else:
            self._is_spoilt = True
            if arrival_ns - self._right_at_ns > FORGOTTEN_NS:
                self._steps.clear()
            return Order.NONSENSE
        self._right_at_ns = arrival_ns
        if order is Order.ANEW:
            # What looked right among nonsense was not: by one packet of it sound would be dated for seconds.
            self._sound.clear()
            self._is_spoilt = False
        self._last_ns, self._delay_ns = pts_ns, delay_ns
        if is_in_row:
            self._steps.append(step_ns)
            self._sound.append(delay_ns - step_ns)
        return order

    def reported(self, offset_ns: int) -> None:
        """What the sender reports of both tracks say is to be added."""
        self._reported_ns = offset_ns

    def begin_anew(self) -> None:
        """The times of the picture broke."""
        self._video.clear()
        self._reported_ns = None

    def offset_ns(self) -> int | None:
        """What is to be added to the times of sound; None while nothing is known."""
        arrived_ns = self._by_arrival()
        if arrived_ns is None or self._reported_ns is None or abs(self._reported_ns - arrived_ns) > AGREES_NS:
            return arrived_ns
        return self._reported_ns

    def is_off(self, in_use_ns: int) -> bool:
        """Whether this is too far from what is known now."""
        offset_ns = self.offset_ns()
        if offset_ns is None:
            return False
        tolerance_ns = REPORTED_OFF_NS if offset_ns == self._reported_ns else ARRIVED_OFF_NS
        return abs(offset_ns - in_use_ns) > tolerance_ns

    def _is_step(self, step_ns: int) -> bool:
        # Not by the shortest one: among nonsense one is nearly nothing by chance, and what is right is too long for it.
        usual_ns = sorted(self._steps)[len(self._steps) // 2] if self._steps else LONGEST_PACKET_NS
        return 0 < step_ns <= min(LONGEST_PACKET_NS, MOST_STEPS * usual_ns)

    def _goes_on(self, step_ns: int, delay_ns: int) -> bool:
        return self._is_step(step_ns) or (step_ns > 0 and abs(delay_ns - self._delay_ns) <= SAME_CLOCK_NS)

    def _by_arrival(self) -> int | None:
        # Copies: another thread may add to them.
        video, sound = self._video.copy(), self._sound.copy()
        return min(sound) - min(video) if video and sound else None
