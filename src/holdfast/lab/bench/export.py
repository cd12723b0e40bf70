"""`python -m holdfast.lab.bench.export`: how fast an hour of footage is exported, beside `cp` of the same bytes.

Records a camera for some seconds, makes an hour in five files with a gap of it, and exports that. Each round copies
the files with `cp`, and syncs, and then exports, each from the page cache. Every frame that FFmpeg's demuxer shows is
compared by its number.

Exit codes: 0 the bar is reached and the frames are exact, 1 it is not, 2 wrong usage.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path

from holdfast.domain.gaps import GapRecord
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.lab.camera import CameraSpec
from holdfast.lab.clips import ClipSpec
from holdfast.lab.reels import CAMERA, Reel, catalogue, reel_of, run_of
from holdfast.lab.scenarios.stand import HOLDFAST, stand
from holdfast.lab.shown import shown

KBPS = 4000
RECORD_S = 8.0
FILES = 5
GAP_S = 20
BAR = 100.0
BEGIN_NS = 1_795_000_000 * NS_PER_S


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, print, and judge."""
    parser = argparse.ArgumentParser(prog="holdfast.lab.bench.export", description=__doc__)
    parser.add_argument("--minutes", type=int, default=60, help="of footage (default: 60)")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="holdfast-export-", dir=options.folder) as folder:
        return _measure(Path(folder), options.minutes, options.rounds)


def record(folder: Path, spec: CameraSpec, seconds: float = RECORD_S) -> Reel:
    """What a real recorder makes of a camera."""
    with stand([spec], folder, "--audio") as made:
        made.start()
        made.await_recording([0])
        time.sleep(seconds)
        made.stop()
        # The first file may have no track of sound: that is known a moment later.
        return reel_of(made.files(0)[-1])


def _measure(folder: Path, minutes: int, rounds: int) -> int:
    clip = ClipSpec(width=640, height=360, fps=Fraction(15), gop=15, bitrate_kbps=KBPS, bframes=0)
    reel = record(folder / "recorded", replace(CameraSpec(clip), sound="aac"))
    root = folder / "footage"
    times = -(-minutes * 60 // (FILES * reel.seconds))
    length_s = times * reel.seconds
    # Two files, the gap, and three more.
    second_ns = BEGIN_NS + (2 * length_s + GAP_S) * NS_PER_S
    records = run_of(root, reel, BEGIN_NS, 2, times, 1) + run_of(root, reel, second_ns, 3, times, 2)
    gap = GapRecord(
        gap_id="00000000-0000-0000-0000-000000000001",
        camera=CAMERA,
        stream="main",
        cause="rtsp_network",
        sentence="The connection was lost.",
        from_wall_ns=WallNs(second_ns - GAP_S * NS_PER_S),
        to_wall_ns=WallNs(second_ns),
    )
    catalogue(root, records, [gap])
    files = [root / record.path for record in records]
    size_mb, seconds = sum(file.stat().st_size for file in files) / 1e6, FILES * length_s
    print(f"{seconds / 60:.0f} min of footage in {FILES} files with a gap, {size_mb:.0f} MB, with sound\n")
    print("| round | cp and sync, MB/s | export, s | export, MB/s | × real time | of cp |\n|---|---|---|---|---|---|")
    speeds = []
    for number in range(1, rounds + 1):
        copied_s = _copied_s(files, folder / "copies")
        exported_s = _exported_s(root, folder / "out.mp4", second_ns + 3 * length_s * NS_PER_S)
        speeds.append(seconds / exported_s)
        row = f"| {number} | {size_mb / copied_s:.0f} | {exported_s:.2f} | {size_mb / exported_s:.0f} "
        print(row + f"| {speeds[-1]:.0f} | {copied_s / exported_s:.0%} |", flush=True)
    wrong = _wrong(folder / "out.mp4", reel, times * FILES)
    for sentence in wrong:
        print(sentence)
    print(f"\nframes shown: {reel.frames * times * FILES} expected, {'exact' if not wrong else 'WRONG'}")
    return 0 if not wrong and min(speeds) >= BAR else 1


def _copied_s(files: Sequence[Path], to: Path) -> float:
    shutil.rmtree(to, ignore_errors=True)
    to.mkdir()
    os.sync()
    begin_s = time.perf_counter()
    subprocess.run(["cp", *map(str, files), str(to)], check=True)
    for copy in to.iterdir():
        subprocess.run(["sync", str(copy)], check=True)
    took_s = time.perf_counter() - begin_s
    shutil.rmtree(to)
    return took_s


def _exported_s(root: Path, out: Path, end_ns: int) -> float:
    for old in out.parent.glob(f"{out.name}*"):
        old.unlink()
    os.sync()
    begin, end = (datetime.fromtimestamp(at / NS_PER_S, tz=UTC).isoformat() for at in (BEGIN_NS, end_ns))
    words = ["export", CAMERA, "--in", str(root), "--from", begin, "--to", end, "-o", str(out)]
    begin_s = time.perf_counter()
    subprocess.run([*HOLDFAST, *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin_s


def _wrong(out: Path, reel: Reel, times: int) -> list[str]:
    """Sentences about what is shown and should not be, or is not and should be."""
    found = shown(out, decodes=False)
    numbers = [frame for frame, _ in found.frames]
    wrong = list(found.errors[:3])
    turn = numbers[: reel.frames]
    if numbers != turn * times or sorted(set(turn)) != list(range(min(turn), min(turn) + reel.frames)):
        wrong.append(f"{len(numbers)} frames are shown, or not in their order")
    if not found.frames or found.frames[0][1] != 0:
        wrong.append("the first frame is not shown at the very begin")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
