"""The process that moves files: asked line by line, killed in the middle, asked again."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from holdfast.storage import moving
from holdfast.storage.identity import adopt
from holdfast.storage.move_process import answer
from holdfast.storage.moving import Moved, MoveError

PATH = "cam_01/2026-11-26/cam_01_20261126_120000.mp4"
OURS = "11111111-1111-4111-8111-111111111111"
FAST = 1 << 40
COMMAND = (sys.executable, "-m", "holdfast.storage.move_process")


class Asked:
    """The process, and what it is asked for."""

    def __init__(self, tmp_path: Path) -> None:
        self.home, self.spare = tmp_path / "home", tmp_path / "spare"
        self.ids = {}
        for root in (self.home, self.spare):
            root.mkdir()
            self.ids[root] = adopt(root, root.name, OURS).volume_id
        self.content = os.urandom(3 * moving.CHUNK_BYTES + 12345)
        (self.spare / PATH).parent.mkdir(parents=True)
        (self.spare / PATH).write_bytes(self.content)
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()

    def bringing(self, bytes_per_s: int = FAST) -> dict[str, str | int]:
        return {
            "do": "bring",
            "source_root": str(self.spare),
            "source_id": self.ids[self.spare],
            "root": str(self.home),
            "volume_id": self.ids[self.home],
            "path": PATH,
            "bytes_per_s": bytes_per_s,
        }

    def removing(self) -> dict[str, str | int]:
        return {"do": "remove", "root": str(self.spare), "volume_id": self.ids[self.spare], "path": PATH}

    def send(self, request: dict[str, str | int]) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()

    def line(self) -> Any:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def ask(self, request: dict[str, str | int]) -> Any:
        """What came of it, in the end."""
        self.send(request)
        while "at_bytes" in (said := self.line()):
            pass
        return said

    def files(self, root: Path) -> list[str]:
        found = sorted(file.relative_to(root).as_posix() for file in root.rglob("*") if file.is_file())
        found.remove(".holdfast/volume.json")
        return found


@pytest.fixture
def asked(tmp_path: Path) -> Iterator[Asked]:
    made = Asked(tmp_path)
    yield made
    made.stop()


def test_a_file_is_brought_to_a_volume_that_has_no_folder_for_it_yet_and_removed_elsewhere(asked: Asked) -> None:
    said = asked.ask(asked.bringing())
    assert (said["path"], said["size_bytes"]) == (PATH, len(asked.content))
    assert len(said["sha256"]) == 64
    assert (asked.home / PATH).read_bytes() == asked.content
    assert asked.files(asked.spare) == [PATH]
    assert asked.ask(asked.removing())["removed"] == PATH
    assert asked.ask(asked.removing())["removed"] == PATH, "what is gone is gone"
    assert (asked.files(asked.home), asked.files(asked.spare)) == ([PATH], [])


@pytest.mark.parametrize("which", ["source_id", "volume_id"])
def test_a_disk_with_another_marker_is_left_alone(asked: Asked, which: str) -> None:
    said = asked.ask(asked.bringing() | {which: "another"})
    root = asked.spare if which == "source_id" else asked.home
    assert said == {"error": f"at {root} there is not the volume that belongs there"}
    assert (asked.files(asked.home), asked.files(asked.spare)) == ([], [PATH])


def test_nothing_is_removed_from_a_disk_with_another_marker(asked: Asked) -> None:
    assert "error" in asked.ask(asked.removing() | {"volume_id": "another"})
    (asked.spare / ".holdfast/volume.json").unlink()
    assert "error" in asked.ask(asked.removing())
    assert (asked.spare / PATH).exists()


def test_a_marker_that_cannot_be_understood_is_no_marker(asked: Asked) -> None:
    (asked.home / ".holdfast/volume.json").write_text("{")
    assert "error" in asked.ask(asked.bringing())
    assert not (asked.home / PATH).exists()


def test_what_cannot_be_done_is_told_by_the_name_that_people_know(asked: Asked) -> None:
    (asked.spare / PATH).unlink()
    said = asked.ask(asked.bringing())
    assert str(asked.spare / PATH) in said["error"]
    assert asked.ask(asked.removing())["removed"] == PATH, "it goes on"


def test_how_far_it_is_is_told_while_it_takes_its_time(asked: Asked) -> None:
    asked.send(asked.bringing(moving.CHUNK_BYTES))
    assert asked.line()["at_bytes"] >= moving.CHUNK_BYTES


def test_a_move_that_was_killed_in_the_middle_goes_on_when_it_is_asked_for_again(asked: Asked) -> None:
    asked.send(asked.bringing(moving.CHUNK_BYTES))
    assert "at_bytes" in asked.line()
    os.kill(asked.process.pid, signal.SIGKILL)
    asked.stop()
    (part,) = asked.files(asked.home)
    assert part.startswith(".holdfast/moving/")
    begun = (asked.home / part).stat().st_ino
    asked.start()
    assert asked.ask(asked.bringing())["path"] == PATH
    assert asked.files(asked.home) == [PATH]
    assert (asked.home / PATH).stat().st_ino == begun
    assert (asked.home / PATH).read_bytes() == asked.content


def test_a_move_that_was_killed_after_it_was_done_is_not_done_twice(asked: Asked) -> None:
    asked.ask(asked.bringing())
    asked.stop()
    asked.start()
    assert asked.ask(asked.bringing())["path"] == PATH
    assert asked.files(asked.home) == [PATH]


def test_it_ends_with_its_input(asked: Asked) -> None:
    assert asked.process.stdin is not None
    asked.process.stdin.close()
    assert asked.process.wait(60) == 0


def test_a_disk_that_gives_back_something_else_is_told_by_its_name(
    asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(source: Path, root: Path, *_: object) -> Moved:
        assert source.read_bytes() == asked.content
        raise MoveError(f"{root / 'x'} does not give back what was written to it.")

    monkeypatch.setattr("holdfast.storage.move_process.bring", fail)
    assert answer(asked.bringing(), print) == {
        "error": f"{asked.home / 'x'} does not give back what was written to it."
    }
