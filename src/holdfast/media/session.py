"""A session: one numbered pipeline life of one stream.

    source ► tee ┬► recording-valve ► recording-barrier ► take-N (muxer ► queue ► fragments)
                 ├► streaming-valve ► streaming-barrier ► streaming-queue ► viewers
                 └► counter

The barriers keep a branch's flow errors from travelling up through the tee. Everything about takes happens on the
streaming thread, between two frames, so that no frame is lost or repeated by it.

Python looks at every frame only while it has to: at the begin of a session, and while a key frame is awaited. Later it
looks at one frame now and then, which is enough to know the media clock.
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
SILENT = {"sync": False, "async": False, "enable-last-sample": False}
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
    Element("fakesink", "viewers", SILENT),
)
COUNTER = Element("fakesink", "counter", SILENT)
LOOK_AT_FRAMES = 60
"""A stream with B-frames shows them within so many frames."""
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
        self._looking = threading.Lock()
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
        self._sent_frames = 0
        self._overruns = 0
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
        self._counter = make(COUNTER)
        for part in (source.bin, self._tee, self._recording, streaming, self._counter):
            self.pipeline.add(part)
        for branch in (self._recording, streaming, self._counter):
            self._tee.link(branch)
        self._entry = self._tee.get_static_pad("sink")
        self._is_looking = False
        self.look()
        self._bus = self.pipeline.get_bus()
        self._bus.add_watch(GLib.PRIORITY_DEFAULT, self._on_message)

    def start(self) -> None:
        """Begin to connect. Returns at once: rtspsrc works on threads of its own."""
        self.pipeline.set_state(Gst.State.PLAYING)

    def look(self) -> None:
        """Look at the next frame, and at more of them while that is needed."""
        with self._looking:
            if not self._is_looking:
                self._is_looking = True
                self._entry.add_probe(Gst.PadProbeType.BUFFER, self._on_frame)

    def set_mode(self, mode: Mode) -> None:
        """Switch the valves. The recording branch begins at the next key frame, and ends with all that it holds."""
        self._streaming_valve.set_property("drop", not mode.streams)
        with self._lock:
            if mode.records and not self._mode.records:
                self._take_reason = "recording branch opened"
            self._mode = mode
            if not mode.records:
                self._end_take()
        self.look()

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
        frames = _rendered(self._counter)
        if frames == self._sent_frames:
            return None
        self._sent_frames = frames
        streamed = _rendered(self._viewers)
        return Progress(self.stream, self.number, frames, self._frames.key_frames, streamed, self._overruns)

    def clock_sample(self) -> ClockSample | None:
        """The least delayed frame since the last call."""
        sample = self._frames.take_sample()
        return sample and ClockSample(self.stream, self.number, PtsNs(sample[0]), MonoNs(sample[1]))

    # ------------------------------------------------------------ SourceListener, from any thread

    def source_ready(self, pad: Any, codec: str) -> None:
        """Link what the source delivers to the tee."""
        self._codec = codec
        # The pad tells of new caps before it hands them on: the old muxer never sees them.
        pad.connect("notify::caps", self._on_caps)
        pad.link(self._entry)

    def source_failed(self, error: ErrorReport) -> None:
        """Report on the main loop, once."""
        GLib.idle_add(self._fail, error)

    # ------------------------------------------------------------ streaming thread

    def _on_frame(self, _pad: Any, info: Any) -> Any:
        buffer = info.get_buffer()
        pts_ns = buffer.pts
        if pts_ns == Gst.CLOCK_TIME_NONE:
            # The muxer would fail with "Buffer has no PTS"; one frame less is the smaller loss.
            return Gst.PadProbeReturn.DROP
        is_key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        arrival_ns = time.monotonic_ns()
        verdict = self._frames.frame(pts_ns, arrival_ns, is_key=is_key, reorders=self._reorders)
        if verdict is not Verdict.GOES_ON or (is_key and self._take_reason is not None):
            with self._lock:
                self._between_frames(verdict, pts_ns, arrival_ns, is_key=is_key)
        return Gst.PadProbeReturn.OK if self._looks_on() else Gst.PadProbeReturn.REMOVE

    def _looks_on(self) -> bool:
        """Whether the next frame has to be looked at, too."""
        with self._looking:
            awaits_key_frame = self._take_reason is not None and self._mode.records
            self._is_looking = awaits_key_frame or self._frames.frames_seen < LOOK_AT_FRAMES
            return self._is_looking

    def _between_frames(self, verdict: Verdict, pts_ns: int, arrival_ns: int, *, is_key: bool) -> None:
        if verdict is Verdict.REORDERED:
            self._reorders = True
            self._begin_anew("the stream has B-frames")
        elif verdict is Verdict.BROKEN:
            self._begin_anew("media time broke")
        if is_key and self._take_reason is not None and self._mode.records:
            self._begin_take(PtsNs(pts_ns), MonoNs(arrival_ns))

    def source_ended(self) -> None:
        """The camera ended the stream in order."""
        GLib.idle_add(self._fail, _own(OwnError.CAMERA_CLOSED, "the camera ended the stream"))

    def _on_caps(self, pad: Any, _property: Any) -> None:
        caps = pad.get_current_caps()
        if caps is None:
            return
        described = caps.to_string()
        with self._lock:
            if self._caps and described != self._caps:
                self._begin_anew("the stream's parameters changed")
            self._caps = described
            codec_data = caps.get_structure(0).get_value("codec_data")
            if codec_data is not None and reorders_frames(self._codec, _bytes_of(codec_data)):
                self._reorders = True
        self.look()

    def _on_overrun(self, take: Take) -> None:
        """The recorder does not read. The branch is closed before the muxer can hold up the source (A4)."""
        self._overruns += 1
        self._recording_valve.set_property("drop", True)
        GLib.idle_add(self._end_stuck, take)

    def _begin_anew(self, reason: str) -> None:
        self._end_take()
        self._take_reason = reason

    def _begin_take(self, pts_ns: PtsNs, arrival_ns: MonoNs) -> None:
        if any(take.is_stuck for take in list(self._takes.values())):
            return
        reason, self._take_reason = self._take_reason or "", None
        self._take_count += 1
        try:
            take = Take(
                self._take_count,
                self._codec,
                self._on_overrun,
                reorders=self._reorders,
                fragment_ms=self._command.fragment_ms,
            )
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

    def _end_stuck(self, take: Take) -> bool:
        with self._lock:
            if self._take is take:
                self._begin_anew("the recorder did not read in time")
        self.look()
        return False

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
            self.look()
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


def _rendered(sink: Any) -> int:
    """How many buffers a sink has had."""
    return int(sink.get_property("stats").get_uint64("rendered").value)


def _bytes_of(buffer: Any) -> bytes:
    return bytes(buffer.extract_dup(0, buffer.get_size()))
