"""Fragments and aggregates become NAL units again, and go to the access unit that they belong to."""

from collections.abc import Callable, Sequence
from enum import Enum, auto

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.parameter_sets import START_CODE, KnownSets, split_at_start_codes
from holdfast.rtsp.pictures import MAX_BYTES, MAX_PIECES, OPENS, SET, SLICE, Pictures


class _Fragments(Enum):
    """What becomes of the fragments that come."""

    NONE = auto()
    """There is no fragmented NAL unit."""
    DIRECT = auto()
    """A slice, whose fragments are put into the access unit."""
    ASIDE = auto()
    """A NAL unit that may turn out to be several, or is asked for its content."""
    DROPPED = auto()
    """A slice of a picture that cannot become whole."""


class NalUnits:
    """Takes what the packets of one track have in them."""

    def __init__(self, role_of: Callable[[bytes], int], sets: KnownSets, pictures: Pictures) -> None:
        """`role_of` says what a NAL unit is, from its header and at least one more byte (the numbers of `pictures`)."""
        self._role_of = role_of
        self._sets = sets
        self._pictures = pictures
        self._fragments = _Fragments.NONE
        self._kind = -1
        self._begins_at = 0
        self._aside: list[bytes] = []
        self._aside_bytes = 0
        self._has_seen_ends = False
        self._has_start_codes = False

    @property
    def takes_fragments(self) -> bool:
        """Whether a slice is on its way, whose fragments may be put into `Pictures.parts` as they are."""
        return self._fragments is _Fragments.DIRECT

    def add(self, nal: bytes) -> None:
        """Take a whole NAL unit, in which several may be hidden behind start codes."""
        self._end_unfinished()
        self._add_all(split_at_start_codes(nal) if START_CODE in nal else (nal,))

    def start(self, kind: int, begin: bytes) -> None:
        """Take the begin of a NAL unit of this type: its header and what the first fragment has of it."""
        self._end_unfinished()
        self._kind = kind
        role = self._role_of(begin)
        if role & OPENS:
            # Not only when it is whole: the picture before it is whole already, whatever is still lost of this one.
            self._pictures.open()
        if self._has_start_codes or not role & SLICE:
            self._fragments = _Fragments.ASIDE
            self._aside = [begin]
            self._aside_bytes = len(begin)
        elif self._pictures.make_room(role):
            self._fragments = _Fragments.DIRECT
            self._begins_at = len(self._pictures.parts)
            self._pictures.parts += (b"", begin)
        else:
            self._fragments = _Fragments.DROPPED

    def go_on(self, kind: int, piece: bytes) -> None:
        """Take a fragment that is not the first."""
        if self._fragments is _Fragments.NONE or kind != self._kind:
            self.refuse()
        elif self._fragments is _Fragments.DIRECT:
            self._pictures.parts.append(piece)
        elif self._fragments is _Fragments.ASIDE:
            self._aside.append(piece)
            self._aside_bytes += len(piece)
            if self._aside_bytes > MAX_BYTES or len(self._aside) > MAX_PIECES:
                raise RtspError(f"The camera sends a NAL unit of more than {MAX_BYTES >> 20} MiB.")

    def finish(self) -> None:
        """The fragment that was taken last is the last one of its NAL unit."""
        self._has_seen_ends = True
        self._finish()

    def mark(self) -> None:
        """The packet that was taken last has its marker bit set."""
        self._pictures.mark(is_inside_nal=self._fragments is not _Fragments.NONE)

    def refuse(self) -> None:
        """The packet has something that cannot be read, or that nothing before it fits to."""
        self._end_unfinished()
        self._pictures.refuse()

    def interrupt(self) -> None:
        """Packets are missing before what comes now."""
        self._pictures.flush()
        self._drop()

    def _drop(self) -> None:
        self._fragments = _Fragments.NONE
        self._aside = []
        self._pictures.drop()

    def _add_all(self, nals: Sequence[bytes]) -> None:
        # One that only ends in a start code hides nothing: no need to look into every slice from now on.
        self._has_start_codes = self._has_start_codes or len(nals) > 1
        for nal in nals:
            role = self._role_of(nal)
            if self._pictures.make_room(role):
                self._pictures.parts += (len(nal).to_bytes(4, "big"), nal)
            if role & SET:
                self._sets.take(nal)

    def _finish(self) -> None:
        ended, self._fragments = self._fragments, _Fragments.NONE
        if ended is _Fragments.DIRECT:
            parts = self._pictures.parts
            parts[self._begins_at] = sum(map(len, parts[self._begins_at :])).to_bytes(4, "big")
        elif ended is _Fragments.ASIDE:
            whole = b"".join(self._aside)
            self._aside = []
            self._add_all(split_at_start_codes(whole) if START_CODE in whole else (whole,))

    def _end_unfinished(self) -> None:
        """Another NAL unit begins, and no packet was missing: where a camera never marks ends, this is one."""
        if self._fragments is _Fragments.NONE:
            return
        if self._has_seen_ends:
            self._drop()
        else:
            self._finish()
