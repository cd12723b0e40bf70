"""What the parsers of all commands are made with."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from holdfast.app.arguments import ArgumentParser
from holdfast.app.language import say

Command = Callable[[argparse.Namespace], int]
# argparse gives this type no public name, and at run time it takes no parameter.
Commands: TypeAlias = "argparse._SubParsersAction[ArgumentParser]"  # noqa: SLF001


def add(commands: Commands, name: str, help_text: str, command: Command) -> ArgumentParser:
    """A command, what it does in a line, and what carries it out."""
    parser = commands.add_parser(name, help=say(help_text), description=say(help_text))
    parser.set_defaults(command=command)
    return parser


def add_folder(parser: ArgumentParser, flag: str | None = None) -> None:
    """The folder, by place or by `flag`; or the configuration that names it."""
    if flag is None:
        parser.add_argument("root", type=Path, nargs="?", metavar="DIR", help=say("folder for the recordings"))
    else:
        parser.add_argument(flag, dest="root", type=Path, metavar="DIR", help=say("folder for the recordings"))
    parser.add_argument(
        "--config", type=Path, metavar="FILE", help=say("configuration of the service, instead of the folder")
    )
