"""A row of a segment, for tests to which most of it does not matter: `replace(PLAIN, …)`."""

from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import PtsNs, WallNs

PLAIN = SegmentRecord(
    path="cam_01/1.mp4",
    camera="cam_01",
    stream="main",
    run_id="run",
    session=1,
    ordinal=0,
    wall_start_ns=WallNs(0),
    duration_ns=1,
    pts_start_ns=PtsNs(0),
    size_bytes=1,
    codec="avc1",
    width=1,
    height=1,
    frames=1,
    state=SegmentState.FINAL,
)
