"""Where a camera's frames come from: a clip that loops by the clock."""

import asyncio
from dataclasses import dataclass
from fractions import Fraction

from holdfast.lab.camera import Camera
from holdfast.lab.clips import Clip
from holdfast.lab.rtp import PreparedFrame, rtp_time


@dataclass(frozen=True, slots=True)
class Timeline:
    """Frame numbers, times and RTP timestamps from one change of the clip to the next."""

    start_s: float
    first_frame: int
    rtp_base: int
    fps: Fraction

    def due_s(self, index: int) -> float:
        """When the frame with this index (decoding or display order) since the start of the timeline is due."""
        return self.start_s + index * self.fps.denominator / self.fps.numerator


class ClipFeed:
    """Frame n is due at t0 + n / fps, whether or not somebody watches; late ones are sent at once, none is skipped."""

    def __init__(self, camera: Camera, *, phase_s: float = 0.0) -> None:
        self._camera = camera
        self._phase_s = phase_s
        self._next: Clip | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._index = 0
        self._load(camera.clip)

    def start(self) -> None:
        """Begin in the running loop."""
        self._loop = asyncio.get_running_loop()
        start_s = self._loop.time() + self._phase_s
        self._timeline = Timeline(start_s, 0, self._camera.rtp_base, self._camera.clip.fps)
        self._timer = self._loop.call_at(start_s, self._tick)

    @property
    def start_s(self) -> float:
        """When frame 0 is taken, by the clock of the loop; with B-frames that is before it can be sent."""
        return self._timeline.due_s(-self._delay)

    def stop(self) -> None:
        """Send no more frames."""
        if self._timer is not None:
            self._timer.cancel()

    def change(self, clip: Clip) -> None:
        """Go on with another clip at the next key frame: new parameter sets in band, frame numbers run on."""
        self._next = clip

    def _load(self, clip: Clip) -> None:
        camera = self._camera
        camera.clip = clip
        aggregate = camera.spec.aggregate
        self._frames = [
            PreparedFrame(clip.codec, unit.nals, camera.ssrc, is_key=unit.is_key, aggregate=aggregate)
            for unit in clip.access_units
        ]
        self._delay = clip.reorder_frames

    def _tick(self) -> None:
        now_s = self._loop.time()
        while (due_s := self._timeline.due_s(self._index)) <= now_s:
            self._emit(now_s)
        self._timer = self._loop.call_at(due_s, self._tick)

    def _emit(self, now_s: float) -> None:
        if self._next is not None and self._frames[self._index % len(self._frames)].is_key:
            self._switch(self._next)
        loops, place = divmod(self._index, len(self._frames))
        shown = loops * len(self._frames) + self._camera.clip.access_units[place].pts_frames
        timeline = self._timeline
        # With B-frames a camera sends later than it takes the picture, so that no picture is sent before it is taken.
        taken_s = timeline.due_s(shown - self._delay)
        timestamp = rtp_time(timeline.rtp_base, shown, timeline.fps)
        self._camera.send(self._frames[place], timeline.first_frame + shown, timestamp, now_s - taken_s)
        self._index += 1

    def _switch(self, clip: Clip) -> None:
        if clip.codec != self._camera.clip.codec:
            # Another codec needs another session description, so a camera ends its sessions.
            self._camera.close_clients(reset=False, end="codec changed")
        old = self._timeline
        self._timeline = Timeline(
            start_s=old.due_s(self._index),
            first_frame=old.first_frame + self._index,
            rtp_base=rtp_time(old.rtp_base, self._index, old.fps),
            fps=clip.fps,
        )
        self._index = 0
        self._next = None
        self._load(clip)


class LiveFeed:
    """Frames that an encoder delivers while it runs (see `holdfast.lab.live`)."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def deliver(self, nals: tuple[bytes, ...], frame: int, *, is_key: bool, age_s: float) -> None:
        """Send one access unit now."""
        camera = self._camera
        spec = camera.spec
        prepared = PreparedFrame(spec.clip.codec, nals, camera.ssrc, is_key=is_key, aggregate=spec.aggregate)
        camera.send(prepared, frame, rtp_time(camera.rtp_base, frame, spec.clip.fps), age_s)
