"""`python -m holdfast.lab.bench.writing`: what the writer of a volume costs, as percent of a core per camera.

Writes what so many cameras would send, without cameras: plainly (no sync, no answer), and by the process of a volume.
Prints one line of Markdown for each round. CPU time is that of the recorder's side and of the writer together, threads
and all, over the whole round.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from holdfast.lab.bench.proc import pss_bytes, tree
from holdfast.ports.volumes import AppendData, CreateSegment, OpenVolume, Order, VolumeReady
from holdfast.storage.segment_file import SegmentFile
from holdfast.storage.volume_host import VolumeHost

CAMERAS, SECONDS, ROUNDS = 16, 20.0, 3
EVERY_S = 0.5
"""One fragment of each camera."""
GATHER_S = 0.05
"""So often the recorder reads its pipes: what came since then is ordered together."""
KBPS = 4000
SPREAD = 0.4
"""A fragment is at most so much larger or smaller than the middle one."""
MOOF_BYTES = 600

Give = Callable[[Order], None]


@dataclass(frozen=True, slots=True)
class Load:
    """What is written."""

    cameras: int
    kbps: int
    """Of each camera."""
    seconds: float
    seed: int


def portions(load: Load) -> Iterator[tuple[float, list[AppendData]]]:
    """Orders for ever: (seconds since the beginning, orders given together)."""
    chance = random.Random(load.seed)
    cameras, middle = load.cameras, load.kbps * 125 * EVERY_S
    largest, smallest = int(middle * (1 + SPREAD)), int(middle * (1 - SPREAD))
    media = chance.randbytes(largest)
    phases = [chance.uniform(0, EVERY_S) for _ in range(cameras)]
    token = 0
    while True:
        due = sorted((phase + token * EVERY_S, camera) for camera, phase in enumerate(phases))
        for at_s in sorted({int(when_s / GATHER_S) for when_s, _ in due}):
            keys = [camera for when_s, camera in due if int(when_s / GATHER_S) == at_s]
            sizes = [chance.randint(smallest, largest) for _ in keys]
            yield (
                (at_s + 1) * GATHER_S,
                [
                    AppendData(key, media[:MOOF_BYTES], token, memoryview(media)[:size])
                    for key, size in zip(keys, sizes, strict=True)
                ],
            )
        token += 1


async def write(give: Give, load: Load) -> None:
    """Give the orders when they are due."""
    loop = asyncio.get_running_loop()
    begun_s = loop.time()
    for key in range(load.cameras):
        give(CreateSegment(key, (f"cam_{key:02}/a.mp4",), bytes(1500)))
    for at_s, orders in portions(load):
        if at_s > load.seconds:
            return
        await asyncio.sleep(max(0.0, begun_s + at_s - loop.time()))
        for order in orders:
            give(order)


@contextmanager
def plainly(root: Path) -> Iterator[Give]:
    """Only the writing."""
    files: dict[int, SegmentFile] = {}

    def give(order: Order) -> None:
        match order:
            case CreateSegment(key, paths, header):
                files[key] = SegmentFile(root, paths, header)
            case AppendData(key, data, _, rest):
                files[key].append(data, rest)
            case _:
                raise AssertionError(order)

    yield give
    for file in files.values():
        file.close()


async def plain(root: Path, load: Load) -> tuple[float, int]:
    """CPU seconds, and the memory of the writer (0)."""
    with plainly(root) as give:
        before_s = cpu_s()
        await write(give, load)
        return cpu_s() - before_s, 0


async def process(root: Path, load: Load) -> tuple[float, int]:
    """The same of the process."""
    loop = asyncio.get_running_loop()
    ready = asyncio.Event()
    host = VolumeHost(
        loop,
        OpenVolume(str(root), None, str(uuid.uuid4()), "bench"),
        lambda event: ready.set() if isinstance(event, VolumeReady) else None,
    )
    await ready.wait()
    before_s = cpu_s()
    await write(host.order, load)
    spent_s, memory_bytes = cpu_s() - before_s, pss_bytes([host.pid])
    await host.close(30)
    return spent_s, memory_bytes


def cpu_s() -> float:
    """Of this process and its children, since they were started."""
    return sum(stat.cpu_s for stat in tree([os.getpid()]).values())


WAYS = {"plain": plain, "process": process}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="where to write (default: the folder for temporary files)")
    parser.add_argument("--cameras", type=int, default=CAMERAS)
    parser.add_argument("--kbps", type=int, default=KBPS, help="of each camera")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of a round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args(arguments)
    # As the recorder does.
    os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    found: dict[str, list[float]] = {way: [] for way in WAYS}
    print("| round | way | % of a core per camera | writer's PSS, MiB |\n|---|---|---|---|")
    for number in range(1, options.rounds + 1):
        for way, measure in WAYS.items():
            with tempfile.TemporaryDirectory(dir=options.folder) as folder:
                load = Load(options.cameras, options.kbps, options.seconds, seed=number)
                spent_s, memory_bytes = asyncio.run(measure(Path(folder), load))
            percent = 100 * spent_s / options.seconds / options.cameras
            found[way].append(percent)
            print(f"| {number} | {way} | {percent:.3f} | {memory_bytes / (1 << 20):.1f} |", flush=True)
            time.sleep(2)
    middle = {way: statistics.median(percents) for way, percents in found.items()}
    print(f"\n{middle['process'] - middle['plain']:+.3f} % of a core per camera over plain writing (medians)")


if __name__ == "__main__":
    main()
