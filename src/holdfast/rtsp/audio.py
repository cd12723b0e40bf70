"""Packets of an audio track in, access units out: AAC (RFC 3640) and G.711 (RFC 3551 section 4.5.14)."""

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.rtsp.aac import Headers, config_of, without_adts
from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.rtp import Arrival, Packet, PacketReader, Reception, Timeline
from holdfast.rtsp.sdp import MediaTrack

MAX_CHANNELS = 8
MAX_RATE = 192_000


@dataclass(frozen=True, slots=True)
class AudioUnit:
    """One access unit of AAC, or the samples of one packet of G.711."""

    data: bytes
    ticks: int
    """RTP time that never wraps; the first unit of a session has 0."""
    samples: int
    """Per channel."""


class AudioReceiver:
    """Receives one track of AAC or G.711."""

    def __init__(self, track: MediaTrack) -> None:
        """Raises RtspError when the track is in another format: the caller then goes without sound."""
        self.config = b""
        """AudioSpecificConfig of AAC; b"" for G.711."""
        self.rate = track.clock_rate
        """Samples per second."""
        self.channels = track.channels
        self._headers: Headers | None = None
        self._unit_samples = 0
        if not (0 < track.clock_rate <= MAX_RATE and 0 < track.channels <= MAX_CHANNELS):
            raise RtspError(f"Sound with {track.channels} channels at {track.clock_rate} Hz is not supported.")
        if track.encoding == "MPEG4-GENERIC":
            said = config_of(track.fmtp, track.clock_rate, track.channels)
            self.config = said.data
            self.rate = said.rate
            self.channels = said.channels or track.channels
            self._headers = Headers(track.fmtp)
            self._unit_samples = said.samples
        elif track.encoding not in {"PCMU", "PCMA"}:
            raise RtspError(f"Sound in the format {track.encoding} is not supported.")
        self._unit_ticks = self._unit_samples * track.clock_rate // self.rate
        self._packets = PacketReader(track.payload_type)
        self._timeline = Timeline()
        self._damaged = 0
        # An access unit that did not fit into one packet: its time stamp, its size, what there is of it.
        self._stamp = 0
        self._size = 0
        self._fragments = b""
        # Whether more of it may come although a part is missing.
        self._is_skipping = False

    def receive(self, data: bytes, spans: Sequence[tuple[int, int]]) -> list[AudioUnit]:
        """Take packets, each where its span begins and ends in `data`; return the units that became whole."""
        units: list[AudioUnit] = []
        for begin, end in spans:
            packet = self._packets.read(data, begin, end)
            if packet is None:
                continue
            if packet.arrival is not Arrival.NEXT:
                self._is_skipping = bool(self._fragments)
                self._drop()
            if packet.arrival is Arrival.ANOTHER_SOURCE:
                self._timeline.rebase(packet.stamp)
            payload = data[packet.begin : packet.end]
            if self._headers is None:
                self._add(units, packet.stamp, [payload[: len(payload) - len(payload) % self.channels]])
            else:
                self._add(units, packet.stamp, self._unpack(self._headers, packet, payload))
        return units

    def end(self) -> list[AudioUnit]:
        """Nothing more comes; no whole unit ever waits."""
        self._fragments = b""
        return []

    def take_lost(self) -> int:
        """Packets that did not come, since the last call."""
        return self._packets.sequence.take_lost()

    def take_damaged(self) -> int:
        """Access units that were left out because a part of them is missing, since the last call."""
        damaged, self._damaged = self._damaged, 0
        return damaged

    def ticks_of(self, stamp: int) -> int | None:
        """Ticks of a time stamp of 32 bits, for `rtcp.Reports`; None before the first unit."""
        return self._timeline.ticks_of(stamp)

    @property
    def reception(self) -> Reception | None:
        """For receiver reports; None before the first packet."""
        return self._packets.sequence.reception

    def _add(self, units: list[AudioUnit], stamp: int, datas: Sequence[bytes]) -> None:
        if not any(datas):
            return
        self._timeline.move_to(stamp)
        ticks = self._timeline.now()
        for number, data in enumerate(datas):
            if data:
                samples = self._unit_samples or len(data) // self.channels
                units.append(AudioUnit(data, ticks + number * self._unit_ticks, samples))

    def _unpack(self, headers: Headers, packet: Packet, payload: bytes) -> Sequence[bytes]:
        """The access units of a packet, in the places that their times depend on; b"" where one is left out."""
        sizes, at = headers.read(payload)
        if len(sizes) == 1 and sizes[0] > len(payload) - at:
            return self._go_on(packet.stamp, sizes[0], payload[at:])
        self._drop()
        if not sizes:
            self._damaged += 1
        units = []
        for size in sizes:
            if at + size > len(payload):
                self._damaged += 1
                break
            units.append(without_adts(payload[at : at + size]))
            at += size
        return units

    def _go_on(self, stamp: int, size: int, fragment: bytes) -> Sequence[bytes]:
        """Every fragment says the size of the whole (section 3.2.3)."""
        if (stamp, size) != (self._stamp, self._size):
            self._drop()
            self._is_skipping = False
            self._stamp, self._size = stamp, size
        if not self._is_skipping:
            self._fragments += fragment
        if len(self._fragments) < size:
            return ()
        whole, self._fragments = self._fragments[:size], b""
        return (without_adts(whole),)

    def _drop(self) -> None:
        if self._fragments:
            self._damaged += 1
        self._fragments = b""
