"""Workers and recorders that are killed, stopped and replaced."""

import os
import random
import signal
import time
from functools import partial
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlsplit

from holdfast.lab.scenarios.accounts import missing, numbers
from holdfast.lab.scenarios.stand import Row, Stand, await_that, small, stand, unplayable

GOP_S = 1.0


def worker_lost(root: Path, *, times: int, seed: int, with_signal: signal.Signals) -> list[Row]:
    """One camera's worker is killed (SIGKILL) or stopped (SIGSTOP); three others record beside it."""
    chance = random.Random(seed)
    specs = [small(15, 15) for _ in range(4)]
    name = f"worker {with_signal.name}"
    bar_s = (2.0 if with_signal is signal.SIGKILL else 8.0) + GOP_S
    with stand(specs, root, "--segment", "1h", seed=seed) as made:
        made.start()
        made.await_recording(range(4))
        for _ in range(times):
            # Frames have to flow for 5 s before a failure counts as the first one again (requirement C4).
            time.sleep(7.5 + chance.random() * 3)
            files = set(made.files(0))
            os.kill(worker_of(made, 0), with_signal)
            await_that(partial(made.has_new_file, 0, files), 40)
        time.sleep(2)
        made.stop()
        return [
            Row(name, f"until its next frame is recorded, worst of {times}", _worst_gap_s(made, 0), bar_s, "s"),
            Row(name, "frames lost by the other cameras", sum(missing(made, n) for n in (1, 2, 3)), 0, "frames"),
            Row(name, "files that do not play", sum(unplayable(made, n) for n in range(4)), 0, "files"),
        ]


def kill_everything(root: Path, *, times: int, seed: int) -> list[Row]:
    """`kill -9` of recorder and workers at random moments; then a check, a repair, and a second check."""
    chance = random.Random(seed)
    specs = [small(1, 2), small(5, 5), small(15, 15), small(30, 60), small(15, 15, bframes=2)]
    worst, broken, unmended = 0.0, 0, 0
    for turn in range(times):
        with stand(specs, root / f"turn {turn}", "--segment", "3s", seed=seed + turn) as made:
            made.start()
            made.await_recording(range(len(specs)))
            time.sleep(chance.random() * 5)
            killed_ns = time.time_ns()
            made.kill_everything()
            broken += sum(unplayable(made, n) for n in range(len(specs)))
            worst = max(worst, *(_share_of_bar(made, n, killed_ns) for n in range(len(specs))))
            unmended += made.ask("check", str(made.root), "--repair").returncode != 0
            unmended += made.ask("check", str(made.root)).returncode != 0
            broken += sum(unplayable(made, n) for n in range(len(specs)))
    name = f"kill -9 of everything, {times} times"
    return [
        Row(name, "files that do not play, before and after repair", broken, 0, "files"),
        Row(name, "lost before the kill, as a share of 1 s or 3 frame intervals", worst, 1.0, ""),
        Row(name, "repairs that left something", unmended, 0, ""),
    ]


def replacements(root: Path, *, times: int, seed: int) -> list[Row]:
    """One worker is killed again and again; the recorder must not grow."""
    with stand([small(15, 5)], root, "--segment", "1h", seed=seed) as made:
        made.start()
        made.await_recording([0])
        sizes = []
        for turn in range(times):
            worker = worker_of(made, 0)
            os.kill(worker, signal.SIGKILL)
            await_that(partial(_is_replaced, made, worker), 30)
            if turn == times // 5:
                sizes.append(_size_of(made))
        await_that(lambda: made.status()[0]["recording"] == "recording", 30)
        sizes.append(_size_of(made))
        made.stop()
        (threads, fds, rss), (threads_now, fds_now, rss_now) = sizes
        name = f"{times} replacements"
        return [
            Row(name, "more threads", threads_now - threads, 0, ""),
            Row(name, "more descriptors", fds_now - fds, 2, ""),
            Row(name, "more memory", (rss_now - rss) / 1e6, 8, "MB"),
        ]


def intent(root: Path, *, seed: int) -> list[Row]:
    """The camera refuses for a while, then answers 404, then is back: recording comes back by itself."""
    with stand([small(15, 15)], root, seed=seed) as made:
        made.start()
        made.await_recording([0])
        made.lab.refuse(0)
        made.lab.close_clients(0, reset=True)
        time.sleep(3)
        made.lab.status(0, 404)
        made.lab.listen(0)
        time.sleep(3)
        made.lab.status(0, 0)
        files = set(made.files(0))
        await_that(partial(made.has_new_file, 0, files), 40)
        wanted = made.status()[0]["recording"]
        made.stop()
        return [Row("camera reboot", "recording not back by itself", float(wanted == "off"), 0, "")]


def worker_of(made: Stand, camera: int) -> int:
    """Worker of a camera, found by the process that holds a connection to its port; 0 while there is none."""
    port = urlsplit(made.lab.urls[camera]).port
    sockets = set()
    for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()[1:]:
        fields = line.split()
        if int(fields[2].split(":")[1], 16) == port and fields[3] == "01":
            sockets.add(f"socket:[{fields[9]}]")
    return next((pid for pid in made.workers() if _holds(pid, sockets)), 0)


def _holds(pid: int, sockets: set[str]) -> bool:
    try:
        return any(_link(fd) in sockets for fd in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:
        return False


def _link(fd: Path) -> str:
    try:
        return str(fd.readlink())
    except OSError:
        return ""


def _is_replaced(made: Stand, worker: int) -> bool:
    return worker_of(made, 0) not in (0, worker)


def _worst_gap_s(made: Stand, camera: int) -> float:
    """The longest run of frames that the camera made and that is in no file."""
    longest = max((b - a - 1 for a, b in pairwise(numbers(made, camera))), default=0)
    return longest / float(made.specs[camera].clip.fps)


def _share_of_bar(made: Stand, camera: int, killed_ns: int) -> float:
    """What was sent before the kill and is lost, against 1 s or 3 frame intervals, whichever is more."""
    last = max(numbers(made, camera), default=-1)
    lost = sum(frame.frame > last for frame in made.served(camera) if frame.wall_ns <= killed_ns)
    fps = float(made.specs[camera].clip.fps)
    return lost / fps / max(1.0, 3 / fps)


def _size_of(made: Stand) -> tuple[int, int, int]:
    """(threads, descriptors, resident bytes) of the recorder, after it has settled."""
    assert made.process is not None
    time.sleep(2)
    return size_of(made.process.pid)


def size_of(pid: int) -> tuple[int, int, int]:
    """(threads, descriptors, resident bytes) of a process."""
    folder = Path(f"/proc/{pid}")
    pages = int((folder / "statm").read_text(encoding="ascii").split()[1])
    return len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir())), pages * 4096
