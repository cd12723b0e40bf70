"""What sender reports say of the times of two tracks (RFC 3550 section 6.4.1), as rtspsrc's manager hears them."""

from typing import Any

from holdfast.domain.times import NS_PER_S
from holdfast.media.sound_branch import SoundListener

_NTP_AT = 8
"""Behind header, length and SSRC."""


class Reports:
    """Tells what has to be added to the times of sound. `video` and `sound` are the numbers of the tracks."""

    def __init__(self, listener: SoundListener) -> None:
        """Nothing was reported yet."""
        self.video: int | None = None
        self.sound: int | None = None
        self.is_newest_sound = False
        """The track that was chosen last is the one of sound."""
        self._listener = listener
        self._origins_ns: dict[int, int] = {}

    def watch(self, _rtspsrc: Any, manager: Any) -> None:
        """Listen to the jitter buffers, and keep the manager from shifting the times of the picture by itself."""
        manager.set_property("max-ts-offset", 1)
        manager.connect("new-jitterbuffer", self._on_jitterbuffer)

    def _on_jitterbuffer(self, _manager: Any, jitterbuffer: Any, number: int, _ssrc: int) -> None:
        jitterbuffer.connect("handle-sync", self._on_report, number)

    def _on_report(self, _jitterbuffer: Any, structure: Any, number: int) -> None:
        base_time = structure.get_uint64("base-time")
        base_rtptime = structure.get_uint64("base-rtptime")
        reported = structure.get_uint64("sr-ext-rtptime")
        clock_rate = structure.get_uint("clock-rate")
        buffer = structure.get_value("sr-buffer")
        if buffer is None or not all(found for found, _ in (base_time, base_rtptime, reported, clock_rate)):
            return
        self.take(
            number,
            ntp=int.from_bytes(buffer.extract_dup(_NTP_AT, 8), "big"),
            running_ns=base_time.value + (reported.value - base_rtptime.value) * NS_PER_S // max(1, clock_rate.value),
        )

    def take(self, number: int, *, ntp: int, running_ns: int) -> None:
        """At this time of the pipeline the camera's clock (32 bits of seconds, 32 of fractions) was so."""
        self._origins_ns[number] = (ntp * NS_PER_S >> 32) - running_ns
        if self.video in self._origins_ns and self.sound in self._origins_ns:
            assert self.video is not None
            assert self.sound is not None
            self._listener.reported(self._origins_ns[self.sound] - self._origins_ns[self.video])
