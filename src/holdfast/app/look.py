"""Commands that look at a folder of recordings: `segments`, `check`."""

import argparse
import contextlib
import json
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.progress import Progress

from holdfast.app.check import CheckSettings
from holdfast.app.check_file import Finding
from holdfast.app.check_report import CheckProgress, CheckReport
from holdfast.app.check_volumes import VolumeChecked, check_volumes, known_paths
from holdfast.app.control import ask
from holdfast.app.folder import folder_of_recordings
from holdfast.app.language import say, translated
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import CheckError, catalog_path
from holdfast.app.tables import print_table
from holdfast.app.where import configured_paths, root_of
from holdfast.app.words import codec_words, segment_words
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S
from holdfast.ports.catalog import CatalogError

BROAD = ("Camera", "Begin", "Length", "Frames", "Picture", "Size", "State", "File")
AWAY = "Volume {name} is not there: it was not checked."
WITH_VOLUME = (*BROAD[:-1], "Volume", BROAD[-1])
READS_AHEAD = 4
"""Threads that read files before `check` comes to them."""
NARROW = ("Length", "Size", "State", "File")
"""Where the terminal has no room for more: camera and time stand in the file's name, too."""


def segments(options: argparse.Namespace) -> int:
    """`holdfast segments DIR`."""
    root = folder_of_recordings(root_of(options))
    try:
        found = _served(root, options.camera) or CatalogReader(catalog_path(root)).segments(options.camera)
        places = {name: Path(path) for name, path in known_paths(root).items()}
        # A folder may have been moved with the catalog in it.
        places = places if len(places) > 1 else dict.fromkeys(places, root)
        if options.json:
            for record in found:
                file = str(places.get(record.volume, root) / record.path)
                print(json.dumps(asdict(record) | {"file": file}, ensure_ascii=False))
        else:
            _print_segments(found, places)
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    return Exit.OK


def check(options: argparse.Namespace) -> int:
    """`holdfast check DIR [--repair]`."""
    root = folder_of_recordings(root_of(options))
    try:
        with _progress() as tell, _interruptible() as was_interrupted:
            settings = CheckSettings(progress=tell, should_stop=was_interrupted, reads_ahead=READS_AHEAD)
            checked = check_volumes(root, configured_paths(options), repair=options.repair, settings=settings)
    except (CheckError, CatalogError) as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    is_clean = True
    named = options.root if options.root is not None else root
    for volume in checked:
        report = volume.report
        is_clean &= report is not None and report.is_clean
        if options.json:
            _print_findings(volume)
        else:
            _print_checked(volume, named, is_one_of_several=len(checked) > 1)
    return Exit.OK if is_clean else Exit.INCOMPLETE


def _print_findings(volume: VolumeChecked) -> None:
    """As JSON, with their volume where it has a name."""
    named = {"volume": volume.name} if volume.name else {}
    if volume.report is None:
        text = AWAY.format(name=volume.name)
        away = {"path": "", "kind": "volume_away", "sentence": text, "action": "", "is_done": False}
        print(json.dumps(away | named, ensure_ascii=False))
        return
    for finding in volume.report.findings:
        print(json.dumps(asdict(finding) | named, ensure_ascii=False))


def _print_checked(volume: VolumeChecked, root: Path, *, is_one_of_several: bool) -> None:
    if volume.report is None:
        print(say(AWAY, name=volume.name))
        return
    if is_one_of_several and volume.name:
        print(say("Volume {name} ({path}):", name=volume.name, path=volume.report.root))
    for finding in volume.report.findings:
        print(finding_line(finding))
    print(_summary(volume.report, root))


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


def _print_segments(found: Iterator[SegmentRecord], places: Mapping[str, Path]) -> None:
    """With their volumes and whole paths, when there are several volumes."""
    if len(places) > 1:
        rows = [_cells(record, places.get(record.volume)) for record in found]
        print_table(rows, WITH_VOLUME, NARROW)
    else:
        rows = [_cells(record, None) for record in found]
        print_table(rows, BROAD, NARROW)
    print(say("{count} files", count=len(rows)))


def _cells(record: SegmentRecord, place: Path | None) -> dict[str, str]:
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
        "Volume": record.volume,
        "File": record.path if place is None else str(place / record.path),
    }
