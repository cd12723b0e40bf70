"""Changing a configuration: only what was asked for changes."""

import os
from pathlib import Path

import pytest

from holdfast.config.reading import read
from holdfast.config.values import duration_s, size_bytes
from holdfast.config.writing import Place, Value, set_value, write

TEXT = """\
# ours
[[volume]]
path = "x"  # a disk

[[camera]]  # the first
id = "one"
url = "rtsp://h"
# record = true   a hint
name = "Front"    # for people

[[camera]]
id = "two"
url = "rtsp://g"
"""


@pytest.mark.parametrize(
    ("place", "key", "value", "before", "after"),
    [
        (("camera", "one"), "name", 'Back "door"', 'name = "Front"    #', 'name = "Back \\"door\\""    #'),
        (("camera", "one"), "name", "뒷문", 'name = "Front"    #', 'name = "뒷문"    #'),
        (("camera", "two"), "record", False, 'url = "rtsp://g"\n', 'url = "rtsp://g"\nrecord = false\n'),
        (("camera", "two"), "segment", "5m", 'url = "rtsp://g"\n', 'url = "rtsp://g"\nsegment = "5m"\n'),
        (("camera", "one"), "name", None, 'name = "Front"    # for people\n', ""),
        (("camera", "one"), "segment", None, "", ""),
        (("recorder",), "max_retries", 5, "", ""),
        (("alarms",), "max_retries", 5, "", ""),
    ],
)
def test_a_value_is_changed_and_everything_else_stays(
    place: Place, key: str, value: Value | None, before: str, after: str
) -> None:
    changed = set_value(TEXT, place, key, value)
    if len(place) == 1:
        assert changed.startswith(TEXT)
        assert changed.endswith(f"[{place[0]}]\nmax_retries = 5\n")
    else:
        assert changed == TEXT.replace(before, after)


@pytest.mark.parametrize("place", [("camera", "three"), ("camera",), ("nothing",), ("volume", "x")])
def test_what_is_not_there_is_not_changed(place: Place) -> None:
    with pytest.raises(LookupError):
        set_value(TEXT, place, "name", "x")


def test_no_toml_is_not_changed() -> None:
    with pytest.raises(ValueError, match="line 1"):
        set_value("half = ", ("recorder",), "segment", "5m")


def test_what_is_written_can_be_read_and_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_text(TEXT, encoding="utf-8")
    file.chmod(0o600)
    write(file, set_value(TEXT, ("camera", "two"), "name", "Yard"))
    assert read(file).cameras[1].name == "Yard"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "real.toml").write_text(TEXT, encoding="utf-8")
    link = tmp_path / "holdfast.toml"
    link.symlink_to("real.toml")
    write(link, "# new\n")
    assert link.is_symlink()
    assert (tmp_path / "real.toml").read_text(encoding="utf-8") == "# new\n"


def test_a_write_that_fails_leaves_the_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "holdfast.toml"
    file.write_text(TEXT, encoding="utf-8")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write(file, "# new\n")
    assert [one.name for one in tmp_path.iterdir()] == ["holdfast.toml"]
    assert file.read_text(encoding="utf-8") == TEXT


def test_times_and_sizes_are_read_as_people_write_them() -> None:
    assert [duration_s(text) for text in ("500ms", "90", "1.5s", "15m", "1h", "2d")] == [
        0.5,
        90,
        1.5,
        900,
        3600,
        172_800,
    ]
    assert [size_bytes(text) for text in ("1000", "1K", "1.5M", "2GiB")] == [1000, 1024, 1572864, 2 << 30]
    for text in ("", "soon", "-1s", "1 s", "1w"):
        with pytest.raises(ValueError, match="is no time"):
            duration_s(text)
    for text in ("", "big", "-1M", "1 M"):
        with pytest.raises(ValueError, match="is no size"):
            size_bytes(text)
