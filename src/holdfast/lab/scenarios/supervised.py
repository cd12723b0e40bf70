"""The service under `holdfast serve --supervised`: killed and hung at random moments, and recording again by itself."""

import contextlib
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from holdfast.lab.camera import CameraSpec
from holdfast.lab.remote import LabServer
from holdfast.lab.scenarios.accounts import camera_name, exit_problems, problems
from holdfast.lab.scenarios.film import Film
from holdfast.lab.scenarios.ledger import STRICT, Leniency, gaps_of, ledger_problems
from holdfast.lab.scenarios.outages import REPAIRED_S
from holdfast.lab.scenarios.stand import HOLDFAST, NS_PER_S, SETTLED_S, Row, Stand, await_that, small, unplayable

KILLED = "recorder_killed"
AGAIN_S = 2.0
"""Beyond one group of pictures."""
WATCHDOG_S = 15.0 + 2.0
"""Until a loop that stands still is noticed, and until what hears no signal is killed (app/one_life.py)."""
LONGEST_S = 5.0
HANG = """
import signal, time
signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))
"""
"""As `sitecustomize`: the event loop stands still when this signal comes, as it would at a mistake of ours."""
SPECS = (small(1, 2), small(5, 5), small(15, 15), small(30, 60), small(15, 15, bframes=2))


class Supervised(Stand):
    """Cameras, and a service with the process that starts it again."""

    def start(self, *_: object, **__: object) -> None:
        """Write the configuration, and start the two."""
        folder = self.root.parent
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "sitecustomize.py").write_text(HANG, encoding="utf-8")
        config = folder / f"{self.root.name}.toml"
        text = f'[recorder]\nsegment = "10s"\n[[volume]]\npath = "{self.root}"\n'
        for number, url in enumerate(self.lab.urls):
            text += f'[[camera]]\nid = "{camera_name(number)}"\nurl = "{url}"\n'
        config.write_text(text, encoding="utf-8")
        command = [*HOLDFAST, "serve", "--config", str(config), "--supervised"]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])}
        with (folder / f"{self.root.name}.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, env=environment)

    def service(self) -> int:
        """Process id of the service; 0 while there is none."""
        assert self.process is not None
        return next(iter(_children(self.process.pid)), 0)

    def workers(self) -> list[int]:
        """Process ids of its capture workers: they end when it does."""
        return _children(self.service())

    def kill_everything(self) -> None:
        """`kill -9` of both, the guard first."""
        assert self.process is not None
        process, self.process = self.process, None
        service = next(iter(_children(process.pid)), 0)
        process.kill()
        process.wait()
        if service:
            with contextlib.suppress(ProcessLookupError):
                os.kill(service, signal.SIGKILL)


@contextlib.contextmanager
def supervised(specs: Sequence[CameraSpec], root: Path, *, seed: int) -> Iterator[Supervised]:
    """Cameras that run, and a service that is not started yet; all end with the block."""
    root.parent.mkdir(parents=True, exist_ok=True)
    with LabServer(specs, seed=seed) as lab:
        made = Supervised(lab, specs, root)
        try:
            yield made
        finally:
            if made.process is not None:
                made.kill_everything()


def kill_service(root: Path, *, times: int, seed: int, leniency: Leniency = STRICT) -> list[Row]:
    """`kill -9` of the service at random moments: what is lost, and when recording goes on."""
    chance = random.Random(seed)
    name = f"kill -9 of the service, {times} times"
    with supervised(SPECS, root, seed=seed) as made:
        made.start()
        made.await_recording(range(len(SPECS)))
        killed_ns = []
        for _ in range(times):
            time.sleep(SETTLED_S + chance.random() * LONGEST_S)
            killed_ns.append(_end(made, signal.SIGKILL))
        return _rows(made, name, killed_ns, AGAIN_S, leniency)


def hang_service(root: Path, *, times: int, seed: int, leniency: Leniency = STRICT) -> list[Row]:
    """The event loop of the service stands still: the watchdog has it replaced."""
    chance = random.Random(seed)
    name = f"event loop stands still, {times} times"
    with supervised(SPECS, root, seed=seed) as made:
        made.start()
        made.await_recording(range(len(SPECS)))
        hung_ns = []
        for _ in range(times):
            time.sleep(SETTLED_S + chance.random() * LONGEST_S)
            hung_ns.append(_end(made, signal.SIGUSR1))
        return _rows(made, name, hung_ns, WATCHDOG_S + AGAIN_S, leniency)


def _end(made: Supervised, with_signal: signal.Signals) -> int:
    """End the service, and wait until another one records every camera; when it was ended."""
    before = [set(made.files(number)) for number in range(len(SPECS))]
    at_ns = time.time_ns()
    os.kill(made.service(), with_signal)
    for number in range(len(SPECS)):
        await_that(partial(made.has_new_file, number, before[number]), 60)
    return at_ns


def _rows(made: Supervised, name: str, ended_ns: Sequence[int], bar_s: float, leniency: Leniency) -> list[Row]:
    time.sleep(REPAIRED_S)
    found = exit_problems(made.stop(signal.SIGTERM))
    numbers = range(len(SPECS))
    films = [Film.of(made.recorded(number), SPECS[number].clip.fps) for number in numbers]
    told = [text for number in numbers for text in ledger_problems(made, number, {KILLED}, leniency=leniency)]
    lines = made.ask("gaps", str(made.root), "--json").stdout.splitlines()
    for number in numbers:
        causes = [gap.cause for gap in gaps_of(lines, camera_name(number))]
        # A stream of one frame a second may be called silent meanwhile, when the machine is busy.
        told += [f"{camera_name(number)}: {causes}"] if causes.count(KILLED) != len(ended_ns) else []
    checked = made.ask("check", str(made.root))
    found += [f"check finds: {checked.stdout}{checked.stderr}"] if checked.returncode else []
    repeated = sum(len(kept) - len(set(kept)) for kept in map(partial(_frames, made), numbers))
    return [
        Row(
            name,
            "lost before, as a share of 1 s or 3 frame intervals",
            max(_share_of_bar(made, number, films[number], at_ns) for number in numbers for at_ns in ended_ns),
            1.0,
            "",
        ),
        Row(
            name,
            "recording again after, beyond one GOP, worst",
            max(_again_s(made, number, films[number], at_ns) for number in numbers for at_ns in ended_ns),
            bar_s,
            "s",
        ),
        Row(name, "frames repeated", repeated, 0, "frames"),
        Row(name, "files that do not play", sum(unplayable(made, number) for number in numbers), 0, "files"),
        problems(name, "orderly end, check", found),
        problems(name, "ledger", told),
    ]


def _share_of_bar(made: Supervised, number: int, film: Film, ended_ns: int) -> float:
    """What was sent before and is lost, against 1 s or 3 frame intervals, whichever is more."""
    since_ns = ended_ns - round(SETTLED_S * NS_PER_S)
    sent = [frame.frame for frame in made.served(number) if since_ns < frame.wall_ns <= ended_ns]
    fps = float(film.fps)
    return sum(frame not in film.recorded for frame in sent) / fps / max(1.0, 3 / fps)


def _again_s(made: Supervised, number: int, film: Film, ended_ns: int) -> float:
    """From then to the first frame that is recorded again, less one group of pictures."""
    clip = made.specs[number].clip
    again_ns = min(at_ns for at_ns in map(film.wall_ns, film.recorded) if at_ns > ended_ns)
    return (again_ns - ended_ns) / NS_PER_S - clip.gop / float(clip.fps)


def _frames(made: Supervised, number: int) -> list[int]:
    return [frame.frame for recording in made.recorded(number) for frame in recording.frames]


def _children(pid: int) -> list[int]:
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]
    except OSError:
        return []
