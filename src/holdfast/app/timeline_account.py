"""What a timeline is drawn from, as JSON has it: exact lists, or cells. For the command and for the interface."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from holdfast.domain.footage import StreamFootage
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import WallNs
from holdfast.policy.coverage import PLAYABLE
from holdfast.policy.timeline import Known, by_cause, cells, end_of, pieces, runs
from holdfast.ports.catalog import CatalogReads

MOST_CELLS = 10_000
"""Per stream: no screen is wider."""
MOST_VALUES = 400_000
"""Cells of all streams together."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TimelineAsked:
    """What is asked for."""

    from_ns: WallNs
    to_ns: WallNs
    cameras: tuple[str, ...] = ()
    """None named: all."""
    cells: int | None = None
    """None: exact lists."""


class UnknownCameraError(LookupError):
    """There is no such camera; its argument is the name."""


class TooManyCellsError(ValueError):
    """Of so many streams not so many cells."""


def timeline_cells(reader: CatalogReads, asked: TimelineAsked, known: Known) -> dict[str, Any]:
    """Every stream as cells. Raises UnknownCameraError, TooManyCellsError, CatalogError."""
    count, span = asked.cells or 1, (asked.from_ns, asked.to_ns)
    footage = _footage(reader, asked)
    if count > MOST_CELLS or count * len(footage) > MOST_VALUES:
        raise TooManyCellsError
    gaps = _gaps(reader, asked)
    streams = []
    for one in footage:
        exact = pieces(one, gaps.get((one.camera, one.stream), ()), span, known)
        row = cells(exact, span, count)
        streams.append(
            {
                "camera": one.camera,
                "stream": one.stream,
                "recorded_ns": row.recorded_ns,
                "missing_ns": row.missing_ns,
                "causes": row.causes,
                "by_cause_ns": by_cause(exact),
            }
        )
    return {"from_ns": span[0], "to_ns": span[1], "cells": count, "streams": streams}


def timeline_lists(reader: CatalogReads, asked: TimelineAsked, known: Known, most: int) -> dict[str, Any]:
    """Every stream's runs, segments and gaps, up to `most` segments in all. Raises as `timeline_cells` does."""
    gaps = _gaps(reader, asked)
    streams, left = [], most
    for one in _footage(reader, asked):
        found = reader.segments(one.camera, stream=one.stream, from_ns=asked.from_ns, to_ns=asked.to_ns)
        segments = [segment for segment in islice(found, left + 1) if segment.state in PLAYABLE]
        is_cut, segments = len(segments) > left, segments[:left]
        left -= len(segments)
        streams.append(
            {
                "camera": one.camera,
                "stream": one.stream,
                "runs": [asdict(run) for run in runs(segments, known)],
                "segments": [_segment(segment, known) for segment in segments],
                "gaps": [asdict(gap) for gap in gaps.get((one.camera, one.stream), ())],
            }
        )
        if is_cut:
            return {"from_ns": asked.from_ns, "to_ns": asked.to_ns, "streams": streams, "more": True}
    return {"from_ns": asked.from_ns, "to_ns": asked.to_ns, "streams": streams, "more": False}


def _footage(reader: CatalogReads, asked: TimelineAsked) -> Sequence[StreamFootage]:
    found: list[StreamFootage] = []
    for camera in dict.fromkeys(asked.cameras) or (None,):
        of_camera = reader.footage(camera, from_ns=asked.from_ns, to_ns=asked.to_ns)
        if camera is not None and not of_camera:
            raise UnknownCameraError(camera)
        found += of_camera
    return found


def _gaps(reader: CatalogReads, asked: TimelineAsked) -> dict[tuple[str, str], list[GapRecord]]:
    by_stream: dict[tuple[str, str], list[GapRecord]] = {}
    for gap in _gaps_of(reader, asked):
        by_stream.setdefault((gap.camera, gap.stream), []).append(gap)
    return by_stream


def _gaps_of(reader: CatalogReads, asked: TimelineAsked) -> Iterable[GapRecord]:
    for camera in dict.fromkeys(asked.cameras) or (None,):
        yield from reader.gaps(camera, from_ns=asked.from_ns, to_ns=asked.to_ns)


def _segment(segment: SegmentRecord, known: Known) -> dict[str, Any]:
    """What is needed to play it and to say what it is."""
    return {
        "path": segment.path,
        "volume": segment.volume,
        "run_id": segment.run_id,
        "session": segment.session,
        "ordinal": segment.ordinal,
        "state": segment.state,
        "from_ns": segment.wall_start_ns,
        "to_ns": end_of(segment, known),
        "pts_start_ns": segment.pts_start_ns,
        "size_bytes": segment.size_bytes,
        "codec": segment.codec,
        "width": segment.width,
        "height": segment.height,
        "frames": segment.frames,
    }
