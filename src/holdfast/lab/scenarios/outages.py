"""Cameras that are away for a while in every way at once; recording comes back by itself."""

import os
import random
import signal
import time
from functools import partial
from pathlib import Path

from holdfast.lab.scenarios.accounts import account_problems, all_file_problems, camera_name, exit_problems, problems
from holdfast.lab.scenarios.processes import worker_of
from holdfast.lab.scenarios.stand import SETTLED_S, Row, Stand, await_that, small, stand

CAMERAS = (small(), small(), small(codec="h265"), small(), small())
CLOCK_S = 1.0
"""The status is asked for a few times a second, by a command that has to start."""
REFUSES, NOT_FOUND, SILENT, KILLED, UNTOUCHED = range(5)
SHORTEST_S, LONGEST_S = 2.0, 8.0
GOP_S = 1.0
REPAIRED_S = 14.0
"""A recorder looks at files of an earlier one when they are ten seconds old."""


def outages(root: Path, *, times: int, seed: int) -> list[Row]:
    """One camera refuses, one answers 404, one is silent, one's worker is killed again and again; a fifth is well."""
    chance = random.Random(seed)
    name = "outages"
    late: list[float] = []
    with stand(CAMERAS, root, seed=seed) as made:
        made.start()
        made.await_recording(range(len(CAMERAS)))
        found: list[str] = []
        for _ in range(times):
            time.sleep(SETTLED_S)
            late.append(_outage(made, chance.uniform(SHORTEST_S, LONGEST_S)))
            found += [f"{s['camera']}: {s['recording']}" for s in made.status() if s["recording"] == "off"]
        time.sleep(1)
        found += exit_problems(made.stop()) + all_file_problems(made) + account_problems(made, UNTOUCHED)
    # The pause before the next try is never longer than the outage was.
    bar_s = LONGEST_S + CLOCK_S + GOP_S
    return [
        Row(name, f"until all are recorded again, worst of {times}", max(late), bar_s, "s"),
        problems(name, "all are back, untouched camera, files", found),
    ]


def _outage(made: Stand, outage_s: float) -> float:
    """Seconds from its end until the last of the cameras is recorded again."""
    lab = made.lab
    lab.refuse(REFUSES)
    lab.close_clients(REFUSES, reset=True)
    lab.status(NOT_FOUND, 404)
    lab.close_clients(NOT_FOUND)
    lab.pause(SILENT, outage_s)
    os.kill(worker_of(made, KILLED), signal.SIGKILL)
    time.sleep(outage_s)
    before = [len(made.served(number)) for number in range(len(CAMERAS))]
    lab.listen(REFUSES)
    lab.status(NOT_FOUND, 0)
    over_s = time.monotonic()
    for number in range(len(CAMERAS)):
        await_that(partial(_records, made, number, before[number]), 60)
    return time.monotonic() - over_s


def _records(made: Stand, number: int, before: int) -> bool:
    """Whether the camera sends again and its frames reach the disk."""
    state = next(state for state in made.status() if state["camera"] == camera_name(number))
    return len(made.served(number)) > before and state["recording"] == "recording" and state["phase"] == "connected"


def restarts(root: Path, *, times: int, seed: int) -> list[Row]:
    """`kill -9` of everything, and the next recorder in the same folder brings all in line by itself."""
    chance = random.Random(seed)
    name = "restarts"
    found: list[str] = []
    with stand(CAMERAS, root, "--segment", "3s", seed=seed) as made:
        for _ in range(times):
            made.start()
            before = [set(made.files(number)) for number in range(len(CAMERAS))]
            for number in range(len(CAMERAS)):
                await_that(partial(made.has_new_file, number, before[number]), 30)
            time.sleep(chance.random() * 4)
            made.kill_everything()
        made.start()
        time.sleep(REPAIRED_S)
        found += exit_problems(made.stop()) + all_file_problems(made)
        for number in range(len(CAMERAS)):
            frames = [frame.frame for recording in made.recorded(number) for frame in recording.frames]
            found += [f"{camera_name(number)}: frames are repeated"] if len(frames) > len(set(frames)) else []
        checked = made.ask("check", str(root))
        found += [f"check finds: {checked.stdout}{checked.stderr}"] if checked.returncode else []
    return [problems(name, f"after {times} kills and a restart", found)]
