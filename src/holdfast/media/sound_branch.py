"""The sound of a session: beside the picture, and never before it.

    source ► sound-valve ► sound-barrier ► sound-take-N (queue ► depayloader ► [decoder ► AAC] ► muxer ► fragments)

The barrier comes first, so that the connection never hears of an error behind it; everything that can fail belongs to a
take. When one fails, it is released, and another begins after a while.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, OwnError
from holdfast.domain.streams import Track
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs
from holdfast.media.elements import Element, ElementMissing, build_bin
from holdfast.media.gi import GLib, Gst
from holdfast.media.recording_branch import BARRIER, VALVE
from holdfast.media.sound_times import Order, SoundTimes
from holdfast.media.take import Take, muxing
from holdfast.ports.capture import BranchFailed, Event, OpenSession, TakeOpened

SOUND = (Element("valve", "sound-valve", VALVE), Element("errorignore", "sound-barrier", BARRIER))
ENTRY_LIMITS = {"max-size-buffers": 0, "max-size-bytes": 1 << 20, "max-size-time": 2 * NS_PER_S, "leaky": "downstream"}
TAKE = "sound-take-"
QUEUE_BYTES = 2 << 20
WAIT_S, MOST_WAIT_S = 1.0, 60.0
"""After a failure, doubled after each further one."""
SOUND_S = 60.0
"""A take that lasted this long was a good one."""
RETIME_S = 2.0
"""How old a take must be before it gives way to one with better times, doubled after each such."""
MOST_PTS_NS = (1 << 63) - 1
AAC = "audio/mpeg,mpegversion=4,stream-format=raw"
ENCODED = "audio/x-raw,rate=16000,channels=1"
ENCODER_DELAY_NS = 1600 * NS_PER_S // 16_000
"""voaacenc's first frames are of silence: what it hears comes out so much later than it says (measured)."""


@dataclass(frozen=True, slots=True)
class SoundKind:
    """How one kind of sound becomes AAC. `delay_ns`: by how much the times that come out are too early."""

    elements: tuple[Element, ...]
    delay_ns: int = 0

    def behind(self, depay: str) -> "SoundKind":
        """The same behind a depayloader."""
        return SoundKind((Element(depay, "sound-depay"), *self.elements), self.delay_ns)


_PARSED = (Element("aacparse", "sound-parse"), Element("capsfilter", "sound-frames", {"caps": AAC}))


def _encoded(decoder: str) -> SoundKind:
    return SoundKind(
        (
            Element(decoder, "sound-decoder"),
            Element("audioconvert", "sound-converter"),
            Element("audioresample", "sound-resampler"),
            Element("capsfilter", "sound-rate", {"caps": ENCODED}),
            Element("voaacenc", "sound-encoder", {"bitrate": 64_000}),
            *_PARSED,
        ),
        ENCODER_DELAY_NS,
    )


KINDS: Mapping[str, SoundKind] = {
    "MPEG4-GENERIC": SoundKind(_PARSED),
    "PCMU": _encoded("mulawdec"),
    "PCMA": _encoded("alawdec"),
}
"""By the encoding name that RTP uses (RFC 3640, RFC 3551): what comes out of a depayloader, made into AAC."""


def _chain(kind: SoundKind, fragment_ms: int, fd: int) -> list[Element]:
    entry = Element("queue", "sound-queue", ENTRY_LIMITS)
    return [entry, *kind.elements, *muxing("audio_%u", fragment_ms=fragment_ms, queue_bytes=QUEUE_BYTES, fd=fd)]


class SoundListener(Protocol):
    """Who takes sound from a source. Called from any thread."""

    def ready(self, pad: Any, kind: SoundKind) -> None:
        """The pad will deliver sound, with times by a clock of its own."""

    def reported(self, offset_ns: int) -> None:
        """What is to be added to these times to have those of the picture, as the camera says."""

    def unusable(self, text: str) -> None:
        """The camera has sound, and none that can be recorded."""

    is_asked_for: bool
    """The camera is just being asked for its sound: when the session fails now, it is because of that."""


class SoundBranch:
    """Owns the bin named "sound". Implements `SoundListener`."""

    def __init__(self, command: OpenSession, emit: Callable[[Event, tuple[int, ...]], None]) -> None:
        """Build the bin without a take. Raises ElementMissing."""
        self.bin = build_bin("sound", SOUND)
        self.times = SoundTimes()
        self.is_asked_for = False
        self._stream, self._session, self._fragment_ms = command.stream, command.session, command.fragment_ms
        self._emit = emit
        self._records = command.mode.records
        self.has_picture = False
        """A take of the picture has begun, and its times did not break since."""
        self._lock = threading.Lock()
        self._entry = self.bin.get_static_pad("sink")
        self._valve = self.bin.get_by_name("sound-valve")
        self._exit = self.bin.get_by_name("sound-barrier").get_static_pad("src")
        self._kind: SoundKind | None = None
        self._take: Take | None = None
        self._takes: dict[int, Take] = {}
        self._announced: set[int] = set()
        self._count = 0
        self._offset_ns = 0
        self._begun_s = self._not_before_s = 0.0
        self._failures = self._retimed = 0
        self._reason = "sound began"

    # ------------------------------------------------------------ SoundListener

    def ready(self, pad: Any, kind: SoundKind) -> None:
        """Link what the source delivers."""
        self._kind = kind
        self._entry.add_probe(Gst.PadProbeType.BUFFER, self._on_packet)
        pad.link(self._entry)

    def reported(self, offset_ns: int) -> None:
        """See SoundTimes."""
        self.times.reported(offset_ns)

    def unusable(self, text: str) -> None:
        """Say so."""
        self._tell(ErrorReport(Branch.SOUND, OWN_DOMAIN, OwnError.UNSUPPORTED_CODEC, "source", text))

    # ------------------------------------------------------------ main loop

    def look(self) -> None:
        """With every heartbeat: end a take whose times are known better now."""
        with self._lock:
            is_old = time.monotonic() - self._begun_s >= min(RETIME_S * 2.0**self._retimed, MOST_WAIT_S)
            if self._take is not None and is_old and self.times.is_off(self._offset_ns):
                self._retimed += 1
                self._end("sound is dated anew")

    def set_records(self, *, records: bool) -> None:
        """Open or close the branch."""
        with self._lock:
            self._records = records
            if not records:
                self._end("recording branch closed")

    def picture_broke(self) -> None:
        """The times of the picture broke, and those of sound with it. From its thread, which waits for nothing here."""
        self.has_picture = False
        self.times.begin_anew()
        GLib.idle_add(self._break)

    def _break(self) -> bool:
        with self._lock:
            self._end("media time broke")
        return False

    def failed(self, names: list[str], report: ErrorReport) -> None:
        """An element of the branch failed: release its take as it is, and wait before the next."""
        with self._lock:
            number = next((n for n, take in self._takes.items() if take.name in names), None)
            is_of_a_take = any(name.startswith(TAKE) for name in names)
            if self._take is not None and (number == self._take.number or not is_of_a_take):
                number = self._take.number
                self._give_up()
        if number is not None:
            self._release(number)
        self._tell(report)

    @property
    def is_drained(self) -> bool:
        """Whether every take has ended and was released."""
        return not self._takes

    def release_all(self) -> None:
        """Release every take, when the pipeline has stopped."""
        for number in list(self._takes):
            self._release(number)

    # ------------------------------------------------------------ streaming thread

    def _on_packet(self, _pad: Any, info: Any) -> Any:
        pts_ns, arrival_ns = info.get_buffer().pts, time.monotonic_ns()
        order = Order.NONSENSE if pts_ns > MOST_PTS_NS else self.times.sound(pts_ns, arrival_ns)
        if order is Order.NONSENSE:
            return Gst.PadProbeReturn.DROP
        if order is Order.FOLLOWS and self._take is not None:
            return Gst.PadProbeReturn.OK
        with self._lock:
            if order is Order.ANEW:
                self._end("sound is in order again")
            offset_ns = self.times.offset_ns() if self._is_due() else None
            if offset_ns is not None:
                self._begin(offset_ns)
        return Gst.PadProbeReturn.OK

    def _is_due(self) -> bool:
        is_wanted = self._records and self.has_picture and self._take is None
        is_stuck = any(take.is_stuck for take in list(self._takes.values()))
        return is_wanted and not is_stuck and time.monotonic() >= self._not_before_s

    def _begin(self, offset_ns: int) -> None:
        assert self._kind is not None
        self._count += 1
        number, reason = self._count, self._reason
        try:
            chain = partial(_chain, self._kind, self._fragment_ms)
            take = Take(number, f"{TAKE}{number}", chain, partial(GLib.idle_add, self._end_stuck))
        except (ElementMissing, OSError) as error:
            self._give_up()
            self._tell(ErrorReport(Branch.SOUND, OWN_DOMAIN, OwnError.ELEMENT_MISSING, "sound", str(error)))
            return
        self._takes[number] = self._take = take
        self._offset_ns, self._begun_s = offset_ns, time.monotonic()
        told = partial(self._on_first, take, offset_ns - self._kind.delay_ns, reason)
        take.bin.get_by_name("muxer").sinkpads[0].add_probe(Gst.PadProbeType.BUFFER, told)
        self.bin.add(take.bin)
        take.bin.sync_state_with_parent()
        self._exit.link(take.sink)
        self._valve.set_property("drop", False)

    def _on_first(self, take: Take, offset_ns: int, reason: str, _pad: Any, info: Any) -> Any:
        """Only here is it known with which packet the take really begins: those before may have been nonsense."""
        first_ns = PtsNs(info.get_buffer().pts + offset_ns)
        opened = TakeOpened(
            self._stream,
            self._session,
            take.number,
            first_ns,
            MonoNs(time.monotonic_ns()),
            reorders=False,
            reason=reason,
            track=Track.SOUND,
        )
        with self._lock:
            if self._take is take:
                self._announced.add(take.number)
                self._emit(opened, (take.read_fd,))
                take.close_reader()
        return Gst.PadProbeReturn.REMOVE

    # ------------------------------------------------------------ inside; the lock is held

    def _end(self, reason: str) -> None:
        take, self._take = self._take, None
        self._reason = reason
        self._valve.set_property("drop", True)
        if take is None:
            return
        self._exit.unlink(take.sink)
        release = partial(GLib.idle_add, self._release, take.number)
        if take.number in self._announced:
            take.end(release)
        else:
            # A muxer that has had nothing has nothing to end.
            release()

    def _give_up(self) -> None:
        take, self._take = self._take, None
        self._valve.set_property("drop", True)
        if take is not None:
            self._exit.unlink(take.sink)
        now_s = time.monotonic()
        self._failures = 1 if take is not None and now_s - self._begun_s > SOUND_S else self._failures + 1
        self._not_before_s = now_s + min(WAIT_S * 2.0 ** (self._failures - 1), MOST_WAIT_S)
        self._reason = "sound failed"

    def _end_stuck(self, take: Take) -> bool:
        """It ends when the recorder reads again: what is in its pipe cannot be taken back."""
        with self._lock:
            if self._take is take:
                self._end("the recorder did not read in time")
        return False

    def _release(self, number: int) -> bool:
        with self._lock:
            take = self._takes.pop(number, None)
            self._announced.discard(number)
        if take is not None:
            take.close_reader()
            take.dispose()
        return False

    def _tell(self, report: ErrorReport) -> None:
        self._emit(BranchFailed(self._stream, self._session, report), ())
