"""Commands that hand footage out, and prove that it is whole: their arguments."""

import argparse
from pathlib import Path

from holdfast.app.language import say
from holdfast.app.parsers import Commands, add, add_folder, add_json, add_moment


def add_export(commands: Commands) -> None:
    """`export` and `verify`."""
    parser = add(commands, "export", "Write footage as MP4, as it was recorded, with a signed manifest.", _export)
    parser.add_argument(
        "cameras", nargs="+", metavar="CAMERA", help=say("camera, such as cam_01; several need a folder")
    )
    add_moment(
        parser,
        "--from",
        say("from then on: 2026-11-26, '2026-11-26 14:30:05' or, for two hours ago, 2h"),
        required=True,
    )
    add_moment(parser, "--to", say("up to then, that moment excluded"), required=True)
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        required=True,
        metavar="PATH",
        help=say("file to write, with a name that ends in .mp4; every other name is a folder"),
    )
    add_folder(parser, "--in")
    parser.add_argument(
        "--stream", choices=["main", "sub"], default="main", help=say("stream of the camera (default: main)")
    )
    parser.add_argument(
        "--fragmented", action="store_true", help=say("fragmented MP4, instead of one index at the begin of the file")
    )
    parser.add_argument(
        "--split", action="store_true", help=say("begin another file where picture or sound change in kind")
    )
    parser.add_argument("--no-sound", dest="sound", action="store_false", help=say("leave the sound out"))
    parser.add_argument("--overwrite", action="store_true", help=say("replace what has the same name"))
    parser.add_argument("--unsigned", action="store_true", help=say("do not sign the manifest"))
    parser = add(commands, "verify", "Say of an export what is whole, changed, missing or additional.", _verify)
    parser.add_argument("path", type=Path, nargs="?", metavar="PATH", help=say("exported file, or folder of an export"))
    parser.add_argument(
        "--key",
        metavar="KEY",
        help=say("fingerprint of the recorder's key, or a file with its public key: who must have signed it"),
    )
    add_folder(parser, "--in")
    add_json(parser)


def _export(options: argparse.Namespace) -> int:
    from holdfast.app.export_command import export

    return export(options)


def _verify(options: argparse.Namespace) -> int:
    from holdfast.app.verify_command import verify

    return verify(options)
