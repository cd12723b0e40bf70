"""The receivers of a session's tracks: implements `receivers.Receivers`."""

from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.video import VideoReceiver


class NoReports:
    has_ended = False

    def receive(self, data, spans, now_s):
        pass

    def write(self, reception, now_s):
        return b""


class TrackReceivers:
    """Makes them."""

    def video(self, track: MediaTrack) -> VideoReceiver:
        return VideoReceiver(track)

    def sound(self, track: MediaTrack):
        raise NotImplementedError

    def reports(self, track: MediaTrack, ssrc: int):
        return NoReports()
