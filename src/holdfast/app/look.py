"""Commands that look at a folder of recordings: `segments`, `check`."""

import argparse
import contextlib
import json
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.progress import Progress

from holdfast.app.check import CheckSettings
from holdfast.app.check import check as check_folder
from holdfast.app.check_file import Finding
from holdfast.app.check_report import CheckProgress, CheckReport
from holdfast.app.control import ask
from holdfast.app.folder import folder_of_recordings
from holdfast.app.language import say, translated
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import CheckError, catalog_path
from holdfast.app.tables import print_table
from holdfast.app.where import root_of
from holdfast.app.words import codec_words, segment_words
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S
from holdfast.ports.catalog import CatalogError

BROAD = ("Camera", "Begin", "Length", "Frames", "Picture", "Size", "State", "File")
NARROW = ("Length", "Size", "State", "File")
"""Where the terminal has no room for more: camera and time stand in the file's name, too."""


def segments(options: argparse.Namespace) -> int:
    """`holdfast segments DIR`."""
    root = folder_of_recordings(root_of(options))
    try:
        found = _served(root, options.camera) or CatalogReader(catalog_path(root)).segments(options.camera)
        if options.json:
            for record in found:
                print(json.dumps(asdict(record), ensure_ascii=False))
        else:
            _print_segments(found)
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    return Exit.OK


def check(options: argparse.Namespace) -> int:
    """`holdfast check DIR [--repair]`."""
    root = folder_of_recordings(options.root)
    try:
        with _progress() as tell, _interruptible() as was_interrupted:
            settings = CheckSettings(progress=tell, should_stop=was_interrupted)
            report = check_folder(root, repair=options.repair, settings=settings)
    except (CheckError, CatalogError) as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    for finding in report.findings:
        print(json.dumps(asdict(finding), ensure_ascii=False) if options.json else finding_line(finding))
    if not options.json:
        print(_summary(report, options.root))
    return Exit.OK if report.is_clean else Exit.INCOMPLETE


def _served(root: Path, camera: str | None) -> Iterator[SegmentRecord] | None:
    """The segments as the recorder that runs there tells them; None when there is none, or more than it tells."""
    try:
        answer = ask(root, "GET", "/segments" + (f"?camera={quote(camera, safe='')}" if camera else ""))
    except Problem:
        return None
    if answer.get("more", True):
        return None
    return (SegmentRecord(**{**values, "state": SegmentState(values["state"])}) for values in answer["segments"])


def finding_line(finding: Finding) -> str:
    """A finding, and what a repair does or did about it."""
    if not finding.action:
        return translated(finding.sentence)
    template = "Done: {action}." if finding.is_done else "To do: {action}."
    return f"{translated(finding.sentence)} {say(template, action=translated(finding.action))}"


def _summary(report: CheckReport, root: Path) -> str:
    if report.was_stopped:
        return say("Stopped before the end: {files} files were looked at.", files=report.files)
    text = say(
        "Files compared: {files}. Entries of the catalog: {rows}. Findings: {findings}, unresolved: {open}.",
        files=report.files,
        rows=report.rows,
        findings=sum(report.counts.values()),
        open=report.unresolved,
    )
    if report.in_use:
        text += " " + say("Left alone, because a running recorder is writing them: {count}.", count=report.in_use)
    if report.unresolved and not report.is_repair:
        quoted = shlex.quote(str(root))
        text += "\n" + say(
            "To mend what can be mended, deleting nothing: holdfast check {quoted} --repair", quoted=quoted
        )
    return text


@contextlib.contextmanager
def _progress() -> Iterator[Callable[[CheckProgress], None] | None]:
    if not sys.stderr.isatty():
        yield None
        return
    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(say("Checking"), total=None)

        def tell(progress: CheckProgress) -> None:
            bar.update(task, completed=progress.folders_done, total=progress.folders_total, description=progress.folder)

        yield tell


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C ends a check between two files."""
    asked: list[bool] = []
    before = signal.signal(signal.SIGINT, lambda *_: asked.append(True))
    try:
        yield lambda: bool(asked)
    finally:
        signal.signal(signal.SIGINT, before)


def _print_segments(found: Iterator[SegmentRecord]) -> None:
    rows = [_cells(record) for record in found]
    print_table(rows, BROAD, NARROW)
    print(say("{count} files", count=len(rows)))


def _cells(record: SegmentRecord) -> dict[str, str]:
    is_open = record.state is SegmentState.OPEN
    begin = datetime.fromtimestamp(record.wall_start_ns / NS_PER_S, tz=UTC).astimezone()
    return {
        "Camera": record.camera if record.stream == "main" else f"{record.camera}/{record.stream}",
        "Begin": f"{begin:%Y-%m-%d %H:%M:%S}",
        # The catalog learns these when a file ends.
        "Length": "-" if is_open else f"{record.duration_ns / NS_PER_S:.1f} s",
        "Frames": "-" if is_open else str(record.frames),
        "Picture": f"{record.width}×{record.height} {codec_words(record.codec)}",
        "Size": "-" if is_open else f"{record.size_bytes / 1e6:.1f} MB",
        "State": segment_words(record.state),
        "File": record.path,
    }
