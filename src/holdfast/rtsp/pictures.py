"""NAL units become access units: where one picture ends and the next begins, whatever the camera's markers say.

A picture ends where the next one begins: with another time stamp, with a NAL unit that only stands before pictures, or
with the first slice of a picture. That costs the wait for the next picture. A marker on a picture's last packet says
it at once, but not every camera sets it right (none, one on each packet, one on each slice). So markers are believed
when they were right for some pictures, a key frame among them, and never again when one was followed by more of its
picture.
"""

from dataclasses import dataclass

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.parameter_sets import KnownSets, ParameterSets
from holdfast.rtsp.rtp import Timeline

MAX_BYTES = 16 << 20
"""Of an access unit."""
MAX_NALS = 1024
"""In an access unit."""
MAX_PIECES = 1 << 16
"""Of NAL units in an access unit: a packet carries at least one piece, however small."""
PROOFS = 3
"""So many pictures in a row must have ended with a marker before a marker is believed."""

# What a NAL unit is for access units: bits of a number, because this is asked for every NAL unit.
NEUTRAL = 0
OPENS = 1
"""It stands only before the slices of a picture: after them it begins the next access unit."""
SLICE = 2
FIRST = 4
"""A slice that begins its picture."""
KEY = 8
"""A slice that can be decoded without other pictures. One of which all are is a key frame."""
SET = 16
"""A parameter set."""


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture with what belongs to it."""

    data: bytes
    """NAL units, each behind its length in four bytes."""
    ticks: int
    """RTP time that never wraps; the first access unit of a session has 0. May go back."""
    is_key: bool
    parameters: ParameterSets
    """Those in force; another object when they changed (compare with `is`)."""


class _Markers:
    """Whether this camera's markers can be believed."""

    def __init__(self) -> None:
        self._is_refuted = False
        self._proofs = 0
        self._has_key_proof = False

    @property
    def are_believed(self) -> bool:
        return not self._is_refuted and self._proofs >= PROOFS and self._has_key_proof

    @property
    def are_likely(self) -> bool:
        """Without a single proof, they may stand on each slice."""
        return not self._is_refuted and self._proofs > 0

    def prove(self, *, is_key: bool) -> None:
        """A picture ended where a marker was."""
        self._proofs += 1
        self._has_key_proof = self._has_key_proof or is_key

    def miss(self) -> None:
        """A picture ended without a marker."""
        if self._proofs < PROOFS:
            self._proofs = 0

    def refute(self) -> None:
        """There was a marker in the middle of a picture."""
        self._is_refuted = True


class Pictures:
    """Puts the NAL units of one track together."""

    def __init__(self, sets: KnownSets, timeline: Timeline) -> None:
        self.parts: list[bytes] = []
        """Of the access unit: who made room for a NAL unit puts it here, behind its length."""
        self.stamp = 0
        """Time stamp of the packet that is being taken apart."""
        self.damaged = 0
        """Access units that were left out because a part of them is missing. Set to 0 from outside."""
        self._sets = sets
        self._timeline = timeline
        self._units: list[AccessUnit] = []
        self._measured = (0, 0)
        # The access unit.
        self._nals = 0
        self._firsts = 0
        self._has_slice = False
        self._is_key = False
        self._unit_stamp = 0
        self._is_marked = False
        # What was there before it.
        self._has_begun = False
        self._is_skipping = True
        self._counted_stamp: int | None = None
        self._ended_by_marker_at: int | None = None
        self._ended_by_opener_at: int | None = None
        self._are_openers_refuted = False
        self._markers = _Markers()

    def take(self) -> list[AccessUnit]:
        """Return the access units that became whole since the last call.

        Raises RtspError when the one that is not whole is beyond the limits.
        """
        count, size = self._measured
        if len(self.parts) > count:
            size += sum(map(len, self.parts[count:]))
            self._measured = (len(self.parts), size)
            if size > MAX_BYTES or len(self.parts) > MAX_PIECES:
                raise RtspError(f"The camera sends a picture of more than {MAX_BYTES >> 20} MiB.")
        units, self._units = self._units, []
        return units

    def make_room(self, role: int) -> bool:
        """End the access unit before a NAL unit of this role, and begin one. False when it is to be left out.

        Raises RtspError when there are too many.
        """
        if role & SLICE:
            belongs = self._belongs_slice(role)
        elif role & OPENS:
            self.open()
            belongs = True
        else:
            if self._has_slice and self.stamp != self._unit_stamp:
                self._end()
            self._is_marked = False
            belongs = bool(self.parts)
        if belongs:
            self._nals += 1
            if self._nals > MAX_NALS:
                raise RtspError(f"The camera sends a picture of more than {MAX_NALS} NAL units.")
        return belongs

    def open(self) -> None:
        """A NAL unit comes that stands only before pictures: end the one before it."""
        if self._has_slice:
            if self._are_openers_refuted and self.stamp == self._unit_stamp:
                return
            self._end()
            self._ended_by_opener_at = self._unit_stamp
        self._has_begun = True
        self._is_skipping = False

    def mark(self, *, is_inside_nal: bool) -> None:
        """The packet whose NAL units were taken last has its marker bit set."""
        if not self._has_slice:
            return
        if is_inside_nal:
            self._markers.refute()
        elif self._markers.are_believed:
            self._ended_by_marker_at = self._unit_stamp
            self._give()
        else:
            self._is_marked = True

    def drop(self) -> None:
        """A part of the access unit is missing. What follows is left out up to the next picture."""
        if self._has_slice:
            self._count(self._unit_stamp)
        self._clear()
        self._ended_by_marker_at = None
        self._ended_by_opener_at = None
        self._is_skipping = True

    def refuse(self) -> None:
        """The packet has a part that cannot be used: the picture of its time cannot become whole."""
        if self._has_slice and self.stamp != self._unit_stamp:
            self._end()
        self.drop()
        self._count(self.stamp)

    def flush(self) -> None:
        """Give the picture that only waits for the next one, if its marker says that it is whole."""
        if self._is_marked and self._markers.are_likely:
            self._give()

    def _belongs_slice(self, role: int) -> bool:
        if role & FIRST:
            if self._has_slice and (self.stamp != self._unit_stamp or self._firsts >= self._max_firsts()):
                self._end()
            self._firsts += 1
            self._has_begun = True
            self._is_skipping = False
        elif self._has_slice and self._is_marked and self.stamp != self._unit_stamp:
            self._end()
        if not (role & FIRST or self._has_slice):
            self._refuse_slice()
            return False
        if not self._has_slice:
            self._has_slice = self._is_key = True
            self._unit_stamp = self.stamp
            self._counted_stamp = None
        elif self._is_marked:
            self._is_marked = False
            self._markers.refute()
        if not role & KEY:
            self._is_key = False
        return True

    def _refuse_slice(self) -> None:
        """A slice comes whose picture did not begin."""
        if not self._is_skipping:
            # Nothing is missing: the picture was ended too early. By a marker that was wrong?
            if self._ended_by_marker_at == self.stamp:
                self._markers.refute()
            # Or by a NAL unit that ought to stand before all slices, and stands before each.
            self._are_openers_refuted = self._are_openers_refuted or self._ended_by_opener_at == self.stamp
            self.drop()
        self._count(self.stamp)

    def _max_firsts(self) -> int:
        """How many first slices may come at one time: two fields make one frame."""
        current = self._sets.current
        return 2 if current is not None and current.has_fields else 1

    def _end(self) -> None:
        """The access unit ended before what comes now, which shows whether a marker would have said so."""
        if self._is_marked:
            self._markers.prove(is_key=self._is_key)
        else:
            self._markers.miss()
        self._ended_by_marker_at = None
        self._ended_by_opener_at = None
        self._give()

    def _give(self) -> None:
        data = b"".join(self.parts)
        if len(data) > MAX_BYTES:
            raise RtspError(f"The camera sends a picture of more than {MAX_BYTES >> 20} MiB.")
        self._timeline.move_to(self._unit_stamp)
        current = self._sets.current
        if current is not None:
            self._units.append(AccessUnit(data, self._timeline.now(), self._is_key, current))
        self._clear()

    def _clear(self) -> None:
        self.parts.clear()
        self._measured = (0, 0)
        self._nals = 0
        self._firsts = 0
        self._has_slice = False
        self._is_key = False
        self._is_marked = False

    def _count(self, stamp: int) -> None:
        """Count a picture that is left out, once; what came before the first whole begin is nobody's loss."""
        if stamp != self._counted_stamp and self._has_begun and self._sets.current is not None:
            self.damaged += 1
        self._counted_stamp = stamp
