"""What a configuration says of deleting, and what is refused."""

from pathlib import Path

import pytest

from holdfast.app.plans import retention_from
from holdfast.app.retention_rules import objection_on
from holdfast.config.problems import ConfigError
from holdfast.config.reading import read
from holdfast.config.settings import RetentionSettings, Settings, VolumeSettings
from holdfast.policy.retention import CameraRules, MinFree

DAY_S = 86_400.0


def wanted(max_age_s: float | None, size: int, percent: float, *, enabled: bool) -> RetentionSettings:
    return RetentionSettings(enabled, max_age_s, size, percent)


def settings(tmp_path: Path, retention: str, camera: str = "", recorder: str = "") -> Settings:
    text = f'{recorder}\n{retention}\n[[volume]]\npath = "/srv/footage"\n[[camera]]\nid = "one"\nurl = "rtsp://h"\n{camera}'
    file = tmp_path / "holdfast.toml"
    file.write_text(text, encoding="utf-8")
    return read(file)


def test_without_the_table_nothing_is_ever_deleted(tmp_path: Path) -> None:
    found = settings(tmp_path, "")
    assert found.retention == RetentionSettings()
    assert not retention_from(found).is_on


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", wanted(None, 0, 5.0, enabled=True)),
        ('max_age = "30d"', wanted(30 * DAY_S, 0, 5.0, enabled=True)),
        ('min_free = "20G"', wanted(None, 20 << 30, 0.0, enabled=True)),
        ('min_free = "5%, 20G"', wanted(None, 20 << 30, 5.0, enabled=True)),
        ('preset = "seven-days"', wanted(7 * DAY_S, 2 << 30, 0.0, enabled=True)),
        ('preset = "seven-days"\nmin_free = "1.5 %"', wanted(7 * DAY_S, 0, 1.5, enabled=True)),
        ('enabled = false\nmax_age = "1d"', wanted(DAY_S, 0, 5.0, enabled=False)),
    ],
)
def test_the_table_is_read(tmp_path: Path, text: str, expected: RetentionSettings) -> None:
    assert settings(tmp_path, f"[retention]\n{text}").retention == expected


def test_a_camera_has_its_own_age_and_quota(tmp_path: Path) -> None:
    rules = retention_from(settings(tmp_path, "[retention]", 'max_age = "2d"\nquota = "50G"'))
    assert rules.cameras == {"one": CameraRules(round(2 * DAY_S) * 10**9, 50 << 30)}
    assert rules.min_free == MinFree(0, 5.0)


@pytest.mark.parametrize(
    ("retention", "camera", "recorder", "sentence"),
    [
        ("", 'quota = "50G"', "", "quota means nothing without a table [retention]"),
        ("", 'max_age = "50h"', "", "max_age means nothing without a table [retention]"),
        ('[retention]\nmax_age = "10m"', "", "", "max_age = 10m is less than the length of a file (15m)"),
        ("[retention]", 'max_age = "90s"', '[recorder]\nsegment = "2m"', "max_age = 90s is less than the length"),
        ('[retention]\nmin_free = "much"', "", "", 'min_free = "much" must be a size or a part'),
        ('[retention]\nmin_free = "95%"', "", "", "must be a size or a part"),
        ('[retention]\nmin_free = "0"', "", "", "must be a size or a part"),
        ('[retention]\nmin_free = "1G, 2G"', "", "", "must be a size or a part"),
        ('[retention]\npreset = "six-days"', "", "", "must be one of seven-days"),
        ('[retention]\nmax_ages = "1d"', "", "", "Did you mean max_age?"),
        ("[retention]", 'quota = "1K"', "", "must be between 16M and 1000T"),
    ],
)
def test_what_cannot_hold_is_refused_with_the_numbers(
    tmp_path: Path, retention: str, camera: str, recorder: str, sentence: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        settings(tmp_path, retention, camera, recorder)
    assert sentence in str(refused.value)


def test_what_the_disks_cannot_hold_is_refused_with_the_numbers(tmp_path: Path) -> None:
    volumes = [VolumeSettings(tmp_path)]
    for retention, camera, words in (
        ('[retention]\nmin_free = "900T"', "", ["min_free = 900T", "as volume main has in all"]),
        ("[retention]", 'quota = "999T"', ["The quotas add up to 999T", "and the volumes have"]),
    ):
        rules = retention_from(settings(tmp_path, retention, camera))
        said = objection_on(volumes, rules, 500 << 20)
        assert said is not None
        assert all(word in said for word in words)
    assert objection_on(volumes, retention_from(settings(tmp_path, "[retention]", 'quota = "16M"')), 0) is None
    off = retention_from(settings(tmp_path, "[retention]\nenabled = false", 'quota = "999T"'))
    assert objection_on(volumes, off, 0) is None
