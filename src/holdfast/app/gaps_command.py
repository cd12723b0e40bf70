"""The command `gaps`: what is missing and why, and how much of each day is there."""

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlencode

from holdfast.app.control import ask
from holdfast.app.folder import folder_of_recordings
from holdfast.app.gap_account import GapAccount, Range, gap_account
from holdfast.app.language import say, translated
from holdfast.app.moments import iso, local
from holdfast.app.problems import Exit, Problem
from holdfast.app.recording_root import catalog_path, recorder_is_running
from holdfast.app.tables import Row, print_table
from holdfast.app.where import root_of
from holdfast.app.words import cause_words
from holdfast.catalog.queries import CatalogReader
from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.coverage import Coverage
from holdfast.ports.catalog import CatalogError, CatalogReads

GAPS_BROAD = ("Camera", "From", "To", "Length", "Cause", "Detail")
GAPS_NARROW = ("Camera", "From", "To", "Length", "Cause")
COVERAGE = ("Camera", "Day", "Recorded", "Missing", "Coverage")


def gaps(options: argparse.Namespace) -> int:
    """`holdfast gaps DIR`."""
    root = folder_of_recordings(root_of(options))
    now_ns = WallNs(time.time_ns())
    to_ns = min(now_ns, options.to_ns) if options.to_ns is not None else now_ns
    if options.from_ns is not None and options.from_ns >= to_ns:
        raise Problem(Exit.USAGE, say("Nothing lies in between: --from must be before --to, and in the past."))
    asked = Range(options.camera, options.from_ns, WallNs(to_ns))
    account, alive_ns = _served(root, asked), now_ns
    if account is None:
        reader = CatalogReader(catalog_path(root))
        try:
            alive_ns = alive_until(root, reader, now_ns)
            # Nobody knows what is missing since then before the next recorder starts: it will say.
            account = gap_account(reader, asked, alive_ns=alive_ns, now_ns=alive_ns)
        except CatalogError as error:
            raise Problem(Exit.FOLDER, translated(str(error))) from error
    if options.json:
        _print_json(account.gaps, account.days, alive_ns)
    else:
        _print(account.gaps, account.days, alive_ns)
        if alive_ns < now_ns:
            print(say("No recorder runs here. The last one was alive until {moment}.", moment=local(alive_ns)))
    return Exit.OK


def _served(root: Path, asked: Range) -> GapAccount | None:
    """As the recorder that runs there tells it; None when there is none, or an older one."""
    wanted = {"camera": asked.camera, "from_ns": asked.from_ns, "to_ns": asked.to_ns}
    try:
        answer = ask(root, "GET", "/gaps?" + urlencode({key: v for key, v in wanted.items() if v is not None}))
        return GapAccount([GapRecord(**one) for one in answer["gaps"]], [Coverage(**one) for one in answer["days"]])
    except (Problem, KeyError, TypeError):
        return None


def alive_until(root: Path, reader: CatalogReads, now_ns: WallNs) -> WallNs:
    """Up to when a recorder is known to have written what is open: now, or the last that was heard of one."""
    life = reader.last_life()
    if recorder_is_running(root) or life is None:
        return now_ns
    return min(life.wall_ns, now_ns)


def _print_json(found: Sequence[GapRecord], covered: Sequence[Coverage], now_ns: WallNs) -> None:
    for gap in found:
        line = {
            "camera": gap.camera,
            "stream": gap.stream,
            "cause": gap.cause,
            "sentence": gap.sentence,
            "from": iso(gap.from_wall_ns),
            "to": None if gap.to_wall_ns is None else iso(gap.to_wall_ns),
            "from_ns": gap.from_wall_ns,
            "to_ns": gap.to_wall_ns,
            "duration_s": round(_length_ns(gap, now_ns) / NS_PER_S, 3),
            "session": gap.session,
            "detail": dict(gap.detail),
        }
        print(json.dumps(line, ensure_ascii=False))
    for one in covered:
        line = {
            "camera": one.camera,
            "stream": one.stream,
            "day": one.day,
            "recorded_s": round(one.recorded_ns / NS_PER_S, 3),
            "gaps_s": round(one.gaps_ns / NS_PER_S, 3),
            "coverage_percent": one.percent,
        }
        print(json.dumps(line, ensure_ascii=False))


def print_gaps(found: Sequence[GapRecord], now_ns: WallNs, columns: tuple[str, ...] = GAPS_BROAD) -> None:
    """What is missing and why: these columns, or fewer where there is no room for them."""
    if found:
        print_table([_gap_cells(gap, now_ns) for gap in found], columns, GAPS_NARROW)
    print(say("1 gap") if len(found) == 1 else say("{count} gaps", count=len(found)))


def _print(found: Sequence[GapRecord], covered: Sequence[Coverage], now_ns: WallNs) -> None:
    print_gaps(found, now_ns)
    if covered:
        print()
        print_table([_coverage_cells(one) for one in covered], COVERAGE, COVERAGE)


def _gap_cells(gap: GapRecord, now_ns: WallNs) -> Row:
    begin = local(gap.from_wall_ns)
    end = say("not over") if gap.to_wall_ns is None else local(gap.to_wall_ns)
    same_day = begin.partition(" ")[0] + " "
    return {
        "Camera": _stream_words(gap.camera, gap.stream),
        "From": begin,
        "To": end.removeprefix(same_day),
        "Length": length_words(_length_ns(gap, now_ns)),
        "Cause": cause_words(gap.cause),
        "Detail": _detail_words(gap),
    }


def _coverage_cells(one: Coverage) -> Row:
    return {
        "Camera": _stream_words(one.camera, one.stream),
        "Day": one.day,
        "Recorded": length_words(one.recorded_ns),
        "Missing": length_words(one.gaps_ns),
        "Coverage": f"{one.percent:.2f} %",
    }


def _detail_words(gap: GapRecord) -> str:
    """What was said, and the further faults while it lasted."""
    parts = [str(gap.detail.get("text", ""))]
    also = gap.detail.get("also")
    if isinstance(also, list):
        causes = [cause_words(str(one.get("kind"))) for one in also if isinstance(one, dict)]
        parts.append(say("then: {causes}", causes=", ".join(causes)))
    return "; ".join(part for part in parts if part)


def length_words(length_ns: int) -> str:
    """A length of time: seconds with tenths below a minute, else hours, minutes and seconds."""
    if length_ns < 60 * NS_PER_S:
        return say("{seconds:.1f} s", seconds=length_ns / NS_PER_S)
    minutes, seconds = divmod(round(length_ns / NS_PER_S), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


def _length_ns(gap: GapRecord, now_ns: WallNs) -> int:
    return max(0, (now_ns if gap.to_wall_ns is None else gap.to_wall_ns) - gap.from_wall_ns)


def _stream_words(camera: str, stream: str) -> str:
    return camera if stream == "main" else f"{camera}/{stream}"
