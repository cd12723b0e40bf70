"""`holdfast volumes`, and what `holdfast status` says of volumes."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from holdfast.app import remote, volumes_command
from holdfast.app.commands import run
from holdfast.app.problems import Exit
from holdfast.app.volumes_shown import VolumeShown, state_in_use, volumes_shown
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.domain.volumes import FileSystem, VolumeSpace, VolumeState
from holdfast.policy.volume_events import Volume, Volumes
from holdfast.recorder.volume_keeping import VolumePlan
from holdfast.recorder.volumes import VolumeSet
from tests.app.several_volumes import several
from tests.app.statuses import CONNECTED
from tests.fakes.clock import FakeClock

HEALTHY = VolumeShown(
    name="main",
    path="/mnt/앞문 disk",
    state=VolumeState.HEALTHY,
    since_ns=WallNs(1_700_000_000_000_000_000),
    sentence="",
    free_bytes=12_300_000_000,
    total_bytes=100_000_000_000,
    in_use=True,
    file_system="ext4",
    source="/dev/sdb1",
    volume_id="id",
)
GONE_WORDS = "It is not mounted any more at /mnt/b. Connect and mount it: recording returns to it."
GONE = replace(
    HEALTHY,
    name="second",
    path="/mnt/b",
    state=VolumeState.GONE,
    sentence=GONE_WORDS,
    free_bytes=None,
    total_bytes=None,
    in_use=False,
    file_system="",
    source="",
)


@pytest.fixture
def recorder(monkeypatch: pytest.MonkeyPatch) -> list[VolumeShown]:
    """The volumes of a recorder that answers."""
    shown = [HEALTHY, GONE]

    def answer(_root: Path, _method: str, path: str, *_: object) -> Any:
        if path == "/volumes":
            rows = [asdict(one) | {"of_a_newer_version": 1} for one in shown]
            return json.loads(json.dumps({"volumes": rows}))
        return [CONNECTED.as_json()] if path == "/status" else {"alarms": []}

    monkeypatch.setattr(volumes_command, "ask", answer)
    monkeypatch.setattr(remote, "ask", answer)
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    return shown


def test_volumes_are_a_table_with_what_is_the_matter_below(
    recorder: list[VolumeShown], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["volumes", "/x"]) == Exit.OK
    _, first, second, sentence = capsys.readouterr().out.splitlines()
    assert first.split()[:3] == ["main", "healthy,", "in"]
    assert "12.3 GB" in first
    assert first.rstrip().endswith("/mnt/앞문 disk")
    assert second.split()[:2] == ["second", "gone"]
    assert sentence == f"second: {GONE_WORDS}"


def test_volumes_as_json_are_what_the_recorder_said(
    recorder: list[VolumeShown], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["volumes", "/x", "--json"]) == Exit.OK
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [asdict(HEALTHY), asdict(GONE)]


def test_without_a_recorder_volumes_are_told_as_last_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("HOLDFAST_LANG", "en")
    made = several(tmp_path)
    assert run(["volumes", str(made.state)]) == Exit.OK
    text = capsys.readouterr().out
    assert "Last seen" in text
    assert str(made.second) in text
    assert "No recorder answers here" in text
    assert run(["volumes", str(made.state), "--json"]) == Exit.OK
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(row["name"], row["path"]) for row in rows] == [("main", str(made.first)), ("second", str(made.second))]


def test_volumes_of_no_recorder_end_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["volumes", str(tmp_path)]) == Exit.FOLDER
    assert str(tmp_path) in capsys.readouterr().err


def test_the_status_has_a_line_for_each_of_several_volumes(
    recorder: list[VolumeShown], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["status", "/x"]) == Exit.OK
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "Volume main (/mnt/앞문 disk): healthy, in use, 12.3 GB of 100.0 GB free"
    assert lines[2] == f"Volume second (/mnt/b): gone. {GONE_WORDS}"


def test_the_status_says_nothing_of_a_single_volume_that_is_well(
    recorder: list[VolumeShown], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    recorder[:] = [HEALTHY]
    assert run(["status", "/x"]) == Exit.OK
    assert "Volume" not in capsys.readouterr().out
    monkeypatch.setenv("HOLDFAST_LANG", "ko")
    recorder[:] = [replace(HEALTHY, state=VolumeState.SLOW)]
    assert run(["status", "/x"]) == Exit.OK
    assert "볼륨 main (/mnt/앞문 disk): 느림, 사용 중, 100.0 GB 중 12.3 GB 남음" in capsys.readouterr().out


def test_what_is_shown_of_a_volume_is_what_is_known_of_it() -> None:
    """A volume that is not open has no space, whatever was seen of it before; times become those of the wall clock."""
    file_system = FileSystem("ext4", "/dev/sdb1", "/mnt", 30, "8:17")
    space = VolumeSpace(5, 9)
    known = Volumes(
        volumes=(
            Volume("main", VolumeState.HEALTHY, 10.0, file_system=file_system, volume_id="id", space=space),
            Volume("second", VolumeState.GONE, 12.5, GONE_WORDS, space=space),
        ),
        in_use="main",
    )
    plans = {name: VolumePlan(name, f"/mnt/{name}") for name in ("main", "second")}
    volumes = SimpleNamespace(state=known, keeper=SimpleNamespace(plans=plans))
    clock = FakeClock(at_ns=20 * NS_PER_S)
    main, second = volumes_shown(cast("VolumeSet", volumes), clock)
    assert (main.path, main.free_bytes, main.total_bytes, main.in_use) == ("/mnt/main", 5, 9, True)
    assert (main.file_system, main.source, main.volume_id) == ("ext4", "/dev/sdb1", "id")
    assert clock.wall_ns() - main.since_ns == 10 * NS_PER_S
    assert (second.free_bytes, second.in_use, second.sentence) == (None, False, GONE_WORDS)
    assert clock.wall_ns() - second.since_ns == 7_500_000_000


def test_every_stream_says_which_volume_is_in_use() -> None:
    slow = replace(HEALTHY, state=VolumeState.SLOW)
    assert state_in_use([GONE, slow]) == {"volume": "main", "volume_state": "slow"}
    assert state_in_use([GONE, replace(slow, in_use=False)]) == {"volume": "", "volume_state": "gone"}
    assert state_in_use([]) == {"volume": "", "volume_state": ""}
