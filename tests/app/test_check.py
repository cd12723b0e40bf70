"""`holdfast check`: what it finds, what it mends, and what it leaves alone."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.app.check import CheckSettings, check
from holdfast.app.check_file import Finding, FindingKind
from holdfast.app.check_report import CheckProgress, CheckReport
from holdfast.app.recording_root import CheckError, catalog_path, check_lock, recorder_is_running
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.fmp4 import HEAD_BYTES, read_summary
from holdfast.ports.catalog import CatalogTooNewError
from tests.app.recordings import NOW_NS, Segment, make, write
from tests.fakes.catalog import FakeCatalog
from tests.fmp4.builder import stream

ONE, TWO = Segment(0), Segment(1)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "녹화 폴더"
    made.mkdir()
    return made


def look(root: Path) -> CheckReport:
    return check(root, settings=CheckSettings(wall_ns=lambda: NOW_NS))


def mend(root: Path) -> CheckReport:
    report = check(root, repair=True, settings=CheckSettings(wall_ns=lambda: NOW_NS))
    again = look(root)
    assert [finding for finding in again.findings if not finding.is_note] == list_unresolved(report)
    return report


def list_unresolved(report: CheckReport) -> list[Finding]:
    return [finding for finding in report.findings if not finding.is_note and not finding.is_done]


def kinds(report: CheckReport) -> list[FindingKind]:
    return [finding.kind for finding in report.findings]


def rows(root: Path) -> dict[str, SegmentRecord]:
    return {row.path: row for row in CatalogReader(catalog_path(root)).segments()}


def post(root: Path, *records: SegmentRecord) -> None:
    catalog = Catalog.open(catalog_path(root))
    for record in records:
        catalog.post(record)
    assert catalog.close()


def snapshot(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@contextmanager
def recording(root: Path) -> Iterator[None]:
    (root / ".holdfast").mkdir(exist_ok=True)
    with (root / ".holdfast" / "recorder.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def test_rebuilds_a_missing_catalog_from_the_files_alone(root: Path) -> None:
    door = Segment(0, camera="현관 카메라 1", run="b")
    make(root, ONE, TWO, TWO.again(suffix="_2", run="c"), door)
    found = look(root)
    assert kinds(found) == [FindingKind.CATALOG_MISSING, *[FindingKind.NOT_CATALOGUED] * 4]
    assert not catalog_path(root).exists(), "a check without repair writes nothing"

    report = mend(root)
    assert kinds(report) == kinds(found)
    assert report.is_clean
    assert report.files == 4
    row = rows(root)[door.path]
    assert (row.camera, row.stream, row.session, row.state) == ("현관 카메라 1", "main", 4, SegmentState.FINAL)
    assert row.wall_start_ns == door.stamp.wall_start_ns
    assert row.run_id == str(door.stamp.run_id)
    assert row.size_bytes == (root / door.path).stat().st_size
    assert (row.codec[:4], row.width, row.height) == ("avc1", 320, 240)
    assert row.frames == 30
    assert row.duration_ns == 2_000_000_000
    with closing(Catalog.open(catalog_path(root))) as catalog:
        assert not catalog.condition.rebuild_needed


def test_a_root_in_order_has_no_findings(root: Path) -> None:
    make(root, ONE, TWO)
    mend(root)
    report = look(root)
    assert report.is_clean
    assert (report.findings, report.files, report.rows) == ((), 2, 2)


@pytest.mark.expects_log("is damaged")
@pytest.mark.expects_log("set aside")
def test_rebuilds_a_damaged_catalog(root: Path) -> None:
    make(root, ONE)
    mend(root)
    catalog_path(root).write_bytes(os.urandom(20_000))
    assert kinds(look(root)) == [FindingKind.CATALOG_DAMAGED, FindingKind.NOT_CATALOGUED]
    assert mend(root).is_clean
    assert list(rows(root)) == [ONE.path]
    assert catalog_path(root).with_name("catalog.db.damaged-1").exists()


def test_cuts_an_open_segment_at_its_last_whole_fragment(root: Path) -> None:
    torn = Segment(0, is_open=True)
    whole = torn.content()
    write(root / torn.path, whole + whole[-300:-100])
    assert kinds(look(root)) == [FindingKind.CATALOG_MISSING, FindingKind.LEFT_OPEN]
    report = mend(root)
    assert report.is_clean
    assert "cut 200 bytes" in report.findings[1].action
    content = (root / torn.path).read_bytes()
    assert content[512 : len(whole)] == whole[512:]
    assert read_summary(content[:HEAD_BYTES], content[-HEAD_BYTES:], len(content)).is_final
    row = rows(root)[torn.path]
    assert (row.state, row.end_reason, row.size_bytes) == (SegmentState.FINAL, "repaired", len(content))
    assert row.duration_ns == 2_000_000_000


def test_an_open_row_of_a_final_file_is_closed(root: Path) -> None:
    make(root, ONE)
    mend(root)
    post(root, replace(rows(root)[ONE.path], state=SegmentState.OPEN, duration_ns=0, end_reason=None))
    report = mend(root)
    assert kinds(report) == [FindingKind.DIFFERS]
    assert rows(root)[ONE.path].state is SegmentState.FINAL


def test_a_row_that_differs_takes_over_what_the_file_says_and_keeps_its_end_reason(root: Path) -> None:
    make(root, ONE, TWO)
    mend(root)
    right = rows(root)
    post(root, replace(right[ONE.path], size_bytes=5, end_reason="stopped"))
    post(root, replace(right[TWO.path], duration_ns=right[TWO.path].duration_ns + 3_000_000_000))
    report = mend(root)
    assert kinds(report) == [FindingKind.DIFFERS, FindingKind.DIFFERS]
    assert "5 bytes" in report.findings[0].sentence
    assert "5.000 s" in report.findings[1].sentence
    assert rows(root) == {**right, ONE.path: replace(right[ONE.path], end_reason="stopped")}


def test_a_duration_that_differs_by_less_than_a_frame_is_right(root: Path) -> None:
    make(root, ONE)
    mend(root)
    row = rows(root)[ONE.path]
    post(root, replace(row, duration_ns=row.duration_ns + 100_000_000))
    assert look(root).is_clean


def test_a_row_without_its_file_is_marked_missing_and_final_when_the_file_is_back(root: Path) -> None:
    make(root, ONE, TWO)
    mend(root)
    content = (root / TWO.path).read_bytes()
    (root / TWO.path).unlink()
    assert kinds(mend(root)) == [FindingKind.FILE_MISSING]
    assert rows(root)[TWO.path].state is SegmentState.MISSING
    write(root / TWO.path, content)
    assert kinds(mend(root)) == [FindingKind.FILE_BACK]
    assert rows(root)[TWO.path].state is SegmentState.FINAL


def test_rows_of_a_folder_that_is_gone_are_marked_missing(root: Path) -> None:
    make(root, ONE)
    mend(root)
    (root / ONE.path).unlink()
    (root / ONE.path).parent.rmdir()
    assert kinds(mend(root)) == [FindingKind.FILE_MISSING]


@pytest.mark.parametrize("content", [b"", ONE.content()[:100], bytes(5000)])
def test_a_segment_with_nothing_to_play_is_renamed_and_never_deleted(root: Path, content: bytes) -> None:
    make(root, TWO)
    write(root / ONE.path, content)
    report = mend(root)
    assert FindingKind.UNPLAYABLE in kinds(report)
    aside = root / (ONE.path + ".damaged")
    assert aside.read_bytes() == content
    assert look(root).set_aside == 1


def test_an_unplayable_file_makes_its_row_damaged(root: Path) -> None:
    make(root, ONE)
    mend(root)
    write(root / ONE.path, ONE.content()[:100])
    assert kinds(mend(root)) == [FindingKind.UNPLAYABLE]
    assert rows(root)[ONE.path].state is SegmentState.DAMAGED


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("holiday.mp4", stream()),
        ("text.mp4", b"no film at all" * 100),
        ("cam_01_20231114_221320.mp4", b"no film at all" * 100),
        ("zeros.mp4", bytes(5000)),
        ("empty.mp4", b""),
        ("notes.txt", b"remember the milk"),
        (os.fsdecode(b"caf\xe9.mp4"), ONE.content()),
    ],
)
def test_files_of_others_are_mentioned_and_left_alone(root: Path, name: str, content: bytes) -> None:
    make(root, TWO)
    mend(root)
    write(root / "cam_01" / "2023-11-14" / name, content)
    before = snapshot(root / "cam_01")
    report = mend(root)
    assert kinds(report) == [FindingKind.FOREIGN]
    assert report.findings[0].sentence.isprintable()
    assert report.is_clean
    assert snapshot(root / "cam_01") == before


def test_folders_that_are_no_cameras_are_none_of_its_business(root: Path) -> None:
    make(root, ONE)
    write(root / "Music" / "2023" / "song.mp4", stream())
    write(root / "loose.mp4", stream())
    (root / "cam_01" / "thumbnails").mkdir()
    mend(root)
    report = look(root)
    assert [finding.path for finding in report.findings] == ["cam_01/thumbnails"]
    assert report.files == 1


def test_links_are_not_followed_and_rows_behind_them_stay(root: Path, tmp_path: Path) -> None:
    make(root, ONE)
    mend(root)
    elsewhere = tmp_path / "elsewhere"
    make(elsewhere, TWO)
    (root / "cam_01").rename(tmp_path / "moved")
    (root / "cam_01").symlink_to(tmp_path / "moved")
    make(root, Segment(0, camera="cam_02"))
    (root / "cam_02" / "2023-11-14" / "link.mp4").symlink_to(elsewhere / TWO.path)
    (root / "cam_02" / "2023-11-15").symlink_to(elsewhere / "cam_01" / "2023-11-14")
    report = mend(root)
    assert sorted(kinds(report)) == [FindingKind.FOREIGN] * 3 + [FindingKind.NOT_CATALOGUED]
    assert rows(root)[ONE.path].state is SegmentState.FINAL


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_cannot_be_read_is_reported_and_the_rest_goes_on(root: Path) -> None:
    make(root, ONE, TWO, Segment(0, camera="cam_02"))
    (root / ONE.path).chmod(0)
    (root / "cam_02" / "2023-11-14").chmod(0)
    try:
        report = mend(root)
    finally:
        (root / "cam_02" / "2023-11-14").chmod(0o700)
    assert report.counts[FindingKind.UNREADABLE] == 2
    assert list(rows(root)) == [TWO.path]


def test_an_unreadable_file_is_reported_and_the_rest_goes_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(root, ONE, TWO)
    real = os.open

    def failing(path: str | Path, *rest: int) -> int:
        if str(path).endswith(ONE.path):
            raise OSError(5, "Input/output error")
        return real(path, *rest)

    monkeypatch.setattr(os, "open", failing)
    report = check(root, repair=True)
    assert not report.is_clean
    assert report.unresolved == 1
    assert "Input/output error" in list_unresolved(report)[0].sentence
    assert list(rows(root)) == [TWO.path]


def test_a_repair_that_fails_is_reported_with_its_reason(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(root, Segment(0, is_open=True), TWO)

    def full(_: int, __: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "ftruncate", full)
    report = check(root, repair=True)
    assert [finding.is_done for finding in report.findings] == [True, False, True]
    assert "No space left on device" in report.findings[1].sentence


def test_beside_a_recorder_fresh_files_are_left_to_it_and_old_open_ones_too(root: Path) -> None:
    make(root, ONE, Segment(2, is_open=True))
    now_ns = time.time_ns()
    write(root / TWO.path, Segment(1, is_open=True).content(), changed_ns=now_ns)
    with recording(root):
        assert recorder_is_running(root)
        report = check(root, repair=True)
        assert report.in_use == 1
        assert report.counts[FindingKind.LEFT_OPEN] == 1
        assert not report.is_clean
        assert list(rows(root)) == [ONE.path]
    assert not recorder_is_running(root)
    assert check(root, repair=True).counts == {FindingKind.LEFT_OPEN: 2}


def test_inside_the_recorder_open_files_of_earlier_lives_are_mended_and_its_own_are_not(root: Path) -> None:
    orphan, own, new = (Segment(number, is_open=True) for number in range(3))
    live = {own.path}
    make(root, orphan, own)
    clock_ns = NOW_NS
    write(root / new.path, new.content(), changed_ns=NOW_NS)

    def sleep(for_s: float) -> None:
        nonlocal clock_ns
        clock_ns += int(for_s * 1e9)
        # The recorder learns that its writer has made the file.
        live.add(new.path)

    settings = CheckSettings(live_paths=lambda: frozenset(live), wall_ns=lambda: clock_ns, sleep=sleep)
    catalog = FakeCatalog()
    with recording(root):
        report = check(root, repair=True, catalog=catalog, settings=settings)
    assert kinds(report) == [FindingKind.LEFT_OPEN]
    assert report.in_use == 2
    assert [row.path for row in catalog.segments()] == [orphan.path]
    assert (root / own.path).read_bytes() == own.content()
    assert (root / new.path).read_bytes() == new.content()
    assert not catalog.condition.rebuild_needed


def test_a_check_that_is_told_to_stop_stops_and_says_so(root: Path) -> None:
    make(root, ONE, Segment(0, camera="cam_02"))
    answers = iter([False, True])
    catalog = FakeCatalog()
    report = check(root, repair=True, catalog=catalog, settings=CheckSettings(should_stop=lambda: next(answers)))
    assert report.was_stopped
    assert not report.is_clean
    assert report.files == 1
    assert catalog.condition.rebuild_needed


def test_tells_how_far_it_is(root: Path) -> None:
    make(root, ONE, TWO, Segment(0, camera="cam_02"))
    told: list[CheckProgress] = []
    check(root, settings=CheckSettings(progress=told.append))
    assert [(one.folder, one.folders_done, one.folders_total, one.files) for one in told] == [
        ("cam_01/2023-11-14", 0, 2, 0),
        ("cam_02/2023-11-14", 1, 2, 2),
        ("", 2, 2, 3),
    ]


def test_two_repairs_at_once_are_refused(root: Path) -> None:
    with check_lock(root), pytest.raises(CheckError, match="Another repair"):
        check(root, repair=True)


def test_a_folder_that_is_none_is_refused(root: Path) -> None:
    with pytest.raises(CheckError, match="is not a folder"):
        check(root / "nowhere")


def test_a_newer_catalog_is_refused(root: Path) -> None:
    import sqlite3  # noqa: PLC0415 - only to make what no program of today makes

    mend(root)
    with closing(sqlite3.connect(catalog_path(root))) as connection, connection:
        connection.execute("INSERT INTO schema_version VALUES (99, 'future', 'local')")
    for repair in (False, True):
        with pytest.raises(CatalogTooNewError, match="newer Holdfast"):
            check(root, repair=repair)


def test_a_catalog_without_a_schema_is_brought_up_to_date(root: Path) -> None:
    make(root, ONE)
    catalog_path(root).parent.mkdir()
    catalog_path(root).touch()
    assert mend(root).is_clean
    assert list(rows(root)) == [ONE.path]


def test_runs_are_ordered_by_their_first_segments_after_a_rebuild(root: Path) -> None:
    make(root, Segment(3, run="b"), Segment(2, run="b"), Segment(1, run="a"), Segment(0, run="a"))
    mend(root)
    assert [row.ordinal for row in CatalogReader(catalog_path(root)).segments("cam_01")] == [0, 1, 2, 3]
