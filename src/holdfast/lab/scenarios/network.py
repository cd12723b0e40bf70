"""Faults of cameras and of the network: each camera of a recorder has one kind of it, and one more camera has none."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path

from holdfast.catalog.queries import CatalogReader
from holdfast.domain.times import WallNs
from holdfast.lab import reader
from holdfast.lab.camera import CameraSpec
from holdfast.lab.scenarios.accounts import account_problems, camera_name, exit_problems, file_problems, problems
from holdfast.lab.scenarios.film import Film, worst_and_median
from holdfast.lab.scenarios.kinds import KINDS, Kind, Victim
from holdfast.lab.scenarios.ledger import ledger_problems
from holdfast.lab.scenarios.stand import NS_PER_S, SETTLED_S, Row, Stand, small, stand

CAMERAS_AT_ONCE = 7
"""With the one that has no fault, as many as two cores carry beside everything else."""
STAGGER_S = 1.0
CATALOG = ".holdfast/catalog.db"
YOUNG_S = 3.0
"""Frames flow for so long before the first fault. Before others they settle, so that each counts as a first one."""
AFTERWARDS_S = 2.0
STILL_ON_ITS_WAY_S = 1.5
"""What was made just before the end may be lost with it."""
LEDGER = "ledger"
NOTICED = "noticed after, worst"
VARIANTS: tuple[Callable[[], CameraSpec], ...] = (
    small,
    lambda: small(25, 25),
    lambda: small(codec="h265"),
    lambda: small(10, 10, bframes=2),
    lambda: replace(small(), start="burst"),
)


@dataclass(slots=True)
class _Run:
    """What happened to one camera."""

    kind: Kind
    begun_ns: list[int] = field(default_factory=list)
    ended_ns: list[int] = field(default_factory=list)


def network(root: Path, *, kinds: Sequence[str], times: int, seed: int, source: str = "auto") -> list[Row]:
    """Each of these kinds of faults so many times, seven kinds side by side. `source`: the client that is tried."""
    rows: list[Row] = []
    left = iter(kinds)
    while group := tuple(islice(left, CAMERAS_AT_ONCE)):
        rows += _group(root / group[0], group, times, seed, source)
    return rows


def one(kind: str) -> Callable[[Path, int, bool], list[Row]]:
    """The scenario of one kind."""
    return lambda root, seed, quick: network(root, kinds=[kind], times=1 if quick else 5, seed=seed)


def with_rtspsrc(root: Path, seed: int, quick: bool) -> list[Row]:  # noqa: FBT001 - every scenario is called like this
    """Every kind, fetched by the other client."""
    return all_kinds(root, seed, quick, source="rtspsrc")


def all_kinds(root: Path, seed: int, quick: bool, source: str = "auto") -> list[Row]:  # noqa: FBT001 - every scenario is called like this
    """Every kind; the longest ones not in a quick run."""
    kinds = [name for name, kind in KINDS.items() if not (quick and kind.long)]
    # Those that take long wait for one another, and not all others for them.
    kinds.sort(key=lambda name: KINDS[name].lasts_s + KINDS[name].bar_s)
    return network(root, kinds=kinds, times=1 if quick else 5, seed=seed, source=source)


def _group(root: Path, kinds: Sequence[str], times: int, seed: int, source: str) -> list[Row]:
    chance = random.Random(f"{seed} {' '.join(kinds)}")
    specs = [replace(chance.choice(VARIANTS)(), proxied=True) for _ in (*kinds, "none")]
    runs = [_Run(KINDS[name]) for name in kinds]
    with stand(specs, root, "--source", source, seed=seed) as made:
        made.start()
        made.await_recording(range(len(specs)))
        for turn in range(times):
            time.sleep(SETTLED_S if turn else YOUNG_S)
            _provoke(made, runs, chance)
        time.sleep(AFTERWARDS_S)
        until_ns = time.time_ns()
        found = exit_problems(made.stop())
        rows = [row for n, name in enumerate(kinds) for row in _verdict(made, n, name, runs[n], until_ns)]
        found += account_problems(made, len(kinds))
        made_up = ledger_problems(made, len(kinds), frozenset())
    beside = f"network: the camera beside {', '.join(kinds)}"
    return [*rows, problems(beside, "account", found), problems(beside, LEDGER, made_up)]


def _provoke(made: Stand, runs: Sequence[_Run], chance: random.Random) -> None:
    """All of them within a second, and wait until the last one should be over it."""
    due: list[tuple[float, int, bool]] = []
    now_s = time.monotonic()
    for number, run in enumerate(runs):
        begin_s = now_s + chance.random() * STAGGER_S
        due += [(begin_s, number, True), (begin_s + run.kind.lasts_s + run.kind.late_s, number, False)]
    due.sort()
    for at_s, number, begins in due:
        time.sleep(max(0.0, at_s - time.monotonic()))
        run, victim = runs[number], Victim(made, number, chance)
        if begins:
            run.begun_ns.append(time.time_ns())
            run.kind.act(victim)
        elif run.kind.over is not None:
            run.kind.over(victim)
    time.sleep(max(run.kind.bar_s for run in runs))
    for run in runs:
        run.ended_ns.append(time.time_ns())


def _verdict(made: Stand, number: int, name: str, run: _Run, until_ns: int) -> list[Row]:
    scenario, kind = f"network: {name}", run.kind
    try:
        film = Film.of(made.recorded(number), made.specs[number].clip.fps)
    except ValueError as error:
        return [problems(scenario, "recorded at all", [str(error)])]
    ends_ns = [*run.begun_ns[1:], until_ns - round(STILL_ON_ITS_WAY_S * NS_PER_S)]
    if kind.silent:
        sent = [frame for frame in made.served(number) if frame.wall_ns <= ends_ns[-1]]
        lost_s = [float(len({frame.frame for frame in sent} - film.recorded) / film.fps)]
        what = "lost of what it sent"
    else:
        windows = zip(run.begun_ns, ends_ns, strict=True)
        lost_s = [max(0.0, film.lost_s(begin_ns, end_ns) - kind.lasts_s) for begin_ns, end_ns in windows]
        what = "lost beyond the outage"
    worst_s, median_s = worst_and_median(lost_s)
    noticed = [_noticed_s(made, number, begin_ns) for begin_ns in run.begun_ns]
    told = ledger_problems(made, number, kind.causes, until_ns=ends_ns[-1], leniency=kind.leniency)
    return [
        Row(scenario, f"{what}, median of {len(lost_s)}", median_s, kind.bar_s, "s"),
        Row(scenario, f"{what}, worst", worst_s, kind.bar_s, "s"),
        problems(scenario, "frames twice, files", _wrong(made, number, kind)),
        problems(scenario, "never hurried", _hurried(made, number, run)),
        problems(scenario, LEDGER, told),
        *([] if kind.noticed_s is None else [Row(scenario, NOTICED, max(noticed), kind.noticed_s, "s")]),
    ]


def _noticed_s(made: Stand, number: int, begun_ns: int) -> float:
    """How long it took until the recorder wrote a fault of this camera down."""
    faults = CatalogReader(made.root / CATALOG).faults(camera_name(number), from_ns=WallNs(begun_ns))
    return (faults[0].wall_ns - begun_ns) / NS_PER_S if faults else float("inf")


def _wrong(made: Stand, number: int, kind: Kind) -> list[str]:
    fps = None if kind.spoils else made.specs[number].clip.fps
    settled = reader.compare(made.served(number), made.recorded(number), fps=fps)
    found = [f"{camera_name(number)}: {text}" for text in settled.wrong_times]
    found += [f"{camera_name(number)}: repeated: {str(settled.repeated)[:200]}"] if settled.repeated else []
    if not kind.spoils:
        found += [f"{camera_name(number)}: unknown: {str(settled.unknown)[:200]}"] if settled.unknown else []
        found += file_problems(made.root, camera_name(number))
    return found


def _hurried(made: Stand, number: int, run: _Run) -> list[str]:
    """Whether the camera was asked for its description more often than it likes while it was in trouble."""
    asked_ns = [wall_ns for wall_ns, method in made.lab.requests(number) if method == "DESCRIBE"]
    found = []
    for begin_ns, end_ns in zip(run.begun_ns, run.ended_ns, strict=True):
        count = sum(begin_ns <= wall_ns <= end_ns for wall_ns in asked_ns)
        seconds = (end_ns - begin_ns) / NS_PER_S
        if count > 2 + seconds * run.kind.asked_at_most_per_s:
            found.append(f"{camera_name(number)}: asked {count} times in {seconds:.0f} s")
    return found
