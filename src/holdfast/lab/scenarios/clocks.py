"""A wall clock that jumps, and nights in which summer time ends or begins, while recordings run."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from holdfast.lab import reader
from holdfast.lab.scenarios.accounts import (
    account_problems,
    all_file_problems,
    camera_name,
    exit_problems,
    problems,
)
from holdfast.lab.scenarios.stand import Row, Stand, small, stand

CAMERAS = (small(), small(25, 25, bframes=2), small(10, 10, "h265"))
SEGMENT_S = 5
HOUR_S = 3600
LEAST_S = 7.0
"""Every stretch of one offset is longer than a segment."""
LONGER_S = 0.25 + 0.1
"""A segment may begin this much before its mark, and has an interval of frames behind its last key frame."""
AUTUMN = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
SPRING = datetime(2026, 3, 29, 1, 0, tzinfo=UTC)
"""When the clocks of Berlin are changed: 3:00 becomes 2:00, 2:00 becomes 3:00."""
START_S = 10.0
"""A recorder records within this time after it was started."""


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of recording under one offset of the clock, which is found when the stretch begins."""

    offset_s: Callable[[], int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Names:
    """What the files' names must show, or else the run proved nothing."""

    zone: str = "UTC"
    hours: frozenset[str] = frozenset()
    """Hours of the day that must occur."""
    taken: bool = False
    """Some name must have been taken already. Not one of each camera: one whose key frames come at full seconds has its
    files named after the one second or the next."""


def jumps(root: Path, *, stretch_s: float = 2 * LEAST_S, seed: int) -> list[Row]:
    """An hour forth, back, further back and forth again; then so far back that names are taken already."""
    back_s = -SEGMENT_S * round(stretch_s / SEGMENT_S)
    offsets = [0, HOUR_S, 0, -HOUR_S, 0, back_s]
    steps = [Step(partial(int, offset_s), stretch_s) for offset_s in offsets]
    return _run("clock jumps", root, steps, seed, Names(taken=True))


def autumn_night(root: Path, *, stretch_s: float = 2 * LEAST_S, seed: int) -> list[Row]:
    """Two o'clock twice in one night: the names of the first are taken when the second comes."""
    # Offsets are whole segments, so a stretch may begin half a segment early; the second must reach the first's marks.
    steps = [
        Step(partial(_offset, AUTUMN, -HOUR_S), stretch_s),
        Step(partial(_offset, AUTUMN, -stretch_s / 2), stretch_s * 1.5 + 2 * SEGMENT_S),
    ]
    return _run("summer time ends", root, steps, seed, Names(zone="Europe/Berlin", hours=frozenset({"02"}), taken=True))


def spring_night(root: Path, *, stretch_s: float = 2 * LEAST_S, seed: int) -> list[Row]:
    """No two o'clock at all."""
    steps = [Step(partial(_offset, SPRING, -START_S), START_S + stretch_s / 2)]
    return _run("summer time begins", root, steps, seed, Names(zone="Europe/Berlin", hours=frozenset({"01", "03"})))


def _offset(moment: datetime, seconds: float) -> int:
    """What to add to the true clock, so that it is that many seconds after the moment now; whole segments' lengths."""
    wanted_s = moment.timestamp() + seconds - time.time()
    return round(wanted_s / SEGMENT_S) * SEGMENT_S


def _run(name: str, root: Path, steps: Sequence[Step], seed: int, names: Names) -> list[Row]:
    """Record with each offset of the clock for its number of seconds."""
    root.parent.mkdir(parents=True, exist_ok=True)
    clock = root.parent / "clock"
    _set(clock, steps[0].offset_s())
    program = (sys.executable, "-m", "holdfast.lab.scenarios.faked_clock", str(clock))
    with stand(CAMERAS, root, "--segment", f"{SEGMENT_S}s", seed=seed) as made:
        made.start(program, env={**os.environ, "TZ": names.zone})
        made.await_recording(range(len(CAMERAS)))
        time.sleep(steps[0].seconds)
        for step in steps[1:]:
            _set(clock, step.offset_s())
            time.sleep(step.seconds)
        found = exit_problems(made.stop()) + all_file_problems(made)
        for number in range(len(CAMERAS)):
            found += account_problems(made, number) + _order_problems(made, number)
            seconds = sum(step.seconds for step in steps)
            if len(made.files(number)) < seconds / SEGMENT_S - len(steps):
                found.append(f"{camera_name(number)}: only {len(made.files(number))} files in {seconds:.0f} s")
            found += _unproven(made, number, names)
        if names.taken and not any(path.stem.endswith("_2") for n in range(len(CAMERAS)) for path in made.files(n)):
            found.append("no name was taken already")
        checked = made.ask("check", str(root))
        found += [f"check finds: {checked.stdout}{checked.stderr}"] if checked.returncode else []
        longest_s = max(_length_s(recording) for n in range(len(CAMERAS)) for recording in made.recorded(n))
    return [
        Row(name, "longest file", longest_s, SEGMENT_S + 1 + LONGER_S, "s"),
        problems(name, "lost, repeated, overwritten, out of order", found),
    ]


def _set(clock: Path, offset_s: int) -> None:
    """Set the recorder's clock, in one step."""
    fresh = clock.with_suffix(".new")
    fresh.write_text(f"{offset_s:+d}\n", encoding="ascii")
    fresh.replace(clock)


def _order_problems(made: Stand, camera: int) -> list[str]:
    """`holdfast segments` lists files in the order of their frames, whatever the clock said."""
    listed = [row["path"] for row in made.segments() if row["camera"] == camera_name(camera)]
    firsts = [reader.read(made.root / path).frames[0].frame for path in listed]
    found = [] if firsts == sorted(firsts) else [f"{camera_name(camera)} is listed in a wrong order: {listed}"]
    if len(set(listed)) != len(made.files(camera)):
        found.append(f"{camera_name(camera)}: {len(made.files(camera))} files, {len(listed)} listed")
    return found


def _unproven(made: Stand, camera: int, names: Names) -> list[str]:
    stems = [path.stem for path in made.files(camera)]
    hours = {stem.removeprefix(camera_name(camera))[10:12] for stem in stems}
    return [f"{camera_name(camera)}: hours {sorted(hours)} in the names"] if not names.hours <= hours else []


def _length_s(recording: reader.Recording) -> float:
    times = [frame.pts_s for frame in recording.frames]
    return max(times) - min(times)
