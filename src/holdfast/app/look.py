"""Commands that look at a folder of recordings: `segments`, `check`."""

import argparse
import contextlib
import json
import os
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from holdfast.app.check import CheckSettings
from holdfast.app.check import check as check_folder
from holdfast.app.check_report import CheckProgress, CheckReport
from holdfast.app.folder import folder_of_recordings
from holdfast.app.language import say
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import CheckError, catalog_path
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.segments import SegmentRecord
from holdfast.domain.times import NS_PER_S
from holdfast.ports.catalog import CatalogError


def segments(options: argparse.Namespace) -> int:
    """`holdfast segments DIR`."""
    root = folder_of_recordings(options.root)
    try:
        found = CatalogReader(catalog_path(root)).segments(options.camera)
        if options.json:
            for record in found:
                print(json.dumps(asdict(record), ensure_ascii=False))
        else:
            _print_segments(found)
    except CatalogError as error:
        raise Problem(Exit.FOLDER, str(error)) from error
    return Exit.OK


def check(options: argparse.Namespace) -> int:
    """`holdfast check DIR [--repair]`."""
    root = folder_of_recordings(options.root)
    try:
        with _progress() as tell, _interruptible() as was_interrupted:
            settings = CheckSettings(progress=tell, should_stop=was_interrupted)
            report = check_folder(root, repair=options.repair, settings=settings)
    except (CheckError, CatalogError) as error:
        raise Problem(Exit.FOLDER, str(error)) from error
    for finding in report.findings:
        if options.json:
            print(json.dumps(asdict(finding), ensure_ascii=False))
        else:
            print(f"{finding.path}: {finding.sentence}" + (f" [{finding.action}]" if finding.action else ""))
    if not options.json:
        print(_summary(report))
    return Exit.OK if report.is_clean else Exit.INCOMPLETE


def _summary(report: CheckReport) -> str:
    if report.was_stopped:
        return say("Stopped before the end: {files} files were looked at.", files=report.files)
    text = say(
        "{files} files and {rows} entries of the catalog were compared: "
        "{findings} findings, {open} of them unresolved.",
        files=report.files,
        rows=report.rows,
        findings=sum(report.counts.values()),
        open=report.unresolved,
    )
    if report.in_use:
        text += " " + say(
            "{count} files are being written by a running recorder and were left alone.", count=report.in_use
        )
    if report.unresolved and not report.is_repair:
        text += " " + say("`holdfast check DIR --repair` mends them; it deletes nothing.")
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
    table = Table(box=None, pad_edge=False)
    for heading in ("Camera", "Begin", "Length", "Frames", "Picture", "Size", "State", "File"):
        table.add_column(say(heading), no_wrap=True)
    count = 0
    for record in found:
        count += 1
        table.add_row(
            record.camera if record.stream == "main" else f"{record.camera}/{record.stream}",
            f"{datetime.fromtimestamp(record.wall_start_ns / NS_PER_S, tz=UTC).astimezone():%Y-%m-%d %H:%M:%S}",
            f"{record.duration_ns / NS_PER_S:.1f} s",
            str(record.frames),
            f"{record.width}×{record.height} {record.codec.partition('.')[0]}",
            f"{record.size_bytes / 1e6:.1f} MB",
            say(str(record.state)),
            record.path,
        )
    width = None if sys.stdout.isatty() else int(os.environ.get("COLUMNS", "200"))
    Console(width=width).print(table)
    print(say("{count} files", count=count))
