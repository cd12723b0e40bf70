"""The command `backup`: copies what is new to a folder on another disk, and reads a backup again."""

import argparse
import contextlib
import json
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from holdfast.app.backup import BackupOrder, back_up, planned
from holdfast.app.backup_helper import Helper, HelperError
from holdfast.app.backup_shown import BackupProgress, outcome_json, outcome_lines, plan_lines
from holdfast.app.deciding import check_user, existing_catalog
from holdfast.app.folder import folder_of_recordings
from holdfast.app.language import say, translated
from holdfast.app.logs import set_up_logs
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.volume_places import volume_places
from holdfast.app.where import configured_paths, root_of
from holdfast.catalog.queries import CatalogReader
from holdfast.ports.catalog import CatalogError

MIN_RATE_BYTES = 64 << 10
UNLIMITED_BYTES = 1 << 50
STATES = {"whole": "whole", "changed": "changed", "missing": "not there", "unreadable": "unreadable"}


def backup(options: argparse.Namespace) -> int:
    """`holdfast backup DIR --to TARGET`, `holdfast backup --verify TARGET`."""
    if options.rate < MIN_RATE_BYTES:
        raise Problem(Exit.USAGE, say("--rate must be at least 64K."))
    if options.verify is not None:
        return _verify(options)
    if options.to is None:
        raise Problem(Exit.USAGE, say("Name the folder of the backup with --to, or one to read again with --verify."))
    if None not in (options.from_ns, options.until_ns) and options.from_ns >= options.until_ns:
        raise Problem(Exit.USAGE, say("Nothing lies in between: --from must be before --until."))
    root = folder_of_recordings(root_of(options))
    order = BackupOrder(
        root=root,
        to=options.to.absolute(),
        cameras=tuple(options.camera),
        from_ns=options.from_ns,
        until_ns=options.until_ns,
        rate_bytes=options.rate,
        removes=options.remove,
        begins_anew=options.new_target,
        same_disk=options.same_disk,
    )
    try:
        return _plan(order, options) if options.plan else _back_up(order, options)
    except (CatalogError, HelperError) as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error


def _plan(order: BackupOrder, options: argparse.Namespace) -> int:
    with Helper() as helper:
        found = planned(order, CatalogReader(catalog_path(order.root)), _places(order, options), helper)
    if options.json:
        for row in found.to_save:
            line = {"path": row.path, "camera": row.camera, "volume": row.volume, "bytes": row.size_bytes}
            print(json.dumps(line, ensure_ascii=False))
    else:
        print("\n".join(plan_lines(found, order.rate_bytes)))
    return Exit.OK


def _back_up(order: BackupOrder, options: argparse.Namespace) -> int:
    check_user(order.root, options.arguments)
    set_up_logs(console=None)
    catalog = existing_catalog(order.root)
    try:
        with Helper() as helper, BackupProgress(quiet=options.json) as shown, _interruptible() as was_interrupted:
            outcome = back_up(order, catalog, _places(order, options), helper, shown, was_interrupted)
    finally:
        catalog.close()
    print(outcome_json(outcome) if options.json else "\n".join(outcome_lines(outcome, order)))
    return Exit.OK if outcome.is_complete else Exit.INCOMPLETE


def _places(order: BackupOrder, options: argparse.Namespace) -> Any:  # noqa: ANN401 - see volume_places
    return volume_places(order.root, configured_paths(options))


# ------------------------------------------------------------------ reading it again


@dataclass(slots=True)
class Read:
    """What was found so far."""

    size_bytes: int = 0
    counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(STATES, 0))
    wrong: list[tuple[str, str]] = field(default_factory=list)


def _verify(options: argparse.Namespace) -> int:
    """Read every file of a backup again. Works on any machine."""
    target: Path = options.verify.absolute()
    rate = options.rate if options.rate_given else UNLIMITED_BYTES
    read = Read()
    try:
        with Helper() as helper, _verifying(read, quiet=options.json) as hear:
            said = helper.ask({"do": "open", "as": "any", "target": str(target)})
            if "error" not in said:
                said = helper.ask({"do": "verify", "bytes_per_s": rate}, hear)
    except HelperError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error
    if "error" in said:
        raise Problem(Exit.FOLDER, translated(said["error"]))
    if options.json:
        _print_json(read, said)
    else:
        _print_read(read, said)
    replaced = set(said["replaced"])
    return Exit.INCOMPLETE if any(path not in replaced for path, _ in read.wrong) else Exit.OK


def _print_read(read: Read, said: dict[str, Any]) -> None:
    replaced = set(said["replaced"])
    for path, state in read.wrong:
        words = say(STATES[state])
        if path in replaced:
            words = say("{state}, and saved again under another name", state=words)
        print(f"{path}: {words}")
    for path in said["unknown"]:
        print(say("{path}: not in the record of this backup", path=path))
    sentence = "{count} files: {whole} whole, {changed} changed, {missing} not there, {unreadable} unreadable."
    print(say(sentence, count=sum(read.counts.values()), **read.counts))
    if said["gaps"] or said["holds"]:
        sentence = "It accounts for {gaps} gaps, and knows of {holds} holds."
        print(say(sentence, gaps=said["gaps"], holds=said["holds"]))
    if said["unreadable"]:
        sentence = (
            "{count} lines of its record make no sense: a backup was ended in the middle, or the disk is failing."
        )
        print(say(sentence, count=said["unreadable"]))
    if any(path not in replaced for path, _ in read.wrong):
        print(say("What is not whole does not count as saved: the next backup saves it again, if it is still there."))


def _print_json(read: Read, said: dict[str, Any]) -> None:
    for path, state in read.wrong:
        print(json.dumps({"path": path, "state": state, "is_replaced": path in said["replaced"]}, ensure_ascii=False))
    for path in said["unknown"]:
        print(json.dumps({"path": path, "state": "unknown"}, ensure_ascii=False))
    rest = {name: said[name] for name in ("unreadable", "gaps", "holds")}
    line = {"files": sum(read.counts.values()), "bytes": read.size_bytes, "states": read.counts, "record": rest}
    print(json.dumps(line, ensure_ascii=False))


@contextlib.contextmanager
def _verifying(read: Read, *, quiet: bool) -> Iterator[Callable[[dict[str, Any]], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    is_shown = sys.stderr.isatty() and not quiet
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not is_shown) as bar:
        task = bar.add_task(say("Reading"), total=None)
        done_bytes = 0

        def hear(said: dict[str, Any]) -> None:
            nonlocal done_bytes
            if "at_bytes" in said:
                bar.update(task, completed=done_bytes + said["at_bytes"])
            elif "files" in said:
                read.size_bytes = said["bytes"]
                bar.update(task, total=said["bytes"])
            elif "file" in said:
                done_bytes += said["size_bytes"]
                read.counts[said["state"]] += 1
                if said["state"] != "whole":
                    read.wrong.append((said["file"], said["state"]))
                bar.update(task, completed=done_bytes)

        yield hear


@contextlib.contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Ctrl-C ends a backup, within a second in the middle of a file; a second one at once."""
    asked: list[bool] = []

    def interrupt(_signum: int, _frame: object) -> None:
        if asked:
            raise KeyboardInterrupt
        asked.append(True)

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield lambda: bool(asked)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
