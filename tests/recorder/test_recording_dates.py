"""When a segment begins, as the catalog knows it while the file is open, and as it stays when that is given up."""

from holdfast.domain.segments import SegmentState
from holdfast.domain.times import NS_PER_S
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.volumes import CutSegment
from tests.recorder.rig import STREAM, Rig

BURST_S = 3


def in_a_burst() -> tuple[Rig, int]:
    """An open segment, dated by frames that all came too late; when it really began, in wall time."""
    rig = Rig(SegmentRules())
    rig.recording.start()
    began_ns = rig.clock.mono_ns()
    rig.group()
    rig.settle()
    rig.recording.clock.observe(1, began_ns - NS_PER_S + BURST_S * NS_PER_S, began_ns)
    return rig, began_ns + rig.clock.wall_ahead_ns - BURST_S * NS_PER_S


def open_row_begins_ns(rig: Rig) -> int:
    (row,) = rig.catalog.segments(STREAM.camera)
    assert row.state is SegmentState.OPEN
    return row.wall_start_ns


def test_the_catalog_learns_at_once_that_a_young_segment_began_earlier_because_we_may_be_killed() -> None:
    rig, really_ns = in_a_burst()
    assert open_row_begins_ns(rig) == really_ns + BURST_S * NS_PER_S
    rig.group()
    assert open_row_begins_ns(rig) == really_ns
    told = len(rig.catalog.posted)
    rig.group()
    assert len(rig.catalog.posted) == told, "it is told once"


def test_a_file_that_is_given_up_is_dated_as_its_row_is() -> None:
    rig, really_ns = in_a_burst()
    rig.group()
    rig.settle()
    rig.writer.broken = True
    rig.group()
    rig.writer.sync()
    rig.work(100)
    rig.listen(100)
    (cut,) = [order for order in rig.writer.orders if isinstance(order, CutSegment)]
    assert cut.wall_start_ns == really_ns
