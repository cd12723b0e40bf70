"""From the file to settings, or to everything that is wrong with it."""

import re
import tomllib
from pathlib import Path
from typing import Any

from holdfast.config.alarms import read_alarms
from holdfast.config.backup import read_backup
from holdfast.config.cameras import Camera, check_together
from holdfast.config.lines import Lines
from holdfast.config.problems import ConfigError, ConfigProblem
from holdfast.config.retention import check_retention, read_retention
from holdfast.config.settings import (
    CATEGORIES,
    LEVELS,
    LogFormat,
    LoggingSettings,
    RecorderSettings,
    Settings,
    StorageSettings,
    VolumeSettings,
)
from holdfast.config.tables import Notes, Table, given_or
from holdfast.config.volumes import read_storage, read_volumes

MOST_BYTES = 1 << 20
MOST_CAMERAS = 1000
_AT = re.compile(r"\(at (?:line (\d+), column \d+|end of document)\)$")


def read(path: Path) -> Settings:
    """The settings in a file, with the passwords in the files that it names. Raises ConfigError."""
    text = _text(path)
    notes = Notes(Lines(text))
    top = Table(notes, _toml(path, text), ("", 0), "")
    recorder, logging = _recorder(top.table("recorder")), _logging(top.table("logging"))
    volumes, storage = read_volumes(top, path.parent), read_storage(top.table("storage"), path.parent)
    alarms = read_alarms(top.table("alarms"), path.parent)
    cameras = [Camera.read(table, path.parent) for table in top.tables("camera")]
    has_backup, ids = top.has("backup"), [camera.id for camera in cameras]
    backup = read_backup(top.table("backup"), path.parent, ids, is_there=has_backup)
    retention_table = top.table("retention")
    retention = read_retention(retention_table, is_there=top.has("retention"))
    top.end()
    check_retention(retention_table, retention, cameras, recorder.segment_s, is_there=top.has("retention"))
    if not cameras:
        top.problem("camera", "There is no camera. Write [[camera]] and its id and url below it.")
    if len(cameras) > MOST_CAMERAS:
        top.problem("camera", f"There are more than {MOST_CAMERAS} cameras.")
    check_together(cameras)
    files = (path, *(camera.password_file for camera in cameras if camera.password_file is not None), *alarms.files)
    if notes.problems:
        raise ConfigError(path, notes.ordered(), files)
    return Settings(
        volumes=volumes,
        cameras=tuple(camera.settings() for camera in cameras),
        recorder=recorder,
        logging=logging,
        storage=storage,
        alarms=alarms.settings,
        backup=backup,
        retention=retention,
        files=files,
    )


def storage_of(path: Path) -> tuple[tuple[VolumeSettings, ...], StorageSettings]:
    """Only the volumes and what holds for them, whatever may be wrong with the rest. Raises ConfigError."""
    text = _text(path)
    notes = Notes(Lines(text))
    top = Table(notes, _toml(path, text), ("", 0), "")
    found = read_volumes(top, path.parent), read_storage(top.table("storage"), path.parent)
    if notes.problems:
        raise ConfigError(path, notes.ordered())
    return found


def volume_of(path: Path) -> Path:
    """The folder of the most preferred volume, whatever may be wrong with the rest. Raises ConfigError."""
    text = _text(path)
    notes = Notes(Lines(text))
    volumes = read_volumes(Table(notes, _toml(path, text), ("", 0), ""), path.parent)
    if notes.problems:
        raise ConfigError(path, notes.ordered())
    return volumes[0].path


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MOST_BYTES + 1)
        text = data.decode()
    except OSError as error:
        sentence = f"The configuration cannot be read ({error.strerror})."
    except UnicodeDecodeError:
        sentence = "The configuration is no UTF-8 text."
    else:
        if len(data) > MOST_BYTES:
            sentence = f"The configuration has more than {MOST_BYTES} bytes."
        elif not text.strip():
            sentence = "The configuration is empty. To see one: holdfast serve --example"
        else:
            return text
    raise ConfigError(path, [ConfigProblem(sentence)])


def _toml(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        said = str(error)
        at = _AT.search(said)
        last_line = len(text.splitlines())
        line = int(at[1]) if at is not None and at[1] else last_line
        raise ConfigError(path, [ConfigProblem(_meaning(said), line=line)]) from None


def _meaning(said: str) -> str:
    """What the parser's message means for a person. The message itself may show a part of a password."""
    if said.startswith(("Cannot overwrite", "Cannot declare")):
        return "This key or section stands in the file a second time."
    if said.startswith(("Unterminated string", "Illegal character", "Expected '\"", "Expected \"'")):
        return "A text has no closing quotation mark."
    if said.startswith(("Unclosed", "Expected ']")):
        return "A bracket is not closed."
    if said.startswith("Expected '=' "):
        return "An equals sign is missing between a key and its value."
    if said.startswith("Invalid value"):
        return "A value is missing here, or is not written as TOML has it: texts stand in quotation marks."
    return "This is no TOML."


def _recorder(table: Table) -> RecorderSettings:
    usual = RecorderSettings()
    settings = RecorderSettings(
        retry_base_s=given_or(table.duration_s("retry_base", "100ms", "1m"), usual.retry_base_s),
        retry_cap_s=given_or(table.duration_s("retry_cap", "1s", "1h"), usual.retry_cap_s),
        max_retries=table.integer("max_retries", 1, 1_000_000),
        suspect_after_s=given_or(table.duration_s("suspect_after", "500ms", "1m"), usual.suspect_after_s),
        cameras_per_worker=given_or(table.integer("cameras_per_worker", 1, 64), usual.cameras_per_worker),
        worker_memory_bytes=given_or(table.size_bytes("worker_memory", "64M", "64G"), usual.worker_memory_bytes),
        segment_s=given_or(table.duration_s("segment", "1s", "6h"), usual.segment_s),
        segment_size_bytes=table.size_bytes("segment_size", "1M", "1T"),
        pre_record_s=given_or(table.duration_s("pre_record", "0s", "5m"), usual.pre_record_s),
    )
    table.end()
    if settings.retry_cap_s < settings.retry_base_s:
        table.problem("retry_cap", "retry_cap is shorter than retry_base.")
    return settings


def _logging(table: Table) -> LoggingSettings:
    form = table.choice("format", tuple(LogFormat))
    level = table.choice("level", LEVELS)
    levels = table.table("levels")
    named = [(category, levels.choice(category, LEVELS)) for category in CATEGORIES]
    levels.end()
    table.end()
    return LoggingSettings(
        format=LogFormat(form or LogFormat.TEXT),
        level=level or "info",
        levels=tuple((category, own) for category, own in named if own is not None),
    )
