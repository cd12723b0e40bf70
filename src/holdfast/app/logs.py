"""Logs for people: categories as logger names, no secrets, through the live table when there is one.

Lines are written by a thread of their own: a terminal that takes none (Ctrl-S, a slow connection) must not stop the
recorder, whose event loop is what logs.
"""

import argparse
import atexit
import json
import logging
import queue
from dataclasses import replace
from datetime import UTC, datetime
from logging.handlers import QueueHandler, QueueListener

from rich.console import Console
from rich.logging import RichHandler

from holdfast.config.settings import CATEGORIES, LogFormat, LoggingSettings
from holdfast.domain.secrets import redact
from holdfast.domain.streams import StreamId

MOST_WAITING_LINES = 10_000
_FORMATTER = logging.Formatter()


class Redact(logging.Filter):
    """Takes user and password out of every URL that comes by, in messages, tracebacks and stacks.

    The one place for it: every handler of ours has it, and nothing reaches one without passing.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Join all that is to be written to one text without secrets; note which camera it is about."""
        values = record.args if isinstance(record.args, tuple) else ()
        camera = next((str(value) for value in values if isinstance(value, StreamId)), None)
        # A record of its own may come by here again, when another logger passes it on.
        if camera is not None:
            record.camera = camera
        parts = [record.getMessage()]
        if record.exc_info:
            parts.append(_FORMATTER.formatException(record.exc_info))
        elif record.exc_text:
            parts.append(record.exc_text)
        if record.stack_info:
            parts.append(record.stack_info)
        record.msg, record.args = redact("\n".join(parts)), ()
        record.exc_info = record.exc_text = record.stack_info = None
        return True


class Detached(QueueHandler):
    """Hands lines to a thread. What does not fit, because nobody has taken lines for long, is dropped."""

    def enqueue(self, record: logging.LogRecord) -> None:
        """Never wait."""
        try:
            self.queue.put_nowait(record)
        except queue.Full:
            return


class _Category(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{self.formatTime(record)} {record.levelname:<7} {_with_category(record)}"


class _BesideTable(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _with_category(record)


def _with_category(record: logging.LogRecord) -> str:
    return f"[{_category(record).upper().replace('_', ' ')}] {record.getMessage()}"


def _category(record: logging.LogRecord) -> str:
    return record.name.removeprefix("holdfast.").partition(".")[0]


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        camera = getattr(record, "camera", None)
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).astimezone().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "category": _category(record),
            **({} if camera is None else {"camera": camera}),
            "message": record.getMessage(),
        }
        return json.dumps(line, ensure_ascii=False)


def logging_from(options: argparse.Namespace, settings: LoggingSettings | None = None) -> LoggingSettings:
    """What the configuration says, if there is one, and above it what the command line says."""
    settings = settings or LoggingSettings(level="debug" if options.verbose else "info")
    for category, level in options.log_level:
        if category is None:
            settings = replace(settings, level=level)
        else:
            settings = replace(settings, levels=(*settings.levels, (category, level)))
    return settings if options.log_format is None else replace(settings, format=LogFormat(options.log_format))


def set_levels(settings: LoggingSettings) -> None:
    """Write what these levels let through from now on."""
    logging.getLogger("holdfast").setLevel(settings.level.upper())
    own = dict(settings.levels)
    for category in CATEGORIES:
        logging.getLogger(f"holdfast.{category}").setLevel(own.get(category, "notset").upper())


def set_up_logs(*, console: Console | None, verbose: bool = False, settings: LoggingSettings | None = None) -> None:
    """Log to `console` above its live table, or as lines to stderr. `verbose`: every attempt."""
    settings = settings or LoggingSettings(level="debug" if verbose else "info")
    handler: logging.Handler
    if console is not None:
        handler = RichHandler(
            console=console,
            show_path=False,
            show_level=False,
            markup=False,
            highlighter=None,
            log_time_format="%H:%M:%S",
            omit_repeated_times=False,
        )
        handler.setFormatter(_BesideTable())
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(_Json() if settings.format is LogFormat.JSON else _Category())
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(MOST_WAITING_LINES)
    detached = Detached(waiting)
    detached.addFilter(Redact())
    listener = QueueListener(waiting, handler)
    listener.start()
    atexit.register(listener.stop)
    logger = logging.getLogger("holdfast")
    logger.handlers = [detached]
    logger.propagate = False
    set_levels(settings)
