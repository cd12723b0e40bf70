"""Every way in which a camera or the network fails here, with its bar: a line in a table and, at most, two functions.

What is measured is how much of what the camera made is in no file, beyond the time for which the trouble itself lasted.
"""

import os
import random
import signal
from collections.abc import Callable
from dataclasses import dataclass

from holdfast.lab.proxy import End
from holdfast.lab.remote import LabServer
from holdfast.lab.scenarios.ledger import STRICT, Leniency
from holdfast.lab.scenarios.processes import worker_of
from holdfast.lab.scenarios.stand import Stand

GOP_S = 1.0
RECONNECTED_S = 1.0 + GOP_S
REPLACED_S = 3.0 + GOP_S
ANSWERLESS_S = 10.0
"""A connection that was accepted and is answered nothing is given up after so long."""
HUNG_S = 8.0
SELDOM_S = 45.0
"""After a wrong password the next try comes so late."""

NETWORK = frozenset({"rtsp_network", "camera_closed", "refused", "unreachable"})
SILENCE = frozenset({"stalled", "silent"})
NOTHING: frozenset[str] = frozenset()

REFUSED_S, NOT_FOUND_S = 5.0, 8.0
HELD_S = 5.0
SILENT_S = 12.0
CLOSED_S, SUSPECTED_S = 0.3, 2.0
TROUBLE_S = 5.0
CAMERA_NOTICES_S = 8.0


@dataclass(frozen=True, slots=True)
class Victim:
    """The camera that fails."""

    made: Stand
    number: int
    chance: random.Random

    @property
    def lab(self) -> LabServer:
        """Where it runs."""
        return self.made.lab


Act = Callable[[Victim], object]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of fault."""

    act: Act
    causes: frozenset[str]
    bar_s: float = REPLACED_S
    """How much may be lost beyond the time for which it lasts."""
    lasts_s: float = 0.0
    noticed_s: float | None = None
    """Within this the recorder must have said something of it (requirements H1 and H2)."""
    late_s: float = 0.0
    """What comes is so late; none of it may be lost."""
    over: Act | None = None
    """Ends the trouble, when it does not end by itself."""
    silent: bool = False
    """The camera itself sends nothing while it lasts; of what it sends nothing may be lost."""
    leniency: Leniency = STRICT
    spoils: bool = False
    """What arrives is damaged: pictures may not decode, and their times be wrong."""
    asked_at_most_per_s: float = 4.0
    """How often the camera may be asked for its description meanwhile."""
    long: bool = False
    """Not in a quick run."""


def _status(code: int, *methods: str) -> Act:
    """Answer with a status, and end the session so that somebody asks."""

    def act(victim: Victim) -> None:
        for method in methods or ("",):
            victim.lab.status(victim.number, code, method)
        victim.lab.close_clients(victim.number)

    return act


def _truth(*methods: str) -> Act:
    def act(victim: Victim) -> None:
        for method in methods or ("",):
            victim.lab.status(victim.number, 0, method)

    return act


def _answers(code: int, causes: frozenset[str], *methods: str, bar_s: float = REPLACED_S) -> Kind:
    act, over = _status(code, *methods), _truth(*methods)
    return Kind(act, causes | NETWORK, bar_s, TROUBLE_S, over=over)


def _away(seconds: float, *, long: bool) -> Kind:
    def act(victim: Victim) -> None:
        victim.lab.boot(victim.number, refuse_s=seconds, not_found_s=0)

    return Kind(act, NETWORK, RECONNECTED_S, seconds, long=long)


def _dead_and_one_session(admission: str, code: int = 453, method: str = "PLAY") -> Kind:
    """The connection dies without a word, and the camera goes on believing in it."""

    def act(victim: Victim) -> None:
        victim.lab.command("one_session", victim.number, admission=admission, code=code, method=method)
        victim.lab.vanish(victim.number, camera_notices_s=CAMERA_NOTICES_S)

    lasts_s = 0.0 if admission == "kick" else CAMERA_NOTICES_S
    return Kind(act, SILENCE | NETWORK | {"busy"}, lasts_s=lasts_s)


def _reset(victim: Victim) -> None:
    victim.lab.close_clients(victim.number, reset=True)


def _close(victim: Victim) -> None:
    victim.lab.close_clients(victim.number)


def _boot(victim: Victim) -> None:
    victim.lab.boot(victim.number, refuse_s=REFUSED_S, not_found_s=NOT_FOUND_S)


def _slow_describe(victim: Victim) -> None:
    victim.lab.slow(victim.number, "DESCRIBE", TROUBLE_S)
    victim.lab.close_clients(victim.number)


def _late(victim: Victim) -> None:
    victim.lab.late(victim.number, TROUBLE_S / 5)
    victim.lab.close_clients(victim.number)


def _deaf(victim: Victim) -> None:
    victim.lab.deaf(victim.number)
    victim.lab.close_clients(victim.number)


def _no_video(victim: Victim) -> None:
    victim.lab.no_video(victim.number)
    victim.lab.close_clients(victim.number)


def _no_key_frames(victim: Victim) -> None:
    victim.lab.no_keyframes(victim.number)
    victim.lab.close_clients(victim.number)


def _signalled(number: signal.Signals) -> Act:
    def act(victim: Victim) -> None:
        worker = worker_of(victim.made, victim.number)
        if not worker:
            raise LookupError(f"camera {victim.number} has no worker")
        os.kill(worker, number)

    return act


def _resolution(victim: Victim) -> None:
    width = victim.chance.choice((160, 480, 640))
    victim.lab.change(victim.number, width=width, height=width * 3 // 4)


KINDS: dict[str, Kind] = {
    "reset": Kind(_reset, NETWORK, RECONNECTED_S, noticed_s=CLOSED_S),
    "away-5": _away(5, long=False),
    "away-60": _away(60, long=True),
    "away-300": _away(300, long=True),
    "close": Kind(_close, NETWORK, RECONNECTED_S, noticed_s=CLOSED_S),
    "half-close": Kind(lambda v: v.lab.end(v.number, End.HALF_CLOSE), NETWORK, RECONNECTED_S, noticed_s=CLOSED_S),
    "boot": Kind(_boot, NETWORK | {"not_found"}, RECONNECTED_S, REFUSED_S + NOT_FOUND_S),
    "dead": Kind(lambda v: v.lab.vanish(v.number), SILENCE | NETWORK, noticed_s=SUSPECTED_S),
    "held": Kind(lambda v: v.lab.hold(v.number, HELD_S), NOTHING, 0.0, late_s=HELD_S, noticed_s=SUSPECTED_S),
    "held-path": Kind(lambda v: v.lab.hold(v.number, HELD_S, whole_path=True), NOTHING, 0.0, late_s=HELD_S),
    "silent": Kind(
        lambda v: v.lab.pause(v.number, SILENT_S), SILENCE, 0.0, SILENT_S, silent=True, noticed_s=SUSPECTED_S
    ),
    "unreachable": Kind(lambda v: v.lab.unreachable(v.number, TROUBLE_S), SILENCE | NETWORK, lasts_s=TROUBLE_S),
    "dark": Kind(
        lambda v: v.lab.vanish(v.number, whole_path=True, seconds=TROUBLE_S),
        SILENCE | NETWORK,
        ANSWERLESS_S + REPLACED_S,
        TROUBLE_S,
    ),
    "deaf": Kind(
        _deaf, SILENCE | NETWORK, ANSWERLESS_S + REPLACED_S, TROUBLE_S, over=lambda v: v.lab.deaf(v.number, on=False)
    ),
    "one-session-453": _dead_and_one_session("refuse"),
    "one-session-503": _dead_and_one_session("refuse", 503, "SETUP"),
    "one-session-kick": _dead_and_one_session("kick"),
    "drip": Kind(lambda v: v.lab.drip(v.number, 2_000, TROUBLE_S), SILENCE | NETWORK, lasts_s=TROUBLE_S),
    "late": Kind(
        _late,
        NETWORK | SILENCE,
        lasts_s=TROUBLE_S,
        over=lambda v: v.lab.late(v.number, 0),
        leniency=Leniency(late_s=TROUBLE_S / 5),
    ),
    "slow-describe": Kind(
        _slow_describe, NETWORK | SILENCE, lasts_s=TROUBLE_S, over=lambda v: v.lab.slow(v.number, "DESCRIBE", 0)
    ),
    "garbage": Kind(
        lambda v: v.lab.garble(v.number, 0.05, TROUBLE_S),
        NETWORK | SILENCE | {"bad_stream", "mux", "packets_lost", "no_key_frame"},
        lasts_s=TROUBLE_S,
        spoils=True,
    ),
    "framing": Kind(
        lambda v: v.lab.garble_framing(v.number), NETWORK | SILENCE | {"bad_stream", "packets_lost"}, spoils=True
    ),
    "lost-packets": Kind(
        lambda v: v.lab.lose(v.number, 0.1, TROUBLE_S),
        SILENCE | NETWORK | {"bad_stream", "packets_lost", "no_key_frame"},
        lasts_s=TROUBLE_S,
        spoils=True,
    ),
    "times-still": Kind(
        lambda v: v.lab.times(v.number, "still"),
        SILENCE | NETWORK | {"no_times", "bad_stream", "mux"},
        lasts_s=TROUBLE_S,
        over=lambda v: v.lab.times(v.number, "right"),
        leniency=Leniency(times_lie=True),
        spoils=True,
    ),
    "times-random": Kind(
        lambda v: v.lab.times(v.number, "random"),
        SILENCE | NETWORK | {"no_times", "bad_stream", "mux"},
        lasts_s=TROUBLE_S,
        over=lambda v: v.lab.times(v.number, "right"),
        leniency=Leniency(times_lie=True, unknowable=True),
        spoils=True,
    ),
    "no-video": Kind(
        _no_video, NETWORK | {"no_video"}, lasts_s=TROUBLE_S, over=lambda v: v.lab.no_video(v.number, on=False)
    ),
    "no-key-frames": Kind(
        _no_key_frames,
        NETWORK | {"no_key_frame"},
        lasts_s=TROUBLE_S,
        over=lambda v: v.lab.no_keyframes(v.number, on=False),
    ),
    "500": _answers(500, frozenset({"server_error"})),
    "503": _answers(503, frozenset({"server_error", "busy"})),
    "454": _answers(454, frozenset({"not_found"}), "SETUP", "PLAY"),
    "404": _answers(404, frozenset({"not_found"})),
    "401": _answers(401, frozenset({"authentication"}), bar_s=SELDOM_S + REPLACED_S),
    "worker-killed": Kind(_signalled(signal.SIGKILL), frozenset({"worker_died"})),
    "worker-stopped": Kind(_signalled(signal.SIGSTOP), SILENCE | {"worker_hung", "worker_died"}, HUNG_S + GOP_S),
    "resolution": Kind(_resolution, NOTHING, GOP_S),
}
