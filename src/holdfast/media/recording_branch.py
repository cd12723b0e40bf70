"""The recording branch of a session: its valve, its barrier, and one take after the other.

Takes begin and end on the streaming thread, between two frames, so that no frame is lost or repeated by it.
"""

import threading
from collections.abc import Callable
from functools import partial

from holdfast.domain.times import MonoNs, PtsNs
from holdfast.media.elements import Element, build_bin
from holdfast.media.gi import GLib
from holdfast.media.take import Take, chain

VALVE = {"drop": True, "drop-mode": "forward-sticky-events"}
BARRIER = {"ignore-error": True, "ignore-notlinked": True, "ignore-notnegotiated": True, "ignore-eos": True}
RECORDING = (Element("valve", "recording-valve", VALVE), Element("errorignore", "recording-barrier", BARRIER))

TakeListener = Callable[[Take, PtsNs, MonoNs, str], None]


class RecordingBranch:
    """Owns the bin named "recording". `began` is called on the streaming thread, `look` from any."""

    def __init__(
        self, *, records: bool, reorders: bool, fragment_ms: int, began: TakeListener, look: Callable[[], None]
    ) -> None:
        """Build the bin without a take. Raises ElementMissing."""
        self.bin = build_bin("recording", RECORDING)
        self.reorders = reorders
        self.codec = ""
        self.overruns = 0
        self._records, self._fragment_ms = records, fragment_ms
        self._began, self._look = began, look
        self._lock = threading.Lock()
        self._valve = self.bin.get_by_name("recording-valve")
        self._exit = self.bin.get_by_name("recording-barrier").get_static_pad("src")
        self._take: Take | None = None
        self._takes: dict[int, Take] = {}
        self._count = 0
        self._reason: str | None = "session began"

    @property
    def awaits_key_frame(self) -> bool:
        """Whether a take is to begin with the next key frame."""
        return self._reason is not None and self._records

    @property
    def is_drained(self) -> bool:
        """Whether every take has ended and was released."""
        return not self._takes

    def key_frame(self, pts_ns: PtsNs, arrival_ns: MonoNs) -> None:
        """A key frame is about to enter the tee. Raises ElementMissing, OSError when no take can begin."""
        with self._lock:
            if self.awaits_key_frame and not any(take.is_stuck for take in list(self._takes.values())):
                self._begin(pts_ns, arrival_ns)

    def begin_anew(self, reason: str) -> None:
        """End the take with all that it holds; the next one begins with the next key frame."""
        with self._lock:
            self._end()
            self._reason = reason
        self._look()

    def set_records(self, *, records: bool) -> None:
        """Open or close the branch."""
        with self._lock:
            if records and not self._records:
                self._reason = "recording branch opened"
            self._records = records
            if not records:
                self._end()
        self._look()

    def give_up_take(self) -> None:
        """The take failed: release it as it is. On the main loop."""
        with self._lock:
            broken, self._take = self._take, None
            self._valve.set_property("drop", True)
            if broken is not None:
                self._exit.unlink(broken.sink)
            self._reason = "the recording branch failed"
        self._look()
        if broken is not None:
            self._release(broken.number)

    def release_all(self) -> None:
        """Release every take, drained or not. On the main loop, when the pipeline has stopped."""
        for number in list(self._takes):
            self._release(number)

    def _begin(self, pts_ns: PtsNs, arrival_ns: MonoNs) -> None:
        reason, self._reason = self._reason or "", None
        self._count += 1
        elements = partial(chain, self.codec, reorders=self.reorders, fragment_ms=self._fragment_ms)
        take = Take(self._count, f"take-{self._count}", elements, self._on_overrun)
        self._takes[take.number] = self._take = take
        self.bin.add(take.bin)
        take.bin.sync_state_with_parent()
        self._exit.link(take.sink)
        self._began(take, pts_ns, arrival_ns, reason)
        take.close_reader()
        self._valve.set_property("drop", False)

    def _end(self) -> None:
        take, self._take = self._take, None
        self._valve.set_property("drop", True)
        if take is not None:
            self._exit.unlink(take.sink)
            take.end(lambda: GLib.idle_add(self._release, take.number))

    def _release(self, number: int) -> bool:
        take = self._takes.get(number)
        if take is not None:
            take.dispose()
            # Only now: whoever waits for the branch to be drained stops the pipeline around it.
            del self._takes[number]
        return False

    def _on_overrun(self, take: Take) -> None:
        """The recorder does not read. The valve is closed before the muxer can hold up the source (A4)."""
        self.overruns += 1
        self._valve.set_property("drop", True)
        GLib.idle_add(self._end_stuck, take)

    def _end_stuck(self, take: Take) -> bool:
        if self._take is take:
            self.begin_anew("the recorder did not read in time")
        return False
