"""One segment while it is written: which bytes go to the file, and what its catalog row says."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.streams import StreamId
from holdfast.domain.times import PtsNs, WallNs
from holdfast.fmp4.index import IndexBuilder
from holdfast.fmp4.segment import finish_patch, rebased_moof, segment_header
from holdfast.fmp4.stamp import SegmentStamp
from holdfast.fmp4.stream import Fragment, InitSegment
from holdfast.policy.naming import segment_path
from holdfast.policy.segmenting import EndReason, FragmentInfo
from holdfast.ports.volumes import AppendData, CreateSegment, FinishSegment
from holdfast.recorder.takes import SETTLED_NS, SessionClock

NAMES_TRIED = 50


@dataclass(slots=True)
class SegmentInWriting:
    """A segment from its first fragment to its last."""

    key: int
    stream: StreamId
    init: InitSegment
    first: FragmentInfo
    header: bytes
    stamp: SegmentStamp
    wall_offset_ns: int
    """What the wall clock was ahead of the monotonic one when the segment began: a later jump does not touch it."""
    index: IndexBuilder
    bases: dict[int, int]
    end_ns: PtsNs
    path: str = ""
    is_catalogued: bool = False
    size_bytes: int = 0
    is_settled: bool = False
    end_reason: EndReason | None = None
    frames_kept: int | None = None
    """Frames of a file that was cut; None: all."""
    places: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Of each fragment that is still held, by its index: where it begins in the file, and frames before it."""

    def append(self, info: FragmentInfo, fragment: Fragment, clock: SessionClock) -> AppendData:
        """The order that writes the next fragment."""
        self.places[info.index] = self.size_bytes, self.index.samples
        self.index.add(fragment.runs, self.size_bytes)
        moof = rebased_moof(fragment, self.bases, self.index.fragments)
        self.size_bytes += len(fragment.data)
        self.end_ns = info.end_ns
        if not self.is_settled and info.start_ns - self.first.start_ns >= SETTLED_NS:
            self._settle(clock)
        return AppendData(self.key, moof, info.index, memoryview(fragment.data)[fragment.moof_bytes :])

    def finish(self, clock: SessionClock) -> FinishSegment:
        """The order that makes the file final."""
        if not self.is_settled:
            self._settle(clock)
        self.stamp = replace(self.stamp, samples=self.index.samples, final=True)
        patch = finish_patch(self.header, durations=self.index.durations, stamp=self.stamp)
        return FinishSegment(self.key, self.index.mfra(), patch.offset, patch.data)

    def offset_of(self, info: FragmentInfo) -> int:
        """Where a fragment that is still held begins in the file; 0 for the first, with which the file ends."""
        return 0 if info.index <= self.first.index else self.places[info.index][0]

    def cut(self, again: FragmentInfo | None) -> None:
        """Count no longer what is written again elsewhere: this fragment, and all that followed in this file."""
        self.end_reason = EndReason.WRITE_FAILED
        if again is not None:
            self.end_ns = again.start_ns
            self.frames_kept = self.places[again.index][1]

    def forget_before(self, index: int) -> None:
        """Forget the places of fragments that are not held any more: they will never be written again."""
        while self.places and (oldest := next(iter(self.places))) < index:
            del self.places[oldest]

    def record(self, state: SegmentState, size_bytes: int) -> SegmentRecord:
        """The catalog's row."""
        video = self.init.video
        return SegmentRecord(
            path=self.path,
            camera=self.stream.camera,
            stream=self.stream.stream,
            run_id=str(self.stamp.run_id),
            session=self.stamp.session,
            ordinal=self.stamp.ordinal,
            wall_start_ns=WallNs(self.stamp.wall_start_ns),
            duration_ns=max(0, self.end_ns - self.first.start_ns),
            pts_start_ns=self.first.start_ns,
            size_bytes=size_bytes,
            codec=video.codec,
            width=video.width,
            height=video.height,
            frames=self.index.samples if self.frames_kept is None else self.frames_kept,
            state=state,
            end_reason=self.end_reason,
        )

    def _settle(self, clock: SessionClock) -> None:
        """Date the first frame again, now that more arrivals were seen."""
        self.is_settled = True
        if clock.session == self.stamp.session:
            wall_ns = clock.wall_of(self.first.start_ns, self.wall_offset_ns)
            self.stamp = replace(self.stamp, wall_start_ns=wall_ns)


def begin_segment(
    key: int,
    stream: StreamId,
    init: InitSegment,
    first: tuple[FragmentInfo, Fragment],
    run: tuple[UUID, int],
    clock: SessionClock,
) -> tuple[SegmentInWriting, CreateSegment]:
    """A new segment and the order that creates its file. `run` is (run id, ordinal). Raises Fmp4Error."""
    info, fragment = first
    bases = {r.track_id: r.decode_time for r in fragment.runs}
    video = fragment.video
    stamp = SegmentStamp(
        wall_start_ns=info.wall_ns,
        run_id=run[0],
        session=info.take[0],
        ordinal=run[1],
        media_start=video.decode_time if video is not None else 0,
    )
    header = segment_header(init, stamp, fragment, {"camera": stream.camera, "stream": stream.stream})
    segment = SegmentInWriting(
        key, stream, init, info, header, stamp, clock.wall_offset_ns(), IndexBuilder(bases), bases, info.start_ns
    )
    segment.size_bytes = len(header)
    camera = stream.camera if stream.stream == "main" else f"{stream.camera}_{stream.stream}"
    paths = tuple(segment_path(camera, info.wall_ns, info.utc_offset_s, n) for n in range(1, NAMES_TRIED + 1))
    return segment, CreateSegment(key, paths, header)
