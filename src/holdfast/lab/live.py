"""A live encoder for the demo: a moving picture with a burnt-in clock, encoded while it is watched."""

import asyncio
import threading
from collections.abc import Callable

from holdfast.lab.clips import AccessUnit, Clip, ClipError, ClipSpec
from holdfast.lab.encode import encoder_launch, to_access_unit
from holdfast.lab.feeds import LiveFeed
from holdfast.media.gi import Gst, init

_PULL_TIMEOUT_NS = 500_000_000
_START_TIMEOUT_S = 10.0


class LiveEncoder:
    """Runs GStreamer's own threads and one that hands access units to a callback.

    Raises ClipError when the encoder does not start (clockoverlay is in Debian's gstreamer1.0-x).
    """

    def __init__(self, spec: ClipSpec, label: str) -> None:
        init()
        self._spec = spec
        self._stopping = threading.Event()
        self._pipeline = Gst.parse_launch(
            f"videotestsrc is-live=true pattern={spec.pattern} ! video/x-raw,format=I420,width={spec.width},"
            f"height={spec.height},framerate={spec.fps.numerator}/{spec.fps.denominator} ! "
            f'clockoverlay font-desc="Sans 28" text="{label}" time-format="%Y-%m-%d %H:%M:%S" ! '
            f"{encoder_launch(spec, live=True)} ! appsink name=out sync=false max-buffers=60"
        )
        self._sink = self._pipeline.get_by_name("out")
        self._pipeline.set_state(Gst.State.PLAYING)
        self._first = self._pull(_START_TIMEOUT_S)
        if self._first is None:
            self.stop()
            raise ClipError("the live encoder delivers nothing; is the package gstreamer1.0-x installed?")
        self._thread: threading.Thread | None = None

    @property
    def clip(self) -> Clip:
        """A clip of the first frame only: it has the parameter sets for the SDP."""
        if self._first is None:
            raise ClipError("the live encoder has not started")
        return Clip(self._spec, (self._first[0],))

    def start(self, deliver: Callable[[AccessUnit, float], None]) -> None:
        """Call `deliver(access_unit, age_s)` from a thread for every frame; `pts_frames` counts from the start."""
        self._thread = threading.Thread(target=self._run, args=(deliver,), name="live-encoder", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop encoding."""
        self._stopping.set()
        self._pipeline.set_state(Gst.State.NULL)

    def _run(self, deliver: Callable[[AccessUnit, float], None]) -> None:
        while not self._stopping.is_set():
            pulled = self._pull(_PULL_TIMEOUT_NS / 1e9)
            if pulled is not None:
                deliver(*pulled)

    def _pull(self, timeout_s: float) -> tuple[AccessUnit, float] | None:
        sample = self._sink.emit("try-pull-sample", int(timeout_s * 1e9))
        if sample is None:
            return None
        buffer = sample.get_buffer()
        running_ns = sample.get_segment().to_running_time(Gst.Format.TIME, buffer.pts)
        now_ns = self._pipeline.get_clock().get_time() - self._pipeline.get_base_time()
        frame = round(running_ns * self._spec.fps / 10**9)
        unit = to_access_unit(self._spec.codec, buffer.extract_dup(0, buffer.get_size()), frame)
        return unit, max(0.0, (now_ns - running_ns) / 1e9)


def connect(encoder: LiveEncoder, feed: LiveFeed) -> None:
    """Let an encoder's frames be sent in the running event loop."""
    loop = asyncio.get_running_loop()

    def deliver(unit: AccessUnit, age_s: float) -> None:
        loop.call_soon_threadsafe(
            lambda: feed.deliver(unit.nals, unit.pts_frames, is_key=unit.is_key, age_s=age_s),
        )

    encoder.start(deliver)
