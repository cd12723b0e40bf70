"""The command `holdfast`: reads the command line, and hands over to one module per command."""

import sys

import setproctitle

from holdfast.domain.secrets import redact


def hide_secrets() -> None:
    """Rewrite argv as the process list shows it, before anything else is loaded (invariant I7)."""
    setproctitle.setproctitle(" ".join(["holdfast", *(redact(argument) for argument in sys.argv[1:])]))


def main() -> int:
    """Entry point. Returns the exit code."""
    hide_secrets()
    from holdfast.app.commands import run

    return run(sys.argv[1:])


if __name__ == "__main__":
    raise SystemExit(main())
