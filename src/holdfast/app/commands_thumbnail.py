"""The command `thumbnail`: its arguments."""

import argparse
from pathlib import Path

from holdfast.app.language import say
from holdfast.app.parsers import Commands, add, add_folder, add_moment


def add_thumbnail(commands: Commands) -> None:
    """A picture of a moment, or several of a range."""
    parser = add(
        commands, "thumbnail", "Make a JPEG of what a camera saw at a moment, or several of a range.", _thumbnail
    )
    parser.add_argument("camera", metavar="CAMERA", help=say("camera, such as cam_01"))
    add_folder(parser, "--in")
    add_moment(parser, "--at", say("of then: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h"))
    add_moment(parser, "--from", say("several, evenly spaced, from then on"))
    add_moment(parser, "--to", say("up to then (default: now)"))
    parser.add_argument("--count", type=int, metavar="N", help=say("so many of the range, 1 to 1000 (default: 12)"))
    parser.add_argument(
        "--width", type=int, default=320, metavar="PIXELS", help=say("width at most, 16 to 1920 (default: 320)")
    )
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help=say("file to write, or with --from folder for the files (default: named after the camera and the moment)"),
    )


def _thumbnail(options: argparse.Namespace) -> int:
    from holdfast.app.thumbnail_command import thumbnail

    return thumbnail(options)
