"""What the dialogue needs of the media half: something that turns packets of a track into units."""

from collections.abc import Callable, Sequence
from typing import Protocol

from holdfast.rtsp.audio import AudioUnit
from holdfast.rtsp.pictures import AccessUnit
from holdfast.rtsp.rtcp import SenderReport
from holdfast.rtsp.rtp import Reception
from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.wire import Span

TicksOf = Callable[[int], int | None]
"""An RTP time stamp on the scale of a receiver's units; None before its first unit."""


class VideoReceiver(Protocol):
    """Packets of the video track in, access units out."""

    @property
    def reception(self) -> Reception | None:
        """How well packets arrive; None before the first."""
        ...

    def receive(self, data: bytes, spans: Sequence[Span]) -> list[AccessUnit]:
        """The access units that these packets complete. Raises RtspError."""
        ...

    def ticks_of(self, stamp: int) -> int | None:
        """See TicksOf."""
        ...

    def end(self) -> list[AccessUnit]:
        """What was complete already."""
        ...

    def take_lost(self) -> int:
        """Packets that did not arrive since the last call."""
        ...

    def take_damaged(self) -> int:
        """Access units that were left out since the last call."""
        ...


class AudioReceiver(Protocol):
    """Packets of the audio track in, pieces of sound out."""

    @property
    def reception(self) -> Reception | None:
        """How well packets arrive; None before the first."""
        ...

    def receive(self, data: bytes, spans: Sequence[Span]) -> list[AudioUnit]:
        """What these packets complete. Raises RtspError."""
        ...

    def ticks_of(self, stamp: int) -> int | None:
        """See TicksOf."""
        ...

    def end(self) -> list[AudioUnit]:
        """What was complete already."""
        ...


class Reports(Protocol):
    """Control packets (RTCP) of one track, both ways."""

    @property
    def has_ended(self) -> bool:
        """Whether the camera said goodbye."""
        ...

    @property
    def sender(self) -> SenderReport | None:
        """The last report that said the time."""
        ...

    def receive(self, data: bytes, spans: Sequence[Span], now_s: float) -> None:
        """Take what the camera reports."""
        ...

    def write(self, reception: Reception | None, now_s: float) -> bytes:
        """A receiver report, ready to be interleaved."""
        ...


class Receivers(Protocol):
    """Makes them, one per track. Each raises RtspError when the track's parameters make no sense."""

    def video(self, track: MediaTrack) -> VideoReceiver:
        """For H.264 or H.265."""
        ...

    def sound(self, track: MediaTrack) -> AudioReceiver:
        """For AAC or G.711."""
        ...

    def reports(self, ssrc: int, ticks_of: TicksOf) -> Reports:
        """Reports in the name of `ssrc` of what this receiver gets."""
        ...
