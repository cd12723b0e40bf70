"""Commands that ask a running recorder over its control socket."""

import argparse
import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import quote

from holdfast.app.control import ask
from holdfast.app.language import say
from holdfast.app.problems import Exit, Problem
from holdfast.app.terminal import status_line
from holdfast.domain.streams import Mode
from holdfast.policy.connection import Phase
from holdfast.recorder.status import RecordingState, StreamStatus


def status(options: argparse.Namespace) -> int:
    """`holdfast status DIR`."""
    for values in ask(options.root, "GET", "/status"):
        print(json.dumps(values, ensure_ascii=False) if options.json else status_line(_status(values)))
    return Exit.OK


def switch(options: argparse.Namespace) -> int:
    """`holdfast start|stop CAMERA --in DIR`."""
    answer = ask(options.root, "POST", f"/cameras/{quote(options.camera)}/recording", {"wanted": options.wanted})
    print(status_line(_status(answer)))
    return Exit.OK


def mode(options: argparse.Namespace) -> int:
    """`holdfast mode CAMERA MODE --in DIR`."""
    answer = ask(options.root, "POST", f"/cameras/{quote(options.camera)}/mode", {"mode": options.mode})
    print(status_line(_status(answer)))
    return Exit.OK


def graph(options: argparse.Namespace) -> int:
    """`holdfast graph CAMERA --in DIR`."""
    dot = str(ask(options.root, "GET", f"/cameras/{quote(options.camera)}/graph")["dot"])
    output: Path = options.output or Path(f"{options.camera}.svg")
    try:
        output.write_bytes(dot.encode() if output.suffix == ".dot" else _drawn(dot))
    except OSError as error:
        raise Problem(
            Exit.INCOMPLETE, say("{path} cannot be written ({reason}).", path=output, reason=error.strerror)
        ) from error
    print(output)
    return Exit.OK


def _drawn(dot: str) -> bytes:
    if shutil.which("dot") is None:
        raise Problem(
            Exit.MISSING_SOFTWARE,
            say("Drawing needs Graphviz: sudo apt install graphviz. Or write the text with -o FILE.dot."),
        )
    drawn = subprocess.run(["dot", "-Tsvg"], input=dot.encode(), capture_output=True, check=False, timeout=60)
    if drawn.returncode != 0:
        raise Problem(Exit.INCOMPLETE, say("Graphviz could not draw the graph: {reason}", reason=drawn.stderr.decode()))
    return drawn.stdout


def _status(values: dict[str, object]) -> StreamStatus:
    return StreamStatus(
        **{
            **values,
            "phase": Phase(str(values["phase"])),
            "recording": RecordingState(str(values["recording"])),
            "mode": Mode(str(values["mode"])),
        }  # type: ignore[arg-type] # the types of JSON values are those of the fields
    )
