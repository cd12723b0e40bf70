"""Packets of a video track in, access units out.

A camera of 4 Mbit/s sends 400 packets a second, and nearly all of them are fragments in the middle of a slice. Such a
packet is known by two comparisons: its first four bytes are the ones expected (version, flags, payload type, the next
sequence number), and what follows up to the fragment's bytes (time stamp, source, fragment header) is the same as in
the packet before. All that costs time is done for the others.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from struct import Struct

from holdfast.rtsp import h264, h265
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.nal_units import NalUnits
from holdfast.rtsp.parameter_sets import Codec, KnownSets
from holdfast.rtsp.pictures import AccessUnit, Pictures
from holdfast.rtsp.rtp import HEADER, PLAIN, Arrival, PacketReader, Reception, Timeline
from holdfast.rtsp.sdp import MediaTrack

__all__ = ["AccessUnit", "VideoReceiver"]

_SAME_AT = 4
"""Where in a packet the bytes begin that are the same in all fragments of a NAL unit, but for the last of them."""


@dataclass(frozen=True, slots=True)
class _Format:
    """What differs between the codecs."""

    codec: Codec
    role_of: Callable[[bytes], int]
    unpack: Callable[[bytes, NalUnits], None]
    fragment_bytes: int
    fragment_type: int


_FORMATS = {
    "H264": _Format("h264", h264.role_of, h264.unpack, h264.FRAGMENT_BYTES, h264.FRAGMENT_TYPE),
    "H265": _Format("h265", h265.role_of, h265.unpack, h265.FRAGMENT_BYTES, h265.FRAGMENT_TYPE),
}


class VideoReceiver:
    """Receives one track of H.264 or H.265."""

    def __init__(self, track: MediaTrack) -> None:
        """Raises RtspError when the track is in another format, or packetised in a way that is not supported."""
        form = _FORMATS.get(track.encoding)
        if form is None:
            raise RtspError(f"Video in the format {track.encoding} is not supported.")
        if track.fmtp.get("packetization-mode") == "2" or track.fmtp.get("sprop-max-don-diff", "0") not in {"", "0"}:
            raise RtspError("The camera sends its video in interleaved order, which is not supported.")
        self._timeline = Timeline()
        self._packets = PacketReader(track.payload_type)
        self._sequence = self._packets.sequence
        sets = KnownSets(form.codec, track.fmtp)
        self._pictures = Pictures(sets, self._timeline)
        self._nal_units = NalUnits(form.role_of, sets, self._pictures)
        self._unpack = form.unpack
        self._head_bytes = HEADER.size + form.fragment_bytes
        self._fragment_type = form.fragment_type
        self._layout = Struct(f">I{self._head_bytes - _SAME_AT}s")
        # Of the packet that is expected: its first four bytes as a number, and what follows. b"" is never equal.
        self._plain = PLAIN << 24 | track.payload_type << 16
        self._word = 0
        self._same = b""

    def receive(self, data: bytes, spans: Sequence[tuple[int, int]]) -> list[AccessUnit]:
        """Take packets, each where its span begins and ends in `data`; return the access units that became whole.

        Raises RtspError for a picture beyond the limits; the receiver is of no use afterwards.
        """
        pictures = self._pictures
        append = pictures.parts.append
        unpack = self._layout.unpack_from
        head_bytes = self._head_bytes
        word, same = self._word, self._same
        for begin, end in spans:
            at = begin + head_bytes
            if at < end:
                head, rest = unpack(data, begin)
                if head == word and rest == same:
                    append(data[at:end])
                    word += 1
                    continue
            self._came_up_to(word)
            self._receive_other(data, begin, end)
            word, same = self._word, self._same
        self._came_up_to(word)
        return pictures.take()

    def end(self) -> list[AccessUnit]:
        """Nothing more comes: return the picture that only waited for the next one, when it is known to be whole."""
        self._pictures.flush()
        return self._pictures.take()

    def take_lost(self) -> int:
        """Packets that did not come, since the last call. A camera that begins to count anew has lost one."""
        return self._sequence.take_lost()

    def take_damaged(self) -> int:
        """Access units that were left out because a part of them is missing, since the last call.

        What the camera sent before the first begin of a picture, or before its parameter sets were known, is none.
        """
        damaged, self._pictures.damaged = self._pictures.damaged, 0
        return damaged

    @property
    def reception(self) -> Reception | None:
        """For receiver reports; None before the first packet."""
        return self._sequence.reception

    def ticks_of(self, stamp: int) -> int | None:
        """Ticks of a time stamp of 32 bits, for `rtcp.Reports`; None before the first access unit."""
        return self._timeline.ticks_of(stamp)

    def _came_up_to(self, word: int) -> None:
        """The packet before this one was the last that came."""
        if self._same:
            self._word = word
            self._sequence.next = word - self._plain

    def _receive_other(self, data: bytes, begin: int, end: int) -> None:
        """Take any packet, and set what is expected of the next."""
        packet = self._packets.read(data, begin, end)
        if packet is None:
            self._word = self._plain + self._sequence.next
            return
        units = self._nal_units
        if packet.arrival is not Arrival.NEXT:
            units.interrupt()
            if packet.arrival is Arrival.ANOTHER_SOURCE:
                self._timeline.rebase(packet.stamp)
        self._pictures.stamp = packet.stamp
        if packet.begin < packet.end:
            self._unpack(data[packet.begin : packet.end], units)
        if packet.is_marked:
            units.mark()
        self._same = b""
        if units.takes_fragments and data[begin] == PLAIN and end - begin >= self._head_bytes:
            # One without a payload is too short to say what is like it.
            self._expect_more(data, begin)

    def _expect_more(self, data: bytes, begin: int) -> None:
        """The packet at `begin` has a fragment: expect the next one of the same NAL unit."""
        last = begin + self._head_bytes - 1
        self._same = data[begin + _SAME_AT : last] + bytes((data[last] & self._fragment_type,))
        self._word = self._plain + self._sequence.next
