"""Hours of footage in seconds: real fragments of a real recording, again and again with later times.

The numbers of the frames repeat with them; so what an export must show is known frame by frame.
"""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, PtsNs, WallNs
from holdfast.fmp4 import (
    Fragment,
    FragmentSplitter,
    IndexBuilder,
    InitSegment,
    SegmentStamp,
    finish_patch,
    rebased_moof,
    segment_header,
)

CAMERA = "cam_01"


@dataclass(frozen=True, slots=True)
class Reel:
    """Fragments that follow one another, `seconds` of them; the first begins with a key frame at 0."""

    init: InitSegment
    fragments: tuple[Fragment, ...]
    seconds: int

    @property
    def frames(self) -> int:
        """Pictures in it."""
        return sum(run.sample_count for fragment in self.fragments for run in fragment.runs if run.kind == "video")


def reel_of(path: Path) -> Reel:
    """As many whole seconds of a segment's file as end before a key frame. Raises ValueError when there are none."""
    data = path.read_bytes()
    # A stream has no stamp between its ftyp and its moov.
    stamp_at = int.from_bytes(data[:4])
    moov_at = stamp_at + int.from_bytes(data[stamp_at : stamp_at + 4])
    pieces = FragmentSplitter().feed(data[:stamp_at] + data[moov_at:])
    init = pieces[0]
    assert isinstance(init, InitSegment)
    fragments = [piece for piece in pieces if isinstance(piece, Fragment)]
    scale = init.video.timescale
    keys = [f.video.decode_time for f in fragments if f.video is not None and f.video.starts_with_sync]
    whole = [key // scale for key in keys if key > 0 and key % scale == 0]
    if not whole:
        raise ValueError(f"{path} has no key frame at a whole second")
    seconds = max(whole)
    scales = {track.track_id: track.timescale for track in init.tracks}
    kept = [f for f in fragments if all(run.decode_time < seconds * scales[run.track_id] for run in f.runs)]
    return Reel(init, tuple(kept), seconds)


def repeated(reel: Reel, times: int) -> Iterator[tuple[Fragment, bytes]]:
    """The fragments of the reel so often, each with its moof for a file that begins with them."""
    scales = {track.track_id: track.timescale for track in reel.init.tracks}
    number = 0
    for turn in range(times):
        bases = {track_id: -turn * reel.seconds * scale for track_id, scale in scales.items()}
        for fragment in reel.fragments:
            number += 1
            runs = tuple(replace(run, decode_time=run.decode_time - bases[run.track_id]) for run in fragment.runs)
            yield replace(fragment, runs=runs), rebased_moof(fragment, bases, number)


def write_segment(root: Path, reel: Reel, times: int, stamp: SegmentStamp) -> SegmentRecord:
    """A final file with the reel so often, and what the catalog is to say of it."""
    path = f"{CAMERA}/2026-11-27/{CAMERA}_{stamp.wall_start_ns}_{stamp.ordinal}.mp4"
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    first = next(fragment for fragment in reel.fragments if fragment.video is not None)
    header = segment_header(reel.init, stamp, first, {"camera": CAMERA, "stream": "main"})
    index = IndexBuilder({track.track_id: 0 for track in reel.init.tracks if track.kind != "audio"})
    size = len(header)
    with file.open("wb") as out:
        out.write(header)
        for fragment, moof in repeated(reel, times):
            index.add(tuple(run for run in fragment.runs if run.kind != "audio"), size)
            out.write(moof)
            out.write(memoryview(fragment.data)[fragment.moof_bytes :])
            size += len(fragment.data)
        out.write(index.mfra())
        final = replace(stamp, final=True, samples=index.samples)
        patch = finish_patch(header, durations=index.durations, stamp=final)
        out.seek(patch.offset)
        out.write(patch.data)
    video = reel.init.video
    return SegmentRecord(
        path=path,
        camera=CAMERA,
        stream="main",
        run_id=str(stamp.run_id),
        session=stamp.session,
        ordinal=stamp.ordinal,
        wall_start_ns=WallNs(stamp.wall_start_ns),
        duration_ns=times * reel.seconds * NS_PER_S,
        pts_start_ns=PtsNs(stamp.media_start * NS_PER_S // video.timescale),
        size_bytes=file.stat().st_size,
        codec=video.codec,
        width=video.width,
        height=video.height,
        frames=index.samples,
        state=SegmentState.FINAL,
        end_reason="rotation",
    )


def run_of(root: Path, reel: Reel, begin_ns: int, files: int, times: int, number: int) -> list[SegmentRecord]:
    """A run of so many files, each with the reel so often; `number` names the run and its session."""
    run_id = uuid.UUID(int=number)
    length_s = times * reel.seconds
    return [
        write_segment(
            root,
            reel,
            times,
            SegmentStamp(
                wall_start_ns=begin_ns + ordinal * length_s * NS_PER_S,
                run_id=run_id,
                session=number,
                ordinal=ordinal,
                media_start=ordinal * length_s * reel.init.video.timescale,
            ),
        )
        for ordinal in range(files)
    ]


def catalogue(root: Path, records: list[SegmentRecord], gaps: list[GapRecord]) -> None:
    """A catalog that knows these files and gaps. Raises TimeoutError."""
    catalog = Catalog.open(root / ".holdfast" / "catalog.db")
    for record in records:
        catalog.post(record)
    for gap in gaps:
        catalog.post(gap)
    if not catalog.close(60):
        raise TimeoutError("the catalog could not be written")
