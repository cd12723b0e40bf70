"""The command `alarms`: what a person should know, what was, and whether anybody would be told."""

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from holdfast.app.folder import folder_of_recordings
from holdfast.app.language import say, translated
from holdfast.app.moments import iso, local
from holdfast.app.plans import deliveries_from
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path, recorder_is_running
from holdfast.app.tables import Row, print_table
from holdfast.app.where import config_problem, root_of
from holdfast.app.words import alarm_words, severity_words
from holdfast.catalog.queries import CatalogReader
from holdfast.config.problems import ConfigError
from holdfast.config.reading import read
from holdfast.domain.alarms import AlarmRecord, Severity
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.notify.command import Hook
from holdfast.notify.deliveries import heartbeat_of, webhook_of
from holdfast.notify.message import message_of
from holdfast.notify.undelivered import Undelivered
from holdfast.notify.web import Target
from holdfast.ports.catalog import CatalogError

BROAD = ("Severity", "Alarm", "About", "Raised", "Cleared", "Sentence")
NARROW = ("Alarm", "About", "Raised", "Sentence")
TEST_SENTENCE = "This is a test: alarms of this recorder reach you."
Receiver = tuple[str, Callable[[], None]]
"""How it is called, and what tells it; that raises Undelivered."""


def alarms(options: argparse.Namespace) -> int:
    """`holdfast alarms DIR`, `holdfast alarms --test --config FILE`."""
    if options.test:
        return _test(options)
    root = folder_of_recordings(root_of(options))
    if None not in (options.from_ns, options.to_ns) and options.from_ns >= options.to_ns:
        raise Problem(Exit.USAGE, say("Nothing lies in between: --from must be before --to."))
    is_range = options.all or options.from_ns is not None or options.to_ns is not None
    try:
        reader = CatalogReader(catalog_path(root))
        found = reader.alarms(from_ns=options.from_ns, to_ns=options.to_ns, open_only=not is_range)
        life = reader.last_life()
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    if options.json:
        _print_json(found)
        return Exit.OK
    _print(found, is_range=is_range)
    if life is not None and not recorder_is_running(root):
        print(say("No recorder runs here. The last one was alive until {moment}.", moment=local(life.wall_ns)))
    return Exit.OK


def _print(found: Sequence[AlarmRecord], *, is_range: bool) -> None:
    if found:
        print_table([_cells(alarm) for alarm in found], BROAD, NARROW)
    if is_range:
        print(say("1 alarm") if len(found) == 1 else say("{count} alarms", count=len(found)))
    else:
        print(say("1 open alarm") if len(found) == 1 else say("{count} open alarms", count=len(found)))


def _cells(alarm: AlarmRecord) -> Row:
    return {
        "Severity": severity_words(alarm.severity),
        "Alarm": alarm_words(alarm.kind),
        "About": alarm.subject or "-",
        "Raised": local(alarm.raised_wall_ns),
        "Cleared": say("not over") if alarm.cleared_wall_ns is None else local(alarm.cleared_wall_ns),
        "Sentence": translated(alarm.sentence),
    }


def _print_json(found: Sequence[AlarmRecord]) -> None:
    now_ns = time.time_ns()
    for alarm in found:
        cleared_ns = alarm.cleared_wall_ns
        line = {
            "id": alarm.alarm_id,
            "kind": alarm.kind,
            "severity": alarm.severity,
            "subject": alarm.subject,
            "sentence": alarm.sentence,
            "raised": iso(alarm.raised_wall_ns),
            "cleared": None if cleared_ns is None else iso(cleared_ns),
            "raised_ns": alarm.raised_wall_ns,
            "cleared_ns": cleared_ns,
            "duration_s": round(max(0, (cleared_ns or now_ns) - alarm.raised_wall_ns) / NS_PER_S, 3),
        }
        print(json.dumps(line, ensure_ascii=False))


# ------------------------------------------------------------ --test


def _test(options: argparse.Namespace) -> int:
    config: Path | None = options.config
    if config is None:
        raise Problem(Exit.USAGE, say("Name the configuration that says who is told: --config FILE."))
    receivers = list(_receivers(config))
    if not receivers:
        raise Problem(Exit.USAGE, say("Nobody is told of alarms: {path} has no receiver in [alarms].", path=config))
    is_good = True
    for place, tell in receivers:
        try:
            tell()
        except Undelivered as error:
            is_good = False
            print(say("{place}: not delivered: {reason}", place=place, reason=translated(str(error))))
        else:
            print(say("{place}: delivered", place=place))
    return Exit.OK if is_good else Exit.INCOMPLETE


def _receivers(config: Path) -> Iterator[Receiver]:
    try:
        settings = deliveries_from(read(config.absolute()).alarms)
    except ConfigError as error:
        raise config_problem(error) from error
    message = message_of(
        AlarmRecord(
            alarm_id="test",
            kind="test",
            severity=Severity.WARNING,
            subject="",
            sentence=TEST_SENTENCE,
            raised_wall_ns=WallNs(time.time_ns()),
        )
    )
    if settings.command:
        hook = Hook(settings.command, settings.command_timeout_s)
        yield hook.place, lambda: hook.deliver(message)
    if settings.webhook:
        webhook = webhook_of(settings)
        yield Target.of(settings.webhook).place, lambda: webhook(message)
    if settings.heartbeat:
        yield Target.of(settings.heartbeat).place, heartbeat_of(settings)
