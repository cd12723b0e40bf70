"""A take: one life of the recording branch's muxer, writing fragmented MP4 into a pipe of its own.

A take begins with a key frame and ends with EOS, which makes the muxer write what it holds. Whenever the parameters
of the stream change, or its times break, a new take is begun; the recorder sees a new pipe with a new header.
"""

import contextlib
import fcntl
import os
from collections.abc import Callable
from typing import Any

from holdfast.media.elements import Element, build_bin
from holdfast.media.gi import Gst

PIPE_BYTES = 512 * 1024
QUEUE_BYTES = 24 * 1024 * 1024
REORDERED_FRAGMENT_MS = 250
TIMESCALE = 90_000
"""Ticks per second of media time in the files: that of RTP video (RFC 6184), so that no time is rounded."""


def chain(codec: str, fd: int, *, reorders: bool, fragment_ms: int) -> list[Element]:
    """The elements of one take, in order."""
    elements: list[Element] = []
    if reorders:
        # RTP carries presentation times only; with B-frames the muxer needs decode times as well. The parser tells the
        # timestamper how long a frame lasts.
        elements.append(Element(f"{codec}parse", "parser"))
        elements.append(Element(f"{codec}timestamper", "timestamper"))
        # It holds frames back until it knows their order. A kill would take those as well: shorter fragments make up.
        fragment_ms = min(fragment_ms, REORDERED_FRAGMENT_MS)
    return elements + muxing("video_%u", fragment_ms=fragment_ms, queue_bytes=QUEUE_BYTES, fd=fd, timescale=TIMESCALE)


def muxing(pad: str, *, fragment_ms: int, queue_bytes: int, fd: int, timescale: int = 0) -> list[Element]:
    """A muxer with this kind of pad, and what brings its fragments into the pipe. `timescale` 0: that of the sound."""
    times = {"fragment-duration": fragment_ms, "streamable": True, "trak-timescale": timescale}
    # Behind the muxer, where it wakes a thread for each fragment and not for each frame.
    limits = {"max-size-buffers": 0, "max-size-bytes": queue_bytes, "max-size-time": 0}
    return [
        Element("mp4mux", "muxer", times, sink_pad=pad),
        Element("queue", "recording-queue", limits),
        Element("fdsink", "fragments", {"fd": fd, "sync": False, "async": False}),
    ]


class Take:
    """One muxer and its pipe. Built and ended by the session, on whichever thread carries the frames."""

    def __init__(
        self, number: int, name: str, elements: Callable[[int], list[Element]], overrun: Callable[["Take"], None]
    ) -> None:
        """Make the pipe and the bin. Raises ElementMissing, OSError when no descriptor is free.

        `elements` are those that end with `muxing` for a descriptor. `overrun` is called from a streaming thread when
        the recorder did not read for so long that the queue is full.
        """
        self.number, self.name = number, name
        self.is_stuck = False
        self._is_drained = False
        self._overrun = overrun
        self._drained: Callable[[], None] | None = None
        read_fd, self._write_fd = os.pipe2(os.O_CLOEXEC)
        self.read_fd = read_fd
        # Not every user may have pipes this large; a smaller one only means more wake-ups.
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._write_fd, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        try:
            self.bin = build_bin(name, elements(self._write_fd))
        except BaseException:  # whatever it was: the descriptors must not leak
            os.close(read_fd)
            os.close(self._write_fd)
            raise
        self.sink = self.bin.get_static_pad("sink")
        self.bin.get_by_name("recording-queue").connect("overrun", self._on_overrun)
        last = self.bin.get_by_name("fragments").get_static_pad("sink")
        last.add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self._on_event)

    def end(self, drained: Callable[[], None]) -> None:
        """Have the muxer write what it holds; `drained` is called from a streaming thread when it has."""
        self._drained = drained
        self.sink.send_event(Gst.Event.new_eos())
        if self._is_drained:
            # The source had ended the stream itself, and no second end passes.
            self._tell()

    def dispose(self) -> None:
        """Stop and release everything. Blocks while the elements stop: never from a streaming thread of the take."""
        # The pipeline may be changing its own state just now, on another thread: it must not wake this bin up again.
        self.bin.set_locked_state(True)
        self.bin.set_state(Gst.State.NULL)
        parent = self.bin.get_parent()
        if parent is not None:
            parent.remove(self.bin)
        if self._write_fd >= 0:
            os.close(self._write_fd)
            self._write_fd = -1
        # The elements hold callbacks of ours, which hold the elements.
        self.bin = self.sink = None

    def close_reader(self) -> None:
        """Close our copy of the reading end, once the recorder has its own."""
        if self.read_fd >= 0:
            os.close(self.read_fd)
            self.read_fd = -1

    def _on_event(self, _pad: Any, info: Any) -> Any:
        if info.get_event().type == Gst.EventType.EOS:
            self._is_drained = True
            self._tell()
        return Gst.PadProbeReturn.OK

    def _tell(self) -> None:
        drained, self._drained = self._drained, None
        if drained is not None:
            drained()

    def _on_overrun(self, _queue: Any) -> None:
        if not self.is_stuck:
            self.is_stuck = True
            self._overrun(self)
