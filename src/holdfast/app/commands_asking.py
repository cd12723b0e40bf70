"""Commands that ask a running recorder, and those about its volumes: their arguments."""

import argparse
from pathlib import Path

from holdfast.app.language import say
from holdfast.app.parsers import Commands, add, add_folder, add_json


def add_remote(commands: Commands) -> None:
    """Commands that speak to a running recorder."""
    parser = add(commands, "status", "Show the state of a running recorder.", _status)
    add_folder(parser)
    add_json(parser)
    for name, help_text in (
        ("start", "Switch the recording of a camera on."),
        ("stop", "Switch the recording of a camera off."),
    ):
        parser = add(commands, name, help_text, _switch)
        parser.add_argument("camera", metavar="CAMERA", help=say("camera, such as cam_01"))
        add_folder(parser, "--in")
        parser.set_defaults(wanted=name == "start")
    parser = add(commands, "mode", "Open and close the branches of a camera's pipeline.", _mode)
    parser.add_argument("camera", metavar="CAMERA", help=say("camera, such as cam_01"))
    parser.add_argument("mode", choices=["streaming_only", "recording_only", "both"])
    add_folder(parser, "--in")
    parser = add(commands, "trust", "Accept another certificate of a camera: the next one is pinned.", _trust)
    parser.add_argument("camera", metavar="CAMERA", help=say("camera, such as cam_01, or HOST:PORT"))
    add_folder(parser, "--in")
    parser = add(commands, "graph", "Write the pipeline of a running camera as SVG, without secrets.", _graph)
    parser.add_argument("camera", metavar="CAMERA", help=say("camera, such as cam_01"))
    add_folder(parser, "--in")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help=say("file to write (default: CAMERA.svg); a name that ends in .dot gets GStreamer's text"),
    )


def add_volumes(commands: Commands) -> None:
    """Commands about volumes."""
    parser = add(commands, "volumes", "Show the disks that are recorded to.", _volumes)
    add_folder(parser)
    add_json(parser)
    parser = add(commands, "adopt", "Make a folder on a disk the volume of this recorder that belongs there.", _adopt)
    parser.add_argument("path", type=Path, metavar="PATH", help=say("the volume's folder, as the recorder knows it"))
    add_folder(parser, "--in")
    parser.add_argument("--yes", action="store_true", help=say("do not ask"))


def _status(options: argparse.Namespace) -> int:
    from holdfast.app.remote import status

    return status(options)


def _switch(options: argparse.Namespace) -> int:
    from holdfast.app.remote import switch

    return switch(options)


def _mode(options: argparse.Namespace) -> int:
    from holdfast.app.remote import mode

    return mode(options)


def _trust(options: argparse.Namespace) -> int:
    from holdfast.app.trust_command import trust

    return trust(options)


def _graph(options: argparse.Namespace) -> int:
    from holdfast.app.remote import graph

    return graph(options)


def _volumes(options: argparse.Namespace) -> int:
    from holdfast.app.volumes_command import volumes

    return volumes(options)


def _adopt(options: argparse.Namespace) -> int:
    from holdfast.app.adopt_command import adopt

    return adopt(options)
