"""The past of a recorder that has run for months: catalogs of a million segments, the same ones for the same seed.

Segments are written as the recorder writes them, through the schema with its indexes and totals. Runs break now and
then, with a gap of some seconds and a cause, as they do in the field.
"""

import contextlib
import random
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from uuid import UUID

from holdfast.catalog import connect, rows
from holdfast.domain.faults import FaultKind
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import (
    LOCAL_NODE,
    MAIN_VOLUME,
    RebuildDone,
    RunRecord,
    SegmentRecord,
    SegmentState,
    StreamRecord,
)
from holdfast.domain.times import NS_PER_S, PtsNs, WallNs
from holdfast.ports.catalog import Change

END_NS = WallNs(1_790_000_000 * NS_PER_S)
"""Where every generated past ends."""
RUN_SEGMENTS = (100, 400)
"""A run has so many segments, from the least to the most."""
BREAK_S = (2, 30)
FRAMES_PER_S = 15
BYTES_PER_S = 500_000
_PER_TRANSACTION = 50_000
_CACHE_KIB = 512 << 10
_CAUSES = (FaultKind.RTSP_NETWORK, FaultKind.STALLED, FaultKind.CAMERA_CLOSED, FaultKind.WORKER_DIED)


@dataclass(frozen=True, slots=True, kw_only=True)
class LongPast:
    """What is to be generated."""

    segments: int = 1_000_000
    cameras: int = 16
    segment_s: int = 60
    volume: str = MAIN_VOLUME
    end_ns: WallNs = END_NS
    seed: int = 6
    is_compared: bool = True
    """The catalog says of itself that it has been compared with the files."""


def camera_name(number: int) -> str:
    """Of a camera, counted from 0."""
    return f"cam_{number + 1:02d}"


def changes_of(past: LongPast) -> Iterator[Change]:
    """Everything in the order in which a recorder writes it: by time, all cameras side by side."""
    chance = random.Random(past.seed)
    steps = -(-past.segments // past.cameras)
    at_ns = [past.end_ns - steps * (past.segment_s + 1) * NS_PER_S] * past.cameras
    streams = [_stream(past, number, random.Random(chance.random()), at_ns[number]) for number in range(past.cameras)]
    for number in range(past.cameras):
        yield StreamRecord(camera=camera_name(number), stream="main", display_name=f"Camera {number + 1}")
    left = past.segments
    while left > 0:
        for stream in streams[:left]:
            yield from _up_to_a_segment(stream)
        left -= past.cameras


def _up_to_a_segment(stream: Iterator[Change]) -> Iterator[Change]:
    for change in stream:
        yield change
        if isinstance(change, SegmentRecord):
            return


def _stream(past: LongPast, number: int, chance: random.Random, begin_ns: int) -> Iterator[Change]:
    """One camera without end: runs of segments, and a gap after each."""
    camera, at_ns, session = camera_name(number), begin_ns, 0
    while True:
        session += 1
        run_id = str(UUID(int=chance.getrandbits(128), version=4))
        started_ns = WallNs(at_ns)
        yield RunRecord(run_id=run_id, camera=camera, stream="main", session=session, started_wall_ns=started_ns)
        for ordinal in range(chance.randint(*RUN_SEGMENTS)):
            yield _segment(past, camera, run_id, session, ordinal, at_ns)
            at_ns += past.segment_s * NS_PER_S
        back_ns = at_ns + round(chance.uniform(*BREAK_S) * NS_PER_S)
        yield RunRecord(
            run_id=run_id,
            camera=camera,
            stream="main",
            session=session,
            started_wall_ns=started_ns,
            ended_wall_ns=WallNs(at_ns),
            end_reason="session_ended",
        )
        yield GapRecord(
            gap_id=str(UUID(int=chance.getrandbits(128), version=4)),
            camera=camera,
            stream="main",
            cause=chance.choice(_CAUSES),
            sentence="The connection to the camera broke.",
            from_wall_ns=WallNs(at_ns),
            to_wall_ns=WallNs(back_ns),
            session=session,
        )
        at_ns = back_ns


def _segment(past: LongPast, camera: str, run_id: str, session: int, ordinal: int, at_ns: int) -> SegmentRecord:
    begin = datetime.fromtimestamp(at_ns / NS_PER_S, tz=UTC)
    return SegmentRecord(
        path=f"{camera}/{begin:%Y-%m-%d}/{camera}_{begin:%Y%m%d_%H%M%S}.mp4",
        camera=camera,
        stream="main",
        run_id=run_id,
        session=session,
        ordinal=ordinal,
        wall_start_ns=WallNs(at_ns),
        duration_ns=past.segment_s * NS_PER_S,
        pts_start_ns=PtsNs(ordinal * past.segment_s * NS_PER_S),
        size_bytes=past.segment_s * BYTES_PER_S,
        codec="avc1.64001f",
        width=1920,
        height=1080,
        frames=past.segment_s * FRAMES_PER_S,
        state=SegmentState.FINAL,
        end_reason="boundary",
        volume=past.volume,
    )


def write_catalog(path: Path, past: LongPast) -> None:
    """Make the catalog at `path`, whose folder is made if only that is missing. Raises sqlite3.Error, OSError."""
    opened = connect.open_for_writing(path, node=LOCAL_NODE)
    with contextlib.closing(opened.connection) as connection:
        connection.execute(f"PRAGMA cache_size = -{_CACHE_KIB}")
        changes = changes_of(past)
        while batch := tuple(islice(changes, _PER_TRANSACTION)):
            _write(connection, batch)
        if past.is_compared:
            _write(connection, (RebuildDone(wall_ns=past.end_ns),))


def _write(connection: sqlite3.Connection, batch: tuple[Change, ...]) -> None:
    # A generated catalog that a power cut takes is generated again.
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("BEGIN IMMEDIATE")
    for change in batch:
        rows.write(connection, change)
    connection.execute("COMMIT")
