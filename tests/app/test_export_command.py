"""`holdfast export` and `holdfast verify` as a person uses them: refusals, several cameras, changes of codec, proof."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from holdfast.app import export_writing
from holdfast.app.check import CheckSettings, check
from holdfast.app.commands import run
from holdfast.catalog.store import Catalog
from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.storage import film_files
from tests.app.exporting import export, manifest
from tests.app.recordings import FIRST_NS, Segment, make, write
from tests.fmp4.builder import FTYP, fragments, moov, trak, visual_entry
from tests.fmp4.plain_reader import tracks
from tests.fmp4.segments import assemble, split

FRAMES = 30
LAST_NS = FIRST_NS + 100 * NS_PER_S


class Other(Segment):
    """A file of a camera whose picture has become larger."""

    def content(self) -> bytes:
        data = FTYP + moov(trak(entry=visual_entry(width=640, height=480))) + b"".join(fragments(4))
        labels = {"camera": self.camera, "stream": "main"}
        return assemble(*split(data), stamp=self.stamp, labels=labels).final_file


@pytest.fixture(autouse=True)
def in_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")


def catalogued(root: Path, *segments: Segment) -> Path:
    make(root, *segments)
    check(root, repair=True, settings=CheckSettings())
    return root


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Three files of a camera, 10 s apart and 2 s long, and one of another camera."""
    segments = [Segment(ordinal=n, run=f"run {n}") for n in range(3)]
    return catalogued(tmp_path / "footage", *segments, Segment(camera="cam_02", run="other"))


def said(capsys: pytest.CaptureFixture[str]) -> str:
    shown = capsys.readouterr()
    return shown.out + shown.err


def changed(root: Path) -> Path:
    return catalogued(root, Segment(run="a"), Other(ordinal=1, run="b"), Segment(ordinal=2, run="c"))


def verify(*words: Any) -> int:
    return run(["verify", *map(str, words)])


def test_it_writes_a_film_a_manifest_and_a_signature(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    assert export(root, "cam_01", FIRST_NS, LAST_NS, out) == 0
    (video,) = tracks(out.read_bytes())
    assert len(video.shown()) == 3 * FRAMES
    assert sorted(path.name for path in tmp_path.glob("out*")) == [
        "out.mp4",
        "out.mp4.manifest.json",
        "out.mp4.manifest.json.sig",
    ]
    listed = manifest(tmp_path / "out.mp4.manifest.json")
    data = (tmp_path / "out.mp4.manifest.json").read_bytes()
    canonical = json.dumps(listed, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
    assert data == canonical
    (file,) = listed["files"]
    assert (file["size_bytes"], file["frames"]) == (out.stat().st_size, 3 * FRAMES)
    assert [piece["at_ns"] for piece in file["pieces"]] == [0, 2 * NS_PER_S, 4 * NS_PER_S]
    assert [piece["segment"]["ordinal"] for piece in file["pieces"]] == [0, 1, 2]
    assert [gap["cause"] for gap in listed["gaps"]] == ["not_in_ledger"] * 3
    assert [gap["at_ns"] for gap in listed["gaps"]] == [2 * NS_PER_S, 4 * NS_PER_S, 6 * NS_PER_S]


def test_the_ledger_says_why_something_is_missing(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = Catalog.open(root / ".holdfast" / "catalog.db")
    begin_ns, end_ns = FIRST_NS + 2 * NS_PER_S, FIRST_NS + 10 * NS_PER_S
    gap = GapRecord(
        gap_id="1", camera="cam_01", stream="main", cause="stalled", sentence="It was silent.",
        from_wall_ns=WallNs(begin_ns), to_wall_ns=WallNs(end_ns),
    )  # fmt: skip
    catalog.post(gap)
    catalog.close()
    assert export(root, "cam_01", FIRST_NS, FIRST_NS + 12 * NS_PER_S, tmp_path / "out.mp4") == 0
    (noted,) = manifest(tmp_path / "out.mp4.manifest.json")["gaps"]
    assert (noted["cause"], noted["from_ns"], noted["to_ns"]) == ("stalled", begin_ns, end_ns)
    assert "silent connection" in said(capsys)
    assert export(root, "cam_01", begin_ns + NS_PER_S, end_ns - NS_PER_S, tmp_path / "none.mp4") == 1
    told = said(capsys)
    assert "There is no footage of cam_01" in told
    assert "silent connection" in told
    assert "Its first file begins at" in told
    assert not (tmp_path / "none.mp4").exists()


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ("cam_01 --from 2023-11-15 --to 2023-11-14 -o OUT/x.mp4", 2, "--from must be before --to"),
        ("cam_01 --from 2125-11-15 --to 2126-11-14 -o OUT/x.mp4", 2, "in the future"),
        ("cam_09 --from 2023-11-14 --to 2023-11-15 -o OUT/x.mp4", 1, "There is no camera cam_09"),
        ("cam_01 --from 2023-11-14 --to 2023-11-15 -o OUT/x.mp4 --stream sub", 1, "with a stream sub"),
        ("cam_01 --from 2023-11-14 --to 2023-11-15 -o OUT/there.mp4", 2, "exists already"),
        ("cam_01 --from 2023-11-14 --to 2023-11-15 -o ROOT/x.mp4", 2, "lies in a folder of recordings"),
        ("cam_01 --from 2023-11-14 --to 2023-11-15 -o ROOT/cam_01/x", 2, "lies in a folder of recordings"),
        ("cam_01 cam_02 --from 2023-11-14 --to 2023-11-15 -o OUT/x.mp4", 2, "several cameras need a folder"),
        ("cam_01 --from 2023-11-14 --to 2023-11-15 -o OUT/no/x.mp4", 4, "There is no folder"),
        ("cam_01 --from 2023-11-14 --to 2023-11-15 -o OUT/no/x", 4, "There is no folder"),
        ("cam_01 --from 2023-11-14 --to 2023-11-15 -o OUT/there.txt", 4, "is a file, not a folder"),
        ("cam_01 --from 2023-11-14 --to 2023-11-15 -o OUT", 2, "is not empty"),
        ("cam_01 --from 2001-01-01 --to 2001-01-02 -o OUT/x.mp4", 1, "There is no footage of cam_01"),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_made(
    words: str, code: int, sentence: str, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    out.mkdir()
    for name in ("there.mp4", "there.txt"):
        (out / name).write_bytes(b"mine")
    line = [word.replace("OUT", str(out)).replace("ROOT", str(root)) for word in words.split()]
    assert run(["export", *line, "--in", str(root)]) == code
    assert sentence in said(capsys)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {"there.mp4": b"mine", "there.txt": b"mine"}


def test_what_is_there_is_replaced_only_when_told(root: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    out.write_bytes(b"mine")
    assert export(root, "cam_01", FIRST_NS, LAST_NS, out) == 2
    assert out.read_bytes() == b"mine"
    assert export(root, "cam_01", FIRST_NS, LAST_NS, out, "--overwrite") == 0
    assert verify(out) == 0
    assert export(root, "cam_01", FIRST_NS, LAST_NS, out) == 2


def test_a_change_of_codec_is_refused_with_commands_that_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = changed(tmp_path / "footage")
    end_ns = FIRST_NS + 13 * NS_PER_S
    assert export(root, "cam_01", FIRST_NS, end_ns, tmp_path / "out.mp4") == 2
    told = said(capsys)
    assert "changes (H.264 320×240 → H.264 640×480)" in told
    commands = [shlex.split(line)[1:] for line in told.splitlines() if line.startswith("  holdfast export")]
    assert [run(command) for command in commands] == [0, 0]
    films = [tracks(Path(command[-1]).read_bytes())[0] for command in commands]
    assert [len(film.shown()) for film in films] == [FRAMES, FRAMES]
    assert films[0].entry != films[1].entry


def test_or_it_becomes_several_files(tmp_path: Path) -> None:
    root = changed(tmp_path / "footage")
    out = tmp_path / "out.mp4"
    assert export(root, "cam_01", FIRST_NS, LAST_NS, out, "--split") == 0
    assert sorted(path.name for path in tmp_path.glob("out*.mp4")) == ["out.mp4", "out_2.mp4", "out_3.mp4"]
    names = [file["name"] for file in manifest(tmp_path / "out.mp4.manifest.json")["files"]]
    assert names == ["out.mp4", "out_2.mp4", "out_3.mp4"]
    assert verify(out) == verify(tmp_path / "out_2.mp4") == 0


def test_several_cameras_go_into_a_folder(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "handed out"
    assert export(root, "cam_01 cam_02", FIRST_NS, LAST_NS, out) == 0
    files = {file["camera"]: file["name"] for file in manifest(out / "manifest.json")["files"]}
    assert set(files) == {"cam_01", "cam_02"}
    assert {path.name for path in out.iterdir()} == {*files.values(), "manifest.json", "manifest.json.sig"}
    capsys.readouterr()
    assert verify(out) == 0
    told = said(capsys)
    assert "Whole: 2. Changed: 0. Missing: 0. Additional: 0." in told
    assert "it does not prove whose key it is" in told
    (out / files["cam_01"]).unlink()
    with (out / files["cam_02"]).open("r+b") as film:
        film.write(b"x")
    (out / "more.mp4").write_bytes(b"")
    assert verify(out) == 1
    told = said(capsys)
    for line in (f"MISSING: {files['cam_01']}", f"CHANGED: {files['cam_02']}", "ADDITIONAL: more.mp4"):
        assert line in told


def test_a_camera_without_footage_does_not_keep_the_others_from_it(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(root, "cam_01 cam_02", FIRST_NS + 9 * NS_PER_S, LAST_NS, tmp_path / "out") == 1
    assert "Of cam_02 there is no footage" in said(capsys)
    assert verify(tmp_path / "out") == 0


def test_a_file_that_is_gone_is_said_and_the_rest_is_exported(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = root / Segment(ordinal=1).path
    lost.unlink()
    assert export(root, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4") == 1
    assert f"{lost} could not be read" in said(capsys)
    assert {gap["cause"] for gap in manifest(tmp_path / "out.mp4.manifest.json")["gaps"]} >= {"file_unreadable"}
    write(lost, b"no film at all")
    assert export(root, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4", "--overwrite") == 1
    assert "there is no whole 'moov'" in said(capsys)


def test_the_key_is_made_once_and_is_secret(root: Path, tmp_path: Path) -> None:
    for name in ("a.mp4", "b.mp4"):
        assert export(root, "cam_01", FIRST_NS, LAST_NS, tmp_path / name) == 0
    keys = [manifest(tmp_path / f"{name}.mp4.manifest.json")["recorder"] for name in "ab"]
    assert keys[0] == keys[1]
    assert (root / ".holdfast" / "signing.key").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in (root / ".holdfast").glob("signing*")] == ["signing.key"]


def test_verify_says_by_whom_it_is_signed(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.mp4"
    assert export(root, "cam_01", FIRST_NS, LAST_NS, out) == 0
    key = manifest(tmp_path / "out.mp4.manifest.json")["recorder"]
    (tmp_path / "key.pem").write_text(key["public_key"])
    loud = ":".join(key["fingerprint"][n : n + 2] for n in range(0, 64, 2)).upper()
    for good in (["--key", key["fingerprint"]], ["--key", loud], ["--key", tmp_path / "key.pem"], ["--in", root]):
        capsys.readouterr()
        assert verify(out, *good) == 0
        assert "this is what that recorder exported" in said(capsys)
    assert verify("--in", root) == 0
    assert key["public_key"] in said(capsys)
    assert verify(out, "--key", "0" * 64) == 1
    assert "by ANOTHER key" in said(capsys)
    other = catalogued(tmp_path / "other", Segment())
    assert verify(out, "--in", other) == 1
    assert export(other, "cam_01", FIRST_NS, LAST_NS, tmp_path / "x.mp4") == 0
    assert verify(out, "--in", other) == 1


def test_verify_needs_nothing_but_the_export(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(root, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4") == 0
    shutil.rmtree(root)
    assert verify(tmp_path / "out.mp4", "--json") == 0
    lines = [json.loads(line) for line in said(capsys).splitlines() if line.startswith("{")]
    assert lines[0] == {"file": "out.mp4", "state": "whole"}
    assert (lines[1]["signature"], lines[1]["is_good"]) == ("unknown_key", True)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_openssl_says_the_same_of_the_signature(root: Path, tmp_path: Path) -> None:
    assert export(root, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4") == 0
    said_path = tmp_path / "out.mp4.manifest.json"
    (tmp_path / "key.pem").write_text(manifest(said_path)["recorder"]["public_key"])
    command = f"openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in {said_path} -sigfile {said_path}.sig"
    assert subprocess.run(command.split(), cwd=tmp_path, check=False, capture_output=True).returncode == 0
    said_path.write_bytes(said_path.read_bytes() + b" ")
    assert subprocess.run(command.split(), cwd=tmp_path, check=False, capture_output=True).returncode != 0


def test_a_manifest_that_was_changed_is_not_what_was_signed(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(root, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4") == 0
    place = tmp_path / "out.mp4.manifest.json"
    place.write_bytes(place.read_bytes().replace(b'"cam_01"', b'"cam_07"'))
    assert verify(tmp_path / "out.mp4") == 1
    assert "does NOT fit" in said(capsys)
    place.with_name(place.name + ".sig").unlink()
    assert verify(tmp_path / "out.mp4") == 1
    assert "signature is MISSING" in said(capsys)


def test_an_export_may_be_unsigned_and_says_so(root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert export(root, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4", "--unsigned") == 0
    assert not (root / ".holdfast" / "signing.key").exists()
    assert verify(tmp_path / "out.mp4") == 0
    assert "nobody vouches" in said(capsys)
    assert verify(tmp_path / "out.mp4", "--key", "0" * 64) == 1
    assert verify("--in", root) == 1


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"format":"holdfast-export","version":2}',
        '{"format":"holdfast-export","version":1,"files":[]}',
        '{"format":"holdfast-export","version":1,"files":[{"name":"../x","size_bytes":1,"sha256":"' + "0" * 64 + '"}]}',
        '{"format":"holdfast-export","version":1,"files":[{"name":"x","size_bytes":-1,"sha256":"' + "0" * 64 + '"}]}',
        '{"format":"holdfast-export","version":1,"files":[{"name":"x","size_bytes":1,"sha256":"xyz"}]}',
        "[" * 100_000,
    ],
    ids=range(9),
)
def test_a_manifest_that_is_none_is_said(text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "manifest.json").write_text(text)
    assert verify(tmp_path) == 1
    assert "cannot be used" in said(capsys)


def test_nothing_in_a_hostile_manifest_moves_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    entry = {"name": "x", "size_bytes": 1, "sha256": "0" * 64}
    bad = {
        "format": "holdfast-export",
        "version": 1,
        "files": [entry],
        "cameras": ["\x1b[2J"],
        "range": {"from": "\x07"},
    }
    bad |= {
        "gaps": [1, {"from_ns": 10**30, "to_ns": 5, "cause": "\x1b]0;", "sentence": "s"}],
        "recorder": 7,
        "tool": [],
    }
    (tmp_path / "manifest.json").write_text(json.dumps(bad))
    (tmp_path / "x").symlink_to("/etc/hostname")
    assert verify(tmp_path) == 1
    told = said(capsys)
    assert "\x1b" not in told
    assert "\x07" not in told
    assert "CHANGED: x" in told


@pytest.mark.parametrize(
    ("words", "code"), [(["nowhere.mp4"], 1), ([], 2), (["manifest.json"], 4), ([".", "--key", "nowhere.pem"], 2)]
)
def test_what_cannot_be_verified_is_said(
    words: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert verify(*words) == code


def test_it_goes_on_after_it_was_stopped(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    real, calls = film_files.Source.view, [0]

    def stopped(self: film_files.Source, offset: int, length: int, *, ahead: bool) -> memoryview:
        calls[0] += 1
        if calls[0] > 14:
            raise KeyboardInterrupt
        return real(self, offset, length, ahead=ahead)

    with monkeypatch.context() as patched:
        patched.setattr(film_files.Source, "view", stopped)
        assert export(root, "cam_01 cam_02", FIRST_NS, LAST_NS, out) == 130
    assert "The same command goes on" in said(capsys)
    assert (out / "manifest.json.part").exists()
    first = next(out.glob("cam_01*.mp4"))
    inode = first.stat().st_ino
    assert export(root, "cam_01 cam_02", FIRST_NS, LAST_NS, out) == 0
    assert first.stat().st_ino == inode
    assert verify(out) == 0
    assert not list(out.glob("*.part"))


def test_a_disk_without_room_is_said_before_anything_is_written(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(export_writing, "_SPARE_BYTES", 1 << 60)
    assert export(root, "cam_01", FIRST_NS, LAST_NS, tmp_path / "out.mp4") == 1
    assert "MB free, and the export needs" in said(capsys)
    assert list(tmp_path.glob("out*")) == []


@pytest.mark.root
def test_a_disk_that_gets_full_is_said_and_the_export_goes_on(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=12k", "tmpfs", str(disk)], check=True)
    try:
        with monkeypatch.context() as patched:
            # Somebody else fills it after there was room.
            patched.setattr(export_writing, "_SPARE_BYTES", -(1 << 40))
            assert export(root, "cam_01", FIRST_NS, LAST_NS, disk / "out.mp4") == 1
            assert "is full. What was written is kept" in said(capsys)
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        assert export(root, "cam_01", FIRST_NS, LAST_NS, disk / "out.mp4") == 0
        assert verify(disk / "out.mp4") == 0
    finally:
        subprocess.run(["umount", str(disk)], check=True)
