"""Which volume is used, and what is done about those that cannot be.

`step(state, event, at_s=) -> (state, actions)`. Times are seconds of a monotonic clock. The values are in
`volume_events`, what happens to one volume is in `volume_states`.
"""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import assert_never

from holdfast.domain.volumes import FileSystem, VolumeState
from holdfast.policy.volume_events import (
    SLOW_S,
    Action,
    ComeHome,
    Event,
    Exited,
    MountsChanged,
    Opened,
    OpeningRefused,
    Seen,
    StartProcess,
    Step,
    Ticked,
    Unanswered,
    Use,
    Volume,
    VolumeRules,
    Volumes,
    VolumeStep,
    WritingFailed,
)
from holdfast.policy.volume_places import Place, objection
from holdfast.policy.volume_states import (
    MOST_PROCESSES,
    OPENING_S,
    RETRY_S,
    changed,
    exited,
    leave,
    lose,
    opened,
    opening_refused,
    seen,
    slow,
    tried_in_vain,
)

UNKNOWN_MOUNT = 0
"""Of a file system that is in no table: whether it is still there cannot be seen in one."""


def begin(names: Iterable[str], rules: VolumeRules, *, at_s: float) -> Step:
    """All volumes, in order of preference: each is opened."""
    volumes = tuple(Volume(name, since_s=at_s, next_try_at_s=at_s) for name in names)
    return step(Volumes(rules, volumes), Ticked(), at_s=at_s)


def step(now: Volumes, event: Event, *, at_s: float) -> Step:
    """What follows from an event. What is used stands before what failed, so that it can go on there at once."""
    match event:
        case Opened():
            now, actions = _opened(now, event, at_s)
        case MountsChanged():
            now, actions = _mounts_changed(now, event, at_s)
        case OpeningRefused() | WritingFailed() | Seen() | Unanswered() | Exited():
            now, actions = _each(now, lambda volume: _of_process(volume, event, now.rules, at_s), event.name)
        case Ticked():
            actions = ()
        case _ as never:
            assert_never(never)
    now, openings = _open_due(now, at_s)
    now, used = _choose(now, at_s)
    return now, (*used, *actions, *openings)


# ------------------------------------------------------------------ what happens to volumes


def _each(now: Volumes, change: Callable[[Volume], VolumeStep], name: str | None = None) -> Step:
    """All volumes with one of them, or each, changed."""
    volumes: list[Volume] = []
    actions: tuple[Action, ...] = ()
    for volume in now.volumes:
        after, more = change(volume) if name in (None, volume.name) else (volume, ())
        volumes.append(after)
        actions += more
    return replace(now, volumes=tuple(volumes)), actions


Told = OpeningRefused | WritingFailed | Seen | Unanswered | Exited


def _of_process(volume: Volume, event: Told, rules: VolumeRules, at_s: float) -> VolumeStep:
    """What a process said, or that it is gone."""
    if volume.process != event.process:
        return _left(volume, event, rules, at_s) if isinstance(event, Exited) else (volume, ())
    match event:
        case OpeningRefused():
            return (volume, ()) if volume.is_open else opening_refused(volume, event, rules, at_s)
        case WritingFailed():
            return _writing_failed(volume, event, rules, at_s)
        case Seen():
            return seen(volume, event, rules, at_s) if volume.is_open else (volume, ())
        case Unanswered():
            return _unanswered(volume, event, rules, at_s)
        case Exited():
            return exited(volume, rules, at_s)
        case _ as never:
            assert_never(never)


def _left(volume: Volume, event: Exited, rules: VolumeRules, at_s: float) -> VolumeStep:
    """One that was given up is gone: what held it up may be over."""
    if event.process not in volume.leaving:
        return volume, ()
    volume = replace(volume, leaving=volume.leaving - {event.process})
    if volume.state is VolumeState.HUNG and volume.next_try_at_s is not None and rules.retry_every_s is None:
        volume = replace(volume, next_try_at_s=min(volume.next_try_at_s, at_s))
    return volume, ()


def _writing_failed(volume: Volume, event: WritingFailed, rules: VolumeRules, at_s: float) -> VolumeStep:
    if not volume.is_open or event.state is None:
        return volume, ()
    if event.state is VolumeState.FULL:
        # The process stays: what is there can be cut and deleted, and it says when there is space again.
        if not volume.is_writable:
            return volume, ()
        return lose(volume, VolumeState.FULL, event.sentence, rules, at_s, leaves=False)
    return lose(volume, event.state, event.sentence, rules, at_s)


def _unanswered(volume: Volume, event: Unanswered, rules: VolumeRules, at_s: float) -> VolumeStep:
    if event.for_s < rules.hang_after_s:
        is_slow = volume.is_open and volume.is_writable and event.for_s >= SLOW_S
        return slow(volume, event.for_s, at_s) if is_slow else (volume, ())
    sentence = f"The disk has not answered for {event.for_s:.0f} s. Check its cable, its power, or the network to it."
    if volume.is_open:
        return lose(volume, VolumeState.HUNG, sentence, rules, at_s)
    state = VolumeState.HUNG
    if volume.state is VolumeState.REFUSED:
        # It stays so until it has been looked at.
        state, sentence = volume.state, volume.sentence
    # Whoever waits for the disk is the first to know that it has woken: it is left waiting.
    if event.for_s < OPENING_S or volume.leaving:
        return changed(volume, state, sentence, at_s)
    volume, actions = leave(volume)
    volume, news = tried_in_vain(volume, state, sentence, rules, at_s)
    return volume, actions + news


def _mounts_changed(now: Volumes, event: MountsChanged, at_s: float) -> Step:
    def change(volume: Volume) -> VolumeStep:
        if volume.name not in event.covering:
            return volume, ()
        covers = event.covering[volume.name]
        is_other = covers != volume.covered_by
        volume = replace(volume, covered_by=covers)
        if volume.file_system is not None:
            return _open_and_mounted(volume, volume.file_system, covers, now.rules, at_s)
        return _waiting_and_mounted(volume, at_s, is_other=is_other)

    return _each(now, change)


def _open_and_mounted(
    volume: Volume, before: FileSystem, covers: FileSystem | None, rules: VolumeRules, at_s: float
) -> VolumeStep:
    if covers is None and before.mount_id == UNKNOWN_MOUNT:
        return volume, ()
    if not before.is_same_mount(covers):
        sentence = f"It is not mounted any more at {before.mount_point}. Connect and mount it: recording returns to it."
        return lose(volume, VolumeState.GONE, sentence, rules, at_s)
    if covers is not None and covers.is_read_only:
        sentence = "It was turned read-only. The disk may have been damaged: check it, then mount it for writing."
        return lose(volume, VolumeState.READ_ONLY, sentence, rules, at_s)
    return volume, ()


def _waiting_and_mounted(volume: Volume, at_s: float, *, is_other: bool) -> VolumeStep:
    """Something was mounted: there is hope for a volume that is not open, and much when it was at its place."""
    volume = replace(volume, tries=0)
    if volume.process is None:
        soon_s = at_s if is_other else at_s + RETRY_S
        planned_s = volume.next_try_at_s
        return replace(volume, next_try_at_s=soon_s if planned_s is None else min(soon_s, planned_s)), ()
    volume = replace(volume, is_outdated=volume.is_outdated or is_other)
    if is_other and volume.state is VolumeState.HUNG and not volume.leaving:
        # It waits for a disk that is not there any more.
        volume, actions = leave(volume)
        return replace(volume, next_try_at_s=at_s), actions
    return volume, ()


# ------------------------------------------------------------------ volumes that quarrel


def _opened(now: Volumes, event: Opened, at_s: float) -> Step:
    """It is open. Of two that cannot be used beside one another, the less preferred one is refused."""
    place = Place(event.name, event.path, event.file_system.device, event.space.total_bytes)
    is_before = True
    better: list[Place] = []
    for volume in now.volumes:
        if volume.name == event.name:
            is_before = False
            if volume.process != event.process or volume.is_open:
                return now, ()
        elif is_before and volume.is_open:
            better.append(_place(volume))
    sentence = objection(place, better, now.rules.memory_bytes)
    if sentence is not None:
        refused = OpeningRefused(event.name, event.process, VolumeState.REFUSED, sentence)
        return _each(now, lambda volume: opening_refused(volume, refused, now.rules, at_s), event.name)
    now, actions = _each(now, lambda volume: opened(volume, event, now.rules, at_s), event.name)
    now, more = _refuse_worse(now, place, at_s)
    return now, actions + more


def _refuse_worse(now: Volumes, place: Place, at_s: float) -> Step:
    is_after = False

    def change(volume: Volume) -> VolumeStep:
        nonlocal is_after
        if not is_after or not volume.is_open:
            is_after = is_after or volume.name == place.name
            return volume, ()
        sentence = objection(_place(volume), [place])
        return (volume, ()) if sentence is None else lose(volume, VolumeState.REFUSED, sentence, now.rules, at_s)

    return _each(now, change)


def _place(volume: Volume) -> Place:
    device = "" if volume.file_system is None else volume.file_system.device
    return Place(volume.name, volume.path, device)


# ------------------------------------------------------------------ what is done


def _open_due(now: Volumes, at_s: float) -> Step:
    """Open what is due, as long as not too many of its processes are still alive."""

    def change(volume: Volume) -> VolumeStep:
        due_s = volume.next_try_at_s
        if due_s is None or at_s < due_s or volume.process is not None or volume.processes >= MOST_PROCESSES:
            return volume, ()
        number = volume.last_process + 1
        asked = replace(
            volume, process=number, last_process=number, asked_at_s=at_s, next_try_at_s=None, is_outdated=False
        )
        return asked, (StartProcess(volume.name, number),)

    return _each(now, change)


def _choose(now: Volumes, at_s: float) -> Step:
    """The best volume that can be written is used; one that comes and goes only when there is no other."""
    volumes = tuple(_proved(volume, at_s) for volume in now.volumes)
    writable = [volume for volume in volumes if volume.is_writable]
    candidates = [volume for volume in writable if volume.held_until_s is None or volume.name == now.in_use]
    best = next(iter(candidates or writable), None)
    now = replace(now, volumes=volumes)
    name = None if best is None else best.name
    if name == now.in_use:
        return now, ()
    # Where nothing failed, what is open is left to its next key frame.
    comes_home = name is not None and any(volume.name == now.in_use for volume in writable)
    home = (ComeHome(name),) if comes_home and name is not None else ()
    return replace(now, in_use=name), (Use(name), *home)


def _proved(volume: Volume, at_s: float) -> Volume:
    """A volume that came and went, and has been well for long enough."""
    if volume.held_until_s is None or at_s < volume.held_until_s:
        return volume
    sentence = "" if volume.state is VolumeState.HEALTHY else volume.sentence
    return replace(volume, held_until_s=None, sentence=sentence)
