"""Cameras that fail for long, fail again and again, or can never be recorded as they are."""

import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from holdfast.lab.camera import CameraSpec
from holdfast.lab.scenarios.accounts import account_problems, camera_name, exit_problems, problems
from holdfast.lab.scenarios.kinds import KINDS, Kind, Victim
from holdfast.lab.scenarios.ledger import gaps_of, ledger_problems
from holdfast.lab.scenarios.network import LEDGER
from holdfast.lab.scenarios.processes import size_of
from holdfast.lab.scenarios.stand import SETTLED_S, Row, Stand, await_that, small, stand

HEALTHY = 7
LONGEST_S = 14.0
"""Of one fault among many."""
PATIENCE_S = 120.0


def beside(root: Path, *, seconds: float, seed: int) -> list[Row]:
    """One camera fails in every way, one after another and over one another; seven others are well."""
    chance = random.Random(seed)
    name = "network: one fails beside seven"
    specs = [replace(small(), proxied=True), *(small(codec="h265" if n % 3 == 0 else "h264") for n in range(HEALTHY))]
    with stand(specs, root, seed=seed) as made:
        made.start()
        made.await_recording(range(len(specs)))
        victim = Victim(made, 0, chance)
        _fail(victim, seconds)
        served = len(made.served(0))
        await_that(lambda: len(made.served(0)) > served and _is_recorded(made, 0), PATIENCE_S)
        time.sleep(2)
        found = exit_problems(made.stop())
        found += [text for number in range(1, len(specs)) for text in account_problems(made, number)]
        # Not the victim's: a session that was late from its begin to its early end is dated late by that, and each kind
        # by itself has its ledger judged.
        made_up = [text for n in range(1, len(specs)) for text in ledger_problems(made, n, frozenset())]
    return [problems(name, "accounts of the seven", found), problems(name, LEDGER, made_up)]


def _is_for_all(kind: Kind) -> bool:
    """A wrong password takes a minute each time."""
    return "authentication" not in kind.causes


def _is_recorded(made: Stand, number: int) -> bool:
    """Whether frames arrive and reach the disk, in whatever file."""
    states = [state for state in made.status() if state["camera"] == camera_name(number)]
    return [(state["phase"], state["recording"]) for state in states] == [("connected", "recording")]


def _fail(victim: Victim, seconds: float) -> None:
    """Provoke kinds of faults in a random order until the time is over; then all of them end."""
    kinds = [kind for kind in KINDS.values() if kind.lasts_s <= LONGEST_S and _is_for_all(kind)]
    end_s = time.monotonic() + seconds
    while time.monotonic() < end_s:
        victim.chance.shuffle(kinds)
        for kind in kinds:
            if time.monotonic() > end_s:
                break
            try:
                kind.act(victim)
            except LookupError:
                # There is no worker to be killed just now.
                continue
            time.sleep(victim.chance.uniform(0.0, kind.lasts_s + 3.0))
            if kind.over is not None:
                kind.over(victim)
    victim.lab.one_session(victim.number, "any")


# ---------------------------------------------------------------- again and again


def reconnections(root: Path, *, cameras: int, rounds: int, seed: int) -> list[Row]:
    """All cameras reset all connections again and again; neither the recorder nor its workers may grow."""
    with stand([small()] * cameras, root, "--segment", "1h", seed=seed) as made:
        made.start()
        made.await_recording(range(cameras))
        sizes = []
        for turn in range(rounds):
            # Failures are forgotten only when frames have flowed for a while (requirement C4).
            time.sleep(SETTLED_S)
            before = [len(made.lab.sessions(number)) for number in range(cameras)]
            for number in range(cameras):
                made.lab.close_clients(number, reset=True)
            await_that(partial(_all_play_again, made, before), PATIENCE_S)
            if turn == rounds // 5:
                sizes.append(_sizes(made))
        sizes.append(_sizes(made))
        found = exit_problems(made.stop())
    (threads, fds, rss), (threads_now, fds_now, rss_now) = sizes
    name = f"network: {cameras * rounds} reconnections"
    return [
        Row(name, "more threads, per process", (threads_now - threads) / (cameras + 1), 1, ""),
        Row(name, "more descriptors, per process", (fds_now - fds) / (cameras + 1), 1, ""),
        Row(name, "more memory, per process", (rss_now - rss) / (cameras + 1) / 1e6, 4, "MB"),
        problems(name, "exit code", found),
    ]


def _all_play_again(made: Stand, before: Sequence[int]) -> bool:
    sessions = [made.lab.sessions(number) for number in range(len(before))]
    return all(
        len(now) > count and now[-1]["ended_ns"] is None and now[-1]["frames"]
        for now, count in zip(sessions, before, strict=True)
    )


def _sizes(made: Stand) -> tuple[int, int, int]:
    """(threads, descriptors, resident bytes) of the recorder and its workers together, after they have settled."""
    assert made.process is not None
    time.sleep(3)
    threads, fds, rss = zip(*(size_of(pid) for pid in (made.process.pid, *made.workers())), strict=True)
    return sum(threads), sum(fds), sum(rss)


# ---------------------------------------------------------------- never


@dataclass(frozen=True, slots=True)
class _Hopeless:
    """A camera that cannot be recorded, and what it is to be called."""

    kind: str
    spec: CameraSpec
    url: str = ""
    """Instead of the camera's own; PORT stands for its port."""


_NAME_OF_NOBODY = f"{'x' * 64}.invalid"
"""A label has 63 characters at most (RFC 1035 2.3.4): nobody has to be asked."""
HOPELESS = (
    _Hopeless("tls", small(), "rtsps://127.0.0.1:PORT/stream"),
    _Hopeless("name_not_found", small(), f"rtsp://{_NAME_OF_NOBODY}:PORT/stream"),
    _Hopeless("not_found", small(), "rtsp://127.0.0.1:PORT/nothing"),
    _Hopeless("refused", small()),
    _Hopeless("unreachable", replace(small(), proxied=True)),
    _Hopeless("no_video", small()),
    _Hopeless("busy", small()),
    _Hopeless("server_error", small()),
)
_REFUSED, _UNREACHABLE, _NO_VIDEO, _BUSY, _SERVER_ERROR = range(3, 8)


def named(root: Path, *, seconds: float, seed: int) -> list[Row]:
    """Cameras that cannot be recorded at all: each is named after its trouble, in the status and in the ledger."""
    name = "network: named"
    specs = [*(hopeless.spec for hopeless in HOPELESS), small()]
    with stand(specs, root, seed=seed) as made:
        for number, hopeless in enumerate(HOPELESS):
            if hopeless.url:
                port = urlsplit(made.lab.urls[number]).port
                made.lab.urls[number] = hopeless.url.replace("PORT", str(port))
        made.lab.refuse(_REFUSED)
        made.lab.unreachable(_UNREACHABLE, 3600)
        made.lab.no_video(_NO_VIDEO)
        made.lab.status(_BUSY, 453, "SETUP")
        made.lab.status(_SERVER_ERROR, 500)
        begun_ns = time.time_ns()
        made.start()
        made.await_recording([len(HOPELESS)])
        time.sleep(seconds)
        states = made.status()
        lines = made.ask("gaps", str(made.root), "--json").stdout.splitlines()
        now_ns = time.time_ns()
        found = exit_problems(made.stop()) + account_problems(made, len(HOPELESS))
    wrong, unaccounted = [], []
    for number, hopeless in enumerate(HOPELESS):
        camera, kind = camera_name(number), states[number]["fault_kind"]
        wrong += [f"{camera} is called {kind!r} instead of {hopeless.kind!r}"] if kind != hopeless.kind else []
        gaps = [gap for gap in gaps_of(lines, camera) if gap.holds((begun_ns + now_ns) // 2, 0)]
        if [gap.cause for gap in gaps] != [hopeless.kind]:
            unaccounted.append(f"{camera}: {gaps} instead of one gap of {hopeless.kind}")
    return [
        problems(name, "kinds", wrong),
        problems(name, "camera beside", found),
        problems(name, LEDGER, unaccounted),
    ]
