"""What the process of a volume does when it opens it, beside looking at it."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from holdfast.ports.volumes import OpenVolume, VolumeReady, VolumeRefused
from holdfast.storage.marker import FOLDER, NAME
from holdfast.storage.volume_opening import STATE_NAME, WRITER_LOCK, opened
from tests.storage.opening import OURS, THEIRS

STATE = "/srv/상태 folder"


@pytest.fixture
def order(tmp_path: Path) -> OpenVolume:
    return OpenVolume(str(tmp_path), None, OURS, "main", state=STATE)


@pytest.fixture(autouse=True)
def own_working_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Opening changes it."""
    monkeypatch.chdir("/")


def opened_in_a_process(order: OpenVolume) -> None:
    """The lock lasts as long as whoever took it."""
    imports = "from holdfast.ports.volumes import OpenVolume; from holdfast.storage.volume_opening import opened"
    code = f"{imports}; opened({order!r})"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_volume_says_where_the_catalog_is_that_knows_it(tmp_path: Path, order: OpenVolume) -> None:
    said = tmp_path / FOLDER / STATE_NAME
    opened_in_a_process(order)
    assert said.read_text(encoding="utf-8") == f"{STATE}\n"
    opened_in_a_process(replace(order, state="/elsewhere"))
    assert said.read_text(encoding="utf-8") == "/elsewhere\n"
    opened_in_a_process(replace(order, state=""))
    assert sorted(path.name for path in (tmp_path / FOLDER).iterdir()) == [NAME, WRITER_LOCK]


def test_the_command_that_adopts_it_names_the_catalog(tmp_path: Path, order: OpenVolume) -> None:
    opened_in_a_process(replace(order, recorder_id=THEIRS))
    refused = opened(order)
    assert isinstance(refused, VolumeRefused)
    assert refused.sentence.endswith(f"holdfast adopt {tmp_path} --in '{STATE}'")
    refused = opened(replace(order, state=""))
    assert isinstance(refused, VolumeRefused)
    assert refused.sentence.endswith(f"holdfast adopt {tmp_path}")


def test_a_place_for_the_catalog_that_cannot_be_written_down_refuses_nothing(
    tmp_path: Path, order: OpenVolume, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened_in_a_process(order)

    def fail(*_: object) -> int:
        raise OSError(28, os.strerror(28))

    monkeypatch.setattr(Path, "write_bytes", fail)
    assert isinstance(opened(replace(order, state="/elsewhere")), VolumeReady)
    assert (tmp_path / FOLDER / STATE_NAME).read_text(encoding="utf-8") == f"{STATE}\n"
