"""A preferred volume and another one: it fails while four cameras are recorded, and comes back; all comes home.

Needs a recorder to which `--to` may be given several times, in order of preference. With one that does not say so in
`holdfast record --help`, these scenarios are not made, and say why.
"""

import os
import random
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

from holdfast.lab.scenarios.accounts import all_file_problems, camera_name, exit_problems, is_final, problems
from holdfast.lab.scenarios.stand import HOLDFAST, Row, Stand, has_fragment, small, stand
from holdfast.lab.scenarios.storage import (
    AFTERWARDS_S,
    AWAY_S,
    BACK,
    BACK_S,
    END_S,
    GOP_S,
    PATIENCE_S,
    SEGMENT,
    account,
    until,
)
from holdfast.lab.storage.disks import TmpfsDisk
from holdfast.lab.storage.needs import NotHere, demand
from holdfast.lab.storage.ways import WAYS, Fault

CAMERAS = 4
PREFERRED_BYTES = 2 << 30
FALLBACK_BYTES = 2 << 30
"""Both sparse. Large enough for what a volume must have; of the fallback only what is written costs memory."""
OPTIONS: Sequence[str] = ()
"""More options of `holdfast record` that small volumes need."""
GIVEN_UP_S = 15.0
"""The recorder's own patience with a disk that does not answer."""
HOME_S = 120.0
HOME = "until all was home"
IN_MEMORY = frozenset({"tmpfs"})
"""Ways that would fill the memory of the machine with a volume of this size."""


def ways_of(fault: Fault) -> Sequence[str]:
    """In which ways a large volume has this fault."""
    return [way for way in WAYS[fault] if way not in IN_MEMORY]


def failover(root: Path, *, fault: Fault, ways: Sequence[str], seed: int, away_s: float = AWAY_S) -> list[Row]:
    """The preferred volume is lost in these ways, one after the other, each for so long."""
    if not takes_several():
        raise NotHere("not yet: this `holdfast record` takes no second --to")
    rows = []
    for way in ways:
        demand(*WAYS[fault][way].needs)
        rows += _failover(root.parent / way, fault, way, random.Random(f"{seed} {way}"), away_s)
    return rows


@cache
def takes_several() -> bool:
    """Whether `--to` may be repeated, as the help says of it."""
    command = [*HOLDFAST, "record", "--help"]
    shown = subprocess.run(command, capture_output=True, text=True, check=True, env=os.environ | {"LC_ALL": "C"}).stdout
    return says_several(shown)


def says_several(shown: str) -> bool:
    """Whether this help text says of `--to` that it may be repeated."""
    about = re.search(r"^ +--to .*?(?=^ +--)", shown, re.MULTILINE | re.DOTALL)
    return about is not None and "repeated" in about[0]


def _failover(place: Path, fault: Fault, way: str, chance: random.Random, away_s: float) -> list[Row]:
    specs = [small() for _ in range(CAMERAS)]
    with (
        WAYS[fault][way].make(place / "preferred", PREFERRED_BYTES) as disk,
        TmpfsDisk(place / "fallback", FALLBACK_BYTES) as other,
        stand(
            specs,
            disk.folder / "recordings",
            *("--to", str(other.folder / "recordings"), *SEGMENT, *OPTIONS, *_patience(away_s)),
            seed=chance.randrange(1 << 31),
        ) as made,
        disk.mended_at_last(),
    ):
        state = place / "state"
        state.mkdir()
        made.start(env=os.environ | {"STATE_DIRECTORY": str(state)})
        made.await_recording(range(CAMERAS))
        time.sleep(chance.uniform(2, 6))
        elsewhere = other.folder / "recordings"
        disk.fail()
        time.sleep(away_s)
        was_elsewhere = {path.parts[-3] for path in elsewhere.rglob("*.mp4")}
        disk.mend()
        back_s = until(_begun_anew(made), PATIENCE_S)
        home_s = until(lambda: not any(elsewhere.rglob("*.mp4")), HOME_S)
        time.sleep(AFTERWARDS_S)
        found = exit_problems(made.stop()) + all_file_problems(made)
        left = [f"{path.name} is still on the fallback volume" for path in elsewhere.rglob("*.mp4")]
        settled = account(made)
    name = f"preferred volume lost and back: {fault} ({way})"
    missed = [
        f"{camera_name(n)} was not on the fallback" for n in range(CAMERAS) if camera_name(n) not in was_elsewhere
    ]
    return [
        Row(name, "lost", settled.lost, 0, "frames"),
        Row(name, "repeated", settled.repeated, 0, "frames"),
        Row(name, "not recorded at the end", settled.unfinished_s, END_S, "s"),
        Row(name, BACK, back_s, BACK_S + GOP_S, "s"),
        Row(name, HOME, home_s, HOME_S, "s"),
        problems(name, "left on the fallback volume, or never there", [*left, *missed]),
        problems(name, "below the empty mount point", [f"{path} was written" for path in disk.strays]),
        problems(name, "files, times, exit code", [*found, *settled.wrong]),
    ]


def _patience(away_s: float) -> Sequence[str]:
    """A disk that hangs only shortly is to be given up all the same."""
    return () if away_s > GIVEN_UP_S else ("--hang-after", "2s")


def _begun_anew(made: Stand) -> Callable[[], bool]:
    """Whether every camera has a file that is not there yet, is written to, and did not come home: those are final."""
    before = [set(made.files(camera)) for camera in range(len(made.specs))]

    def condition() -> bool:
        new = [set(made.files(camera)) - files for camera, files in enumerate(before)]
        return all(any(has_fragment(file) and not is_final(file) for file in files) for files in new)

    return condition
