"""Opening volumes in tests."""

import os
from pathlib import Path

import pytest

from holdfast.domain.volumes import VolumeIdentity
from holdfast.storage.identity import OpenedVolume, VolumeError, open_volume
from holdfast.storage.marker import FOLDER, NAME

OURS = "11111111-1111-4111-8111-111111111111"
THEIRS = "22222222-2222-4222-8222-222222222222"


def opened(root: Path, expected: VolumeIdentity | None = None, *, name: str = "main", reserve: int = 0) -> OpenedVolume:
    return open_volume(root, name=name, recorder_id=OURS, expected=expected, reserve_bytes=reserve)


def refused(root: Path, expected: VolumeIdentity | None = None, *, reserve: int = 0) -> VolumeError:
    with pytest.raises(VolumeError) as found:
        opened(root, expected, reserve=reserve)
    assert str(found.value) == found.value.sentence
    return found.value


def marker_of(root: Path) -> Path:
    return root / FOLDER / NAME


def left_over(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def failing(monkeypatch: pytest.MonkeyPatch, name: str, code: int) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, name, fail)
