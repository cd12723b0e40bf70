"""`python -m holdfast.lab.bench.catalog`, or `./dev bench catalog`: a million segments, as Markdown.

Exit codes: 0 every bar is reached, 1 one is missed, 2 wrong usage, 3 nothing could be measured.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median

from holdfast.catalog.queries import CatalogReader
from holdfast.catalog.store import Catalog
from holdfast.domain.keeping import HoldRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.fmp4 import Fmp4Error
from holdfast.lab.bench import machine, report
from holdfast.lab.bench.long_past import END_NS, LongPast, camera_name, write_catalog
from holdfast.lab.bench.options import positive
from holdfast.lab.bench.rebuild import rebuilt
from holdfast.lab.bench.report import Bar
from holdfast.lab.bench.service import start_beside
from holdfast.lab.processes import ProcessError
from holdfast.lab.remote import LabError
from holdfast.policy.timeline import Known, cells, pieces

PARTS = ("timeline", "cleaning", "service", "rebuild")
SEGMENT_S = (60, 900)
DAY_NS = 86_400 * NS_PER_S
CELLS = 1440
"""Of a day: one for each minute, as many as a page is wide."""
TIMES = 7
HOLDS = 1000
EXIT_MISSED = 1
EXIT_UNMEASURED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and judge."""
    options = _parser().parse_args(arguments)
    bars: list[Bar] = []
    try:
        with tempfile.TemporaryDirectory(prefix="holdfast-bench-", dir=options.folder) as scratch:
            for bar in _measured(options, Path(scratch)):
                bars.append(bar)
                print(f"{bar.what}: {bar.measured:.4g} {bar.unit}", file=sys.stderr, flush=True)
    except (LabError, ProcessError, TimeoutError, OSError, Fmp4Error) as error:
        print(f"Nothing could be measured: {error}", file=sys.stderr)
        return EXIT_UNMEASURED
    facts = machine.described(options.folder or Path(tempfile.gettempdir()))
    lengths = " and ".join(f"{segment_s} s" for segment_s in SEGMENT_S)
    words = (
        f"Catalogs of {options.segments:,} segments over {options.cameras} cameras, of {lengths} each. Times are "
        f"medians of {TIMES} questions, each with its own connection, as the product asks them."
    )
    print("\n\n".join([machine.as_table(facts), words, report.judgement(bars)]))
    return EXIT_MISSED if any(bar.is_missed for bar in bars) else 0


def _measured(options: argparse.Namespace, scratch: Path) -> Iterator[Bar]:
    wanted = options.only or PARTS
    past = LongPast(segments=options.segments, cameras=options.cameras)
    for segment_s in SEGMENT_S if {"timeline", "cleaning"} & set(wanted) else ():
        path = scratch / f"{segment_s}" / "catalog.db"
        begun_s = time.monotonic()
        write_catalog(path, replace(past, segment_s=segment_s))
        took_s = time.monotonic() - begun_s
        print(f"catalog of segments of {segment_s} s: made in {took_s:.0f} s", file=sys.stderr, flush=True)
        if "timeline" in wanted:
            yield from _timelines(CatalogReader(path), segment_s, options.cameras)
        if "cleaning" in wanted:
            yield from _cleaning(path, segment_s, options.cameras)
    if "service" in wanted:
        began = start_beside(scratch, replace(past, segment_s=SEGMENT_S[0]))
        beside = f"service beside {options.segments:,} segments whose files are gone: "
        yield Bar(beside + "ready", "s", 3, began.ready_s)
        yield Bar(beside + "first group of pictures on the disk", "s", 5, began.first_frame_s)
        yield Bar(beside + "frames lost", "frames", 0, began.lost_frames)
        yield Bar(beside + "orderly end in the middle of the comparison", "s", 5, began.end_s)
    if "rebuild" in wanted:
        done = rebuilt(scratch, options.files)
        tree = f"catalog rebuilt from {done.files:,} files of {done.file_bytes:,} bytes"
        yield Bar(tree, "s", 60, done.seconds)
        # Each end is read ahead, and then from the cache.
        yield Bar("read per file: both ends twice, and the database", "bytes", 24 << 10, done.read_bytes / done.files)
        yield Bar("files that are not in the catalog afterwards", "", 0, done.files - done.catalogued)


def _timelines(reader: CatalogReader, segment_s: int, cameras: int) -> Iterator[Bar]:
    known = reader.cameras()[0]
    assert known.first_wall_ns is not None, "a generated past has footage"
    begin = WallNs((known.first_wall_ns + END_NS - DAY_NS) // 2)
    name = f"a day in {CELLS} cells, segments of {segment_s} s: "
    one = _ms(lambda: timeline(reader, begin, camera_name(0)))
    yield Bar(f"{name}one camera", "ms", 20, one)
    yield Bar(f"{name}{cameras} cameras", "ms", 50, _ms(lambda: timeline(reader, begin, None)))


def timeline(reader: CatalogReader, begin_ns: WallNs, camera: str | None) -> int:
    """A day of a camera or of all, as the command and the control interface make it; how much is recorded, ns."""
    span = (begin_ns, WallNs(begin_ns + DAY_NS))
    gaps = reader.gaps(camera, from_ns=span[0], to_ns=span[1])
    recorded_ns = 0
    for one in reader.footage(camera, from_ns=span[0], to_ns=span[1]):
        own = [gap for gap in gaps if (gap.camera, gap.stream) == (one.camera, one.stream)]
        row = cells(pieces(one, own, span, Known(span[1], span[1])), span, CELLS)
        recorded_ns += sum(row.recorded_ns)
    return recorded_ns


def _cleaning(path: Path, segment_s: int, cameras: int) -> Iterator[Bar]:
    reader, name = CatalogReader(path), f"cleaning plan, segments of {segment_s} s: "
    yield Bar(name + "how much there is of each stream", "ms", 200, _ms(reader.usage))
    yield Bar(name + "the 1000 oldest", "ms", 200, _ms(reader.deletable))
    yield Bar(name + "the 1000 oldest of a camera", "ms", 200, _ms(lambda: reader.deletable(stream=_first())))
    with closing(Catalog.open(path)) as catalog:
        for number in range(HOLDS):
            begin_ns = END_NS - number * 3600 * NS_PER_S
            catalog.post(_hold(number, camera_name(number % cameras), begin_ns, begin_ns + 1800 * NS_PER_S))
        for number in range(cameras):
            catalog.post(_hold(HOLDS + number, camera_name(number), 0, END_NS - DAY_NS))
    held = f"the 1000 oldest, beside {HOLDS} holds and with all but a day held"
    yield Bar(name + held, "ms", 200, _ms(reader.deletable))


def _first() -> tuple[str, str]:
    return camera_name(0), "main"


def _hold(number: int, camera: str, from_ns: int, to_ns: int) -> HoldRecord:
    return HoldRecord(
        hold_id=f"hold {number}",
        camera=camera,
        from_wall_ns=WallNs(from_ns),
        to_wall_ns=WallNs(to_ns),
        reason="bench",
        created_wall_ns=END_NS,
    )


def _ms(question: Callable[[], object]) -> float:
    took = []
    for _ in range(TIMES):
        begun_s = time.perf_counter()
        assert question(), "nothing was found: there is nothing to measure"
        took.append(time.perf_counter() - begun_s)
    return 1000 * median(took)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench catalog", description="What a catalog of a million segments and a tree of as many files cost."
    )
    parser.add_argument("--segments", type=positive, default=1_000_000, metavar="N", help="default: 1000000")
    parser.add_argument("--cameras", type=positive, default=16, metavar="N", help="default: 16")
    parser.add_argument("--files", type=positive, default=100_000, metavar="N", help="default: 100000")
    parser.add_argument("--only", action="append", choices=PARTS, help="part (may be repeated)")
    parser.add_argument(
        "--folder",
        type=Path,
        help="where to work (default: the folder for temporary files); where the file system shares blocks (XFS, "
        "Btrfs) the files are of 2 MB each, else of 30 kB",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
