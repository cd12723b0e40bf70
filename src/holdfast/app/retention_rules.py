"""Rules of retention from options and settings, and whether the disks that there are can keep them."""

import argparse
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from holdfast.app.language import translated
from holdfast.app.plans import retention_from, retention_rules
from holdfast.app.problems import Exit, Problem
from holdfast.app.volumes import looked_at
from holdfast.config.problems import ConfigError, ConfigProblem
from holdfast.config.settings import RetentionSettings, Settings, VolumeSettings
from holdfast.domain.times import NS_PER_S
from holdfast.domain.volumes import VolumeSpace
from holdfast.policy.free_space import Room
from holdfast.policy.retention import CameraRules, RetentionRules, objection


def rules_from_options(options: argparse.Namespace) -> RetentionRules:
    """What `--max-age` and `--min-free` say; without them nothing is ever deleted."""
    max_age_s, min_free = options.max_age, options.min_free
    size_bytes, percent = (0, 0.0) if min_free is None else min_free
    is_on = max_age_s is not None or min_free is not None
    return retention_rules(RetentionSettings(is_on, max_age_s, size_bytes, percent))


def rules_as_json(rules: RetentionRules) -> dict[str, object]:
    """For the interface."""
    return {
        "enabled": rules.is_on,
        "max_age_s": _seconds(rules.max_age_ns),
        "min_free_bytes": 0 if rules.min_free is None else rules.min_free.size_bytes,
        "min_free_percent": 0.0 if rules.min_free is None else rules.min_free.percent,
        "cameras": {
            camera: {"max_age_s": _seconds(own.max_age_ns), "quota_bytes": own.quota_bytes}
            for camera, own in rules.cameras.items()
        },
    }


def rules_from_json(said: Mapping[str, Any]) -> RetentionRules:
    """What the recorder answered. Raises KeyError, TypeError, AttributeError when it is another one's answer."""
    max_age_s, size_bytes, percent = said["max_age_s"], said["min_free_bytes"], said["min_free_percent"]
    rules = retention_rules(RetentionSettings(bool(said["enabled"]), max_age_s, size_bytes, percent))
    cameras = {
        camera: CameraRules(
            None if own["max_age_s"] is None else round(own["max_age_s"] * NS_PER_S), own["quota_bytes"]
        )
        for camera, own in said["cameras"].items()
    }
    return replace(rules, cameras=cameras)


def _ns(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * NS_PER_S)


def _seconds(age_ns: int | None) -> float | None:
    return None if age_ns is None else age_ns / NS_PER_S


def check_room(volumes: Sequence[VolumeSettings], rules: RetentionRules, reserve_bytes: int) -> None:
    """Refuse what cannot hold on these disks, with the numbers. Raises Problem."""
    sentence = objection_on(volumes, rules, reserve_bytes)
    if sentence is not None:
        raise Problem(Exit.USAGE, translated(sentence))


def examine(path: Path, settings: Settings) -> None:
    """The same for a configuration. Raises ConfigError."""
    sentence = objection_on(settings.volumes, retention_from(settings), settings.storage.reserve_bytes)
    if sentence is not None:
        raise ConfigError(path, [ConfigProblem(sentence, "[retention]")], settings.files)


def objection_on(volumes: Sequence[VolumeSettings], rules: RetentionRules, reserve_bytes: int) -> str | None:
    """Why it cannot hold, as a sentence; None when it can, as far as the disks that answer say so."""
    if not rules.is_on:
        return None
    rooms = rooms_of(volumes, reserve_bytes)
    there = [room for room in rooms.values() if room is not None]
    return objection(rules, there, are_all=len(there) == len(rooms))


def rooms_of(volumes: Sequence[VolumeSettings], reserve_bytes: int) -> dict[str, Room | None]:
    """The space of each volume; None of one that does not answer within some seconds."""
    pairs = zip(volumes, looked_at([volume.path for volume in volumes]), strict=True)
    return {volume.name: _room(volume.name, seen, reserve_bytes) for volume, seen in pairs}


def _room(name: str, seen: dict[str, object], reserve_bytes: int) -> Room | None:
    free, total = seen.get("free_bytes"), seen.get("total_bytes")
    if not isinstance(free, int) or not isinstance(total, int):
        return None
    space = VolumeSpace(free, total)
    return Room(name, space, reserve_bytes=space.reserve_bytes(reserve_bytes))
