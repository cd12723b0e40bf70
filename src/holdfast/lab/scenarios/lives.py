"""Recorders that end and begin again: the time between is in the ledger, with how the recorder ended."""

import random
import time
from functools import partial
from pathlib import Path

from holdfast.lab.scenarios.accounts import camera_name, exit_problems, problems
from holdfast.lab.scenarios.ledger import gaps_of, ledger_problems
from holdfast.lab.scenarios.outages import REPAIRED_S
from holdfast.lab.scenarios.stand import Row, await_that, small, stand

CAMERAS = (small(), small(25, 25, bframes=2), small(5, 5, codec="h265"))
STOPPED, KILLED = "recorder_stopped", "recorder_killed"
SHORTEST_S, LONGEST_S = 2.0, 6.0


def lives(root: Path, *, times: int, seed: int) -> list[Row]:
    """A recorder is stopped, another is killed with everything, a third one goes on; and again."""
    chance = random.Random(seed)
    name = "lives of the recorder"
    found: list[str] = []
    numbers = range(len(CAMERAS))
    with stand(CAMERAS, root, "--segment", "10s", seed=seed) as made:
        for kills in (False, True) * times:
            before = [set(made.files(number)) for number in numbers]
            made.start()
            for number in numbers:
                await_that(partial(made.has_new_file, number, before[number]), 30)
            time.sleep(chance.uniform(SHORTEST_S, LONGEST_S))
            if kills:
                made.kill_everything()
            else:
                found += exit_problems(made.stop())
            time.sleep(chance.uniform(SHORTEST_S, LONGEST_S))
        made.start()
        time.sleep(REPAIRED_S)
        found += exit_problems(made.stop())
        told = [text for number in numbers for text in ledger_problems(made, number, {STOPPED, KILLED})]
        lines = made.ask("gaps", str(made.root), "--json").stdout.splitlines()
        for number in numbers:
            # Before the first start there is nothing that could be missing.
            causes = [gap.cause for gap in gaps_of(lines, camera_name(number)) if gap.cause != "starting"]
            wanted = [STOPPED, KILLED] * times
            told += [f"{camera_name(number)}: {causes}, not {wanted}"] if causes != wanted else []
    return [problems(name, "orderly ends", found), problems(name, "ledger", told)]
