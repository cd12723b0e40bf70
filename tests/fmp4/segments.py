"""Whole files of segments, made with the code under test from any stream."""

from collections.abc import Mapping
from uuid import UUID

from holdfast.fmp4 import (
    Fragment,
    FragmentSplitter,
    InitSegment,
    ReadAt,
    SegmentStamp,
)
from holdfast.lab import segment_files
from holdfast.lab.segment_files import Parts

__all__ = ["LABELS", "RUN", "STAMP", "Parts", "assemble", "read_from", "split"]

RUN = UUID("00112233-4455-6677-8899-aabbccddeeff")
STAMP = SegmentStamp(wall_start_ns=1_700_000_000_123_456_789, run_id=RUN, session=7, ordinal=3)
LABELS = {"camera": "문 앞", "stream": "main"}


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
    return segment_files.assemble(init, fragments, stamp, labels)


def read_from(data: bytes) -> ReadAt:
    return lambda offset, length: data[offset : offset + length]
