"""Files that are given up: cut where what they have is written again elsewhere, as soon as their volume lets it be."""

from holdfast.domain.segments import SegmentState
from holdfast.policy.segmenting import FragmentInfo
from holdfast.ports.catalog import CatalogWrites
from holdfast.ports.volumes import Answer, Created, Cut, CutFailed, CutSegment, Writer
from holdfast.recorder.segment_writing import SegmentInWriting


class Cutting:
    """Those of one recording. The catalog knows of each what counts of it, also before it is cut."""

    def __init__(self, writer: Writer, catalog: CatalogWrites) -> None:
        """None."""
        self._writer, self._catalog = writer, catalog
        self._cut_short: dict[int, tuple[SegmentInWriting, FragmentInfo | None]] = {}
        """With what is the first to be written again elsewhere."""
        self._uncut: set[int] = set()
        """Keys of those that the volume does not let be cut yet."""

    @property
    def is_busy(self) -> bool:
        """Whether an answer is awaited that comes soon."""
        return bool(self._cut_short.keys() - self._uncut)

    @property
    def paths(self) -> list[str]:
        """Files that are not cut yet. May be called from any thread."""
        return [segment.path for segment, _ in self._cut_short.copy().values()]

    def begin(self, segment: SegmentInWriting, again: FragmentInfo | None) -> None:
        """Cut a file where `again` begins (None: at the end of what it is known to have); the rest is made final."""
        self._cut_short[segment.key] = segment, again
        wall_start_ns = segment.stamp.wall_start_ns
        self._writer.order(CutSegment(segment.key, segment.kept_up_to(again), wall_start_ns=wall_start_ns))

    def answered(self, answer: Answer) -> bool:
        """An answer; False when it is about none of these."""
        if answer.key not in self._cut_short:
            return False
        segment, again = self._cut_short[answer.key]
        match answer:
            case Cut(key, size_bytes):
                if key not in self._uncut:
                    segment.cut(again)
                self._uncut.discard(key)
                self._done(segment, SegmentState.FINAL if size_bytes else SegmentState.MISSING, size_bytes)
            case CutFailed(key):
                # As far as it was written it plays. It is final when the disk works again, or after a repair.
                segment.cut(again)
                segment.keep_bytes = segment.kept_up_to(again)
                self._uncut.add(key)
                segment.is_catalogued = True
                self._catalog.post(segment.record(SegmentState.OPEN, segment.size_bytes))
            case Created():
                segment.created(answer)
            case _:
                pass
        return True

    def _done(self, segment: SegmentInWriting, state: SegmentState, size_bytes: int) -> None:
        del self._cut_short[segment.key]
        if size_bytes or segment.is_catalogued:
            self._catalog.post(segment.record(state, size_bytes))
