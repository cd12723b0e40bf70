"""Pasts that are generated: the same each time, and nothing that the product does not take for its own."""

from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.app.check import check
from holdfast.app.recording_root import catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord
from holdfast.fmp4 import Fmp4Error
from holdfast.lab.bench.catalog import main, timeline
from holdfast.lab.bench.long_past import END_NS, LongPast, changes_of, write_catalog
from holdfast.lab.bench.long_tree import forget_pages, read_template, write_tree
from tests.app.recordings import Segment, make

SMALL = LongPast(segments=1000, cameras=3, segment_s=60)


def test_a_past_is_the_same_each_time_and_has_gaps_between_its_runs() -> None:
    changes = list(changes_of(SMALL))
    assert changes == list(changes_of(SMALL))
    assert changes != list(changes_of(replace(SMALL, seed=7)))
    segments = [one for one in changes if isinstance(one, SegmentRecord)]
    assert Counter(one.camera for one in segments) == {"cam_01": 334, "cam_02": 333, "cam_03": 333}
    assert len({one.path for one in segments}) == 1000
    assert max(one.wall_end_ns for one in segments) < END_NS
    first = next(one for one in changes if isinstance(one, GapRecord) and one.camera == "cam_01")
    assert first.from_wall_ns in {one.wall_end_ns for one in segments}
    assert first.to_wall_ns in {one.wall_start_ns for one in segments}


def test_a_catalog_holds_all_of_it(tmp_path: Path) -> None:
    path = tmp_path / "catalog.db"
    write_catalog(path, SMALL)
    reader = CatalogReader(path)
    assert sum(one.segments for one in reader.usage()) == len(list(reader.segments())) == 1000
    assert timeline(reader, END_NS, None) == 0
    known = reader.cameras()[0]
    assert known.first_wall_ns is not None
    assert timeline(reader, known.first_wall_ns, "cam_01") == 334 * 60 * 10**9


def test_a_tree_is_of_final_segments_from_which_a_catalog_can_be_made(tmp_path: Path) -> None:
    one = Segment()
    make(tmp_path / "recorded", one)
    template = read_template(tmp_path / "recorded" / one.path)
    past = replace(SMALL, segments=20)
    root = tmp_path / "tree"
    assert write_tree(root, template, past) == 20
    forget_pages(root)
    report = check(root, repair=True)
    assert (report.files, report.unresolved) == (20, 0)
    assert check(root).is_clean
    wanted = {one.path: one for one in changes_of(past) if isinstance(one, SegmentRecord)}
    for found in CatalogReader(catalog_path(root)).segments():
        meant = wanted[found.path]
        assert (found.camera, found.run_id, found.ordinal, found.wall_start_ns) == (
            meant.camera,
            meant.run_id,
            meant.ordinal,
            meant.wall_start_ns,
        )
    assert len(list(CatalogReader(catalog_path(root)).segments())) == 20


def test_a_template_whose_camera_has_a_longer_name_is_refused(tmp_path: Path) -> None:
    one = Segment(camera="camera_01")
    make(tmp_path / "recorded", one)
    template = read_template(tmp_path / "recorded" / one.path)
    with pytest.raises(Fmp4Error, match="longer"):
        write_tree(tmp_path / "tree", template, replace(SMALL, segments=1))


def test_the_bench_judges_timelines_and_cleaning(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--segments", "600", "--only", "timeline", "--only", "cleaning", "--folder", str(tmp_path)]
    assert main(words) in (0, 1)
    shown = capsys.readouterr().out
    assert shown.count("≤ 20 ms") == shown.count("≤ 50 ms") == 2
    assert shown.count("≤ 200 ms") == 8
    assert "not measured" not in shown
