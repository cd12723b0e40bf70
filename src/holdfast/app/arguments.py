"""argparse in the user's language, and in lines that fit a terminal whose letters may be two columns wide."""

import argparse
import sys
from collections.abc import Iterable
from typing import Any, NoReturn

from holdfast.app.language import say, translated, wrapped
from holdfast.app.problems import Exit


class HelpFormatter(argparse.HelpFormatter):
    """Help with headings and standard sentences in the user's language."""

    def add_usage(
        self, usage: str | None, actions: Iterable[argparse.Action], groups: Iterable[Any], prefix: str | None = None
    ) -> None:
        """Begin with the word for "usage"."""
        super().add_usage(usage, actions, groups, say("usage: ") if prefix is None else prefix)

    def start_section(self, heading: str | None) -> None:
        """Name a group of arguments."""
        super().start_section(heading and say(heading))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help and say(action.help)

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrapped(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in wrapped(text, width - len(indent)))


class ArgumentParser(argparse.ArgumentParser):
    """A parser whose refusals are in the user's language."""

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401 - those of argparse.ArgumentParser
        """As argparse.ArgumentParser, with our help; options are written out, so that new ones break no script."""
        super().__init__(formatter_class=HelpFormatter, allow_abbrev=False, **settings)

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and how it is used, and exit with 2."""
        self.print_usage(sys.stderr)
        self.exit(Exit.USAGE, f"{self.prog}: {say('error')}: {translated(message)}\n")
