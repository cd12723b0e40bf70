"""Whole files of segments, made of the pieces of any stream as the recorder makes them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from holdfast.fmp4 import Fragment, IndexBuilder, InitSegment, SegmentStamp, finish_patch, rebase, segment_header


@dataclass(frozen=True, slots=True)
class Parts:
    """A file: while it is open it has the plain header and no index, when it is final the `patched` one and both."""

    header: bytes
    patched: bytes
    fragments: tuple[bytes, ...]
    index: bytes
    durations: Mapping[int, int]
    """Ticks by track."""

    @property
    def open_file(self) -> bytes:
        """As a recorder that was killed leaves it."""
        return b"".join([self.header, *self.fragments])

    @property
    def final_file(self) -> bytes:
        """As it is when it has ended."""
        return b"".join([self.patched, *self.fragments, self.index])


def assemble(
    init: InitSegment, fragments: Sequence[Fragment], stamp: SegmentStamp, labels: Mapping[str, str] | None
) -> Parts:
    """The bytes of a file. `labels`: None for a header without any."""
    header = segment_header(init, stamp, fragments[0], labels)
    bases = {run.track_id: run.decode_time for run in fragments[0].runs}
    index, rebased, at = IndexBuilder(bases), [], len(header)
    for number, fragment in enumerate(fragments, start=1):
        index.add(fragment.runs, at)
        rebased.append(rebase(fragment, bases, number))
        at += len(rebased[-1])
    final = replace(stamp, final=True, samples=index.samples)
    patch = finish_patch(header, durations=index.durations, stamp=final)
    patched = header[: patch.offset] + patch.data + header[patch.offset + len(patch.data) :]
    return Parts(header, patched, tuple(rebased), index.mfra(), index.durations)
