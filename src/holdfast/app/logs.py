"""Logs for people: categories as logger names, no secrets, through the live table when there is one."""

import logging

from rich.console import Console
from rich.logging import RichHandler

from holdfast.domain.secrets import redact


class Redact(logging.Filter):
    """Takes user and password out of every URL that comes by: the last net, should one slip through elsewhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record in place; keep it."""
        record.msg, record.args = redact(record.getMessage()), ()
        return True


class _Category(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        category = record.name.removeprefix("holdfast.").upper()
        return f"{self.formatTime(record)} {record.levelname:<7} [{category}] {record.getMessage()}"


def set_up_logs(*, verbose: bool, console: Console | None) -> None:
    """Log to `console` above its live table, or as plain lines to stderr."""
    handler: logging.Handler
    if console is not None:
        handler = RichHandler(console=console, show_path=False, show_level=False, markup=False, highlighter=None)
        handler.setFormatter(logging.Formatter("[%(name)s] %(message)s"))
    else:
        handler = logging.StreamHandler()
        handler.setFormatter(_Category())
    handler.addFilter(Redact())
    logger = logging.getLogger("holdfast")
    logger.handlers = [handler]
    logger.setLevel(logging.DEBUG if verbose else logging.INFO)
    logger.propagate = False
