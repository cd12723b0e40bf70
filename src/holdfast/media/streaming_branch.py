"""The streaming branch of a session: a valve and a barrier always, the rest only while somebody looks.

A queue has a thread of its own; a thread per camera is much for a branch that is shut most of the time.
"""

from typing import Any

from holdfast.media.elements import Element, build_bin
from holdfast.media.gi import Gst
from holdfast.media.recording_branch import BARRIER, VALVE

SILENT = {"sync": False, "async": False, "enable-last-sample": False}
GATE = (Element("valve", "streaming-valve", VALVE), Element("errorignore", "streaming-barrier", BARRIER))
VIEW = (
    Element(
        "queue",
        "streaming-queue",
        {"max-size-buffers": 0, "max-size-bytes": 8 * 1024 * 1024, "max-size-time": 0, "leaky": "downstream"},
    ),
    Element("fakesink", "viewers", SILENT),
)


class StreamingBranch:
    """Owns the bin named "streaming". Called on the main loop."""

    def __init__(self, *, streams: bool) -> None:
        """Build the bin. Raises ElementMissing."""
        self.bin = build_bin("streaming", GATE)
        self._valve = self.bin.get_by_name("streaming-valve")
        self._exit = self.bin.get_by_name("streaming-barrier").get_static_pad("src")
        self._view: Any = None
        self._streamed = 0
        self.set_streams(streams=streams)

    @property
    def frames(self) -> int:
        """How many frames have passed the valve."""
        return self._streamed + (0 if self._view is None else rendered(self._view.get_by_name("viewers")))

    def set_streams(self, *, streams: bool) -> None:
        """Open or close the branch. Raises ElementMissing."""
        if streams and self._view is None:
            self._view = build_bin("view", VIEW)
            self.bin.add(self._view)
            self._view.sync_state_with_parent()
            self._exit.link(self._view.get_static_pad("sink"))
        self._valve.set_property("drop", not streams)
        if not streams and self._view is not None:
            self._streamed, view, self._view = self.frames, self._view, None
            self._exit.unlink(view.get_static_pad("sink"))
            # The pipeline may be changing its own state just now: it must not wake this bin up again.
            view.set_locked_state(True)
            view.set_state(Gst.State.NULL)
            self.bin.remove(view)


def rendered(sink: Any) -> int:
    """How many buffers a sink has had."""
    return int(sink.get_property("stats").get_uint64("rendered").value)
