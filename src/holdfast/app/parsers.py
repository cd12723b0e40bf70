"""What the parsers of all commands are made with."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from holdfast.app.arguments import ArgumentParser
from holdfast.app.language import say
from holdfast.app.options import moment_ns

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


def add_moment(parser: ArgumentParser, flag: str, help_text: str, *, required: bool = False) -> None:
    """A moment, such as `--from`, which becomes `from_ns`: wall time in nanoseconds, or None."""
    name = f"{flag.removeprefix('--')}_ns"
    parser.add_argument(flag, dest=name, type=moment_ns, required=required, metavar="MOMENT", help=help_text)


def add_json(parser: ArgumentParser) -> None:
    """For programs."""
    parser.add_argument("--json", action="store_true", help=say("as JSON, one object per line"))
