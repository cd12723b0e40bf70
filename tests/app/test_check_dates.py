"""An open file is mended with the begin that its recorder told the catalog after it had begun the file."""

from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.domain.segments import SegmentState
from holdfast.domain.times import WallNs
from tests.app.recordings import Segment, write
from tests.app.test_check import look, mend, post, rows

EARLIER_NS = 3_000_000_000


@pytest.mark.parametrize("is_its_row", [True, False])
def test_the_begin_in_the_catalog_counts_when_it_is_of_this_very_segment(tmp_path: Path, *, is_its_row: bool) -> None:
    torn = Segment(0, is_open=True)
    write(tmp_path / torn.path, torn.content())
    mend(tmp_path)
    row = rows(tmp_path)[torn.path]
    write(tmp_path / torn.path, torn.content())
    earlier = replace(row, state=SegmentState.OPEN, wall_start_ns=WallNs(row.wall_start_ns - EARLIER_NS))
    post(tmp_path, earlier if is_its_row else replace(earlier, ordinal=row.ordinal + 1))
    assert mend(tmp_path).is_clean
    expected_ns = row.wall_start_ns - EARLIER_NS if is_its_row else row.wall_start_ns
    assert rows(tmp_path)[torn.path].wall_start_ns == expected_ns
    assert look(tmp_path).is_clean
