"""The sound of the native source: units of `holdfast.rtsp` through an appsrc of their own."""

import time
from collections.abc import Sequence
from typing import Any

from holdfast.domain.times import NS_PER_S
from holdfast.media.elements import Element, ElementMissing, make
from holdfast.media.gi import Gst
from holdfast.media.native.times import ORIGIN_NS, MediaTimes
from holdfast.media.sound_branch import KINDS, SoundListener
from holdfast.rtsp.audio import AudioUnit
from holdfast.rtsp.rtcp import SenderReport
from holdfast.rtsp.sdp import MediaTrack

MOST_QUEUED_BYTES = 1 << 20
"""A flood of sound is dropped here; the picture has another way."""
RAW = {"PCMU": "audio/x-mulaw", "PCMA": "audio/x-alaw"}


class SoundEntry:
    """Brings sound into the source's bin. Called on the thread of the sockets."""

    def __init__(self, listener: SoundListener, bin_: Any) -> None:
        """Nothing is built before `ready`."""
        self.listener = listener
        self._bin = bin_
        self._appsrc: Any = None
        self._clock_rate = 1
        self._times = MediaTimes(1)
        self._picture_ns: int | None = None
        """When the first picture came, by the host's monotonic clock."""

    def ready(self, track: MediaTrack, config: bytes) -> None:
        """The camera will send this sound."""
        if track.encoding in RAW:
            caps = f"{RAW[track.encoding]},rate={track.clock_rate},channels={track.channels}"
        else:
            caps = f"audio/mpeg,mpegversion=4,stream-format=raw,codec_data=(buffer){config.hex()}"
        limits = {"max-bytes": MOST_QUEUED_BYTES, "max-buffers": 0, "max-time": 0, "leaky-type": "downstream"}
        try:
            appsrc = make(
                Element(
                    "appsrc",
                    "sound-appsrc",
                    {"format": "time", "is-live": True, "block": False, "emit-signals": False, **limits},
                )
            )
        except ElementMissing as missing:
            self.listener.unusable(str(missing))
            return
        appsrc.set_property("caps", Gst.Caps.from_string(caps))
        self._times, self._clock_rate = MediaTimes(track.clock_rate), track.clock_rate
        self._bin.add(appsrc)
        ghost = Gst.GhostPad.new("sound", appsrc.get_static_pad("src"))
        ghost.set_active(True)
        self._bin.add_pad(ghost)
        self.listener.ready(ghost, KINDS[track.encoding])
        appsrc.sync_state_with_parent()
        self._appsrc = appsrc

    def picture_came(self) -> None:
        """Pictures arrive; sound is dated from when the first of them did."""
        if self._picture_ns is None:
            self._picture_ns = time.monotonic_ns()

    def units(self, units: Sequence[AudioUnit]) -> None:
        """Hand them on, when there is a picture to go with."""
        if self._appsrc is None or self._picture_ns is None:
            return
        # By its arrival, as nothing else is known of the first one.
        arrived_ns = ORIGIN_NS + time.monotonic_ns() - self._picture_ns
        for unit in units:
            buffer = Gst.Buffer.new_wrapped(unit.data)
            buffer.pts = self._times.at(unit.ticks, arrived_ns)
            self._appsrc.emit("push-buffer", buffer)

    def clocks(self, picture_ns: int, ntp_ns: int, sound: SenderReport) -> None:
        """The camera's clock said `ntp_ns` at this media time of the picture; and what it said of the sound."""
        if self._times.base_ns is None:
            return
        as_dated_ns = self._times.base_ns + sound.ticks * NS_PER_S // self._clock_rate
        self.listener.reported(picture_ns + sound.ntp_ns - ntp_ns - as_dated_ns)
