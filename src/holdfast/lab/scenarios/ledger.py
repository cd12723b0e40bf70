"""Whether the gap ledger says the truth about what is missing, as `holdfast gaps DIR --json` tells it."""

import json
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

from holdfast.lab.scenarios.accounts import camera_name
from holdfast.lab.scenarios.film import Film, Hole
from holdfast.lab.scenarios.stand import NS_PER_S, Stand

TOLERATED_HOLE_NS = NS_PER_S // 2
"""Up to two frame intervals, or so much, need no gap."""
EDGE_NS = 150_000_000
LIE_NS = 2 * NS_PER_S
"""Of a camera whose times lie by less than this nobody can tell whether it was only late (`media/frames.py`)."""
_SHOWN = 5
DAMAGED = frozenset({"packets_lost"})
"""Frames of which packets were lost may be recorded all the same."""


@dataclass(frozen=True, slots=True)
class Leniency:
    """What cannot be held against a ledger."""

    late_s: float = 0.0
    """The network delays everything by this much: nobody can know it, and all is dated so late."""
    times_lie: bool = False
    """The camera's times are wrong: what is recorded may seem to be of another time."""
    unknowable: bool = False
    """The camera's times are random: nobody can know what is missing when."""
    edge_ns: int = EDGE_NS
    """How far a gap's ends may be off. A session that is young is dated by its first frames, which a machine that is
    busy delays: it is dated better as it grows older, and a kill leaves it as it was."""


STRICT = Leniency()


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap of one stream; `to_ns` is None while it is open."""

    camera: str
    cause: str
    from_ns: int
    to_ns: int | None = None

    def holds(self, wall_ns: int, edge_ns: int) -> bool:
        """Whether a moment lies in it, or not further outside than this (inside, if negative)."""
        return self.from_ns - edge_ns <= wall_ns and (self.to_ns is None or wall_ns <= self.to_ns + edge_ns)


def gaps_of(lines: Iterable[str], camera: str, stream: str = "main") -> list[Gap]:
    """The gaps of one stream among the command's lines; the others speak of whole days."""
    told: list[dict[str, Any]] = [json.loads(line) for line in lines if line.strip()]
    return [
        Gap(line["camera"], line["cause"], int(line["from_ns"]), None if line["to_ns"] is None else int(line["to_ns"]))
        for line in told
        if "cause" in line and line["camera"] == camera and line["stream"] == stream
    ]


def ledger_problems(
    made: Stand,
    camera: int,
    causes: AbstractSet[str],
    *,
    until_ns: int | None = None,
    leniency: Leniency = STRICT,
) -> list[str]:
    """What the ledger misses, makes up, or blames on the wrong cause; `until_ns`: when recording was ended."""
    answer = made.ask("gaps", str(made.root), "--json")
    if answer.returncode != 0:
        return [f"holdfast gaps: exit code {answer.returncode}: {answer.stderr.strip()[-200:]}"]
    name = camera_name(camera)
    try:
        film = Film.of(made.recorded(camera), made.specs[camera].clip.fps)
    except ValueError as error:
        return [f"{name}: {error}"]
    gaps = gaps_of(answer.stdout.splitlines(), name)
    return [f"{name}: {text}" for text in contradictions(film, gaps, causes, until_ns=until_ns, leniency=leniency)]


def contradictions(
    film: Film,
    gaps: Sequence[Gap],
    causes: AbstractSet[str],
    *,
    until_ns: int | None = None,
    leniency: Leniency = STRICT,
) -> list[str]:
    """Where frames and gaps contradict each other, after the first recorded frame."""
    if leniency.unknowable:
        return []
    edge_ns = max(leniency.edge_ns, film.interval_ns * 3 // 2)
    shortest_ns = max(LIE_NS if leniency.times_lie else TOLERATED_HOLE_NS, 2 * film.interval_ns)
    found: list[str] = []
    for hole in film.holes(until_ns):
        if hole.to_ns - hole.from_ns >= shortest_ns:
            found += _not_accounted(film, hole, gaps, causes, edge_ns)
    late_ns = round(leniency.late_s * NS_PER_S)
    for gap in () if leniency.times_lie else gaps:
        if gap.cause in DAMAGED:
            continue
        frames = sorted(film.recorded)
        inside = [
            frame
            for frame in frames
            if gap.holds(film.wall_ns(frame), -edge_ns) and gap.holds(film.wall_ns(frame) + late_ns, -edge_ns)
        ]
        if inside:
            found.append(f"frames {inside[0]} to {inside[-1]} are recorded, and in a gap ({gap.cause})")
    return found


def _not_accounted(film: Film, hole: Hole, gaps: Sequence[Gap], causes: AbstractSet[str], edge_ns: int) -> list[str]:
    outside: list[int] = []
    blamed: set[str] = set()
    for frame in range(hole.first, hole.last + 1):
        here = {gap.cause for gap in gaps if gap.holds(film.wall_ns(frame), edge_ns)}
        outside += [] if here else [frame]
        blamed |= here if here.isdisjoint(causes) else set()
    what = f"frames {hole.first} to {hole.last} ({hole.seconds:.1f} s) are missing"
    found = []
    if outside:
        near = min((_distance_ns(gap, film.wall_ns(frame)) for gap in gaps for frame in outside), key=abs, default=0)
        which = f"{outside[0]} to {outside[-1]}, {near / 1e6:+.0f} ms from the nearest"
        found.append(f"{what}, and {len(outside)} of them are in no gap ({which})")
    found += [f"{what}, and the cause is {', '.join(sorted(blamed))}"] if blamed else []
    return found[:_SHOWN]


def _distance_ns(gap: Gap, wall_ns: int) -> int:
    """How far a moment lies before a gap (negative) or behind it; 0: it lies in it."""
    if wall_ns < gap.from_ns:
        return wall_ns - gap.from_ns
    return max(0, wall_ns - gap.to_ns) if gap.to_ns is not None else 0
