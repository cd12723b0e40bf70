"""The tracks that play: from the channels of a batch to events, and reports back."""

from collections.abc import Sequence
from dataclasses import dataclass

from holdfast.rtsp.errors import RtspError
from holdfast.rtsp.events import Event, Sound, Units
from holdfast.rtsp.pictures import AccessUnit
from holdfast.rtsp.receivers import AudioReceiver, Receivers, Reports, VideoReceiver
from holdfast.rtsp.rtcp import SenderReport
from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.transport import Channels
from holdfast.rtsp.wire import Batch, Span

_MAX_PACKET_BYTES = 0xFFFF


@dataclass(slots=True)
class _Video:
    track: MediaTrack
    receiver: VideoReceiver
    reports: Reports
    channels: Channels


@dataclass(slots=True)
class _Sound:
    track: MediaTrack
    receiver: AudioReceiver
    reports: Reports
    channels: Channels
    broken: bool = False
    """Its packets made no sense; the picture goes on without it."""


class Media:
    """At most one video track and one of sound."""

    def __init__(self, receivers: Receivers, ssrc: int) -> None:
        self.has_begun = False
        """Packets of the video came."""
        self._receivers = receivers
        self._ssrc = ssrc
        self._video: _Video | None = None
        self._sound: _Sound | None = None

    @property
    def sound(self) -> MediaTrack | None:
        """The track of sound that was set up."""
        return self._sound.track if self._sound else None

    @property
    def senders(self) -> tuple[SenderReport, SenderReport] | None:
        """What the camera reported last of the clocks of picture and sound; None before it has of both."""
        if self._video is None or self._sound is None:
            return None
        video, sound = self._video.reports.sender, self._sound.reports.sender
        return None if video is None or sound is None else (video, sound)

    @property
    def channels(self) -> set[int]:
        """All channels that were agreed on."""
        agreed = [part.channels for part in (self._video, self._sound) if part]
        return {channel for pair in agreed for channel in (pair.packets, pair.reports)}

    @property
    def has_ended(self) -> bool:
        """Whether the camera said goodbye of the video."""
        return self._video is not None and self._video.reports.has_ended

    def add_video(self, track: MediaTrack, channels: Channels) -> None:
        """Raises RtspError when the track's parameters make no sense."""
        receiver = self._receivers.video(track)
        self._video = _Video(track, receiver, self._receivers.reports(self._ssrc, receiver.ticks_of), channels)

    def add_sound(self, track: MediaTrack, channels: Channels) -> str:
        """Sound that makes no sense is left out; the answer is why, empty when it is not."""
        try:
            receiver = self._receivers.sound(track)
        except RtspError as error:
            return str(error)
        self._sound = _Sound(track, receiver, self._receivers.reports(self._ssrc, receiver.ticks_of), channels)
        return ""

    def receive(self, batch: Batch, now_s: float) -> list[Event]:
        """What the packets of a batch make; those on other channels are nobody's. Raises RtspError, of video only."""
        events: list[Event] = []
        data, spans = batch.data, batch.spans
        video, sound = self._video, self._sound
        if video is None or not spans:
            return events
        if packets := spans.get(video.channels.packets):
            self.has_begun = True
            events += _units(video.receiver, video.receiver.receive(data, packets))
        if reports := spans.get(video.channels.reports):
            video.reports.receive(data, reports, now_s)
        if sound is not None and not sound.broken:
            events += _sound(sound, data, spans.get(sound.channels.packets, ()))
            if reports := spans.get(sound.channels.reports):
                sound.reports.receive(data, reports, now_s)
        return events

    def end(self) -> list[Event]:
        """What was complete, but waited for what followed."""
        events: list[Event] = []
        if self._video is not None:
            events += _units(self._video.receiver, self._video.receiver.end())
        if self._sound is not None and not self._sound.broken and (units := self._sound.receiver.end()):
            events.append(Sound(units))
        return events

    def write_reports(self, now_s: float) -> bytes:
        """A receiver report for each track, as interleaved packets."""
        written = bytearray()
        for part in (self._video, self._sound):
            report = part.reports.write(part.receiver.reception, now_s) if part else b""
            if part and 0 < len(report) <= _MAX_PACKET_BYTES:
                written += b"$" + bytes([part.channels.reports]) + len(report).to_bytes(2, "big") + report
        return bytes(written)


def _units(receiver: VideoReceiver, units: Sequence[AccessUnit]) -> list[Event]:
    lost, damaged = receiver.take_lost(), receiver.take_damaged()
    return [Units(units, lost, damaged)] if units or lost or damaged else []


def _sound(sound: _Sound, data: bytes, packets: Sequence[Span]) -> list[Event]:
    try:
        units = sound.receiver.receive(data, packets) if packets else []
    except RtspError:
        sound.broken = True
        return []
    return [Sound(units)] if units else []
