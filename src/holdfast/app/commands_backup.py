"""Commands that copy footage away, and that delete it: their arguments."""

import argparse
from pathlib import Path

from holdfast.app.language import say
from holdfast.app.options import size_bytes
from holdfast.app.parsers import Commands, add, add_folder, add_json, add_moment

RATE_BYTES = 20 << 20


def add_backup(commands: Commands) -> None:
    """`backup`."""
    parser = add(commands, "backup", "Copy what is new to a folder on another disk, and read it back.", _backup)
    add_folder(parser)
    parser.add_argument("--to", type=Path, metavar="TARGET", help=say("folder of the backup, on a disk of its own"))
    parser.add_argument(
        "--verify", type=Path, metavar="TARGET", help=say("only read a backup again, and say what is whole")
    )
    parser.add_argument(
        "--camera", action="append", default=[], metavar="CAMERA", help=say("only this camera (may be repeated)")
    )
    add_moment(parser, "--from", say("only footage from then on"))
    add_moment(parser, "--until", say("only footage up to then"))
    parser.add_argument(
        "--rate",
        type=size_bytes,
        metavar="SIZE",
        help=say("read and write so much in a second at most (default: 20M; with --verify: no limit)"),
    )
    parser.add_argument(
        "--remove",
        action="store_true",
        help=say("remove here what is in the backup, read back and compared, and is neither held nor being written"),
    )
    parser.add_argument(
        "--new-target",
        action="store_true",
        help=say("begin a new backup where another one was before, whose disk is not there"),
    )
    parser.add_argument(
        "--same-disk", action="store_true", help=say("also to a disk that is recorded to: it saves from less")
    )
    parser.add_argument("--plan", action="store_true", help=say("only say what would be done"))
    add_json(parser)


def add_delete(commands: Commands) -> None:
    """`delete`."""
    parser = add(commands, "delete", "Delete the files of a camera that lie in a range.", _delete)
    parser.add_argument("camera", metavar="CAMERA", help=say("camera, such as cam_01"))
    from_then = say("from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h")
    add_moment(parser, "--from", from_then, required=True)
    add_moment(parser, "--to", say("up to then"), required=True)
    parser.add_argument("--plan", action="store_true", help=say("only say what would be done"))
    parser.add_argument("--yes", action="store_true", help=say("do not ask"))
    parser.add_argument("--reason", default="", metavar="TEXT", help=say("why; it stands in the ledger of gaps"))
    add_folder(parser, "--in")
    add_json(parser)


def _backup(options: argparse.Namespace) -> int:
    from holdfast.app.backup_command import backup

    options.rate_given = options.rate is not None
    options.rate = RATE_BYTES if options.rate is None else options.rate
    return backup(options)


def _delete(options: argparse.Namespace) -> int:
    from holdfast.app.delete_command import delete

    return delete(options)
