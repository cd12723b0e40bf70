"""Commands about what is kept: `retention`, `hold`, `holds`, `release`, and their arguments."""

import argparse

from holdfast.app.arguments import ArgumentParser
from holdfast.app.language import say
from holdfast.app.options import age_s, min_free
from holdfast.app.parsers import Commands, add, add_folder, add_json, add_moment


def add_rules(parser: ArgumentParser) -> None:
    """By what footage is deleted."""
    parser.add_argument(
        "--max-age",
        type=age_s,
        metavar="TIME",
        help=say("delete footage that is older, such as 30d (default: nothing is deleted)"),
    )
    parser.add_argument(
        "--min-free",
        type=min_free,
        metavar="SIZE",
        help=say("delete the oldest before less is free on a disk, such as 5%% or 20G (default: nothing is deleted)"),
    )


def add_keeping(commands: Commands) -> None:
    """The commands."""
    _add_retention(commands)
    _add_holds(commands)


def _add_retention(commands: Commands) -> None:
    parser = add(commands, "retention", "Say what would be deleted now, and how long footage lasts.", _retention)
    add_folder(parser)
    parser.add_argument("--plan", action="store_true", help=say("what would go now, and why; nothing is done"))
    parser.add_argument(
        "--forecast", action="store_true", help=say("how many days fit at today's rate, and when a limit is reached")
    )
    add_rules(parser)
    add_json(parser)


def _add_holds(commands: Commands) -> None:
    parser = add(commands, "hold", "Keep a range of a camera from being deleted until it is released.", _hold)
    parser.add_argument("camera", metavar="CAMERA", help=say("camera, such as cam_01"))
    add_moment(
        parser, "--from", say("from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h"), required=True
    )
    add_moment(parser, "--to", say("up to then; it may lie in the future"), required=True)
    parser.add_argument("--reason", required=True, metavar="TEXT", help=say("why; it is shown with the hold"))
    add_folder(parser, "--in")
    parser = add(commands, "holds", "List what is held.", _holds)
    add_folder(parser)
    parser.add_argument("--camera", metavar="CAMERA", help=say("only this camera"))
    add_json(parser)
    parser = add(commands, "release", "End a hold: its footage may be deleted again.", _release)
    parser.add_argument("hold", metavar="ID", help=say("id of the hold, or its beginning"))
    add_folder(parser, "--in")


def _retention(options: argparse.Namespace) -> int:
    from holdfast.app.retention_command import retention

    return retention(options)


def _hold(options: argparse.Namespace) -> int:
    from holdfast.app.hold_command import hold

    return hold(options)


def _holds(options: argparse.Namespace) -> int:
    from holdfast.app.hold_command import holds

    return holds(options)


def _release(options: argparse.Namespace) -> int:
    from holdfast.app.hold_command import release

    return release(options)
