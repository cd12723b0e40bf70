"""`./dev faults`: every scenario at length, and a table of what was measured against the bars."""

import argparse
import json
import random
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from holdfast.lab.scenarios import (
    backup,
    clocks,
    crowded,
    disks,
    endurance,
    fuzzing,
    inputs,
    lives,
    network,
    outages,
    power,
    processes,
    recording,
    retention,
    sound,
    storage,
    streams,
    supervised,
    volumes,
)
from holdfast.lab.scenarios.film import worst_and_median
from holdfast.lab.scenarios.kinds import KINDS
from holdfast.lab.scenarios.stand import Row
from holdfast.lab.storage.needs import NotHere
from holdfast.lab.storage.ways import WAYS, Fault

Scenario = Callable[[Path, int, bool], list[Row]]


def _lost_and_back(fault: Fault, root: Path, seed: int, quick: bool) -> list[Row]:  # noqa: FBT001 - every scenario is called like this
    ways = tuple(WAYS[fault])
    return storage.lost_and_back(root, fault=fault, ways=_one_of(ways, seed) if quick else ways, seed=seed)


def _failover(fault: Fault, root: Path, seed: int, quick: bool) -> list[Row]:  # noqa: FBT001 - every scenario is called like this
    ways = volumes.ways_of(fault)
    return volumes.failover(root, fault=fault, ways=_one_of(ways, seed) if quick else ways, seed=seed)


def _one_of(ways: Sequence[str], seed: int) -> Sequence[str]:
    return ways[seed % len(ways) :][:1]


BACKUPS: Mapping[str, Scenario] = {
    "backup-pulled": lambda root, seed, quick: backup.pulled(root, times=2 if quick else 20, seed=seed),
    "backup-killed": lambda root, seed, quick: backup.killed(root, times=3 if quick else 50, seed=seed),
    "backup-removing": lambda root, seed, quick: [
        row
        for number in range(1 if quick else 6)
        for row in backup.killed(root.parent / str(number) / root.name, times=8, seed=seed + number, removes=True)
    ],
    "backup-full": lambda root, seed, _quick: backup.full(root, seed=seed),
    "backup-flipped": lambda root, seed, quick: backup.flipped(root, times=3 if quick else 30, seed=seed),
    "backup-changing": lambda root, seed, quick: backup.changing(root, times=2 if quick else 10, seed=seed),
    "backup-hung": lambda root, seed, _quick: backup.hung(root, seed=seed),
}
"""What can happen to a backup, one by one; `backup` has them all."""
SCENARIOS: Mapping[str, Scenario] = {
    "rotation": lambda root, seed, quick: recording.rotation(
        root, seconds=20 if quick else 300, segment_s=5 if quick else 10, seed=seed
    ),
    "start-stop": lambda root, seed, quick: recording.start_stop(root, times=10 if quick else 100, seed=seed),
    "start-stop-pre-record": lambda root, seed, quick: recording.start_stop(
        root, times=10 if quick else 100, seed=seed, pre_record_s=3
    ),
    "first-frame": lambda root, seed, quick: recording.first_frame(root, times=2 if quick else 20, seed=seed),
    "crowded-start": lambda root, seed, quick: crowded.crowded_start(
        root, files=300 if quick else 3_000, segments=5_000 if quick else 100_000, seconds=20, seed=seed
    ),
    "kill-worker": lambda root, seed, quick: processes.worker_lost(
        root, times=2 if quick else 20, seed=seed, with_signal=signal.SIGKILL
    ),
    "stop-worker": lambda root, seed, quick: processes.worker_lost(
        root, times=1 if quick else 10, seed=seed, with_signal=signal.SIGSTOP
    ),
    "kill-everything": lambda root, seed, quick: processes.kill_everything(root, times=2 if quick else 50, seed=seed),
    "kill-service": lambda root, seed, quick: supervised.kill_service(root, times=2 if quick else 50, seed=seed),
    "hang-service": lambda root, seed, quick: supervised.hang_service(root, times=1 if quick else 10, seed=seed),
    "replacements": lambda root, seed, quick: processes.replacements(root, times=20 if quick else 500, seed=seed),
    "restarts": lambda root, seed, quick: outages.restarts(root, times=2 if quick else 20, seed=seed),
    "lives": lambda root, seed, quick: lives.lives(root, times=1 if quick else 10, seed=seed),
    "outages": lambda root, seed, quick: outages.outages(root, times=1 if quick else 20, seed=seed),
    "parameter-changes": lambda root, seed, quick: streams.parameters(root, times=2 if quick else 20, seed=seed),
    "codec-change": lambda root, seed, quick: streams.codecs(root, times=1 if quick else 10, seed=seed),
    "edges": lambda root, seed, quick: streams.edges(root, seconds=5 if quick else 60, seed=seed),
    "wall-time": lambda root, seed, quick: streams.dates(root, rotations=2 if quick else 30, seed=seed),
    "clock-jumps": lambda root, seed, quick: clocks.jumps(root, stretch_s=7 if quick else 20, seed=seed),
    "autumn-night": lambda root, seed, quick: clocks.autumn_night(root, stretch_s=8 if quick else 20, seed=seed),
    "spring-night": lambda root, seed, quick: clocks.spring_night(root, stretch_s=8 if quick else 20, seed=seed),
    "disk-full": lambda root, seed, quick: disks.full(root, times=1 if quick else 10, seed=seed),
    "storage-power-ext4": lambda root, seed, quick: power.power(
        root, kind="ext4", moments=5 if quick else 50, seed=seed
    ),
    "storage-power-xfs": lambda root, seed, quick: power.power(root, kind="xfs", moments=5 if quick else 50, seed=seed),
    **{f"storage-{fault}-back": partial(_lost_and_back, fault) for fault in WAYS},
    "storage-slow-1s": lambda root, seed, quick: storage.slow(root, sync_s=1, seconds=10 if quick else 60, seed=seed),
    "storage-slow-10s": lambda root, seed, quick: storage.slow(root, sync_s=10, seconds=25 if quick else 60, seed=seed),
    **{f"storage-{fault}-failover": partial(_failover, fault) for fault in WAYS},
    "backup": lambda root, seed, quick: [
        row for name, part in BACKUPS.items() for row in part(root.parent / name / root.name, seed, quick)
    ],
    "delete-killed": lambda root, seed, quick: backup.deleted(root, times=3 if quick else 30, seed=seed),
    "retention-beside": lambda root, seed, quick: retention.beside_another_program(
        root, rounds=2 if quick else 6, seed=seed, has_second=False
    ),
    "retention-failover": lambda root, seed, quick: retention.beside_another_program(
        root, rounds=1 if quick else 4, seed=seed, has_second=True
    ),
    "retention-killed": lambda root, seed, quick: retention.killed_while_cleaning(
        root, times=1 if quick else 10, seed=seed
    ),
    "command-lines": lambda root, _seed, _quick: inputs.command_lines(root),
    "names-and-signals": lambda root, seed, _quick: inputs.names_and_signals(root, seed=seed),
    "secrets": lambda root, seed, _quick: inputs.secrets(root, seed=seed),
    "wrong-password": lambda root, seed, quick: inputs.wrong_password(root, seconds=8 if quick else 60, seed=seed),
    "fuzz": lambda _root, seed, quick: fuzzing.nonsense(seconds=30 if quick else 600, seed=seed),
    "camera-reboot": lambda root, seed, _quick: processes.intent(root, seed=seed),
    "sound": lambda root, seed, quick: sound.sound(root, rounds=2 if quick else 8, seed=seed),
    "network": network.all_kinds,
    "network-rtspsrc": network.with_rtspsrc,
    "network-named": lambda root, seed, quick: endurance.named(root, seconds=20 if quick else 90, seed=seed),
    "network-beside": lambda root, seed, quick: endurance.beside(root, seconds=20 if quick else 300, seed=seed),
    "network-reconnections": lambda root, seed, quick: endurance.reconnections(
        root, cameras=5 if quick else 8, rounds=2 if quick else 25, seed=seed
    ),
}
SINGLE: Mapping[str, Scenario] = {**{f"network-{kind}": network.one(kind) for kind in KINDS}, **BACKUPS}
"""The kinds of faults one by one; `network` has them all, as `backup` has all that can happen to one."""


def main() -> int:
    """Run the scenarios; 1 when a bar was missed."""
    only = f"only this one (may be repeated): {', '.join([*SCENARIOS, *SINGLE])}"
    parser = argparse.ArgumentParser(prog="faults", description="Injects faults into a real recorder, and counts.")
    parser.add_argument("--only", action="append", choices=[*SCENARIOS, *SINGLE], metavar="NAME", help=only)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31), help="replays a run")
    parser.add_argument("--seeds", type=int, default=1, metavar="N", help="this seed and the N - 1 after it")
    parser.add_argument("--quick", action="store_true", help="few repetitions: about ten minutes")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the recordings of runs that failed, here")
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    options = parser.parse_args()
    rows: list[Row] = []
    for seed in range(options.seed, options.seed + options.seeds):
        print(f"seed {seed}", flush=True)
        for name in options.only or SCENARIOS:
            begun_s = time.monotonic()
            print(f"{name} …", end=" ", flush=True)
            new = _run(name, seed, quick=options.quick, keep=options.keep)
            rows += new
            passed = "passed" if all(row.passed for row in new) else f"FAILED with seed {seed}"
            print(f"{passed if new else 'skipped'}, {time.monotonic() - begun_s:.0f} s", flush=True)
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    _show(rows)
    return 0 if all(row.passed for row in rows) else 1


def _run(name: str, seed: int, *, quick: bool, keep: Path | None) -> list[Row]:
    """One scenario. One that breaks off is a bar missed, and the others go on."""
    with tempfile.TemporaryDirectory(prefix="holdfast-faults-") as folder:
        try:
            rows = (SCENARIOS.get(name) or SINGLE[name])(Path(folder) / "recordings", seed, quick)
        except NotHere as reason:
            print(reason, end=": ")
            rows = []
        except Exception:  # noqa: BLE001 - whatever broke it, hours of other runs must not be lost for it
            traceback.print_exc()
            rows = [Row(name, "broke off before its end", 1, 0, "")]
        if keep is not None and not all(row.passed for row in rows):
            shutil.copytree(folder, keep / f"{name}-{seed}", symlinks=True)
        return rows


def _show(rows: list[Row]) -> None:
    table = Table(title="Faults", box=None)
    several = max(Counter((row.scenario, row.what) for row in rows).values(), default=1) > 1
    for heading in ("scenario", "what", "worst" if several else "measured", *(["median"] * several), "bar", ""):
        table.add_column(heading, justify="left" if heading in ("scenario", "what", "") else "right")
    for same in _together(rows):
        row = same[0]
        worst, median = worst_and_median([one.measured for one in same])
        figures = [_figure(worst, row.unit), *([_figure(median, row.unit)] * several)]
        missed = sum(not one.passed for one in same)
        verdict = f"[red]MISSED{f' {missed} of {len(same)}' * several}[/]" if missed else ""
        table.add_row(row.scenario, row.what, *figures, f"≤ {row.bar:g} {row.unit}", verdict)
    Console(width=None if sys.stdout.isatty() else 160).print(table)


def _together(rows: Sequence[Row]) -> list[list[Row]]:
    """The same figure of several seeds, in the order in which they came first."""
    found: dict[tuple[str, str], list[Row]] = {}
    for row in rows:
        found.setdefault((row.scenario, row.what), []).append(row)
    return list(found.values())


def _figure(measured: float, unit: str) -> str:
    return f"{f'{measured:.2f}'.rstrip('0').rstrip('.')} {unit}"


if __name__ == "__main__":
    sys.exit(main())
