"""The command `thumbnail` as a person types it, on real files with a real catalog."""

import contextlib
import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

pytest.importorskip("av", reason="needs PyAV")

from holdfast.app.commands import run
from holdfast.app.recording_root import catalog_path
from holdfast.app.thumbnail_command import NEW
from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import WallNs
from holdfast.lab.films import SMALL, Film, film
from tests.app.pictures import size_of
from tests.app.thumbnail_rig import BEGIN_NS, Rig

AT = "2023-11-14 22:13:21+00:00"
"""One second after BEGIN_NS."""


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return film(SMALL, tmp_path_factory.mktemp("film"))


@pytest.fixture
def root(one: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two files of 6 s with 54 s between them, and a catalog of them."""
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    monkeypatch.setenv("TZ", "UTC")
    folder = tmp_path / "녹화"
    folder.mkdir()
    rig = Rig(folder)
    rows = [rig.record(one), rig.record(one, at_s=60, ordinal=1)]
    (folder / ".holdfast").mkdir()
    catalog = Catalog.open(catalog_path(folder))
    gap = GapRecord(
        gap_id="gap",
        camera="cam_01",
        stream="main",
        cause="unreachable",
        sentence="The camera cannot be reached.",
        from_wall_ns=rows[0].wall_end_ns,
        to_wall_ns=WallNs(rows[1].wall_start_ns),
    )
    catalog.post(gap)
    for row in rows:
        catalog.post(row)
    assert catalog.close()
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def asked(root: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def ask(*words: str, where: Path = root) -> tuple[int, str, str]:
        try:
            code = run(["thumbnail", *words, "--in", str(where)])
        except SystemExit as ended:
            code = int(ended.code or 0)
        said = capsys.readouterr()
        return code, said.out, said.err

    return ask


Ask = Callable[..., tuple[int, str, str]]


def test_a_picture_of_a_moment_is_written_and_it_is_said_of_when_it_is(asked: Ask, tmp_path: Path) -> None:
    code, out, err = asked("cam_01", "--at", "2023-11-14 22:13:21.700+00:00", "-o", "a.jpg", "--width", "100")
    assert (code, err) == (0, "")
    assert out == "a.jpg: the picture of 2023-11-14 22:13:21.000\n"
    assert size_of((tmp_path / "a.jpg").read_bytes()) == (100, 56)
    assert asked("cam_01", "--at", AT)[1].startswith("cam_01_20231114_221321_000.jpg: ")
    assert (tmp_path / "cam_01_20231114_221321_000.jpg").exists()
    assert not list(tmp_path.rglob(f"*{NEW}*"))


def test_pictures_of_a_range_are_evenly_spaced_and_the_missing_ones_are_said(asked: Ask, tmp_path: Path) -> None:
    words = ["cam_01", "--from", "2023-11-14 22:13:20+00:00", "--to", "2023-11-14 22:14:26+00:00", "-o", "sheet"]
    code, out, err = asked(*words, "--count", "22")
    assert (code, out) == (1, "4 of 22 pictures in sheet\n")
    assert err.splitlines()[0].endswith("cam_01 at 2023-11-14 22:13:26. The camera cannot be reached.")
    names = [f"cam_01_20231114_{clock}_000.jpg" for clock in ("221320", "221323", "221420", "221423")]
    assert sorted(file.name for file in (tmp_path / "sheet").iterdir()) == names
    assert asked(*words, "--count", "1")[:2] == (0, "1 of 1 pictures in sheet\n")


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["cam_01"], 2, "Name either one moment with --at, or a range"),
        (["cam_01", "--at", AT, "--from", AT], 2, "Name either one moment"),
        (["cam_01", "--at", AT, "--count", "3"], 2, "belong to --from"),
        (["cam_01", "--at", AT, "--width", "8"], 2, "--width must be 16 to 1920"),
        (["cam_01", "--from", AT, "--count", "0"], 2, "--count must be 1 to 1000"),
        (["cam_01", "--from", AT, "--count", "1001"], 2, "--count must be 1 to 1000"),
        (["cam_01", "--from", AT, "--to", "2023-11-14"], 2, "Nothing lies in between"),
        (["cam_01", "--at", "soon"], 2, "is no moment"),
        (["cam_01", "--at", "2099-01-01"], 2, "lies in the future"),
        (["nobody", "--at", AT], 2, "There is no camera nobody in this recorder"),
        (["cam_01/sub", "--from", AT], 2, "There is no camera cam_01/sub"),
        (["cam_01", "--at", "2023-11-14 22:13:50+00:00"], 1, "The camera cannot be reached."),
        (["cam_01", "--at", AT, "-o", "nowhere/a.jpg"], 1, "nowhere/a.jpg cannot be written"),
        (["cam_01", "--from", AT, "-o", "nowhere/sheet"], 1, "nowhere/sheet cannot be written"),
    ],
)
def test_what_cannot_be_done_is_said(asked: Ask, tmp_path: Path, words: list[str], code: int, said: str) -> None:
    found, _, err = asked(*words)
    assert (found, said in err) == (code, True), err
    assert [file.name for file in tmp_path.iterdir() if file.suffix == ".jpg"] == []


def test_without_a_catalog_there_are_no_pictures(asked: Ask, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, _, err = asked("cam_01", "--at", AT, where=tmp_path / "empty")
    assert (code, "There is no catalog" in err) == (4, True)


def test_a_folder_that_was_moved_with_its_catalog_is_as_good(asked: Ask, root: Path, tmp_path: Path) -> None:
    root.rename(tmp_path / "moved")
    assert asked("cam_01", "--at", AT, "-o", "a.jpg", where=tmp_path / "moved")[0] == 0


def fill(file: Path) -> None:
    """Take all the space there is."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as rest:
        while True:
            rest.write(bytes(4096))


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="needs root: mounts a small file system")
@pytest.mark.parametrize("is_full", [True, False], ids=["full", "read-only"])
def test_a_disk_that_takes_nothing_costs_no_picture(
    one: Film, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *, is_full: bool
) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    folder = tmp_path / "disk"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], check=True)
    try:
        row = Rig(folder).record(one)
        (folder / ".holdfast").mkdir()
        catalog = Catalog.open(catalog_path(folder))
        catalog.post(row)
        assert catalog.close()
        if is_full:
            fill(folder / "rest")
        else:
            subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)
        for _ in range(2):
            output = tmp_path / "a.jpg"
            assert run(["thumbnail", "cam_01", "--at", AT, "-o", str(output), "--in", str(folder)]) == 0
            assert size_of(output.read_bytes()) == (320, 180)
            output.unlink()
        assert not list(folder.rglob("*.jpg"))
        assert row.wall_start_ns == BEGIN_NS
    finally:
        subprocess.run(["umount", str(folder)], check=True)
    capsys.readouterr()
