"""The command `retention`: what would go now and why, and how long footage lasts. Nothing is done."""

import argparse
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from holdfast.app.cleaning_plan import Asked, make_plan
from holdfast.app.control import ask
from holdfast.app.folder import folder_of_recordings
from holdfast.app.forecast import CameraForecast, VolumeForecast, forecast
from holdfast.app.language import say, translated
from holdfast.app.moments import iso, local
from holdfast.app.plans import retention_from
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.retention_rules import rooms_of, rules_from_json, rules_from_options
from holdfast.app.tables import Row, print_table
from holdfast.app.where import config_problem, configured_paths, root_of
from holdfast.app.words import space_words
from holdfast.catalog.queries import CatalogReader
from holdfast.config.problems import ConfigError
from holdfast.config.reading import read
from holdfast.config.settings import StorageSettings, VolumeSettings
from holdfast.domain.times import WallNs
from holdfast.policy.free_space import Room
from holdfast.policy.retention import Deletion, Plan, RetentionRules, horizon_s, look_after_s
from holdfast.ports.catalog import CatalogError

PLAN = ("Camera", "Begin", "Size", "Volume", "Why", "File")
PLAN_NARROW = ("Size", "Why", "File")
FORECAST = ("Camera", "A day", "There", "Days there", "Days kept", "Limited by")
FORECAST_VOLUMES = ("Volume", "Free", "Stays free", "A day", "Days that fit", "Limit reached")
MOST_PLANNED = 2000
DELETING_S = 0.5


@dataclass(frozen=True, slots=True)
class Known:
    """What is in force, and what a recorder that runs has measured."""

    rules: RetentionRules
    reserve_bytes: int = StorageSettings().reserve_bytes
    falls_by: Mapping[str, float] = field(default_factory=dict)


def retention(options: argparse.Namespace) -> int:
    """`holdfast retention DIR [--plan | --forecast]`."""
    if options.plan and options.forecast:
        raise Problem(Exit.USAGE, say("Ask for one of them: --plan or --forecast."))
    root = folder_of_recordings(root_of(options))
    known = _known(root, options)
    catalog = CatalogReader(catalog_path(root))
    now_ns = WallNs(time.time_ns())
    try:
        rooms = _rooms(root, options, catalog, known)
        if options.forecast:
            _print_forecast(*forecast(catalog, known.rules, rooms, now_ns), is_json=options.json)
            return Exit.OK
        horizon = horizon_s(look_after_s(known.rules, rooms), DELETING_S)
        plan = make_plan(catalog, known.rules, Asked(now_ns, rooms, horizon_s=horizon, most=MOST_PLANNED))
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    _print_plan(plan, known.rules, is_json=options.json)
    return Exit.OK


def _known(root: Path, options: argparse.Namespace) -> Known:
    """The rules that were named; else those of the configuration; else those of the recorder. Raises Problem."""
    running = _running(root)
    if options.max_age is not None or options.min_free is not None:
        rules = rules_from_options(options)
        return Known(rules) if running is None else Known(rules, running.reserve_bytes, running.falls_by)
    if options.config is not None:
        try:
            settings = read(options.config)
        except ConfigError as error:
            raise config_problem(error) from error
        falls_by = {} if running is None else running.falls_by
        return Known(retention_from(settings), settings.storage.reserve_bytes, falls_by)
    if running is not None:
        return running
    if options.forecast:
        # How long the room lasts is a question without rules, too.
        return Known(RetentionRules())
    sentence = "By which rules? No recorder runs here: name them (--max-age, --min-free) or a configuration (--config)."
    raise Problem(Exit.NOT_RUNNING, say(sentence))


def _running(root: Path) -> Known | None:
    with contextlib.suppress(Problem, KeyError, TypeError, AttributeError):
        said = ask(root, "GET", "/retention")
        return Known(rules_from_json(said["rules"]), int(said["reserve_bytes"]), dict(said["falls_by"]))
    return None


def _rooms(root: Path, options: argparse.Namespace, catalog: CatalogReader, known: Known) -> list[Room]:
    paths = {volume.name: Path(volume.path) for volume in catalog.volumes()}
    paths |= configured_paths(options)
    # A folder may have been moved with the catalog in it.
    places = paths if len(paths) > 1 else dict.fromkeys(paths, root)
    found = rooms_of([VolumeSettings(path, name) for name, path in places.items()], known.reserve_bytes)
    for name in [name for name, room in found.items() if room is None]:
        print(say("Volume {name} does not answer: it is left out.", name=name))
    return [
        Room(room.name, room.space, known.falls_by.get(room.name, 0.0), 0, room.reserve_bytes)
        for room in found.values()
        if room is not None
    ]


# ------------------------------------------------------------------ the plan


def _print_plan(plan: Plan, rules: RetentionRules, *, is_json: bool) -> None:
    if is_json:
        for one in plan.deletions:
            print(json.dumps(_deletion_json(one), ensure_ascii=False))
        for short in plan.short:
            line = {"rule": short.rule, "subject": short.subject, "cannot_keep": short.sentence}
            print(json.dumps(line, ensure_ascii=False))
        return
    print(say("Rules: {rules}", rules=rules.as_words()) if rules.is_on else say("Nothing is deleted by itself."))
    if plan.deletions:
        print_table([_deletion_cells(one) for one in plan.deletions], PLAN, PLAN_NARROW)
    count, size = len(plan.deletions), space_words(plan.size_bytes)
    print(say("Would go now: {count} files, {size}. Nothing was done.", count=count, size=size))
    early = sum(one.is_early for one in plan.deletions)
    if early:
        print(say("{count} of them before their max_age, because there is no room for them.", count=early))
    for short in plan.short:
        print(f"{short.subject}: {translated(short.sentence)}")


def _deletion_json(one: Deletion) -> dict[str, object]:
    row = one.segment
    return {
        "camera": row.camera,
        "stream": row.stream,
        "volume": row.volume,
        "path": row.path,
        "from": iso(row.wall_start_ns),
        "from_ns": row.wall_start_ns,
        "to_ns": row.wall_end_ns,
        "size_bytes": row.size_bytes,
        "rule": one.rule,
        "reason": one.reason,
        "before_its_time": one.is_early,
    }


def _deletion_cells(one: Deletion) -> Row:
    row = one.segment
    return {
        "Camera": row.camera if row.stream == "main" else f"{row.camera}/{row.stream}",
        "Begin": local(row.wall_start_ns),
        "Size": space_words(row.size_bytes),
        "Volume": row.volume,
        "Why": translated(one.reason),
        "File": row.path,
    }


# ------------------------------------------------------------------ the forecast


def _print_forecast(cameras: Sequence[CameraForecast], volumes: Sequence[VolumeForecast], *, is_json: bool) -> None:
    if is_json:
        for line in [*(one.as_json() for one in cameras), *(one.as_json() for one in volumes)]:
            print(json.dumps(line, ensure_ascii=False))
        return
    if cameras:
        print_table([_camera_cells(one) for one in cameras], FORECAST, FORECAST)
        print()
    if volumes:
        print_table([_volume_cells(one) for one in volumes], FORECAST_VOLUMES, FORECAST_VOLUMES)
    for one in cameras:
        if one.is_wish_beaten and one.fits_days is not None and one.wanted_days is not None:
            sentence = "{camera}: {wanted} are wanted, and there is room for {days}: footage goes earlier."
            wanted, days = _days(one.wanted_days), _days(one.fits_days)
            print(say(sentence, camera=one.camera, wanted=wanted, days=days))


def _camera_cells(one: CameraForecast) -> Row:
    return {
        "Camera": one.camera,
        "A day": space_words(round(one.bytes_per_day)),
        "There": space_words(one.size_bytes),
        "Days there": _days(one.days_there),
        "Days kept": _days(one.kept_days),
        "Limited by": say(one.limited_by) if one.limited_by else "-",
    }


def _volume_cells(one: VolumeForecast) -> Row:
    reached = say("reached") if one.limit_in_days == 0 else _days(one.limit_in_days)
    return {
        "Volume": one.volume,
        "Free": space_words(one.free_bytes),
        "Stays free": "-" if one.limit_bytes is None else space_words(one.limit_bytes),
        "A day": space_words(round(one.bytes_per_day)),
        "Days that fit": _days(one.fits_days),
        "Limit reached": reached,
    }


def _days(days: float | None) -> str:
    return "-" if days is None else say("{days:.1f} d", days=days)
