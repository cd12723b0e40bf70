"""The table `[alarms]`: who is told of alarms, and from when on something is one."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from holdfast.config.first_line import first_line
from holdfast.config.settings import AlarmSettings
from holdfast.config.tables import Table

MOST_URL_BYTES = 4096
METHODS = ("GET", "POST")


@dataclass(frozen=True, slots=True)
class AlarmTable:
    """What one table said."""

    settings: AlarmSettings
    files: tuple[Path, ...]
    """Files that it names: they are read with it."""


def read_alarms(table: Table, folder: Path) -> AlarmTable:
    """Read `[alarms]`. `folder`: where relative names begin."""
    usual = AlarmSettings()
    webhook, webhook_file = _url(table, "webhook", folder)
    heartbeat, heartbeat_file = _url(table, "heartbeat", folder)
    settings = AlarmSettings(
        command=_command(table, folder),
        command_timeout_s=_time(table, "command_timeout", "1s", "10m", usual.command_timeout_s),
        webhook=webhook,
        webhook_timeout_s=_time(table, "webhook_timeout", "1s", "2m", usual.webhook_timeout_s),
        heartbeat=heartbeat,
        heartbeat_method=table.choice("heartbeat_method", METHODS) or usual.heartbeat_method,
        heartbeat_every_s=_time(table, "heartbeat_every", "1s", "1h", usual.heartbeat_every_s),
        unsaved_after_s=_time(table, "unsaved_after", "5s", "1h", usual.unsaved_after_s),
        error_after_s=_time(table, "error_after", "0s", "1h", usual.error_after_s),
        slow_after_s=_time(table, "slow_after", "1s", "1h", usual.slow_after_s),
        memory_percent=table.integer("memory_percent", 1, 100) or usual.memory_percent,
        clear_after_s=_time(table, "clear_after", "0s", "1h", usual.clear_after_s),
    )
    table.end()
    return AlarmTable(settings, tuple(file for file in (webhook_file, heartbeat_file) if file is not None))


def _time(table: Table, key: str, low: str, high: str, usual_s: float) -> float:
    given_s = table.duration_s(key, low, high)
    return usual_s if given_s is None else given_s


def _command(table: Table, folder: Path) -> tuple[str, ...]:
    given = table.texts("command")
    if given is None:
        return ()
    if not given or not given[0].strip() or any("\0" in part for part in given):
        table.problem("command", "command must begin with a program. Write its arguments behind it, each as a text.")
        return ()
    program = given[0]
    # A bare name is looked for along PATH; anything else begins at the configuration, as all its names do.
    return (str(folder / program) if "/" in program else program, *given[1:])


def _url(table: Table, key: str, folder: Path) -> tuple[str, Path | None]:
    """A URL, and the file that it came from."""
    file_key = f"{key}_file"
    given, named = table.text(key).strip(), table.text(file_key)
    file = folder / named if named else None
    if file is not None:
        if given:
            table.problem(file_key, f"{file_key}: there is {key}, too. Keep one of them.")
        given, key = first_line(table, file_key, file).strip(), file_key
    if given and not _is_usable(given):
        # Its value is not shown: the URL of a webhook is a secret.
        table.problem(key, f"{key} is no URL that can be used. Write http://HOST/PATH or https://HOST/PATH.")
        return "", file
    return given, file


def _is_usable(url: str) -> bool:
    if len(url) > MOST_URL_BYTES or not url.isprintable() or " " in url:
        return False
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
        # Brackets stand around an IPv6 address only.
        if "[" in parts.netloc:
            ipaddress.IPv6Address(host.partition("%")[0])
        host.encode("idna")
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and port != 0
