"""RTP (RFC 3550): headers, sequence numbers, times without end.

Over one TCP connection packets keep their order. So none is waited for: a packet that is missing when the next one
comes is lost, and one that comes behind its turn (repeated, or really late) is left out and changes nothing.
"""

from dataclasses import dataclass
from enum import Enum, auto
from struct import Struct
from typing import NamedTuple

HEADER = Struct(">BBHII")
"""Version and flags, marker and payload type, sequence number, time stamp, synchronisation source (section 5.1)."""
VERSION = 2
PLAIN = 0x80
"""First byte of a packet without padding, extension and contributing sources."""
MARKER = 0x80
_TYPE_MASK = 0x7F
MAX_LOST = 1000
"""A larger jump of the sequence numbers, either way, is a camera that counts anew."""
MAX_LATE_IN_A_ROW = 64
"""So many packets behind their turn, one after the other, are a camera that counts anew not far back."""
_PADDING = 0x20
_EXTENSION = 0x10
_CSRC_COUNT = 0x0F
_U16 = 1 << 16
_HALF_U32 = 1 << 31
_U32_MASK = (1 << 32) - 1


def payload_of(data: bytes, begin: int, end: int) -> tuple[int, int]:
    """Where the payload of the packet at `data[begin:end]` begins and ends; (0, 0) when it is no packet at all.

    The packet has a whole header of 12 bytes; its version, too, is looked at here.
    """
    flags = data[begin]
    at = begin + HEADER.size + 4 * (flags & _CSRC_COUNT)
    if flags & _EXTENSION:
        # Two bytes of the profile's own, the length in words of four bytes (section 5.3.1).
        at += 4 + 4 * int.from_bytes(data[at + 2 : min(at + 4, end)], "big")
    if flags & _PADDING:
        # The last byte counts itself. Cameras set the flag without padding: more than there is is no padding at all.
        padding = data[end - 1]
        end -= padding if padding <= end - at else 0
    return (at, end) if flags >> 6 == VERSION and at <= end else (0, 0)


@dataclass(frozen=True, slots=True)
class Reception:
    """What a receiver report says about a source (section 6.4.1)."""

    ssrc: int
    """Of the camera."""
    highest: int
    """Sequence number of the last packet, with the number of wraps above its 16 bits."""
    expected: int
    """Packets that there should have been since the camera began to count."""
    lost: int
    """Of these, the packets that did not come."""


class Arrival(Enum):
    """What a packet's sequence number says."""

    NEXT = auto()
    AFTER_LOSS = auto()
    """Packets before it did not come, or the camera counts anew."""
    ANOTHER_SOURCE = auto()
    """The first of its source; nothing ties it to those before it, not even its time."""
    LATE = auto()
    """It was there already, or comes too late: to be left out."""


class SequenceCounter:
    """The sequence numbers of one source."""

    def __init__(self) -> None:
        self.next = -1
        """The number that follows the last packet: 0 to 65536, where 65536 stands for 0; -1 before the first."""
        self._ssrc = 0
        self._wraps = 0
        self._first = 0
        self._lost_here = 0
        self._late_in_a_row = 0
        self._lost = 0

    def arrive(self, sequence: int, ssrc: int) -> Arrival:
        """Take the number of a packet, and say what it means."""
        if self.next < 0 or ssrc != self._ssrc:
            self._begin(sequence, ssrc)
            return Arrival.ANOTHER_SOURCE
        ahead = (sequence - self.next) % _U16
        if ahead >= _U16 - MAX_LOST and self._late_in_a_row < MAX_LATE_IN_A_ROW:
            self._late_in_a_row += 1
            return Arrival.LATE
        if ahead > MAX_LOST:
            self._begin(sequence, ssrc)
            self._lost += 1
            return Arrival.AFTER_LOSS
        self._late_in_a_row = 0
        self._lost += ahead
        self._lost_here += ahead
        self._move_to(sequence)
        return Arrival.AFTER_LOSS if ahead else Arrival.NEXT

    def skip(self, sequence: int, ssrc: int) -> None:
        """Take the number of a packet that is not for this receiver, but may be counted with the others."""
        if ssrc == self._ssrc and self.next >= 0 and sequence == self.next % _U16:
            self._move_to(sequence)

    def take_lost(self) -> int:
        """Packets that did not come, since the last call."""
        lost, self._lost = self._lost, 0
        return lost

    @property
    def reception(self) -> Reception | None:
        """None before the first packet."""
        if self.next < 0:
            return None
        highest = (self._wraps << 16) + self.next - 1
        return Reception(self._ssrc, highest, highest + 1 - self._first, self._lost_here)

    def _begin(self, sequence: int, ssrc: int) -> None:
        self._ssrc = ssrc
        self._wraps = 0
        self._first = sequence
        self._lost_here = 0
        self._late_in_a_row = 0
        self.next = sequence + 1

    def _move_to(self, sequence: int) -> None:
        self._wraps += sequence < self.next - 1
        self.next = sequence + 1


class Packet(NamedTuple):
    """A packet that is to be used, and where its payload lies in the buffer that it came in."""

    arrival: Arrival
    is_marked: bool
    stamp: int
    """Time stamp as sent: 32 bits."""
    begin: int
    end: int


class PacketReader:
    """Finds a track's packets among those of its channel."""

    def __init__(self, payload_type: int) -> None:
        self.sequence = SequenceCounter()
        self._payload_type = payload_type

    def read(self, data: bytes, begin: int, end: int) -> Packet | None:
        """Return the packet at `data[begin:end]`; None when it is none, or is to be left out."""
        if end - begin < HEADER.size:
            return None
        flags, kind, number, stamp, ssrc = HEADER.unpack_from(data, begin)
        at, end = (begin + HEADER.size, end) if flags == PLAIN else payload_of(data, begin, end)
        if not at:
            return None
        if kind & _TYPE_MASK != self._payload_type:
            # Some cameras send descriptions of the scene and the like beside a track, in its sequence or in another.
            self.sequence.skip(number, ssrc)
            return None
        arrival = self.sequence.arrive(number, ssrc)
        return None if arrival is Arrival.LATE else Packet(arrival, kind >= MARKER, stamp, at, end)


class Timeline:
    """RTP time stamps without their wrap at 32 bits, counted from the first access unit."""

    def __init__(self) -> None:
        self._stamp: int | None = None
        self._ticks = 0
        self._step = 0
        self._origin: int | None = None

    def move_to(self, stamp: int) -> None:
        """Make this the time of what comes now. A camera may go back: the shorter way round is taken."""
        if self._stamp is None:
            self._stamp = stamp
        self._step = _difference(stamp, self._stamp)
        self._ticks += self._step
        self._stamp = stamp

    def rebase(self, stamp: int) -> None:
        """Take this stamp of another source, whose clock nothing ties to the last one's, for the last one's next."""
        if self._stamp is not None:
            self._stamp = (stamp - max(self._step, 0)) & _U32_MASK

    def now(self) -> int:
        """Ticks of the last `move_to`; the first call makes that the origin."""
        if self._origin is None:
            self._origin = self._ticks
        return self._ticks - self._origin

    def ticks_of(self, stamp: int) -> int | None:
        """Ticks of any stamp near the last one; None before the first access unit."""
        if self._origin is None or self._stamp is None:
            return None
        return self._ticks + _difference(stamp, self._stamp) - self._origin


def _difference(later: int, earlier: int) -> int:
    """Signed, of two numbers of 32 bits."""
    return (later - earlier + _HALF_U32) % (1 << 32) - _HALF_U32
