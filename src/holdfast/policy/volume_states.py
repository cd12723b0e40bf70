"""One volume: how it is lost, how it returns, and when it is tried again. Parts of the decisions in `volumes`."""

from dataclasses import replace

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import VolumeSpace, VolumeState
from holdfast.policy.volume_events import (
    LATELY_S,
    SLOW_S,
    AbandonVolume,
    Action,
    FailSegments,
    Opened,
    OpeningRefused,
    Seen,
    Tell,
    Volume,
    VolumeRules,
    VolumeStep,
)
from holdfast.policy.volume_places import size_words

RETRY_S = 1.0
"""With the opening itself a volume is in use again within 2 s of its return, even when nothing tells of it (H4)."""
PATIENT_TRIES = 30
RETRY_GROWTH = 1.25
RETRY_CAP_S = 10.0
HUNG_WAIT_S = 5.0
"""A process that hangs is given so long to end before another one tries the same disk."""
OPENING_S = 60.0
"""One that opens for longer is replaced, if it is the only one: whatever holds it up may hold up only it."""
MOST_PROCESSES = 2
FLAPPING_S = 60.0
FLAPS = 2
"""So many losses within that time are no accident."""
HOLD_S = 10.0
HOLD_CAP_S = 60.0
MOST_LOSSES = 8
FULL_S = 1.0
"""A disk that was full is left alone for so long, at least."""


def changed(volume: Volume, state: VolumeState, sentence: str, at_s: float) -> VolumeStep:
    """The volume in a state, and the news, if it is any."""
    now = replace(volume, state=state, sentence=sentence)
    if state is volume.state:
        return now, ()
    return replace(now, since_s=at_s), (Tell(volume.name, volume.state, state, sentence),)


def leave(volume: Volume) -> VolumeStep:
    """The volume without its process, which is given up."""
    process = volume.process
    if process is None:
        return volume, ()
    left = replace(volume, process=None, file_system=None, is_outdated=False, leaving=volume.leaving | {process})
    return left, (AbandonVolume(volume.name, process),)


def lose(
    volume: Volume, state: VolumeState, sentence: str, rules: VolumeRules, at_s: float, *, leaves: bool = True
) -> VolumeStep:
    """An open volume cannot be written any more. `leaves`: its process is of no more use."""
    actions: tuple[Action, ...] = ()
    is_first = not recent(volume, at_s)
    if volume.is_writable:
        kind = FaultKind.DISK_FULL if state is VolumeState.FULL else FaultKind.STORAGE_DISCONNECTED
        actions = (FailSegments(volume.name, kind, sentence),)
        volume = replace(volume, losses=(*recent(volume, at_s), at_s)[-MOST_LOSSES:])
    volume = replace(volume, held_until_s=None, slow_at_s=None)
    if leaves:
        volume, more = leave(volume)
        actions += more
        volume = replace(volume, tries=0, next_try_at_s=at_s + _first_delay_s(rules, state, is_first=is_first))
    volume, more = changed(volume, state, sentence, at_s)
    return volume, actions + more


def exited(volume: Volume, rules: VolumeRules, at_s: float) -> VolumeStep:
    """Its process is gone, and nobody had given it up."""
    is_open = volume.is_open
    volume = replace(volume, process=None, file_system=None, is_outdated=False)
    if is_open:
        sentence = "The process that writes to this volume has ended; it is started again."
        return lose(replace(volume, process=None), VolumeState.CHECKING, sentence, rules, at_s)
    sentence = volume.sentence
    if volume.state is VolumeState.CHECKING:
        sentence = "The process that opens this volume has ended; it is started again."
    return tried_in_vain(volume, volume.state, sentence, rules, at_s)


def opened(volume: Volume, event: Opened, rules: VolumeRules, at_s: float) -> VolumeStep:
    """It is open, and ours."""
    was_full = volume.state is VolumeState.FULL
    volume = replace(
        volume,
        file_system=event.file_system,
        volume_id=event.identity.volume_id,
        path=event.path,
        space=event.space,
        tries=0,
        next_try_at_s=None,
        slow_at_s=None,
    )
    if event.full or not has_room(event.space, rules, again=was_full):
        return changed(volume, VolumeState.FULL, event.full or _little_space(event.space, rules), at_s)
    return returned(volume, at_s)


def returned(volume: Volume, at_s: float) -> VolumeStep:
    """It can be written again. The first time it is used at once; one that comes and goes has to prove itself."""
    losses = recent(volume, at_s)
    held_until_s, sentence = None, ""
    if len(losses) >= FLAPS:
        hold_s = min(HOLD_S * 2 ** (len(losses) - FLAPS), HOLD_CAP_S)
        held_until_s = at_s + hold_s
        sentence = (
            f"It was lost {len(losses)} times within a minute. As long as there is another volume it is used again "
            f"only after {hold_s:.0f} s without trouble."
        )
    return changed(replace(volume, held_until_s=held_until_s), VolumeState.HEALTHY, sentence, at_s)


def opening_refused(volume: Volume, event: OpeningRefused, rules: VolumeRules, at_s: float) -> VolumeStep:
    """It is there and cannot be used, or it is not there."""
    is_outdated = volume.is_outdated
    volume, actions = leave(volume)
    volume, news = tried_in_vain(volume, event.state, event.sentence, rules, at_s)
    if is_outdated:
        volume = replace(volume, next_try_at_s=at_s)
    return volume, actions + news


def tried_in_vain(volume: Volume, state: VolumeState, sentence: str, rules: VolumeRules, at_s: float) -> VolumeStep:
    """The volume in the state that was found, and with its next try, unless there were enough."""
    tries = volume.tries + 1
    volume = replace(volume, tries=tries)
    if rules.retries is None or tries < rules.retries:
        volume = replace(volume, next_try_at_s=at_s + _delay_s(volume, state, rules))
        return changed(volume, state, sentence, at_s)
    sentence = f"{sentence} It was tried {tries} times: it is tried again when something is mounted."
    volume, news = changed(replace(volume, next_try_at_s=None), state, sentence, at_s)
    return volume, news or (Tell(volume.name, state, state, sentence),)


def seen(volume: Volume, event: Seen, rules: VolumeRules, at_s: float) -> VolumeStep:
    """What its process says now and then."""
    volume = replace(volume, space=event.space)
    if volume.state is VolumeState.FULL:
        is_rested = at_s - volume.since_s >= FULL_S
        if is_rested and not event.is_refusing and has_room(event.space, rules, again=True):
            return returned(volume, at_s)
        return volume, ()
    if not has_room(event.space, rules):
        return lose(volume, VolumeState.FULL, _little_space(event.space, rules), rules, at_s, leaves=False)
    if event.slowest_s >= SLOW_S:
        return slow(volume, event.slowest_s, at_s)
    if volume.slow_at_s is not None and at_s - volume.slow_at_s >= LATELY_S:
        return changed(replace(volume, slow_at_s=None), VolumeState.HEALTHY, "", at_s)
    return volume, ()


def slow(volume: Volume, for_s: float, at_s: float) -> VolumeStep:
    """A writable volume takes its time."""
    sentence = f"A write or sync took {for_s:.1f} s. The disk may be overloaded or failing."
    volume = replace(volume, slow_at_s=at_s)
    return changed(volume, VolumeState.SLOW, sentence, at_s) if volume.state is VolumeState.HEALTHY else (volume, ())


def has_room(space: VolumeSpace, rules: VolumeRules, *, again: bool = False) -> bool:
    """Whether there is space to write. `again`: for one that was full, as much again as the reserve."""
    return space.free_bytes >= space.reserve_bytes(rules.reserve_bytes) * (2 if again else 1)


def recent(volume: Volume, at_s: float) -> tuple[float, ...]:
    """When it was lost within the last minute."""
    return tuple(lost_at_s for lost_at_s in volume.losses if at_s - lost_at_s < FLAPPING_S)


def _little_space(space: VolumeSpace, rules: VolumeRules) -> str:
    reserve_bytes = space.reserve_bytes(rules.reserve_bytes)
    free, reserve, again = map(size_words, (space.free_bytes, reserve_bytes, 2 * reserve_bytes))
    return (
        f"The disk is full: {free} are free, and {reserve} are to stay free. Free some space; recording returns by "
        f"itself when there are {again}."
    )


def _first_delay_s(rules: VolumeRules, state: VolumeState, *, is_first: bool) -> float:
    """Seconds from a loss to the first try."""
    if rules.retry_every_s is not None:
        return rules.retry_every_s
    if state is VolumeState.HUNG:
        return HUNG_WAIT_S
    return 0.0 if is_first else RETRY_S


def _delay_s(volume: Volume, state: VolumeState, rules: VolumeRules) -> float:
    """Seconds from a try in vain to the next."""
    if rules.retry_every_s is not None:
        return rules.retry_every_s
    if state is VolumeState.REFUSED:
        return RETRY_CAP_S
    growing = max(0, volume.tries - PATIENT_TRIES)
    return min(RETRY_S * RETRY_GROWTH ** min(growing, 100), RETRY_CAP_S)
