"""When sound was made, by the clock of the picture: what has to be added to its times.

Knows nothing of GStreamer: numbers in, a number out. `rtspsrc` dates each track by the arrival of its first packet, so
that the two are apart by how late those were.
"""

from collections import deque

from holdfast.domain.times import NS_PER_S

LOOKS = 24
"""So many packets or frames that were looked at lately are compared: some ten seconds of them."""
LONGEST_PACKET_NS = NS_PER_S // 2
AGREES_NS = 2 * NS_PER_S
"""Sender reports that are further than this from the arrivals are those of a camera whose tracks have two clocks."""
REPORTED_OFF_NS, ARRIVED_OFF_NS = NS_PER_S // 40, 3 * NS_PER_S // 50
"""So much may the times in use be off before sound is dated anew."""
IN_ORDER = 3
"""So many packets that follow one another as they should are the end of nonsense."""
BREAK_NS = 2 * NS_PER_S


class SoundTimes:
    """Of one session. `video` is called by one thread, `sound` by another: each writes what is its own."""

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._video: deque[int] = deque(maxlen=LOOKS)
        self._sound: deque[int] = deque(maxlen=LOOKS)
        self._last_ns: int | None = None
        self._packet_ns: int | None = None
        self._reported_ns: int | None = None
        self._regular = 0
        self.is_disordered = False
        """Its times were nonsense lately: what a decoder or muxer makes of them cannot be believed any more."""

    def video(self, pts_ns: int, arrival_ns: int) -> None:
        """A frame of the picture arrived."""
        self._video.append(arrival_ns - pts_ns)

    def sound(self, pts_ns: int, arrival_ns: int) -> None:
        """A packet of sound arrived; its time is that of its first sample, and it was sent behind its last."""
        last_ns, self._last_ns = self._last_ns, pts_ns
        if last_ns is None:
            return
        if not 0 < pts_ns - last_ns <= LONGEST_PACKET_NS:
            self._regular, self.is_disordered = 0, True
            return
        self._regular += 1
        self._packet_ns = pts_ns - last_ns
        delay_ns = arrival_ns - pts_ns - self._packet_ns
        if self._sound and abs(delay_ns - self._sound[-1]) > BREAK_NS:
            self._sound.clear()
        self._sound.append(delay_ns)

    def begin_row(self) -> None:
        """The next packet is not the one that follows the last that was looked at."""
        self._last_ns, self._regular = None, 0

    def is_in_order_again(self) -> bool:
        """Once: sound was in disorder, and is no more."""
        if not self.is_disordered or self._regular < IN_ORDER:
            return False
        self.is_disordered = False
        # What was seen in the disorder tells nothing, and the camera may count from elsewhere now.
        for _ in range(len(self._sound) - IN_ORDER):
            self._sound.popleft()
        self._reported_ns = None
        return True

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
        if offset_ns is None or self.is_disordered:
            return False
        tolerance_ns = REPORTED_OFF_NS if offset_ns == self._reported_ns else ARRIVED_OFF_NS
        return abs(offset_ns - in_use_ns) > tolerance_ns

    def _by_arrival(self) -> int | None:
        # Copies: another thread may add to them.
        video, sound = self._video.copy(), self._sound.copy()
        return min(sound) - min(video) if video and sound else None
