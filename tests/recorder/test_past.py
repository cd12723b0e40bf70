"""What a recorder knows of the life before it."""

from dataclasses import replace

import pytest

from holdfast.domain.gaps import GapCause
from holdfast.domain.segments import Heartbeat, RecorderStopped, SegmentState
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.ports.catalog import Change
from holdfast.recorder.past import Past
from tests.fakes.catalog import FakeCatalog
from tests.records import PLAIN

SEGMENT = replace(
    PLAIN,
    path="cam/a.mp4",
    camera="cam",
    run_id="r",
    wall_start_ns=WallNs(100),
    duration_ns=50,
    state=SegmentState.OPEN,
)


def recalled(last: Change, boot_id: str) -> Past:
    catalog = FakeCatalog()
    catalog.post(SEGMENT)
    catalog.post(last)
    return Past.recall(catalog, boot_id)


@pytest.mark.parametrize(
    ("last", "boot_id", "cause"),
    [
        (Heartbeat(wall_ns=WallNs(180), boot_id="a"), "a", GapCause.RECORDER_KILLED),
        (Heartbeat(wall_ns=WallNs(180), boot_id="a"), "b", GapCause.POWER_LOST),
        (Heartbeat(wall_ns=WallNs(180), boot_id="a"), "", GapCause.RECORDER_KILLED),
        (Heartbeat(wall_ns=WallNs(180)), "b", GapCause.RECORDER_KILLED),
        (RecorderStopped(wall_ns=WallNs(180)), "b", GapCause.RECORDER_STOPPED),
    ],
    ids=lambda value: str(getattr(value, "boot_id", value)),
)
def test_a_kill_is_told_from_a_power_cut_by_the_boot_in_which_it_was(
    last: Change, boot_id: str, cause: GapCause
) -> None:
    end = recalled(last, boot_id).ends[StreamId("cam")]
    assert (end.cause, end.footage_wall_ns, end.alive_wall_ns) == (cause, 150, 180)


def test_an_empty_catalog_knows_of_no_life() -> None:
    assert Past.recall(FakeCatalog(), "a").ends == {}
