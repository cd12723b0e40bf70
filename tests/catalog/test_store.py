"""The catalog in a file: what the contract does not say because a catalog in memory has no such troubles."""

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from random import Random

import pytest

from holdfast.catalog import connect, queries
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.catalog.writer import WriterSettings
from holdfast.domain.certificates import CertificateRecord
from holdfast.domain.segments import (
    FaultRecord,
    Heartbeat,
    IntentRecord,
    RebuildDone,
    SegmentRecord,
    SegmentState,
    StreamRecord,
)
from holdfast.domain.times import PtsNs, WallNs
from holdfast.ports.catalog import CatalogMissingError, CatalogTooNewError, CatalogUnreadableError, Change

INTENT = IntentRecord(camera="cam_01", stream="main", wanted=True, since_wall_ns=WallNs(5))
PINNED = CertificateRecord(place="nvr:322", fingerprint="ab", seen_wall_ns=WallNs(6), camera="cam_01")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "현관 1" / "catalog.db"


@pytest.fixture(autouse=True)
def _folder(path: Path) -> None:
    path.parent.mkdir()


def segment(number: int, *, duration_ns: int = 10, size_bytes: int = 1) -> SegmentRecord:
    return SegmentRecord(
        path=f"cam_01/2023-11-14/{number:06}.mp4",
        camera="cam_01",
        stream="main",
        run_id=f"run-{number // 100}",
        session=1,
        ordinal=number % 100,
        wall_start_ns=WallNs(number * 10),
        duration_ns=duration_ns,
        pts_start_ns=PtsNs(number * 10),
        size_bytes=size_bytes,
        codec="avc1.640028",
        width=640,
        height=480,
        frames=1,
        state=SegmentState.FINAL,
        end_reason="rotation",
    )


def fault(at: int) -> FaultRecord:
    return FaultRecord(kind="stalled", sentence="No frames.", wall_ns=WallNs(at))


def eventually(holds: Callable[[], bool], within_s: float = 10) -> None:
    until = time.monotonic() + within_s
    while not holds():
        assert time.monotonic() < until, "did not become true"
        time.sleep(0.01)


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:4096] = os.urandom(3996)
    path.write_bytes(content)


def filled(path: Path, *changes: Change) -> None:
    catalog = Catalog.open(path)
    for change in changes:
        catalog.post(change)
    assert catalog.close()


def test_is_in_wal_mode_and_readable_while_it_is_written(path: Path) -> None:
    catalog = Catalog.open(path)
    reader = CatalogReader(path)
    for number in range(50):
        catalog.post(segment(number))
        list(reader.segments())
    assert catalog.flush(10)
    assert len(list(reader.segments())) == 50
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert catalog.close()


def test_gathers_changes_without_being_asked_to(path: Path) -> None:
    catalog = Catalog.open(path, settings=WriterSettings(gather_s=0.01))
    catalog.post(segment(1))
    eventually(lambda: catalog.segment(segment(1).path) is not None)
    assert catalog.close()


def test_keeps_what_it_was_given_over_a_restart(path: Path) -> None:
    filled(path, segment(1), INTENT, Heartbeat(wall_ns=WallNs(7)), RebuildDone(wall_ns=WallNs(8)))
    catalog = Catalog.open(path)
    assert (list(catalog.segments()), catalog.intents(), catalog.heartbeat()) == ([segment(1)], (INTENT,), 7)
    assert not catalog.condition.rebuild_needed
    assert catalog.close()


def test_a_missing_catalog_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(CatalogMissingError, match=r"holdfast check DIR --repair"):
        CatalogReader(path).cameras()
    assert not path.exists()


def test_a_newer_catalog_is_refused_and_left_untouched(path: Path) -> None:
    filled(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO schema_version VALUES (99, 'future', 'local')")
    before = path.read_bytes()
    with pytest.raises(CatalogTooNewError, match="newer Holdfast"):
        Catalog.open(path)
    with pytest.raises(CatalogTooNewError, match="newer Holdfast"):
        list(CatalogReader(path).segments())
    assert path.read_bytes() == before


def test_an_older_catalog_is_not_read_before_it_is_brought_up_to_date(path: Path) -> None:
    path.touch()
    with pytest.raises(CatalogUnreadableError, match="older schema"):
        CatalogReader(path).cameras()


@pytest.mark.expects_log("is damaged")
@pytest.mark.expects_log("set aside as .*damaged-1")
def test_a_damaged_catalog_is_set_aside_and_what_only_it_knew_is_saved(path: Path) -> None:
    name = StreamRecord(camera="cam_01", stream="main", display_name="뒷문")
    filled(path, *(segment(number) for number in range(500)), INTENT, name, PINNED, RebuildDone(wall_ns=WallNs(8)))
    with closing(sqlite3.connect(path)) as connection:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'segments_by_wall'"
        (page,) = connection.execute(query).fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(os.urandom(size))
    assert connect.damage_of(path) is not None
    catalog = Catalog.open(path)
    assert catalog.condition.rebuild_needed
    assert catalog.condition.trouble is None
    assert list(catalog.segments()) == []
    assert catalog.intents() == (INTENT,)
    assert catalog.cameras()[0].display_name == "뒷문"
    assert catalog.certificates() == (PINNED,)
    assert path.with_name("catalog.db.damaged-1").exists()
    assert not path.with_name("catalog.db.new").exists()
    assert catalog.close()
    assert connect.damage_of(path) is None


@pytest.mark.expects_log("is damaged")
@pytest.mark.expects_log("set aside as .*damaged-2")
@pytest.mark.parametrize("content", [b"this is no database" * 500, os.urandom(9000)])
def test_a_file_that_is_no_database_is_set_aside_beside_earlier_ones(path: Path, content: bytes) -> None:
    path.with_name("catalog.db.damaged-1").write_bytes(b"an earlier one")
    path.write_bytes(content)
    with pytest.raises(CatalogUnreadableError, match="damaged"):
        CatalogReader(path).cameras()
    catalog = Catalog.open(path)
    assert catalog.condition.rebuild_needed
    assert path.with_name("catalog.db.damaged-2").read_bytes() == content
    assert catalog.close()


def test_a_replacement_that_was_interrupted_is_finished(path: Path) -> None:
    filled(path, INTENT)
    path.rename(path.with_name("catalog.db.new"))
    catalog = Catalog.open(path)
    assert catalog.intents() == (INTENT,)
    assert catalog.close()


@pytest.mark.expects_log("cannot be written")
@pytest.mark.expects_log("is damaged")
@pytest.mark.expects_log("set aside")
def test_damage_found_while_writing_sets_it_aside_and_goes_on(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(path, *(segment(number) for number in range(500)), INTENT, RebuildDone(wall_ns=WallNs(8)))
    monkeypatch.setattr(connect, "QUICK_CHECK_LIMIT_BYTES", 0)
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'segments'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    catalog = Catalog.open(path)
    catalog.post(segment(1000))
    assert catalog.flush(10)
    assert catalog.condition.rebuild_needed
    assert list(catalog.segments()) == [segment(1000)]
    assert catalog.intents() == (INTENT,)
    assert catalog.close()


def test_a_catalog_replaced_under_it_is_noticed(path: Path) -> None:
    catalog = Catalog.open(path)
    catalog.post(INTENT)
    assert catalog.flush(10)
    connect.set_aside(path)
    catalog.post(segment(1))
    assert catalog.flush(10)
    assert list(catalog.segments()) == [segment(1)]
    assert catalog.intents() == (INTENT,), "what the user wants is carried over"
    assert catalog.condition.rebuild_needed
    assert catalog.close()


@pytest.mark.expects_log("cannot be written .*locked")
def test_posting_does_not_wait_for_a_locked_database(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "WRITER_BUSY_S", 0.05)
    catalog = Catalog.open(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        began = time.monotonic()
        for number in range(1000):
            catalog.post(segment(number))
        assert time.monotonic() - began < 0.5
        eventually(lambda: catalog.condition.trouble is not None)
        assert not catalog.flush(0.1)
        assert catalog.condition.waiting == 1000
        other.execute("ROLLBACK")
    assert catalog.flush(10)
    assert len(list(catalog.segments())) == 1000
    assert catalog.condition.trouble is None
    assert catalog.close()


@pytest.mark.expects_log("cannot be written")
@pytest.mark.expects_log("oldest are given up")
def test_when_too_much_waits_the_oldest_is_given_up_and_counted(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connect, "WRITER_BUSY_S", 0.01)
    catalog = Catalog.open(path, settings=WriterSettings(most_waiting=10, last_retry_s=0.2))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        catalog.post(INTENT)
        for number in range(20):
            catalog.post(segment(number))
        eventually(lambda: catalog.condition.trouble is not None)
        assert (catalog.condition.waiting, catalog.condition.dropped) == (10, 11)
        other.execute("ROLLBACK")
    assert catalog.flush(10)
    assert [one.path for one in catalog.segments()] == [segment(number).path for number in range(11, 20)]
    assert catalog.intents() == (INTENT,)
    assert catalog.close()


@pytest.mark.expects_log("cannot be written")
def test_opens_although_the_place_is_bad_and_writes_when_it_is_good(path: Path) -> None:
    path.mkdir()
    catalog = Catalog.open(path)
    assert catalog.condition.trouble is not None
    assert str(path) in catalog.condition.trouble
    catalog.post(segment(1))
    path.rmdir()
    assert catalog.flush(10)
    assert list(catalog.segments()) == [segment(1)]
    assert catalog.close()


@pytest.mark.expects_log("cannot be written")
def test_closing_in_trouble_says_that_something_was_not_written(path: Path) -> None:
    path.mkdir()
    catalog = Catalog.open(path)
    catalog.post(segment(1))
    assert not catalog.close(0.2)


@pytest.mark.expects_log("refused .*left out")
@pytest.mark.parametrize("bad", [segment(2, size_bytes=1 << 70), segment(2, duration_ns="long")])  # type: ignore[arg-type] # what the database must refuse
def test_one_impossible_value_does_not_keep_the_others_out(path: Path, bad: SegmentRecord) -> None:
    catalog = Catalog.open(path)
    for change in (segment(1), bad, segment(3)):
        catalog.post(change)
    assert catalog.flush(10)
    assert list(catalog.segments()) == [segment(1), segment(3)]
    assert catalog.condition.dropped == 1
    assert catalog.close()


def test_several_threads_may_post_and_read(path: Path) -> None:
    catalog = Catalog.open(path)

    def work(begin: int) -> None:
        for number in range(begin, begin + 100):
            catalog.post(segment(number))
            catalog.last_session("cam_01", "main")

    threads = [threading.Thread(target=work, args=(100 * number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert catalog.flush(10)
    assert len(list(catalog.segments())) == 400
    assert catalog.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_can_be_read_in_a_folder_that_cannot_be_written(path: Path) -> None:
    filled(path, segment(1))
    path.parent.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        assert list(CatalogReader(path).segments()) == [segment(1)]
    finally:
        path.parent.chmod(stat.S_IRWXU)


def test_a_range_of_a_stream_is_found_by_indices_alone(path: Path) -> None:
    filled(path)
    given = {"node": "local", "camera": "c", "stream": "main", "from_ns": 0, "to_ns": 9}
    with closing(connect.open_for_reading(path)) as connection:
        plan = [row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {queries.SEGMENTS_IN_RANGE}", given)]
    assert not [step for step in plan if step.startswith("SCAN")]
    for index in ("segments_by_wall", "segments_by_duration", "segments_open"):
        assert [step for step in plan if index in step], plan


WRITING = """
import sys
from itertools import count
from pathlib import Path
from holdfast.catalog.store import Catalog
from holdfast.catalog.writer import WriterSettings
from holdfast.domain.segments import Heartbeat

catalog = Catalog.open(Path(sys.argv[1]), settings=WriterSettings(gather_s=0))
for number in count(int(sys.argv[2])):
    catalog.post(Heartbeat(wall_ns=number))
    catalog.flush(10)
    print(number, flush=True)
"""


def test_a_killed_writer_leaves_a_readable_catalog_with_all_it_had_confirmed(path: Path, seed: int) -> None:
    chance = Random(seed)
    confirmed = 0
    for _ in range(6):
        command = [sys.executable, "-c", textwrap.dedent(WRITING), str(path), str(confirmed + 1)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            process.stdout.readline()
            time.sleep(chance.uniform(0, 0.1))
            process.send_signal(signal.SIGKILL)
            lines = process.stdout.read().splitlines(keepends=True)
        confirmed = max([confirmed + 1, *(int(line) for line in lines if line.endswith("\n"))])
        assert connect.damage_of(path) is None
        beat = CatalogReader(path).heartbeat()
        assert beat is not None
        assert beat >= confirmed
    catalog = Catalog.open(path)
    assert catalog.heartbeat() is not None
    assert catalog.close()
