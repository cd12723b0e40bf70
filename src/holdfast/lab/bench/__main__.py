"""`python -m holdfast.lab.bench`: what recording costs, as Markdown for docs/reference/measurements.md.

`python -m holdfast.lab.bench catalog`: what a million segments cost (catalog.py).

Exit codes: 0 every bar that this run can judge is reached, 1 one is missed, 2 wrong usage, 3 nothing could be measured.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

from holdfast.lab.bench import catalog, machine, report
from holdfast.lab.bench.measure import MeasurementError, Sample, Window
from holdfast.lab.bench.options import positive
from holdfast.lab.bench.runs import SETTLE_S, Plan, run
from holdfast.lab.bench.variants import VARIANTS
from holdfast.lab.processes import ProcessError
from holdfast.lab.remote import LabError

QUICK = Plan(cameras=(1, 8), rounds=1, window=Window(settle_s=SETTLE_S, measure_s=4), limit_s=200)
TOOLS = {"gst-launch-1.0": "gstreamer1.0-tools", "ffmpeg": "ffmpeg"}
MAX_CAMERAS = 99
EXIT_MISSED = 1
EXIT_UNMEASURED = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and judge."""
    given = sys.argv[1:] if arguments is None else arguments
    if given[:1] == ["catalog"]:
        return catalog.main(given[1:])
    options = _parser().parse_args(arguments)
    plan = _plan(options)
    missing = [package for tool, package in TOOLS.items() if shutil.which(tool) is None]
    if missing:
        print(f"Missing: sudo apt install {' '.join(missing)}", file=sys.stderr)
        return EXIT_UNMEASURED
    try:
        samples = run(plan, _tell)
    except (MeasurementError, LabError, ProcessError, OSError) as error:
        print(f"Nothing could be measured: {error}", file=sys.stderr)
        return EXIT_UNMEASURED
    facts = machine.described(plan.folder or Path(tempfile.gettempdir()))
    bars = report.bars(samples)
    print(_page(plan, facts, samples, bars))
    if options.json:
        options.json.write_text(json.dumps(_document(plan, facts, samples, bars), indent=1), encoding="utf-8")
    return EXIT_MISSED if any(bar.is_missed for bar in bars) else 0


def _tell(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _plan(options: argparse.Namespace) -> Plan:
    plan = replace(QUICK if options.quick else Plan(), folder=options.folder)
    window = replace(plan.window, measure_s=options.window or plan.window.measure_s)
    limit_s = plan.limit_s if options.minutes is None else options.minutes * 60
    return replace(
        plan,
        cameras=options.cameras or plan.cameras,
        rounds=options.rounds or plan.rounds,
        window=window,
        limit_s=limit_s,
        variants=tuple(v for v in VARIANTS if v.key in options.only) if options.only else VARIANTS,
    )


def _page(plan: Plan, facts: dict[str, str], samples: Sequence[Sample], bars: Sequence[report.Bar]) -> str:
    stream = plan.stream
    others = max((sample.others_percent for sample in samples), default=0.0)
    cameras = max((sample.cameras_percent for sample in samples), default=0.0)
    words = (
        f"Streams: {stream.codec}, {stream.width}×{stream.height}, {stream.fps} fps, {stream.bitrate_kbps} kbit/s, "
        f"a key frame every {float(stream.gop / stream.fps):g} s, RTSP over TCP on loopback. Each figure is the "
        f"median over the rounds (CPU: smallest–largest) of a window of {plan.window.measure_s:g} s, "
        f"{plan.window.settle_s:g} s after all are connected; ratios are taken within a round. Not in the figures: "
        f"the simulated cameras (≤ {cameras:.2f} % each) and whatever else the machine did (≤ {others:.0f} %)."
    )
    return "\n\n".join([machine.as_table(facts), words, report.figures(samples), report.judgement(bars)])


def _document(
    plan: Plan, facts: dict[str, str], samples: Sequence[Sample], bars: Sequence[report.Bar]
) -> dict[str, object]:
    return {
        "machine": facts,
        "stream": plan.stream.as_json(),
        "window": asdict(plan.window),
        "samples": [asdict(sample) for sample in samples],
        "bars": [asdict(bar) for bar in bars],
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="bench",
        description="CPU, memory, threads and context switches per camera, beside bare GStreamer and FFmpeg.",
    )
    parser.add_argument("--cameras", type=_counts, metavar="N,N", help="numbers of cameras (default: 1,8,16,32,64)")
    parser.add_argument(
        "--rounds", type=positive, help="rounds of all variants (default: 2); 16 cameras get two each time"
    )
    parser.add_argument("--window", type=positive, metavar="SECONDS", help="length of a measurement (default: 10)")
    parser.add_argument("--minutes", type=positive, help="begin no round that would end later (default: 25)")
    parser.add_argument("--only", action="append", choices=[v.key for v in VARIANTS], help="variant (may be repeated)")
    parser.add_argument("--quick", action="store_true", help="1 and 8 cameras, one short round: four minutes")
    parser.add_argument("--folder", type=Path, help="where to record (default: the folder for temporary files)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every sample to a file")
    return parser


def _counts(text: str) -> tuple[int, ...]:
    counts = tuple(sorted({positive(part) for part in text.split(",")}))
    if counts[-1] > MAX_CAMERAS:
        raise argparse.ArgumentTypeError(f"{counts[-1]} cameras are more than {MAX_CAMERAS}")
    return counts


if __name__ == "__main__":
    sys.exit(main())
