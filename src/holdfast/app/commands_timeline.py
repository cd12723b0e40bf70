"""The command that shows when there is footage: its arguments."""

import argparse

from holdfast.app.language import say
from holdfast.app.parsers import Commands, add, add_folder, add_moment


def add_timeline(commands: Commands) -> None:
    """`timeline`."""
    parser = add(commands, "timeline", "Show when there is footage, and when it is missing and why.", _timeline)
    add_folder(parser)
    parser.add_argument(
        "--camera",
        dest="cameras",
        action="append",
        default=[],
        metavar="CAMERA",
        help=say("only this camera (may be repeated)"),
    )
    add_moment(
        parser, "--from", say("from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h (default: today)")
    )
    add_moment(parser, "--to", say("up to then"))
    parser.add_argument(
        "--cells",
        type=_cells,
        metavar="N",
        help=say("cut the time into N equal parts (default: as many as the terminal has room for)"),
    )
    parser.add_argument(
        "--json", action="store_true", help=say("as JSON: every run, file and gap; with --cells a line per camera")
    )


def _cells(text: str) -> int:
    from holdfast.app.timeline_command import cell_count

    return cell_count(text)


def _timeline(options: argparse.Namespace) -> int:
    from holdfast.app.timeline_command import timeline

    return timeline(options)
