"""Commands and their arguments. Each command's work is in a module of its own, loaded when it is used."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from holdfast import __version__
from holdfast.app.arguments import ArgumentParser
from holdfast.app.commands_asking import add_remote, add_volumes
from holdfast.app.commands_backup import add_backup, add_delete
from holdfast.app.commands_export import add_export
from holdfast.app.commands_keeping import add_keeping, add_rules
from holdfast.app.commands_thumbnail import add_thumbnail
from holdfast.app.commands_timeline import add_timeline
from holdfast.app.language import say
from holdfast.app.options import duration_s, log_level, size_bytes
from holdfast.app.parsers import Commands, add, add_folder, add_json, add_moment
from holdfast.app.problems import Exit, Problem
from holdfast.domain.streams import SOURCES


def run(arguments: Sequence[str]) -> int:
    """Run the command; a Problem becomes a sentence on stderr and its exit code."""
    try:
        options = _parser().parse_args(arguments)
        options.arguments = arguments
        exit_code = int(options.command(options))
        # What is still in the buffer is written here, where a closed pipe can be answered.
        sys.stdout.flush()
    except Problem as problem:
        print(f"holdfast: {problem}", file=sys.stderr)
        return problem.exit_code
    except KeyboardInterrupt:
        return Exit.INTERRUPTED
    except BrokenPipeError:
        # Whoever read the output has seen enough; Python must not try again at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return Exit.OK
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = ArgumentParser(
        prog="holdfast",
        description=say("Records network cameras, and does not let go."),
        epilog=say(
            "Exit codes: 0 done, 1 incomplete, 2 wrong usage, 3 software missing, 4 folder unusable, 5 folder in use, "
            "6 not running."
        ),
    )
    parser.add_argument("--version", action="version", version=f"holdfast {__version__}")
    commands = parser.add_subparsers(metavar=say("COMMAND"), required=True)
    _add_record(commands)
    _add_serve(commands)
    _add_demo(commands)
    _add_segments(commands)
    add_timeline(commands)
    _add_gaps(commands)
    _add_alarms(commands)
    _add_check(commands)
    add_remote(commands)
    add_volumes(commands)
    add_backup(commands)
    add_delete(commands)
    add_thumbnail(commands)
    add_export(commands)
    add_keeping(commands)
    return parser


def _add_record(commands: Commands) -> None:
    parser = add(commands, "record", "Record cameras until interrupted.", _record)
    parser.add_argument(
        "urls", nargs="+", metavar="URL", help=say("RTSP URL of a camera: rtsp://USER:PASSWORD@HOST:PORT/PATH")
    )
    _add_storage(parser)
    parser.add_argument(
        "--name",
        action="append",
        default=[],
        metavar="NAME",
        help=say("name of a camera, in the order of the URLs (may be repeated); without it cam_01, cam_02, …"),
    )
    parser.add_argument(
        "--password-file",
        type=Path,
        metavar="FILE",
        help=say("file whose first line is the password for URLs that have a user and no password"),
    )
    parser.add_argument(
        "--segment",
        type=duration_s,
        default=900.0,
        metavar="TIME",
        help=say("length of a file, such as 15m or 1h (default: 15m); files end at whole multiples of it by the clock"),
    )
    parser.add_argument(
        "--segment-size", type=size_bytes, metavar="SIZE", help=say("begin a new file at this size, such as 500M")
    )
    parser.add_argument(
        "--pre-record",
        type=duration_s,
        default=0.0,
        metavar="TIME",
        help=say("when recording is switched on by hand, begin this much earlier (default: 0s)"),
    )
    parser.add_argument("--for", dest="for_s", type=duration_s, metavar="TIME", help=say("end after this time"))
    add_rules(parser)
    _add_capture(parser)
    _add_what(parser)
    parser.add_argument("--plain", action="store_true", help=say("plain lines instead of a live table"))
    parser.add_argument("--verbose", action="store_true", help=say("log every attempt"))
    _add_log(parser)


def _add_storage(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--to",
        type=Path,
        action="append",
        required=True,
        metavar="DIR",
        help=say("folder for the recordings; may be repeated, in order of preference, for folders on other disks"),
    )
    parser.add_argument(
        "--state",
        type=Path,
        metavar="DIR",
        help=say("folder for the catalog when there are several for the recordings"),
    )
    parser.add_argument(
        "--memory",
        type=size_bytes,
        metavar="SIZE",
        help=say("hold so much footage in memory at most (default: a quarter of the memory, up to 4G)"),
    )
    parser.add_argument(
        "--hang-after",
        type=duration_s,
        default=15.0,
        metavar="TIME",
        help=say("give up a disk that does not answer for so long (default: 15s)"),
    )


def _add_what(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--no-intent",
        dest="starts",
        action="store_false",
        help=say("connect, but record only when told to by `holdfast start`"),
    )
    parser.add_argument(
        "--audio", action="store_true", help=say("record sound, too, where the law and those who are heard allow it")
    )


def _add_capture(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--cameras-per-worker",
        type=int,
        default=1,
        metavar="N",
        help=say("cameras that share one capture process (default: 1)"),
    )
    parser.add_argument(
        "--source",
        choices=SOURCES,
        default="auto",
        help=say("client that fetches the streams (default: auto, Holdfast's own wherever it can)"),
    )
    parser.add_argument(
        "--worker-memory",
        type=size_bytes,
        default=768 * 1024 * 1024,
        metavar="SIZE",
        help=say("replace a capture process that uses more memory than this (default: 768M)"),
    )


def _add_serve(commands: Commands) -> None:
    parser = add(commands, "serve", "Record the cameras of a configuration, as a service.", _serve)
    parser.add_argument("--config", type=Path, metavar="FILE", help=say("configuration of the service"))
    parser.add_argument("--check", action="store_true", help=say("only say what is wrong with the configuration"))
    parser.add_argument("--example", action="store_true", help=say("print a configuration to begin with"))
    parser.add_argument(
        "--unit", action="store_true", help=say("print a unit for systemd that runs this configuration")
    )
    parser.add_argument(
        "--supervised",
        action="store_true",
        help=say("without systemd: a second process that starts the service again when it dies or hangs"),
    )
    _add_log(parser)


def _add_log(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--log-level",
        type=log_level,
        action="append",
        default=[],
        metavar="[CATEGORY=]LEVEL",
        help=say("log lines from LEVEL on (debug, info, warning, error), of one category or of all (may be repeated)"),
    )
    parser.add_argument("--log-format", choices=["text", "json"], help=say("text, or json: one object per line"))


def _add_demo(commands: Commands) -> None:
    parser = add(
        commands,
        "demo",
        "Record four simulated cameras, provoke one fault after another, and account for every frame.",
        _demo,
    )
    parser.add_argument(
        "--to",
        type=Path,
        default=Path("demo-footage"),
        metavar="DIR",
        help=say("folder for the recordings (default: demo-footage)"),
    )
    parser.add_argument(
        "--for", dest="for_s", type=duration_s, default=90.0, metavar="TIME", help=say("how long (default: 90s)")
    )
    parser.add_argument("--plain", action="store_true", help=say("plain lines instead of a live table"))


def _add_segments(commands: Commands) -> None:
    parser = add(commands, "segments", "List the recorded files.", _segments)
    add_folder(parser)
    parser.add_argument("--camera", metavar="CAMERA", help=say("only this camera"))
    add_json(parser)


def _add_gaps(commands: Commands) -> None:
    parser = add(commands, "gaps", "List the time that is missing and why, and how much of each day is there.", _gaps)
    add_folder(parser)
    parser.add_argument("--camera", metavar="CAMERA", help=say("only this camera"))
    add_moment(
        parser,
        "--from",
        say("from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h (default: the beginning)"),
    )
    add_moment(parser, "--to", say("up to then (default: now)"))
    add_json(parser)


def _add_alarms(commands: Commands) -> None:
    parser = add(
        commands, "alarms", "List what a person should know: the open alarms, or all that there were.", _alarms
    )
    add_folder(parser)
    parser.add_argument("--all", action="store_true", help=say("also those that are over"))
    add_moment(
        parser,
        "--from",
        say("from then on: 2026-11-26, '2026-11-26 14:30' or, for two hours ago, 2h (default: the beginning)"),
    )
    add_moment(parser, "--to", say("up to then (default: now)"))
    add_json(parser)
    parser.add_argument(
        "--test", action="store_true", help=say("send a test alarm to everybody whom the configuration names")
    )


def _add_check(commands: Commands) -> None:
    parser = add(commands, "check", "Compare the catalog with the files.", _check)
    add_folder(parser)
    parser.add_argument(
        "--repair",
        action="store_true",
        help=say("make open files final, and bring the catalog in line; deletes nothing"),
    )
    add_json(parser)


def _record(options: argparse.Namespace) -> int:
    from holdfast.app.record_command import record

    return record(options)


def _serve(options: argparse.Namespace) -> int:
    if options.supervised and not (options.check or options.example or options.unit):
        from holdfast.app.guard import guarded

        return guarded(options)
    from holdfast.app.serve_command import serve

    return serve(options)


def _demo(options: argparse.Namespace) -> int:
    from holdfast.app.demo import demo

    return demo(options)


def _segments(options: argparse.Namespace) -> int:
    from holdfast.app.look import segments

    return segments(options)


def _gaps(options: argparse.Namespace) -> int:
    from holdfast.app.gaps_command import gaps

    return gaps(options)


def _alarms(options: argparse.Namespace) -> int:
    from holdfast.app.alarms_command import alarms

    return alarms(options)


def _check(options: argparse.Namespace) -> int:
    from holdfast.app.look import check

    return check(options)
