"""Logs for people: categories as logger names, no secrets, through the live table when there is one.

Lines are written by a thread of their own: a terminal that takes none (Ctrl-S, a slow connection) must not stop the
recorder, whose event loop is what logs.
"""

import atexit
import logging
import queue
from logging.handlers import QueueHandler, QueueListener

from rich.console import Console
from rich.logging import RichHandler

from holdfast.domain.secrets import redact

MOST_WAITING_LINES = 10_000


class Redact(logging.Filter):
    """Takes user and password out of every URL that comes by: the last net, should one slip through elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; keep it."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True


class Detached(QueueHandler):
    """Hands lines to a thread. What does not fit, because nobody has taken lines for long, is dropped."""

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        """Join message and traceback to one text, then take secrets out of both."""
        record = super().prepare(record)
        record.msg = record.message = redact(record.getMessage())
        return record

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
    category = record.name.removeprefix("holdfast.").partition(".")[0].upper()
    return f"[{category}] {record.getMessage()}"


def set_up_logs(*, verbose: bool, console: Console | None) -> None:
    """Log to `console` above its live table, or as plain lines to stderr."""
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
        handler.setFormatter(_Category())
    waiting: queue.Queue[logging.LogRecord] = queue.Queue(MOST_WAITING_LINES)
    detached = Detached(waiting)
    detached.addFilter(Redact())
    listener = QueueListener(waiting, handler)
    listener.start()
    atexit.register(listener.stop)
    logger = logging.getLogger("holdfast")
    logger.handlers = [detached]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
