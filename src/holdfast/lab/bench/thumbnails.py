"""How long a thumbnail takes: `python -m holdfast.lab.bench.thumbnails [--codec h264] [--minutes 15]`.

Makes a file of 1080p at 4 Mbit/s, starts a recorder on its folder, and asks it for pictures of random moments. Times
are from the question to the whole JPEG, over the control socket. The file is in the page cache: a disk adds five reads.
"""

import argparse
import hashlib
import http.client
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import NamedTuple
from uuid import uuid4

from holdfast.fmp4 import SegmentStamp
from holdfast.lab import processes
from holdfast.lab.clips import ClipSpec
from holdfast.lab.films import film
from holdfast.lab.scenarios.stand import HOLDFAST, NS_PER_S, await_that

CLIP_S = 4
SPEC = ClipSpec(width=1920, height=1080, fps=Fraction(25), gop=50, bitrate_kbps=4000, seconds=CLIP_S)
COUNT = 100
NOBODY = "rtsp://127.0.0.1:9/nobody"
"""A camera that is not there: the recorder records nothing meanwhile."""


class Asked(NamedTuple):
    """One answer."""

    status: int
    ms: float
    read_bytes: int


def ask(path: Path, at_ns: int) -> Asked:
    """Ask for the picture of a moment. Raises OSError."""
    began_s = time.perf_counter()
    connection = http.client.HTTPConnection("localhost")
    connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    connection.sock.settimeout(60)
    connection.sock.connect(str(path))
    try:
        connection.request("GET", f"/thumbnail?camera=cam_01&at_ns={at_ns}")
        response = connection.getresponse()
        response.read()
        read_bytes = int(response.headers.get("Holdfast-Read-Bytes", 0))
        return Asked(response.status, (time.perf_counter() - began_s) * 1000, read_bytes)
    finally:
        connection.close()


def measure(spec: ClipSpec, minutes: int, root: Path, runtime: Path) -> None:
    """Print what was found."""
    begin_ns = (time.time_ns() // NS_PER_S - 2 * minutes * 60) * NS_PER_S
    made = film(spec, root.parent).looped(minutes * 60 // CLIP_S)
    path = root / "cam_01" / time.strftime("%Y-%m-%d", time.localtime(begin_ns / NS_PER_S)) / "cam_01.mp4"
    path.parent.mkdir(parents=True)
    stamp = SegmentStamp(wall_start_ns=begin_ns, run_id=uuid4(), session=1, ordinal=0)
    path.write_bytes(made.parts(stamp).final_file)
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    subprocess.run([*HOLDFAST, "check", str(root), "--repair"], check=True, stdout=subprocess.DEVNULL)
    command = [*HOLDFAST, "record", NOBODY, "--name", "nobody", "--to", str(root), "--plain"]
    quiet = subprocess.DEVNULL
    recorder = subprocess.Popen(command, stdout=quiet, stderr=quiet, start_new_session=True, env=environment)
    try:
        name = hashlib.sha256(os.fsencode(root.resolve())).hexdigest()[:16]
        place = runtime / f"holdfast-{os.getuid()}" / f"{name}.sock"
        await_that(place.exists, 30)
        time.sleep(2)
        chance = Random(1)
        moments = [begin_ns + chance.randrange(minutes * 60) * NS_PER_S for _ in range(COUNT)]
        first, *rest = [ask(place, at_ns) for at_ns in moments]
        again = [ask(place, at_ns) for at_ns in moments]
    finally:
        processes.end(recorder)
    assert {one.status for one in (first, *rest, *again)} == {200}
    fresh = [one for one in rest if one.read_bytes]
    read_kb = statistics.median(one.read_bytes for one in fresh) / 1000
    print(
        f"{spec.codec}, {minutes} min, {path.stat().st_size / 1e6:.0f} MB: first {first.ms:.0f} ms, next "
        f"{statistics.median(one.ms for one in fresh):.1f} ms (slowest of {len(fresh)}: "
        f"{max(one.ms for one in fresh):.1f} ms), {read_kb:.0f} kB read, "
        f"kept {statistics.median(one.ms for one in again):.1f} ms"
    )


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(description="Measure thumbnails.")
    parser.add_argument("--codec", choices=["h264", "h265"], action="append")
    parser.add_argument("--minutes", type=int, default=15)
    options = parser.parse_args()
    for codec in options.codec or ["h264", "h265"]:
        with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory(prefix="hf-", dir="/tmp") as runtime:
            root = Path(name) / "rec"
            root.mkdir()
            measure(replace(SPEC, codec=codec), options.minutes, root, Path(runtime))
    return 0


if __name__ == "__main__":
    sys.exit(main())
