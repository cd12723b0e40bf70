"""What is asked at the start, before each cleaning, or for a bar is found by indices, not by a walk over all rows."""

from contextlib import closing
from pathlib import Path

import pytest

from holdfast.catalog import connect, keeping_queries, timeline_queries, volume_queries
from holdfast.catalog.store import Catalog

RANGE = {"node": "n", "camera": "c", "stream": "s", "from_ns": 0, "to_ns": 9}


@pytest.mark.parametrize(
    ("query", "given", "index"),
    [
        (volume_queries.UNCUT, ("n", "v"), "segments_uncut"),
        (volume_queries.AWAY, ("n", "v", 9), "segments_away"),
        (timeline_queries.FOOTAGE, RANGE, "COVERING INDEX segments_by_wall"),
        (keeping_queries.DELETABLE, RANGE | {"volume": "v"}, "segments_at_rest"),
    ],
)
def test_it_is_found_by_an_index(tmp_path: Path, query: str, given: object, index: str) -> None:
    path = tmp_path / "catalog.db"
    Catalog.open(path).close()
    with closing(connect.open_for_reading(path)) as connection:
        plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {query}", given)]  # type: ignore[arg-type] # either kind
    assert [step for step in plan if index in step and step.startswith("SEARCH")], plan
    assert not [step for step in plan if step.startswith("SCAN")], plan
