"""Whole files of segments, made with the code under test from any stream."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from holdfast.fmp4 import (
    Fragment,
    FragmentSplitter,
    IndexBuilder,
    InitSegment,
    ReadAt,
    SegmentStamp,
    finish_patch,
    rebase,
    segment_header,
)

RUN = UUID("00112233-4455-6677-8899-aabbccddeeff")
STAMP = SegmentStamp(wall_start_ns=1_700_000_000_123_456_789, run_id=RUN, session=7, ordinal=3)
LABELS = {"camera": "문 앞", "stream": "main"}


@dataclass(frozen=True)
class Parts:
    """A file that is final is `patched` header, fragments, index; one that is open has the plain header, no index."""

    header: bytes
    patched: bytes
    fragments: tuple[bytes, ...]
    index: bytes
    durations: Mapping[int, int]

    @property
    def open_file(self) -> bytes:
        return b"".join([self.header, *self.fragments])

    @property
    def final_file(self) -> bytes:
        return b"".join([self.patched, *self.fragments, self.index])


def split(data: bytes) -> tuple[InitSegment, list[Fragment]]:
    pieces = FragmentSplitter().feed(data)
    init = pieces[0]
    assert isinstance(init, InitSegment)
    return init, [piece for piece in pieces if isinstance(piece, Fragment)]


def assemble(
    init: InitSegment,
    fragments: list[Fragment],
    stamp: SegmentStamp = STAMP,
    labels: Mapping[str, str] | None = LABELS,
) -> Parts:
    header = segment_header(init, stamp, fragments[0], labels)
    bases = {run.track_id: run.decode_time for run in fragments[0].runs}
    index = IndexBuilder(bases)
    rebased = []
    at = len(header)
    for number, fragment in enumerate(fragments, start=1):
        index.add(fragment.runs, at)
        rebased.append(rebase(fragment, bases, number))
        at += len(rebased[-1])
    final = replace(stamp, final=True, samples=index.samples)
    patch = finish_patch(header, durations=index.durations, stamp=final)
    patched = header[: patch.offset] + patch.data + header[patch.offset + len(patch.data) :]
    return Parts(header, patched, tuple(rebased), index.mfra(), index.durations)


def read_from(data: bytes) -> ReadAt:
    return lambda offset, length: data[offset : offset + length]
