"""Commands that ask a running recorder over its control socket."""

import argparse
import contextlib
import json
import shutil
import subprocess
from dataclasses import fields
from pathlib import Path
from urllib.parse import quote

from holdfast.app.control import ask
from holdfast.app.language import say, translated
from holdfast.app.problems import Exit, Problem
from holdfast.app.terminal import print_statuses, status_line
from holdfast.app.volumes_command import volume_line, volumes_now, worth_a_line
from holdfast.app.where import root_of
from holdfast.app.words import alarm_line, config_words
from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.streams import Mode
from holdfast.policy.connecting import Phase
from holdfast.recorder.status import RecordingState, SoundState, StreamStatus


def status(options: argparse.Namespace) -> int:
    """`holdfast status DIR`."""
    root = root_of(options)
    answer = ask(root, "GET", "/status")
    if options.json:
        for values in answer:
            print(json.dumps(values, ensure_ascii=False))
    else:
        print_statuses([_status(values) for values in answer])
        _print_volumes(root)
        _print_alarms(root)
        _print_config_error(answer)
    return Exit.OK


def switch(options: argparse.Namespace) -> int:
    """`holdfast start|stop CAMERA --in DIR`."""
    answer = ask(root_of(options), "POST", path_of(options.camera, "recording"), {"wanted": options.wanted})
    print(status_line(_status(answer)))
    return Exit.OK


def mode(options: argparse.Namespace) -> int:
    """`holdfast mode CAMERA MODE --in DIR`."""
    answer = ask(root_of(options), "POST", path_of(options.camera, "mode"), {"mode": options.mode})
    print(status_line(_status(answer)))
    return Exit.OK


def graph(options: argparse.Namespace) -> int:
    """`holdfast graph CAMERA --in DIR`."""
    dot = str(ask(root_of(options), "GET", path_of(options.camera, "graph"))["dot"])
    output: Path = options.output or Path(f"{options.camera.replace('/', '_')}.svg")
    drawing = dot.encode() if output.suffix == ".dot" else _drawn(dot)
    try:
        output.write_bytes(drawing)
    except OSError as error:
        reason = translated(error.strerror or str(error))
        raise Problem(
            Exit.INCOMPLETE, say("{path} cannot be written ({reason}).", path=output, reason=reason)
        ) from error
    print(output)
    return Exit.OK


def _print_volumes(root: Path) -> None:
    """When there are several, or one is not well."""
    shown = volumes_now(root) or []
    if worth_a_line(shown):
        for volume in shown:
            print(volume_line(volume))


def _print_alarms(root: Path) -> None:
    """Those that are open. An older recorder knows none."""
    with contextlib.suppress(Problem, KeyError, TypeError):
        for alarm in ask(root, "GET", "/alarms")["alarms"]:
            print(alarm_line(AlarmRecord(**alarm)))


def _print_config_error(answer: list[dict[str, object]]) -> None:
    error = str(answer[0].get("config_error", "")) if answer else ""
    if error:
        print(say("The configuration cannot be used, the last good one goes on:"))
        print(config_words(error))


def path_of(camera: str, what: str) -> str:
    """The path of a camera's resource. `cam_01/sub` is the stream sub of cam_01; no camera's id holds a slash."""
    camera, _, stream = camera.partition("/")
    return f"/cameras/{quote(camera, safe='')}/{what}" + (f"?stream={quote(stream, safe='')}" if stream else "")


def _drawn(dot: str) -> bytes:
    if shutil.which("dot") is None:
        raise Problem(
            Exit.MISSING_SOFTWARE,
            say("Drawing needs Graphviz: sudo apt install graphviz. Or write the text with -o FILE.dot."),
        )
    try:
        drawn = subprocess.run(["dot", "-Tsvg"], input=dot.encode(), capture_output=True, check=False, timeout=60)
        reason = drawn.stderr.decode(errors="replace").strip() if drawn.returncode else ""
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem(Exit.INCOMPLETE, say("Graphviz could not draw the graph: {reason}", reason=error)) from error
    if drawn.returncode != 0:
        raise Problem(Exit.INCOMPLETE, say("Graphviz could not draw the graph: {reason}", reason=reason))
    return drawn.stdout


def _status(values: dict[str, object]) -> StreamStatus:
    known = {field.name for field in fields(StreamStatus)}
    return StreamStatus(
        **{
            **{name: value for name, value in values.items() if name in known},
            "phase": Phase(str(values["phase"])),
            "recording": RecordingState(str(values["recording"])),
            "mode": Mode(str(values["mode"])),
            "sound": SoundState(str(values.get("sound", SoundState.OFF))),
        }  # type: ignore[arg-type] # the types of JSON values are those of the fields
    )
