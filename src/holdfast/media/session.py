"""A session: one numbered pipeline life of one stream.

    source ► tee ┬► recording-valve ► recording-barrier ► take-N (queue ► muxer ► fragments)
                 └► streaming-valve ► streaming-barrier ► streaming-queue ► viewers

The barriers keep a branch's flow errors from travelling up through the tee. Everything about takes happens on the
streaming thread, between two frames, so that no frame is lost or repeated by it.
"""

import threading
import time
from collections.abc import Callable
from typing import Any

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import Mode
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.media.elements import Element, ElementMissing, ancestor_names, build_bin, make
from holdfast.media.frames import FrameClock, Verdict
from holdfast.media.gi import GLib, Gst
from holdfast.media.parameter_sets import reorders_frames
from holdfast.media.source import SOURCES
from holdfast.media.take import Take
from holdfast.ports.capture import (
    BranchFailed,
    ClockSample,
    Event,
    OpenSession,
    Progress,
    SessionEnded,
    SessionFailed,
    TakeOpened,
)

Emit = Callable[[Event, tuple[int, ...]], None]

VALVE = {"drop": True, "drop-mode": "forward-sticky-events"}
BARRIER = {"ignore-error": True, "ignore-notlinked": True, "ignore-notnegotiated": True, "ignore-eos": True}
RECORDING = (Element("valve", "recording-valve", VALVE), Element("errorignore", "recording-barrier", BARRIER))
STREAMING = (
    Element("valve", "streaming-valve", VALVE),
    Element("errorignore", "streaming-barrier", BARRIER),
    Element(
        "queue",
        "streaming-queue",
        {"max-size-buffers": 0, "max-size-bytes": 8 * 1024 * 1024, "max-size-time": 0, "leaky": "downstream"},
    ),
    Element("fakesink", "viewers", {"sync": False, "async": False, "enable-last-sample": False}),
)
MAX_BRANCH_FAILURES = 5
"""A recording branch that fails this often in one session is no longer worth rebuilding: the session is."""
DRAIN_S = 2.0


class Session:
    """Owns one pipeline. Methods are called on the worker's main loop; probes run on streaming threads."""

    def __init__(self, command: OpenSession, emit: Emit, ended: Callable[["Session"], None]) -> None:
        """Build the pipeline. Raises ElementMissing."""
        self.stream, self.number = command.stream, command.session
        self.closing_since: float | None = None
        self._command, self._emit, self._ended = command, emit, ended
        self._lock = threading.Lock()
        self._mode = command.mode
        self._reorders = command.reorders
        self._codec = ""
        self._caps = ""
        self._take: Take | None = None
        self._takes: dict[int, Take] = {}
        self._take_count = 0
        self._take_reason: str | None = "session began"
        self._recording_failures = 0
        self._failed = False
        self._frames = FrameClock()
        self._sent_frames = -1
        self.pipeline = Gst.Pipeline.new(f"{command.stream.camera}-{command.stream.stream}-{command.session}")
        self._tee = make(Element("tee", "tee", {"allow-not-linked": True}))
        self._recording = build_bin("recording", RECORDING)
        barrier = self._recording.get_by_name("recording-barrier")
        self._barrier_src = barrier.get_static_pad("src")
        self._recording_valve = self._recording.get_by_name("recording-valve")
        streaming = build_bin("streaming", STREAMING)
        self._streaming_valve = streaming.get_by_name("streaming-valve")
        self._streaming_valve.set_property("drop", not self._mode.streams)
        self._viewers = streaming.get_by_name("viewers")
        source = SOURCES[command.address.source](command.address, self)
        for part in (source.bin, self._tee, self._recording, streaming):
            self.pipeline.add(part)
        self._tee.link(self._recording)
        self._tee.link(streaming)
        self._entry = self._tee.get_static_pad("sink")
        self._entry.add_probe(Gst.PadProbeType.BUFFER, self._on_frame)
        self._entry.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self._on_event)
        self._bus = self.pipeline.get_bus()
        self._bus.add_watch(GLib.PRIORITY_DEFAULT, self._on_message)

    def start(self) -> None:
        """Begin to connect. Returns at once: rtspsrc works on threads of its own."""
        self.pipeline.set_state(Gst.State.PLAYING)

    def set_mode(self, mode: Mode) -> None:
        """Switch the valves. The recording branch begins at the next key frame, and ends with all that it holds."""
        self._streaming_valve.set_property("drop", not mode.streams)
        with self._lock:
            if mode.records and not self._mode.records:
                self._take_reason = "recording branch opened"
            self._mode = mode
            if not mode.records:
                self._end_take()

    def close(self) -> None:
        """End the takes, then the pipeline, without holding up the main loop."""
        if self.closing_since is not None:
            return
        self.closing_since = time.monotonic()
        with self._lock:
            self._mode = Mode.STREAMING_ONLY
            self._end_take()
        # A state change of rtspsrc may wait for the camera: it must not stop the worker's heartbeat.
        threading.Thread(target=self._shut_down, name=f"close-{self.pipeline.get_name()}", daemon=True).start()

    def progress(self) -> Progress | None:
        """What was seen since the last call, or None when nothing new was."""
        if self._frames.frames == self._sent_frames:
            return None
        self._sent_frames = self._frames.frames
        streamed = self._viewers.get_property("stats").get_uint64("rendered").value if self._mode.streams else 0
        take = self._take
        return Progress(
            self.stream,
            self.number,
            self._frames.frames,
            self._frames.key_frames,
            self._frames.bytes,
            streamed,
            take.overruns if take is not None else 0,
        )

    def clock_sample(self) -> ClockSample | None:
        """The least delayed frame since the last call."""
        sample = self._frames.take_sample()
        return sample and ClockSample(self.stream, self.number, PtsNs(sample[0]), MonoNs(sample[1]))

    # ------------------------------------------------------------ SourceListener, from any thread

    def source_ready(self, pad: Any, codec: str) -> None:
        """Link what the source delivers to the tee."""
        self._codec = codec
        pad.link(self._entry)

    def source_failed(self, error: ErrorReport) -> None:
        """Report on the main loop, once."""
        GLib.idle_add(self._fail, error)

    # ------------------------------------------------------------ streaming thread

    def _on_frame(self, _pad: Any, info: Any) -> Any:
        buffer = info.get_buffer()
        pts_ns = buffer.pts
        if pts_ns == Gst.CLOCK_TIME_NONE:
            # The muxer would end the session with "Buffer has no PTS"; one frame less is the smaller loss.
            return Gst.PadProbeReturn.DROP
        is_key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        arrival_ns = time.monotonic_ns()
        verdict = self._frames.frame(pts_ns, arrival_ns, buffer.get_size(), is_key=is_key, reorders=self._reorders)
        if verdict is not Verdict.GOES_ON or (is_key and self._take_reason is not None):
            with self._lock:
                self._between_frames(verdict, pts_ns, arrival_ns, is_key=is_key)
        return Gst.PadProbeReturn.OK

    def _between_frames(self, verdict: Verdict, pts_ns: int, arrival_ns: int, *, is_key: bool) -> None:
        if verdict is Verdict.REORDERED:
            self._reorders = True
            self._begin_anew("the stream has B-frames")
        elif verdict is Verdict.BROKEN:
            self._begin_anew("media time broke")
        if is_key and self._take_reason is not None and self._mode.records:
            self._begin_take(PtsNs(pts_ns), MonoNs(arrival_ns))

    def _on_event(self, _pad: Any, info: Any) -> Any:
        event = info.get_event()
        if event.type == Gst.EventType.EOS:
            GLib.idle_add(self._fail, _own(OwnError.CAMERA_CLOSED, "the camera ended the stream"))
        elif event.type == Gst.EventType.CAPS:
            caps = event.parse_caps()
            described = caps.to_string()
            with self._lock:
                if self._caps and described != self._caps:
                    self._begin_anew("the stream's parameters changed")
                self._caps = described
                codec_data = caps.get_structure(0).get_value("codec_data")
                if codec_data is not None and reorders_frames(self._codec, _bytes_of(codec_data)):
                    self._reorders = True
        return Gst.PadProbeReturn.OK

    def _begin_anew(self, reason: str) -> None:
        self._end_take()
        self._take_reason = reason

    def _begin_take(self, pts_ns: PtsNs, arrival_ns: MonoNs) -> None:
        reason, self._take_reason = self._take_reason or "", None
        self._take_count += 1
        try:
            take = Take(self._take_count, self._codec, reorders=self._reorders, fragment_ms=self._command.fragment_ms)
        except (ElementMissing, OSError) as error:
            GLib.idle_add(self._fail, _own(OwnError.ELEMENT_MISSING, str(error), Branch.RECORDING))
            return
        self._takes[take.number] = self._take = take
        self._recording.add(take.bin)
        take.bin.sync_state_with_parent()
        self._barrier_src.link(take.sink)
        opened = TakeOpened(self.stream, self.number, take.number, pts_ns, arrival_ns, self._reorders, reason)
        self._emit(opened, (take.read_fd,))
        take.close_reader()
        self._recording_valve.set_property("drop", False)

    def _end_take(self) -> None:
        take, self._take = self._take, None
        self._recording_valve.set_property("drop", True)
        if take is None:
            return
        self._barrier_src.unlink(take.sink)
        take.end(lambda: GLib.idle_add(self._dispose, take.number))

    # ------------------------------------------------------------ main loop

    def _dispose(self, number: int) -> bool:
        take = self._takes.pop(number, None)
        if take is not None:
            take.dispose()
        return False

    def _on_message(self, _bus: Any, message: Any) -> bool:
        if message.type == Gst.MessageType.ERROR:
            error, debug = message.parse_error()
            names = ancestor_names(message.src)
            branch = next((b for b in (Branch.RECORDING, Branch.STREAMING) if b in names), Branch.SOURCE)
            report = ErrorReport(branch, error.domain, error.code, names[0], error.message, debug or "")
            self._on_error(report)
        return True

    def _on_error(self, report: ErrorReport) -> None:
        if report.branch is Branch.SOURCE:
            self._fail(report)
        elif report.branch is Branch.RECORDING:
            self._recording_failures += 1
            if self._recording_failures > MAX_BRANCH_FAILURES:
                self._fail(report)
                return
            with self._lock:
                broken, self._take = self._take, None
                self._recording_valve.set_property("drop", True)
                if broken is not None:
                    self._barrier_src.unlink(broken.sink)
                self._take_reason = "the recording branch failed"
            if broken is not None:
                self._dispose(broken.number)
            self._emit(BranchFailed(self.stream, self.number, report), ())
        else:
            self._emit(BranchFailed(self.stream, self.number, report), ())

    def _fail(self, report: ErrorReport) -> bool:
        # The first error in time decides (requirement B5): what follows are its echoes.
        if not self._failed and self.closing_since is None:
            self._failed = True
            self._emit(SessionFailed(self.stream, self.number, report), ())
            self.close()
        return False

    def _shut_down(self) -> None:
        deadline = time.monotonic() + DRAIN_S
        while self._takes and time.monotonic() < deadline:
            time.sleep(0.01)
        self.pipeline.set_state(Gst.State.NULL)
        GLib.idle_add(self._finish)

    def _finish(self) -> bool:
        for number in list(self._takes):
            self._dispose(number)
        self._bus.remove_watch()
        self._emit(SessionEnded(self.stream, self.number), ())
        self._ended(self)
        return False


def _own(code: OwnError, text: str, branch: Branch = Branch.SOURCE) -> ErrorReport:
    return ErrorReport(branch, OWN_DOMAIN, code, "session", text)


def _bytes_of(buffer: Any) -> bytes:
    return bytes(buffer.extract_dup(0, buffer.get_size()))
