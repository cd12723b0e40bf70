"""Volumes of a configuration: their order, their names, what they must not share, and what holds for all of them."""

from pathlib import Path

import pytest

from holdfast.config.problems import ConfigError
from holdfast.config.reading import read, storage_of, volume_of
from holdfast.config.settings import StorageSettings, VolumeSettings

CAMERA = '[[camera]]\nid = "one"\nurl = "rtsp://h"\n'


def written(folder: Path, text: str) -> Path:
    file = folder / "holdfast.toml"
    file.write_text(text + CAMERA, encoding="utf-8")
    return file


def problems(folder: Path, text: str) -> list[str]:
    """What is said, without the folder."""
    with pytest.raises(ConfigError) as refused:
        read(written(folder, text))
    return [line.replace(f"{folder}/", "") for line in refused.value.lines()]


def volume(path: str, name: str | None = None) -> str:
    return f'[[volume]]\npath = "{path}"\n' + ("" if name is None else f'name = "{name}"\n')


def test_volumes_are_in_order_of_preference_and_have_names(tmp_path: Path) -> None:
    found = read(written(tmp_path, volume("a") + volume("/mnt/b", "NAS 거실") + volume("c")))
    assert found.volumes == (
        VolumeSettings(tmp_path / "a", "main"),
        VolumeSettings(Path("/mnt/b"), "NAS 거실"),
        VolumeSettings(tmp_path / "c", "volume3"),
    )
    assert found.volume == tmp_path / "a"
    assert found.storage == StorageSettings()


@pytest.mark.parametrize("path", ["with space", "앞문 (카메라)", "trailing/", "dots/../here", "quote'$(x)"])
def test_a_path_with_any_letters_works(tmp_path: Path, path: str) -> None:
    (found,) = read(written(tmp_path, volume(path))).volumes
    assert found.path == tmp_path / path


def test_everything_about_storage_can_be_set(tmp_path: Path) -> None:
    text = """
[storage]
state = "state"
memory = "2G"
hang_after = "30s"
reserve = "10G"
retry_every = "6s"
retries = 20
move_rate = "5M"
"""
    wanted = StorageSettings(tmp_path / "state", 2 << 30, 30, 10 << 30, 6, 20, 5 << 20)
    file = written(tmp_path, text + volume("a"))
    assert read(file).storage == wanted
    assert storage_of(file) == ((VolumeSettings(tmp_path / "a"),), wanted)


def test_nothing_need_stay_free(tmp_path: Path) -> None:
    assert read(written(tmp_path, '[storage]\nreserve = "0"\n' + volume("a"))).storage.reserve_bytes == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[[volume]]\n", "holdfast.toml:1: [[volume]] #1: path is missing."),
        ('[[volume]]\nname = "usb"\n', "holdfast.toml:1: [[volume]] usb: path is missing."),
        ("[[volume]]\npath = 5\n", "holdfast.toml:2: [[volume]] #1: path = 5 is no text."),
        ('[[volume]]\npath = "a\\u0000b"\n', 'path = "a\\u0000b" cannot be the name of a folder.'),
        (volume("a", ""), 'holdfast.toml:3: [[volume]] #1: name = "" cannot be used. A name has 1 to 64 letters'),
        (volume("a", "x" * 65), "cannot be used. A name has 1 to 64 letters, digits or signs."),
        (volume("a", "\\t"), "cannot be used. A name has 1 to 64 letters, digits or signs."),
        (
            volume("a") + volume("b", "Main"),
            'holdfast.toml:5: [[volume]] Main: name = "Main" is the name of another volume, too. Give each its own.',
        ),
        (
            volume("a", "x") + volume("b", "x"),
            'holdfast.toml:6: [[volume]] x: name = "x" is the name of another volume, too. Give each its own.',
        ),
        (
            volume("a") + volume("a/"),
            "holdfast.toml:4: [[volume]] #2: a is the folder of volume main, too. Give each volume a folder",
        ),
        (
            volume("a") + volume("b/.././a/deep"),
            "holdfast.toml:4: [[volume]] #2: a/deep lies inside volume main (a). Choose a folder outside of it.",
        ),
        (
            volume("a/deep", "inner") + volume("a", "outer"),
            "holdfast.toml:5: [[volume]] outer: a has volume inner (a/deep) inside it. Choose a folder beside it.",
        ),
        (
            "".join(volume(f"v{number}") for number in range(17)),
            "holdfast.toml: There are more than 16 volumes.",
        ),
        (volume("a") + "retries = 3\n", "[[volume]] #1: retries is not known here. Known are name, path."),
        ("[storage]\nmemroy = 3\n" + volume("a"), ":2: [storage]: memroy is not known here. Did you mean memory?"),
        ('[storage]\nmemory = "1M"\n' + volume("a"), 'memory = "1M" must be between 16M and 1T.'),
        ("[storage]\nmemory = 5\n" + volume("a"), "memory = 5 is no size. Write it as 500M or 2G, in quotation marks."),
        ('[storage]\nhang_after = "1s"\n' + volume("a"), 'hang_after = "1s" must be between 2s and 10m.'),
        ('[storage]\nreserve = "much"\n' + volume("a"), 'reserve = "much" is no size.'),
        ('[storage]\nretry_every = "2h"\n' + volume("a"), 'retry_every = "2h" must be between 1s and 1h.'),
        ("[storage]\nretries = 0\n" + volume("a"), "retries = 0 must be between 1 and 1000000."),
        ('[storage]\nmove_rate = "1"\n' + volume("a"), 'move_rate = "1" must be between 64K and 100G.'),
        ('[storage]\nstate = "\\u0000"\n' + volume("a"), 'state = "\\u0000" cannot be the name of a folder.'),
    ],
    ids=lambda value: value.splitlines()[-1][:40],
)
def test_what_is_wrong_is_said_with_place_key_value_and_what_is_allowed(tmp_path: Path, text: str, said: str) -> None:
    (found,) = problems(tmp_path, text)
    assert said in found


def test_everything_is_said_at_once(tmp_path: Path) -> None:
    text = volume("a") + "[[volume]]\n" + volume("a") + '[storage]\nmemory = "x"\n'
    assert [line.split(":")[1] for line in problems(tmp_path, text)] == ["3", "5", "7"]


def test_the_most_preferred_volume_is_found_whatever_is_wrong_with_the_rest(tmp_path: Path) -> None:
    file = written(tmp_path, volume("a") + volume("b") + '[storage]\nmemory = "x"\n')
    assert volume_of(file) == tmp_path / "a"
    with pytest.raises(ConfigError, match="is no size"):
        storage_of(file)
