"""The command `timeline`: what there is of a range, as bars in the terminal or as JSON at any zoom."""

import argparse
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from rich.text import Text

from holdfast.app.control import ask
from holdfast.app.folder import folder_of_recordings
from holdfast.app.gaps_command import alive_until, length_words
from holdfast.app.language import cells as columns_of
from holdfast.app.language import say, translated
from holdfast.app.moments import iso, local
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path
from holdfast.app.terminal import Screen
from holdfast.app.timeline_account import (
    MOST_CELLS,
    TimelineAsked,
    TooManyCellsError,
    UnknownCameraError,
    timeline_cells,
    timeline_lists,
)
from holdfast.app.timeline_bar import PLAIN_SIGNS, SIGNS, axis, bar, legend, padded
from holdfast.app.where import root_of
from holdfast.app.words import cause_words
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.timeline import Known
from holdfast.ports.catalog import CatalogError

WITHOUT_TERMINAL = 100
"""Columns of a line where there is no terminal."""
LEAST_BAR = 10
MOST_LISTED = 5_000_000
_PERCENT_COLUMNS = 9
_MOST_NAME = 24
_MOST_NS = 1 << 62


def timeline(options: argparse.Namespace) -> int:
    """`holdfast timeline DIR`."""
    root = folder_of_recordings(root_of(options))
    now_ns = WallNs(time.time_ns())
    from_ns, to_ns = _range(options.from_ns, options.to_ns, now_ns)
    asked = TimelineAsked(cameras=tuple(options.cameras), from_ns=from_ns, to_ns=to_ns, cells=options.cells)
    if options.json:
        answer, _ = _answer(root, asked, now_ns)
        _print_lists(answer) if options.cells is None else _print_cells(answer)
        return Exit.OK
    if options.cells is None:
        # How long the names are decides how wide the bars may be.
        named = _name_columns(_answer(root, replace(asked, cells=1), now_ns)[0])
        width = max(LEAST_BAR, _columns() - named - _PERCENT_COLUMNS - 2)
        asked = replace(asked, cells=min(width, MOST_CELLS))
    answer, alive_ns = _answer(root, asked, now_ns)
    _print_bars(answer)
    if alive_ns < now_ns:
        print(say("No recorder runs here. The last one was alive until {moment}.", moment=local(alive_ns)))
    return Exit.OK


def cell_count(text: str) -> int:
    """A number of cells. Raises argparse.ArgumentTypeError."""
    if not (
        text.isascii() and text.isdigit() and len(text) < len(str(MOST_CELLS)) + 1 and 1 <= int(text) <= MOST_CELLS
    ):
        raise argparse.ArgumentTypeError(
            say("{text!r} is no number of cells; write one from 1 to {most}", text=text, most=MOST_CELLS)
        )
    return int(text)


def _range(from_ns: WallNs | None, to_ns: WallNs | None, now_ns: WallNs) -> tuple[WallNs, WallNs]:
    """Today, where nothing is named; from a moment up to now; or from the midnight before a moment. Raises Problem."""
    begin = _midnight(now_ns if to_ns is None else WallNs(to_ns - 1), 0) if from_ns is None else from_ns
    if to_ns is None:
        to_ns = _midnight(now_ns, 1) if from_ns is None else now_ns
    if not 0 <= begin < to_ns < _MOST_NS:
        raise Problem(Exit.USAGE, say("Nothing lies in between: --from must be before --to, and both after 1970."))
    return begin, to_ns


def _midnight(wall_ns: WallNs, days_later: int) -> WallNs:
    date = datetime.fromtimestamp(wall_ns // NS_PER_S, tz=UTC).astimezone().date() + timedelta(days=days_later)
    return WallNs(round(datetime(date.year, date.month, date.day).astimezone().timestamp()) * NS_PER_S)


def _answer(root: Path, asked: TimelineAsked, now_ns: WallNs) -> tuple[dict[str, Any], WallNs]:
    """What the recorder that runs there tells, else the catalog; and up to when a recorder is known to have been alive.

    Raises Problem.
    """
    served = _served(root, asked)
    if served is not None:
        return served, now_ns
    reader = CatalogReader(catalog_path(root))
    try:
        alive_ns = alive_until(root, reader, now_ns)
        known = Known(alive_ns, alive_ns)
        if asked.cells is None:
            return timeline_lists(reader, asked, known, MOST_LISTED), alive_ns
        return timeline_cells(reader, asked, known), alive_ns
    except UnknownCameraError as unknown:
        raise Problem(Exit.USAGE, _unknown(reader, str(unknown))) from unknown
    except TooManyCellsError as error:
        raise Problem(Exit.USAGE, say("Too many cells for so many cameras: ask for fewer with --cells.")) from error
    except CatalogError as error:
        raise Problem(Exit.FOLDER, translated(str(error))) from error


def _served(root: Path, asked: TimelineAsked) -> dict[str, Any] | None:
    """As the recorder that runs there tells it; None when there is none, an older one, or more than it tells."""
    query = [*(("camera", camera) for camera in asked.cameras), ("from_ns", asked.from_ns), ("to_ns", asked.to_ns)]
    if asked.cells is not None:
        query.append(("cells", asked.cells))
    try:
        answer = ask(root, "GET", "/timeline?" + urlencode(query))
    except Problem:
        return None
    return answer if isinstance(answer, dict) and "streams" in answer and not answer.get("more") else None


def _unknown(reader: CatalogReader, camera: str) -> str:
    known = sorted({one.camera for one in reader.cameras()})
    if not known:
        return say("There is no camera {camera} here: nothing was recorded yet.", camera=camera)
    return say("There is no camera {camera} here. Known: {cameras}.", camera=camera, cameras=", ".join(known))


def _print_lists(answer: dict[str, Any]) -> None:
    for one in answer["streams"]:
        for kind in ("runs", "segments", "gaps"):
            for item in one[kind]:
                line = {"type": kind[:-1], "camera": one["camera"], "stream": one["stream"]} | _with_moments(item)
                print(json.dumps(line, ensure_ascii=False))


def _with_moments(item: dict[str, Any]) -> dict[str, Any]:
    """With its begin and end as people write them; a gap's have other names in the ledger."""
    shown = {name.replace("_wall_ns", "_ns"): value for name, value in item.items() if name != "node"}
    end_ns = shown["to_ns"]
    return shown | {"from": iso(shown["from_ns"]), "to": None if end_ns is None else iso(end_ns)}


def _print_cells(answer: dict[str, Any]) -> None:
    span = {"from_ns": answer["from_ns"], "to_ns": answer["to_ns"], "cells": answer["cells"]}
    for one in answer["streams"]:
        print(json.dumps({"type": "cells", "camera": one["camera"], "stream": one["stream"]} | span | one))


def _columns() -> int:
    return Screen().width if sys.stdout.isatty() else WITHOUT_TERMINAL


def _name(one: dict[str, Any]) -> str:
    camera, stream = one["camera"], one["stream"]
    return camera if stream == "main" else f"{camera}/{stream}"


def _name_columns(answer: dict[str, Any]) -> int:
    return min(max((columns_of(_name(one)) for one in answer["streams"]), default=0), _MOST_NAME)


def _print_bars(answer: dict[str, Any]) -> None:
    streams, from_ns, to_ns = answer["streams"], answer["from_ns"], answer["to_ns"]
    if not streams:
        print(say("Nothing was recorded here yet."))
        return
    console = Screen(width=None if sys.stdout.isatty() else MOST_CELLS + 2 * _MOST_NAME)
    signs = SIGNS if _can_show(SIGNS) else PLAIN_SIGNS
    named = _name_columns(answer)
    lines = [Text(say("{begin} to {end}", begin=local(from_ns), end=local(to_ns)))]
    lines.append(Text(" " * (named + 1) + axis(from_ns, to_ns, answer["cells"])))
    for one in streams:
        recorded, missing = sum(one["recorded_ns"]), sum(one["missing_ns"])
        line = Text(padded(_cut(_name(one), named), named + 1))
        line.append_text(bar(one["recorded_ns"], one["missing_ns"], to_ns - from_ns, signs))
        line.append(f" {_percent(recorded, missing)}")
        lines.append(line)
        lines += [Text(" " * (named + 1) + words, "dim") for words in _causes(one)]
    lines.append(legend(signs))
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def _causes(one: dict[str, Any]) -> Iterator[str]:
    """Why time is missing, where it is: the weightiest causes, in a line."""
    found = dict(sorted(one["by_cause_ns"].items(), key=lambda item: (-item[1], item[0])))
    if found:
        yield ", ".join(f"{cause_words(cause)} {length_words(length_ns)}" for cause, length_ns in found.items())


def _percent(recorded_ns: int, missing_ns: int) -> str:
    if recorded_ns + missing_ns == 0:
        return "       –"
    # Rounded down: 100 means all of it.
    return f"{10_000 * recorded_ns // (recorded_ns + missing_ns) / 100:6.2f} %"


def _cut(name: str, columns: int) -> str:
    while columns_of(name) > columns:
        name = name[:-1]
    return name


def _can_show(signs: str) -> bool:
    try:
        signs.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
