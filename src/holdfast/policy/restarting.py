"""When a service that ended without being told to is started again: always, if it ever ran."""

from dataclasses import dataclass, replace

FOR_A_PERSON = frozenset({2, 3})
"""Exit codes that starting again does not change: the configuration, missing software."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RestartSettings:
    """Pauses, in seconds."""

    settled_s: float = 5.0
    """Who was ready for so long did not die at the start."""
    base_s: float = 0.5
    cap_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """One that is over."""

    exit_code: int
    """Negative: the number of the signal that ended it."""
    ready_s: float | None
    """For how long it was ready; None when it never was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Restarts:
    """What is remembered of earlier lives."""

    at_start: int = 0
    """How many in a row died at the start."""
    has_been_ready: bool = False


_DEFAULTS = RestartSettings()


def ended(now: Restarts, life: Life, settings: RestartSettings = _DEFAULTS) -> tuple[Restarts, float | None]:
    """Seconds until it is started again; None: it is not, a person has to act first.

    What has run once is never given up: a typing error in its configuration, made while it ran, must not end it.
    """
    then = replace(now, has_been_ready=now.has_been_ready or life.ready_s is not None)
    if life.exit_code in FOR_A_PERSON and not then.has_been_ready:
        return then, None
    if life.ready_s is not None and life.ready_s >= settings.settled_s:
        return replace(then, at_start=0), 0.0
    failures = now.at_start + 1
    # The first may have been chance, and what comes at the start need not be its fault.
    delay_s = 0.0 if failures == 1 else min(settings.base_s * 2.0 ** min(failures - 2, 30), settings.cap_s)
    return replace(then, at_start=failures), delay_s
