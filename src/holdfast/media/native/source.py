"""The source that Holdfast has itself: access units of `holdfast.rtsp` through an appsrc.

    appsrc

No parser: `holdfast.rtsp` has told key frames and parameter sets apart already, and one would cost half of what all
else in the pipeline does.
"""

import functools
import threading
import time
from collections.abc import Sequence
from typing import Any

from holdfast.domain.faults import ErrorReport, OwnError
from holdfast.domain.streams import StreamAddress
from holdfast.domain.times import NS_PER_S
from holdfast.media.elements import Element, make
from holdfast.media.gi import GLib, Gst
from holdfast.media.native.connection import Connection
from holdfast.media.native.reactor import Reactor
from holdfast.media.native.sound import SoundEntry
from holdfast.media.native.stream import READ_BYTES, own
from holdfast.media.native.times import ORIGIN_NS, MediaTimes
from holdfast.media.source import SourceListener
from holdfast.rtsp.audio import AudioUnit
from holdfast.rtsp.parameter_sets import ParameterSets
from holdfast.rtsp.rtcp import SenderReport
from holdfast.rtsp.sdp import MediaTrack
from holdfast.rtsp.video import AccessUnit

CODECS = {"H264": ("h264", "avc"), "H265": ("h265", "hvc1")}
"""By encoding name: the codec and its format with lengths instead of start codes (ISO/IEC 14496-15)."""
MOST_QUEUED_BYTES = 64 << 20
"""More than this waits in front of a pipeline only when nothing moves in it any more."""
STEP_S = 0.01
END_PATIENCE_MS = 1000


@functools.cache
def shared() -> tuple[Reactor, memoryview]:
    """The thread that reads all sockets of this process, and its buffer."""
    return Reactor(), memoryview(bytearray(READ_BYTES))


class LastWord:
    """Tells how a source ended, once, unless nobody wants to know any more. Called from any thread.

    It is apart from the source, because its callbacks may come when that is gone.
    """

    def __init__(self, listener: SourceListener) -> None:
        """Nothing was said yet."""
        self._listener = listener
        self._lock = threading.Lock()
        self._error: ErrorReport | None = None

    def say(self, error: ErrorReport) -> None:
        """This is it; it is told later."""
        with self._lock:
            self._error = error

    def withdraw(self) -> None:
        """Nobody wants to know."""
        with self._lock:
            self._error = None

    def tell(self) -> bool:
        """Tell it now. False, for GLib: once is enough."""
        with self._lock:
            error, self._error = self._error, None
            if error is not None:
                self._listener.source_failed(error)
        return False

    def on_event(self, _pad: Any, info: Any) -> Any:
        """Tell it when the end of the stream passes."""
        if info.get_event().type == Gst.EventType.EOS:
            self.tell()
        return Gst.PadProbeReturn.OK


class NativeSource:
    """Implements `source.Source` and `connection.Heard`."""

    def __init__(self, address: StreamAddress, listener: SourceListener) -> None:
        """Build the bin. Raises ElementMissing."""
        self._listener = listener
        self._appsrc = make(
            Element(
                "appsrc",
                "appsrc",
                {
                    "format": Gst.Format.TIME,
                    "is-live": True,
                    "block": False,
                    "emit-signals": False,
                    "max-bytes": MOST_QUEUED_BYTES,
                    "max-buffers": 0,
                    "max-time": 0,
                },
            )
        )
        self.bin = Gst.Bin.new("source")
        self.bin.add(self._appsrc)
        self._parameters: ParameterSets | None = None
        self._track: MediaTrack | None = None
        self._times = MediaTimes(1)
        self._last_word = LastWord(listener)
        self._sound = None if listener.sound is None else SoundEntry(listener.sound, self.bin)
        reactor, scratch = shared()
        self._connection = Connection(address, reactor, self, scratch, wants_sound=self._sound is not None)

    # ------------------------------------------------------------ Source

    def start(self) -> None:
        """See Source."""
        self._connection.start()

    def set_pace(self, *, watched: bool) -> None:
        """See Source."""
        self._connection.set_pace(watched=watched)

    def drain(self, patience_s: float) -> None:
        """See Source."""
        until_s = time.monotonic() + patience_s
        self._connection.drain(patience_s)
        while self._appsrc.get_property("current-level-bytes") and time.monotonic() < until_s:
            time.sleep(STEP_S)
        # The last one has left the queue; now it passes the pipeline.
        time.sleep(STEP_S)

    def close(self) -> None:
        """See Source."""
        self._last_word.withdraw()
        self._connection.leave()

    # ------------------------------------------------------------ Heard, on the thread of the sockets

    def ready(self, video: MediaTrack, sound: MediaTrack | None, config: bytes) -> None:
        """Let the session link what follows."""
        self._track, self._times = video, MediaTimes(video.clock_rate)
        if self._sound is not None and sound is not None:
            self._sound.ready(sound, config)
        ghost = Gst.GhostPad.new("src", self._appsrc.get_static_pad("src"))
        ghost.set_active(True)
        self.bin.add_pad(ghost)
        self._listener.source_ready(ghost, CODECS[video.encoding][0])

    def units(self, units: Sequence[AccessUnit]) -> None:
        """Hand them to GStreamer."""
        track = self._track
        if track is None:
            return
        if self._appsrc.get_property("current-level-bytes") > MOST_QUEUED_BYTES:
            self.ended(own(OwnError.STUCK, "nothing takes the frames"))
            return
        if self._sound is not None:
            self._sound.picture_came()
        for unit in units:
            if unit.parameters is not self._parameters:
                self._parameters = unit.parameters
                self._appsrc.set_property("caps", self._caps(track, unit.parameters))
            buffer = Gst.Buffer.new_wrapped(unit.data)
            buffer.pts = self._times.at(unit.ticks, ORIGIN_NS)
            if not unit.is_key:
                buffer.set_flags(Gst.BufferFlags.DELTA_UNIT)
            self._appsrc.emit("push-buffer", buffer)

    def certificate(self, fingerprint: str) -> None:
        """See Heard."""
        self._listener.source_certificate(fingerprint)

    def without_sound(self, text: str) -> None:
        """See Heard."""
        if self._sound is not None:
            self._sound.listener.unusable(text)

    def sound(self, units: Sequence[AudioUnit]) -> None:
        """See Heard."""
        if self._sound is not None:
            self._sound.units(units)

    def clocks(self, video: SenderReport, sound: SenderReport) -> None:
        """See Heard."""
        if self._sound is not None and self._track is not None and self._times.base_ns is not None:
            picture_ns = self._times.base_ns + video.ticks * NS_PER_S // self._track.clock_rate
            self._sound.clocks(picture_ns, video.ntp_ns, sound)

    def lost(self, packets: int) -> None:
        """See Heard."""
        self._listener.source_lost(packets)

    def ended(self, error: ErrorReport) -> None:
        """Tell of it when all that came before has passed."""
        word = self._last_word
        word.say(error)
        ghost = self.bin.get_static_pad("src")
        if ghost is None or self._parameters is None:
            word.tell()
            return
        ghost.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, word.on_event)
        self._appsrc.emit("end-of-stream")
        GLib.timeout_add(END_PATIENCE_MS, word.tell)

    # ------------------------------------------------------------ inside

    @staticmethod
    def _caps(track: MediaTrack, parameters: ParameterSets) -> Any:
        codec, stream_format = CODECS[track.encoding]
        across, down = parameters.pixel_aspect
        return Gst.Caps.from_string(
            f"video/x-{codec},stream-format={stream_format},alignment=au,parsed=true,"
            f"width={parameters.width},height={parameters.height},pixel-aspect-ratio={across}/{down},"
            f"codec_data=(buffer){parameters.codec_data().hex()}"
        )
