"""The table `[backup]`."""

from pathlib import Path

import pytest

from holdfast.config.problems import ConfigError
from holdfast.config.reading import read
from holdfast.config.settings import BackupSettings

TEXT = '[[volume]]\npath = "footage"\n\n[[camera]]\nid = "one"\nurl = "rtsp://h/a"\n'


def settings_of(folder: Path, lines: str) -> BackupSettings | None:
    file = folder / "holdfast.toml"
    file.write_text(f"{TEXT}\n[backup]\n{lines}", encoding="utf-8")
    return read(file).backup


def test_without_the_table_none_is_made(tmp_path: Path) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_text(TEXT, encoding="utf-8")
    assert read(file).backup is None


def test_once_a_day(tmp_path: Path) -> None:
    found = settings_of(tmp_path, 'to = "disk/backup"\nat = "03:05"\n')
    assert found == BackupSettings(tmp_path / "disk/backup", at_minute=185)


def test_every_so_often_and_all_the_rest(tmp_path: Path) -> None:
    found = settings_of(tmp_path, 'to = "/b"\nevery = "6h"\ncameras = ["one"]\nrate = "5M"\nremove = true\n')
    assert found == BackupSettings(Path("/b"), None, 21600, ("one",), 5 << 20, remove=True)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ('at = "03:00"', "to is missing."),
        ('to = "/b"', "Say when: either at"),
        ('to = "/b"\nat = "03:00"\nevery = "6h"', "Say when: either at"),
        ('to = "/b"\nat = "24:00"', 'at = "24:00" is no time of the day.'),
        ('to = "/b"\nat = "3:00"', 'at = "3:00" is no time of the day.'),
        ('to = "/b"\nevery = "5m"', 'every = "5m" must be between 10m and 720h.'),
        ('to = "/b"\nat = "03:00"\nrate = "1K"', 'rate = "1K" must be between 64K and 100G.'),
        ('to = "/b"\nat = "03:00"\ncameras = ["two"]', 'cameras names "two", and there is no camera of this id.'),
        ('to = "/b\\u0000"\nat = "03:00"', "cannot be the name of a folder."),
        ('to = "/b"\nat = "03:00"\nremoves = true', "removes is not known here. Did you mean remove?"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, lines: str, said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        settings_of(tmp_path, lines + "\n")
    assert said in "\n".join(refused.value.lines())
    assert len(refused.value.lines()) <= 2
