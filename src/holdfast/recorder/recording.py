"""Recording of one stream: takes in, orders to the writer out, everything held in RAM until it is synced.

All calls come on the recorder's event loop and none of them waits.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol
from uuid import UUID

from holdfast.domain.faults import OWN_DOMAIN, Branch, ErrorReport, Fault, FaultKind, OwnError
from holdfast.domain.segments import SegmentState
from holdfast.domain.streams import StreamId
from holdfast.domain.times import NS_PER_S, PtsNs, WallNs
from holdfast.fmp4.errors import Fmp4Error
from holdfast.fmp4.stream import Fragment
from holdfast.policy import segmenting
from holdfast.policy.faults import classify
from holdfast.policy.renewing import renewed
from holdfast.policy.segmenting import EndReason, FragmentInfo, Segmenter, SegmentRules
from holdfast.ports.capture import TakeBytes, TakeClosed, TakeOpened
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.clock import Clock
from holdfast.ports.volumes import (
    Answer,
    Created,
    Cut,
    CutFailed,
    Finished,
    SegmentFailed,
    Synced,
    Writer,
)
from holdfast.recorder.cutting import Cutting
from holdfast.recorder.finishing import Finishing
from holdfast.recorder.memory import Memory
from holdfast.recorder.ring import Ring, unwritten
from holdfast.recorder.run_log import RunLog
from holdfast.recorder.segment_writing import SegmentInWriting, begin_segment
from holdfast.recorder.sound_keeping import SoundKeeper
from holdfast.recorder.takes import OpenTake, SessionClock, describe, impossible

RETRY_S = 2.0
STOP_PATIENCE_S = 2.0
"""A stop waits this long for the frames up to its moment, should they be late."""


@dataclass(frozen=True, slots=True)
class Services:
    """What a recording works with."""

    clock: Clock
    writer: Writer
    catalog: CatalogWrites
    new_key: Callable[[], int]
    new_run_id: Callable[[], UUID]
    memory: Memory = field(default_factory=Memory)


class Footage(Protocol):
    """Who is asked about every fragment that comes, and hears what becomes of it."""

    def admits(self, info: FragmentInfo, fragment: Fragment) -> bool:
        """Whether it belongs into this recording at all."""

    def taken(self, info: FragmentInfo, fragment: Fragment) -> None:
        """It is recorded: in a file, or in memory until there can be one."""

    def dropped(self, infos: Sequence[FragmentInfo]) -> None:
        """They were to be recorded, and are lost: memory is full."""

    def unwritable(self, info: FragmentInfo) -> None:
        """It was taken, and no file can hold it."""


class Recording:
    """Owns one ring, segmenter and segments: those of a stream, or of one session of it."""

    def __init__(
        self,
        stream: StreamId,
        rules: SegmentRules,
        services: Services,
        report: Callable[[Fault], None],
        footage: Footage | None = None,
    ) -> None:
        """Nothing is recorded before `start`."""
        self.stream = stream
        self.clock = SessionClock(services.clock)
        self.ring = Ring()
        self.segmenter = Segmenter(rules)
        self.storage_fault: Fault | None = None
        self.current: SegmentInWriting | None = None
        self.synced_at_ns: int | None = None
        self.received_bytes = 0
        self._services = services
        self._report = report
        self._footage = footage
        self._segments: dict[int, SegmentInWriting] = {}
        self.sound = SoundKeeper(stream, services.writer, self.clock, partial(_renew, self))
        self._finishing = Finishing(services.writer, self.clock, self.sound)
        self._take: OpenTake | None = None
        self._next_index = 0
        self._runs = RunLog(stream, services.catalog, services.new_run_id)
        self._retry_at_ns = 0
        self._stop_at_ns: int | None = None
        self._cutting = Cutting(services.writer, services.catalog)

    # ------------------------------------------------------------ what the user wants

    def start(self) -> None:
        """Record from now on; a manual start begins with the key frame before this moment."""
        manual = self.segmenter.held != () or self.current is not None
        self._step(segmenting.Start(self.clock.pts_now() if manual else None))

    def stop(self) -> None:
        """Record up to this moment."""
        self._stop_at_ns = self._services.clock.mono_ns()
        now_ns = self.clock.pts_now() if self._take is not None else None
        if now_ns is not None and self._take is not None:
            now_ns = PtsNs(now_ns + self._take.reorder_ns)
        self._step(segmenting.Stop(now_ns))

    @property
    def is_idle(self) -> bool:
        """Nothing is open and nothing waits to be written."""
        return not (self._segments or self._cutting.is_busy or self.segmenter.deferred)

    @property
    def open_paths(self) -> list[str]:
        """Files that are not final yet. May be called from any thread."""
        return [*(segment.path for segment in self._segments.copy().values()), *self._cutting.paths]

    def shut_down(self) -> None:
        """End the open segment with what there is."""
        if self.segmenter.suspended:
            self._step(segmenting.Resumed(self.ring.oldest))
        self._step(segmenting.FinishNow(EndReason.SHUTDOWN))
        self._finishing.flush()

    # ------------------------------------------------------------ what the camera delivers

    def take_opened(self, opened: TakeOpened) -> None:
        """A take begins."""
        breaks = "media time" in opened.reason
        if breaks or opened.session != self.clock.session:
            self._finishing.flush()
        if breaks and opened.session == self.clock.session:
            self.clock.begin_anew()
            self.sound.broke(opened.arrival_ns)
        self.clock.observe(opened.session, opened.first_pts_ns, opened.arrival_ns)
        self._take = OpenTake(opened)

    def take_bytes(self, arrived: TakeBytes) -> None:
        """The next bytes of the current take."""
        self.received_bytes += len(arrived.data)
        take = self._take
        if take is None or take.id != (arrived.session, arrived.take):
            return
        try:
            for fragment in take.feed(arrived.data):
                if fragment.video is not None:
                    self._fragment(take, fragment)
        except Fmp4Error as error:
            self._take = None
            self._step(segmenting.TakeEnded())
            self._report(_bad_fragment(f"the muxer wrote something that is no fragment: {error}"))

    def take_closed(self, closed: TakeClosed) -> None:
        """The take ended; its last segment is complete."""
        if self._take is not None and self._take.id == (closed.session, closed.take):
            self._take = None
            self._step(segmenting.TakeEnded())

    def _fragment(self, take: OpenTake, fragment: Fragment) -> None:
        assert take.init is not None
        info = describe(self._next_index, take, fragment, self.clock)
        begun_ns = None if self.current is None else self.current.first.start_ns
        lie = impossible(info, self._services.clock.wall_ns(), begun_ns)
        if lie is not None:
            self._step(segmenting.TakeEnded())
            self._report(classify(ErrorReport(Branch.SOURCE, OWN_DOMAIN, OwnError.NO_TIMES, "muxer", lie)))
            return
        if self._footage is not None and not self._footage.admits(info, fragment):
            return
        self._next_index += 1
        self.ring.add(info, fragment, take.init)
        self._step(segmenting.Arrived(info))

    def shrink(self, limit_bytes: int) -> None:
        """Drop the oldest in memory until the limit is kept, sound first, and say what was lost by it."""
        self.sound.shrink(max(0, limit_bytes - self.ring.size_bytes))
        lost = self.ring.shrink(limit_bytes, wanted=self.segmenter.deferred_indexes)
        held = self.segmenter.held
        if held and held[0].index < self.ring.oldest:
            # What is gone cannot be asked for when a recording begins.
            held = tuple(info for info in held if info.index >= self.ring.oldest)
            self.segmenter = replace(self.segmenter, held=held)
        if not lost:
            return
        if self._footage is not None:
            self._footage.dropped(lost)
        lost_ns = sum(info.end_ns - info.start_ns for info in lost)
        sentence = f"{lost_ns / NS_PER_S:.1f} s of footage were lost: the memory that holds it is full."
        self._report(Fault(FaultKind.FOOTAGE_DROPPED, sentence))

    # ------------------------------------------------------------ what the disk says

    def answered(self, answer: Answer) -> bool:
        """An answer of the writer; False when it is not about this stream."""
        segment = self._segments.get(answer.key)
        if segment is None:
            return self._cutting.answered(answer)
        match answer:
            case Created():
                segment.created(answer)
                segment.is_catalogued = True
                self._services.catalog.post(segment.record(SegmentState.OPEN, segment.size_bytes))
            case Synced(key, token, _):
                self.storage_fault = None
                self.synced_at_ns = self._services.clock.mono_ns()
                self.ring.saved(key, token)
                self.ring.release(self.segmenter.needed_from)
                segment.forget_before(self.ring.oldest)
            case Finished(key, size_bytes):
                del self._segments[key]
                self._services.catalog.post(segment.record(SegmentState.FINAL, size_bytes))
            case SegmentFailed():
                self._write_failed(segment, answer)
            case Cut() | CutFailed():
                pass
        return True

    def tick(self) -> None:
        """Try a failed disk again; end a stop whose last frames do not come."""
        self._finishing.tick()
        self.sound.tick()
        now_ns = self._services.clock.mono_ns()
        if now_ns >= self._retry_at_ns:
            self.try_again()
        waiting = self.segmenter.segment is not None and self.segmenter.stop_at_ns is not None
        if waiting and self._stop_at_ns is not None and now_ns - self._stop_at_ns > STOP_PATIENCE_S * NS_PER_S:
            self._step(segmenting.FinishNow(EndReason.STOPPED))

    def try_again(self) -> None:
        """Write what was held back, if there is a volume for it."""
        if self.segmenter.suspended and self._services.writer.in_use is not None:
            self._retry_at_ns = self._services.clock.mono_ns() + int(RETRY_S * NS_PER_S)
            self._step(segmenting.Resumed(self.ring.oldest))

    def _write_failed(self, segment: SegmentInWriting, failed: SegmentFailed) -> None:
        """Keep what is unsaved, cut the file where its copy will begin, and try again soon."""
        if self.storage_fault is None:
            self._report(Fault(failed.kind, failed.sentence))
        self.storage_fault = Fault(failed.kind, failed.sentence)
        first = self.ring.first_unsaved(segment.key)
        if first is None and segment is not self.current:
            self._cut(segment, None)
            return
        backlog = self.ring.from_key_frame(first if first is not None else self._next_index)
        backlog = [h for h in backlog if h.segment in self._segments]
        again = unwritten(backlog, {s.key: s.end_reason for s in self._segments.values()})
        begins_at = backlog[0].info.index if backlog else self._next_index
        lost = [s for s in self._segments.values() if s is segment or s.first.index >= begins_at]
        for one in lost:
            self._cut(one, next((h.info for h in backlog if h.segment == one.key), None))
        for held in backlog:
            held.segment, held.is_saved = None, False
        self.current = None
        self._retry_at_ns = self._services.clock.mono_ns() + int(RETRY_S * NS_PER_S)
        if backlog:
            self._runs.end(backlog[0].info.wall_ns, EndReason.WRITE_FAILED)
        self._step(segmenting.Suspended(again))

    def _cut(self, segment: SegmentInWriting, again: FragmentInfo | None) -> None:
        """Cut a file where `again` begins, because that will be written again; the rest is made final."""
        del self._segments[segment.key]
        self._finishing.forget(segment)
        self._cutting.begin(segment, again)

    # ------------------------------------------------------------ carrying out the segmenter's actions

    def _step(self, event: segmenting.Event) -> None:
        deferred = len(self.segmenter.deferred)
        self.segmenter, actions = segmenting.step(self.segmenter, event)
        if self._footage is not None and not isinstance(event, segmenting.Suspended | segmenting.Resumed):
            # What is deferred is decided all the same; later it is only carried out.
            for decided in (*actions, *self.segmenter.deferred[deferred:]):
                if isinstance(decided, segmenting.Append):
                    self._footage.taken(decided.fragment, self.ring[decided.fragment.index].fragment)
        for action in actions:
            match action:
                case segmenting.Begin(first, new_run):
                    self._begin(first, new_run=new_run)
                case segmenting.Append(fragment):
                    self._append(fragment)
                case segmenting.Finish(reason):
                    self._finish(reason)
        self.ring.release(self.segmenter.needed_from)
        self.sound.release(next((held.info.start_ns for held in self.ring), None))

    def _begin(self, first: FragmentInfo, *, new_run: bool) -> None:
        run = self._runs.next_segment(first, new_run=new_run)
        held = self.ring[first.index]
        held.begins_run = new_run
        key = self._services.new_key()
        try:
            fragment = first, held.fragment
            segment, order = begin_segment(key, self.stream, held.init, fragment, run, self.clock, self.sound.init)
        except Fmp4Error as error:
            self._report(_bad_fragment(f"the stream does not fit into a file: {error}"))
            return
        self._segments[key] = self.current = segment
        self._services.writer.order(order)
        self.sound.begun(segment)

    def _append(self, fragment: FragmentInfo) -> None:
        if self.current is None:
            if self._footage is not None:
                self._footage.unwritable(fragment)
            return
        held = self.ring[fragment.index]
        held.segment, held.is_saved = self.current.key, False
        self._services.writer.order(self.current.append(held.info, held.fragment, self.clock))
        if self.current.is_catalogued and self.current.take_news():
            self._services.catalog.post(self.current.record(SegmentState.OPEN, self.current.size_bytes))
        self.sound.write()

    def _finish(self, reason: EndReason) -> None:
        segment, self.current = self.current, None
        if segment is None:
            return
        segment.end_reason = reason
        self._finishing.finish(segment)
        if reason is not EndReason.ROTATION:
            self._runs.end(WallNs(segment.stamp.wall_start_ns + segment.end_ns - segment.first.start_ns), reason)


def _renew(recording: Recording) -> None:
    recording.segmenter = renewed(recording.segmenter)


def _bad_fragment(text: str) -> Fault:
    return classify(ErrorReport(Branch.RECORDING, OWN_DOMAIN, OwnError.BAD_FRAGMENT, "muxer", text))
