"""What ends a command before it began: a sentence for a person, and an exit code."""

from enum import IntEnum


class Exit(IntEnum):
    """Exit codes of the `holdfast` command (docs/reference/exit-codes.md)."""

    OK = 0
    INCOMPLETE = 1
    """It ran, but not everything that was asked for is there."""
    USAGE = 2
    """The command line or a URL cannot be used."""
    MISSING_SOFTWARE = 3
    """A package is missing on this machine."""
    FOLDER = 4
    """The folder for recordings cannot be used."""
    BUSY = 5
    """Another recorder works in this folder."""
    NOT_RUNNING = 6
    """No recorder works in this folder."""
    INTERRUPTED = 130
    """Ctrl-C before there was anything to end in order: 128 and the number of SIGINT, as shells have it."""


class Problem(Exception):
    """Ends the command with a sentence and an exit code."""

    def __init__(self, exit_code: Exit, sentence: str) -> None:
        """`sentence` says what is wrong, where, and what to do."""
        super().__init__(sentence)
        self.exit_code = exit_code
