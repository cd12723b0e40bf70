"""What the dialogue needs of the media half: something that turns packets of a track into units."""

from collections.abc import Sequence
from typing import Protocol, TypeAlias

from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.wire import Span

AccessUnit: TypeAlias = object
"""A picture, as the video receiver makes it."""
AudioUnit: TypeAlias = object
"""A piece of sound, as the audio receiver makes it."""
Reception: TypeAlias = object
"""What a receiver report tells the camera."""


class VideoReceiver(Protocol):
    """Packets of the video track in, access units out."""

    @property
    def reception(self) -> Reception:
        """How well packets arrive."""
        ...

    def receive(self, data: bytes, spans: Sequence[Span]) -> list[AccessUnit]:
        """The access units that these packets complete. Raises RtspError."""
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
    def reception(self) -> Reception:
        """How well packets arrive."""
        ...

    def receive(self, data: bytes, spans: Sequence[Span]) -> list[AudioUnit]:
        """What these packets complete. Raises RtspError."""
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

    def receive(self, data: bytes, spans: Sequence[Span], now_s: float) -> None:
        """Take what the camera reports."""
        ...

    def write(self, reception: Reception, now_s: float) -> bytes:
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

    def reports(self, track: MediaTrack, ssrc: int) -> Reports:
        """Reports in the name of `ssrc`."""
        ...
