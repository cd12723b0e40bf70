"""`holdfast delete`: exactly what was asked for goes, never what is held or open, and the ledger says who did it."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from holdfast.app import delete_command
from holdfast.app.backup_helper import Helper
from holdfast.app.commands import run
from holdfast.app.deleting import AT_ONCE, Deleting, who
from holdfast.app.problems import Exit
from holdfast.app.recording_root import catalog_path
from holdfast.app.volume_places import volume_places
from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import WallNs
from tests.app.recordings import FIRST_NS, LENGTH_NS, Segment
from tests.app.several_volumes import Several, several
from tests.app.test_backup_command import files, gaps, holding

SEGMENTS = tuple(Segment(number) for number in range(4))
OTHER = Segment(1, camera="cam_02", run="b")
FROM, TO = "2023-11-14T22:13:00Z", "2023-11-14T23:00:00Z"
Shown = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    monkeypatch.delenv("STATE_DIRECTORY", raising=False)
    monkeypatch.delenv("SUDO_USER", raising=False)
    monkeypatch.setattr(delete_command, "set_up_logs", lambda **_: None)


@pytest.fixture
def made(tmp_path: Path) -> Several:
    """Four segments of a run without a break, and one of another camera."""
    found = several(tmp_path, *((("main", "second")[one.ordinal % 2], one) for one in SEGMENTS), ("main", OTHER))
    found.post(*(replace(row, duration_ns=LENGTH_NS) for row in found.rows().values() if row.camera == "cam_01"))
    return found


def delete(made: Several, *options: str, begin: str = FROM, end: str = TO) -> int:
    return run(["delete", "cam_01", "--from", begin, "--to", end, "--in", str(made.state), *options])


def left(made: Several) -> set[str]:
    """What is there, on the disks and in the catalog alike."""
    on_disks = {*files(made.first), *files(made.second)}
    assert on_disks == {path for _, path in made.rows()}
    return on_disks


def test_what_lies_in_the_range_goes_and_the_ledger_says_by_whom_when_and_why(made: Several, capsys: Shown) -> None:
    assert delete(made, "--yes", "--reason", "the neighbours") == Exit.OK
    assert left(made) == {OTHER.path}
    shown = capsys.readouterr().out
    assert all(one.path in shown for one in SEGMENTS)
    assert "Deleted: 4 files" in shown
    (gap,) = gaps(made)
    assert (gap.from_wall_ns, gap.to_wall_ns) == (FIRST_NS, FIRST_NS + 4 * LENGTH_NS)
    assert (gap.detail["by"], gap.detail["reason"], gap.detail["segments"]) == (who(), "the neighbours", 4)
    assert str(gap.detail["text"]).startswith(f"deleted by {who()} at 20")
    lines = (made.state / ".holdfast/audit.jsonl").read_text(encoding="utf-8").splitlines()
    assert sum(json.loads(line)["files"] for line in lines) == 4
    assert run(["check", str(made.state)]) == Exit.OK
    for name in ("main", "second"):
        assert not CatalogReader(catalog_path(made.state)).leftovers(name)


def test_footage_outside_the_range_never_goes(made: Several, capsys: Shown) -> None:
    # From within the first to within the last.
    assert delete(made, "--yes", begin="2023-11-14T22:13:25Z", end="2023-11-14T22:13:55Z") == Exit.OK
    assert left(made) == {SEGMENTS[0].path, SEGMENTS[3].path, OTHER.path}
    assert "Partly outside the range, and left whole: 2 files, between" in capsys.readouterr().out


def test_what_is_held_or_open_stays(made: Several, capsys: Shown) -> None:
    row = made.rows()["second", SEGMENTS[3].path]
    made.post(*holding(SEGMENTS[1]), replace(row, state=SegmentState.OPEN))
    assert delete(made, "--yes") == Exit.OK
    assert left(made) == {SEGMENTS[1].path, SEGMENTS[3].path, OTHER.path}
    shown = capsys.readouterr().out
    assert "Held, and not deleted: 1 file. To see the holds: holdfast holds FOLDER" in shown
    assert "Being written, and left: 1 file." in shown
    assert [gap.detail["segments"] for gap in gaps(made)] == [1, 1]
    assert delete(made, "--yes") == Exit.INCOMPLETE


def test_a_plan_and_a_no_change_nothing(made: Several, monkeypatch: pytest.MonkeyPatch, capsys: Shown) -> None:
    before = left(made)
    assert delete(made, "--plan") == Exit.OK
    assert delete(made) == Exit.USAGE
    assert "Nobody can be asked here" in capsys.readouterr().err
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    for answer in ("", "y", "no", "yes please"):
        monkeypatch.setattr("builtins.input", lambda _question, answer=answer: answer)
        assert delete(made) == Exit.INCOMPLETE
    assert left(made) == before
    assert gaps(made) == []
    monkeypatch.setattr("builtins.input", lambda _question: " Yes ")
    assert delete(made) == Exit.OK
    assert left(made) == {OTHER.path}


def test_a_program_is_told_file_by_file(made: Several, capsys: Shown) -> None:
    made.post(*holding(SEGMENTS[0]))
    assert delete(made, "--yes", "--json") == Exit.OK
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {(line["path"], line["plan"], line["is_deleted"]) for line in lines} == {
        (SEGMENTS[0].path, "held", False),
        *((one.path, "goes", True) for one in SEGMENTS[1:]),
    }


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["cam_99", "--from", FROM, "--to", TO], Exit.USAGE),
        (["cam_01", "--from", TO, "--to", FROM], Exit.USAGE),
        (["cam_01", "--from", FROM, "--to", FROM], Exit.USAGE),
        (["cam_01", "--from", FROM, "--to", TO, "--reason", "two\nlines"], Exit.USAGE),
        (["cam_01", "--from", "2020-01-01", "--to", "2020-01-02"], Exit.OK),
    ],
)
def test_what_makes_no_sense_deletes_nothing(made: Several, arguments: list[str], expected: Exit) -> None:
    before = left(made)
    assert run(["delete", *arguments, "--in", str(made.state), "--yes"]) == expected
    assert left(made) == before


def test_files_on_a_disk_that_is_not_there_are_not_forgotten(made: Several, capsys: Shown) -> None:
    aside = made.second.rename(made.second.with_name("aside"))
    before = set(made.rows())
    assert delete(made, "--yes") == Exit.FOLDER
    assert "Volume second is not there" in capsys.readouterr().err
    assert set(made.rows()) == before
    aside.rename(made.second)
    assert delete(made, "--yes") == Exit.OK


def test_a_damaged_file_goes_with_what_was_set_aside_of_it(made: Several) -> None:
    row = made.rows()["main", SEGMENTS[0].path]
    made.post(replace(row, state=SegmentState.DAMAGED))
    file = made.first / SEGMENTS[0].path
    file.rename(file.with_name(f"{file.name}.damaged"))
    assert delete(made, "--yes") == Exit.OK
    assert left(made) == {OTHER.path}
    assert not list(made.first.rglob("*.damaged"))


# ---------------------------------------------------------------- killed, or overtaken


class KilledError(Exception):
    """Somebody killed it."""


class Mortal(Catalog):
    """A catalog whose user dies at one of its steps."""

    steps = 1 << 20

    def step(self) -> None:
        self.steps -= 1
        if self.steps < 0:
            raise KilledError

    def post(self, change: Any) -> None:
        self.step()
        super().post(change)

    def flush(self, timeout_s: float) -> bool:
        self.step()
        found = super().flush(timeout_s)
        self.step()
        return found


def deleting(made: Several, act: Callable[[Deleting, list[SegmentRecord]], object], steps: int = 1 << 20) -> None:
    rows = [row for row in made.rows().values() if row.camera == "cam_01"]
    catalog = Mortal.open(catalog_path(made.state))
    catalog.steps = steps
    try:
        with Helper() as helper:
            act(Deleting(catalog, volume_places(made.state, {}), helper, {"text": "t"}), rows)
    finally:
        catalog.steps = 1 << 20
        catalog.close()


@pytest.mark.parametrize("steps", range(2, 18, 3))
def test_a_kill_between_any_two_steps_leaves_files_catalog_and_ledger_agreeing_after_the_next(
    made: Several, steps: int
) -> None:
    before = made.rows()
    with pytest.raises(KilledError):
        deleting(made, lambda one, rows: one.delete(rows), steps)
    told = gaps(made)
    for (volume, path), row in before.items():
        is_told = any(
            gap.from_wall_ns <= row.wall_start_ns and row.wall_end_ns <= (gap.to_wall_ns or 0)
            for gap in told
            if gap.camera == row.camera
        )
        assert ((volume, path) in made.rows()) != is_told
    # A check does not take a file that is about to go for one that is missing in the catalog.
    assert run(["check", str(made.state), "--repair"]) == Exit.OK
    assert set(made.rows()) <= set(before)
    assert delete(made, "--yes") == Exit.OK
    assert left(made) == {OTHER.path}


def test_the_steps_are_as_many_as_are_tried(made: Several) -> None:
    deleting(made, lambda one, rows: one.delete(rows), 18)


def test_a_hold_that_comes_in_between_wins(made: Several) -> None:
    def act(one: Deleting, rows: list[SegmentRecord]) -> None:
        made.post(*holding(SEGMENTS[2]))
        deleted = one.delete(rows)
        assert [row.path for row in deleted.kept] == [SEGMENTS[2].path]
        assert len(deleted.gone) == 3

    deleting(made, act)
    assert left(made) == {SEGMENTS[2].path, OTHER.path}
    assert [(gap.from_wall_ns, gap.to_wall_ns) for gap in gaps(made)] == [
        (FIRST_NS, FIRST_NS + 2 * LENGTH_NS),
        (FIRST_NS + 3 * LENGTH_NS, FIRST_NS + 4 * LENGTH_NS),
    ]


def test_a_name_that_was_taken_since_is_not_removed(made: Several) -> None:
    row = made.rows()["main", SEGMENTS[0].path]
    with pytest.raises(KilledError):
        deleting(made, lambda one, _: one.delete([row]), 2)
    assert CatalogReader(catalog_path(made.state)).leftovers("main") == (row.path,)
    made.post(row)
    deleting(made, lambda one, _: one.remove_leftovers())
    assert (made.first / row.path).exists()
    assert not CatalogReader(catalog_path(made.state)).leftovers("main")


def test_what_moved_meanwhile_is_not_said_to_be_deleted(made: Several) -> None:
    row = made.rows()["main", SEGMENTS[0].path]
    stale = replace(row, path=row.path.replace(".mp4", "_moved.mp4"))

    def act(one: Deleting, _: list[SegmentRecord]) -> None:
        assert one.delete([stale]).kept == [stale]

    deleting(made, act)
    assert gaps(made) == []
    assert (made.first / row.path).exists()


@pytest.mark.expects_log("cannot be removed from volume second yet")
def test_a_disk_that_goes_meanwhile_keeps_its_files_as_leftovers(made: Several) -> None:
    def act(one: Deleting, rows: list[SegmentRecord]) -> None:
        made.second.rename(made.second.with_name("aside"))
        deleted = one.delete(rows)
        assert len(deleted.gone) == 4
        assert {row.volume for row in deleted.waiting} == {"second"}

    deleting(made, act)
    made.second.with_name("aside").rename(made.second)
    assert len(files(made.second)) == 2
    assert delete(made, "--yes") == Exit.OK
    assert left(made) == {OTHER.path}


def test_many_are_deleted_in_batches_and_told_as_one(made: Several) -> None:
    (row,) = [row for row in made.rows().values() if row.path == SEGMENTS[3].path]
    many = [
        replace(
            row,
            path=row.path.replace(".mp4", f"_{number}.mp4"),
            ordinal=row.ordinal + number,
            wall_start_ns=WallNs(row.wall_start_ns + number * LENGTH_NS),
        )
        for number in range(1, 2 * AT_ONCE + 20)
    ]
    made.post(*many)
    told: list[GapRecord] = []

    def act(one: Deleting, rows: list[SegmentRecord]) -> None:
        one.delete(sorted(rows, key=lambda row: row.ordinal))
        told.extend(gaps(made))

    deleting(made, act)
    assert [gap.detail["segments"] for gap in told] == [len(many) + len(SEGMENTS)]
