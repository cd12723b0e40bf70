"""A session: one numbered pipeline life of one stream.

    source ► tee ┬► recording-valve ► recording-barrier ► take-N (muxer ► queue ► fragments)
                 ├► streaming-valve ► streaming-barrier ► streaming-queue ► viewers
                 └► counter
    (sound: see media/sound_branch.py)

The barriers keep a branch's flow errors from travelling up through the tee. Everything about takes happens on the
streaming thread, between two frames, so that no frame is lost or repeated by it.

Python looks at every frame only while it has to: at the begin of a session, and while a key frame is awaited. Later it
looks at a few frames now and then, which is enough to know the media clock.
"""

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import Mode
from holdfast.domain.times import MonoNs, PtsNs
from holdfast.media.elements import Element, ElementMissing, ancestor_names, make
from holdfast.media.frames import FrameClock, Verdict
from holdfast.media.gi import GLib, Gst
from holdfast.media.losses import Losses
from holdfast.media.parameter_sets import reorders_frames
from holdfast.media.recording_branch import RecordingBranch
from holdfast.media.sound_branch import SoundBranch
from holdfast.media.sources import SOURCES
from holdfast.media.streaming_branch import SILENT, StreamingBranch, rendered
from holdfast.media.take import Take
from holdfast.ports.capture import (
    BranchFailed,
    CertificateSeen,
    ClockSample,
    Event,
    OpenSession,
    PacketsLost,
    Progress,
    SessionEnded,
    SessionFailed,
    TakeOpened,
)

Emit = Callable[[Event, tuple[int, ...]], None]

COUNTER = Element("fakesink", "counter", SILENT)
MAX_BRANCH_FAILURES = 5
"""A recording branch that fails this often in one session is no longer worth rebuilding: the session is."""
MOST_PTS_NS = (1 << 63) - 1
MOST_TIMELESS = 60
"""Frames without a time, one after the other, before the session is given up."""
BRANCHES = (Branch.RECORDING, Branch.STREAMING, Branch.SOUND)
DRAIN_S = 2.0
SOUND_DRAIN_S = 0.2
"""Nothing waits longer for sound, when the picture is at its end."""
ON_THE_WAY_S = 0.3
"""What the camera had sent when the end was ordered is waited for, no longer than this."""


class Session:
    """Owns one pipeline. Methods are called on the worker's main loop; probes run on streaming threads."""

    def __init__(self, command: OpenSession, emit: Emit, ended: Callable[["Session"], None]) -> None:
        """Build the pipeline. Raises ElementMissing."""
        self.stream, self.number = command.stream, command.session
        self.closing_since: float | None = None
        self._emit, self._ended = emit, ended
        self._looking = threading.Lock()
        self._is_looking = False
        self._caps = ""
        self._recording_failures = 0
        self._failed = False
        self._frames = FrameClock()
        self._losses = Losses()
        self.sound = SoundBranch(command, emit) if command.sound else None
        self._timeless = 0
        self._sent_frames = 0
        self.pipeline = Gst.Pipeline.new(f"{command.stream.camera}-{command.stream.stream}-{command.session}")
        self._tee = make(Element("tee", "tee", {"allow-not-linked": True}))
        self._entry = self._tee.get_static_pad("sink")
        self._recording = RecordingBranch(
            records=command.mode.records,
            reorders=command.reorders,
            fragment_ms=command.fragment_ms,
            began=self._take_began,
            look=self.look,
        )
        self._streaming = StreamingBranch(streams=command.mode.streams)
        self._source = source = SOURCES[command.address.chosen_source](command.address, self)
        self._counter = make(COUNTER)
        sound = () if self.sound is None else (self.sound.bin,)
        for part in (source.bin, self._tee, self._recording.bin, self._streaming.bin, self._counter, *sound):
            self.pipeline.add(part)
        for branch in (self._recording.bin, self._streaming.bin, self._counter):
            self._tee.link(branch)
        self.look()
        self._bus = self.pipeline.get_bus()
        self._bus.add_watch(GLib.PRIORITY_DEFAULT, self._on_message)

    def start(self) -> None:
        """Begin to connect. Returns at once."""
        self.pipeline.set_state(Gst.State.PLAYING)
        self._source.start()

    def look(self) -> None:
        """Look at the next frame, and at more of them while that is needed."""
        with self._looking:
            if not self._is_looking:
                self._is_looking = True
                self._entry.add_probe(Gst.PadProbeType.BUFFER, self._on_frame)
        if self.sound is not None:
            self.sound.look()

    def set_mode(self, mode: Mode) -> None:
        """Switch the valves. The recording branch begins at the next key frame, and ends with all that it holds."""
        self._streaming.set_streams(streams=mode.streams)
        self._source.set_pace(watched=mode.streams)
        self._recording.set_records(records=mode.records)
        if self.sound is not None:
            self.sound.set_records(records=mode.records)

    def close(self) -> None:
        """End the takes, then the pipeline, without holding up the main loop."""
        if self.closing_since is not None:
            return
        self.closing_since = time.monotonic()
        # A state change of rtspsrc may wait for the camera: it must not stop the worker's heartbeat.
        threading.Thread(target=self._shut_down, name=f"close-{self.pipeline.get_name()}", daemon=True).start()

    def news(self) -> list[Progress | ClockSample | PacketsLost]:
        """What was seen since the last call: counters, the least delayed frame, and what did not arrive."""
        told: list[Progress | ClockSample | PacketsLost] = []
        sample = self._frames.take_sample()
        if sample is not None:
            told.append(ClockSample(self.stream, self.number, PtsNs(sample[0]), MonoNs(sample[1])))
        frames = rendered(self._counter)
        if frames != self._sent_frames:
            self._sent_frames = frames
            counts = (frames, self._frames.key_frames, self._streaming.frames, self._recording.overruns)
            told.append(Progress(self.stream, self.number, *counts))
        for span in self._losses.take():
            from_ns, to_ns = MonoNs(span.from_ns), MonoNs(span.to_ns)
            told.append(PacketsLost(self.stream, self.number, from_ns, to_ns, span.packets))
        return told

    # ------------------------------------------------------------ SourceListener, from any thread

    def source_ready(self, pad: Any, codec: str) -> None:
        """Link what the source delivers to the tee."""
        self._recording.codec = codec
        # The pad tells of new caps before it hands them on: the old muxer never sees them.
        pad.connect("notify::caps", self._on_caps)
        pad.link(self._entry)

    def source_failed(self, error: ErrorReport) -> None:
        """Report on the main loop, once; before the messages that GStreamer posts because of it (B5)."""
        GLib.idle_add(self._fail, error, priority=GLib.PRIORITY_HIGH)

    def source_certificate(self, fingerprint: str) -> None:
        """Told at once, even when nothing else comes of the session."""
        self._emit(CertificateSeen(self.stream, self.number, fingerprint), ())

    def source_lost(self, packets: int) -> None:
        """Count; it is told with the next heartbeat."""
        self._losses.add(time.monotonic_ns(), packets)

    # ------------------------------------------------------------ streaming thread

    def _on_frame(self, _pad: Any, info: Any) -> Any:
        buffer = info.get_buffer()
        pts_ns = buffer.pts
        if pts_ns > MOST_PTS_NS:
            # There is none, or it lies before the session's begin. The muxer would fail with "Buffer has no PTS"; one
            # frame less is the smaller loss.
            self._timeless += 1
            if self._timeless == MOST_TIMELESS:
                self.source_failed(_own(OwnError.NO_TIMES, f"{MOST_TIMELESS} frames in a row carry no time"))
            return Gst.PadProbeReturn.DROP
        self._timeless = 0
        is_key = not buffer.has_flags(Gst.BufferFlags.DELTA_UNIT)
        arrival_ns = time.monotonic_ns()
        number = rendered(self._counter)
        reorders = self._recording.reorders
        if self._frames.frames_seen == 0:
            # Not with the next heartbeat: that frames come tells that this camera answers.
            self._emit(Progress(self.stream, self.number, 1, 0, 0, 0), ())
        verdict = self._frames.frame(pts_ns, arrival_ns, number=number, is_key=is_key, reorders=reorders)
        if self.sound is not None:
            self.sound.times.video(pts_ns, arrival_ns)
        if verdict is Verdict.REORDERED:
            self._recording.reorders = True
            self._recording.begin_anew("the stream has B-frames")
        elif verdict is Verdict.BROKEN:
            self._recording.begin_anew("media time broke")
            if self.sound is not None:
                self.sound.picture_broke()
        if is_key and self._recording.awaits_key_frame:
            self._key_frame(PtsNs(pts_ns), MonoNs(arrival_ns))
        return Gst.PadProbeReturn.OK if self._looks_on() else Gst.PadProbeReturn.REMOVE

    def _key_frame(self, pts_ns: PtsNs, arrival_ns: MonoNs) -> None:
        try:
            self._recording.key_frame(pts_ns, arrival_ns)
        except (ElementMissing, OSError) as error:
            GLib.idle_add(self._fail, _own(OwnError.ELEMENT_MISSING, str(error), Branch.RECORDING))

    def _take_began(self, take: Take, pts_ns: PtsNs, arrival_ns: MonoNs, reason: str) -> None:
        opened = TakeOpened(self.stream, self.number, take.number, pts_ns, arrival_ns, self._recording.reorders, reason)
        self._emit(opened, (take.read_fd,))
        if self.sound is not None:
            self.sound.has_picture = True

    def _looks_on(self) -> bool:
        """Whether the next frame has to be looked at, too."""
        with self._looking:
            looks_on = self._frames.looks_on(reorders=self._recording.reorders)
            self._is_looking = self._recording.awaits_key_frame or looks_on
            return self._is_looking

    def source_ended(self) -> None:
        """The camera ended the stream in order."""
        GLib.idle_add(self._fail, _own(OwnError.CAMERA_CLOSED, "the camera ended the stream"))

    def _on_caps(self, pad: Any, _property: Any) -> None:
        caps = pad.get_current_caps()
        if caps is None:
            return
        described = caps.to_string()
        codec_data = caps.get_structure(0).get_value("codec_data")
        if codec_data is not None and reorders_frames(self._recording.codec, _bytes_of(codec_data)):
            self._recording.reorders = True
        if self._caps and described != self._caps:
            self._recording.begin_anew("the stream's parameters changed")
        self._caps = described

    # ------------------------------------------------------------ main loop

    def _on_message(self, _bus: Any, message: Any) -> bool:
        if message.type != Gst.MessageType.ERROR:
            return True
        names = ancestor_names(message.src)
        report = _report_of(message, names)
        if report.branch is Branch.SOURCE:
            is_for_sound = self.sound is not None and self.sound.is_asked_for
            self._fail(replace(report, branch=Branch.SOUND) if is_for_sound else report)
        elif report.branch is Branch.SOUND and self.sound is not None:
            self.sound.failed(names, report)
        elif report.branch is Branch.RECORDING and self._recording_failures >= MAX_BRANCH_FAILURES:
            self._fail(report)
        else:
            if report.branch is Branch.RECORDING:
                self._recording_failures += 1
                self._recording.give_up_take()
            self._emit(BranchFailed(self.stream, self.number, report), ())
        return True

    def _fail(self, report: ErrorReport) -> bool:
        # The first error in time decides (requirement B5): what follows are its echoes.
        if not self._failed and self.closing_since is None:
            self._failed = True
            self._emit(SessionFailed(self.stream, self.number, report), ())
            self.close()
        return False

    def _shut_down(self) -> None:
        if not self._failed:
            self._source.drain(ON_THE_WAY_S)
        self._recording.set_records(records=False)
        if self.sound is not None:
            self.sound.set_records(records=False)
        deadline = time.monotonic() + DRAIN_S
        while not self._recording.is_drained and time.monotonic() < deadline:
            time.sleep(0.01)
        deadline = time.monotonic() + SOUND_DRAIN_S
        while self.sound is not None and not self.sound.is_drained and time.monotonic() < deadline:
            time.sleep(0.01)
        self._source.close()
        self.pipeline.set_state(Gst.State.NULL)
        GLib.idle_add(self._finish)

    def _finish(self) -> bool:
        self._recording.release_all()
        if self.sound is not None:
            self.sound.release_all()
        self._bus.remove_watch()
        self._emit(SessionEnded(self.stream, self.number), ())
        self._ended(self)
        # What is still queued for the main loop of this session comes before.
        parts = (self._source, self._recording, self, *(() if self.sound is None else (self.sound,)))
        GLib.timeout_add_seconds(1, _let_go, parts)
        return False


def _let_go(parts: tuple[object, ...]) -> bool:
    """Forget all elements: they hold our callbacks, and these hold them, where no garbage collector can see it."""
    for part in parts:
        vars(part).clear()
    return False


def _report_of(message: Any, names: Sequence[str]) -> ErrorReport:
    """An error message of the bus. `names`: of the element and what it is in."""
    error, debug = message.parse_error()
    branch = next((b for b in BRANCHES if b in names), Branch.SOURCE)
    return ErrorReport(branch, error.domain, error.code, names[0], error.message, debug or "")


def _own(code: OwnError, text: str, branch: Branch = Branch.SOURCE) -> ErrorReport:
    return ErrorReport(branch, OWN_DOMAIN, code, "session", text)


def _bytes_of(buffer: Any) -> bytes:
    return bytes(buffer.extract_dup(0, buffer.get_size()))
