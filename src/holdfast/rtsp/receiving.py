"""The receivers of a session's tracks."""

from holdfast.rtsp.audio import AudioReceiver
from holdfast.rtsp.receivers import TicksOf
from holdfast.rtsp.rtcp import Reports
from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.video import VideoReceiver


class TrackReceivers:
    """Implements `receivers.Receivers`."""

    def video(self, track: MediaTrack) -> VideoReceiver:
        """See Receivers."""
        return VideoReceiver(track)

    def sound(self, track: MediaTrack) -> AudioReceiver:
        """See Receivers."""
        return AudioReceiver(track)

    def reports(self, ssrc: int, ticks_of: TicksOf) -> Reports:
        """See Receivers."""
        return Reports(ssrc, ticks_of)
