"""What is deleted, and why: by age, by the quota of a camera, by the free space of a volume. Nothing is done here.

`plan(rules, facts, segments)` says which segments go. It looks ahead: what will be written until the next look is
counted already, so that a limit is kept, and not only restored. The oldest go first, and just enough: the first one
that makes it enough is the last that goes. What is open, still to be cut, held or in use stays, whoever gave it here;
and when cleaning is off, everything does (invariant I6).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.free_space import Room
from holdfast.policy.volume_places import size_words

MOST = 100
"""By each rule in one plan; the next look goes on."""
ROOM_ABOVE_RESERVE = 2
"""So many times the reserve count as the least limit: a full volume is used again only when so much is free."""
SLOWEST_LOOK_S, QUICKEST_LOOK_S = 2.0, 0.25
LOOKS_BEFORE_LIMIT = 4
MARGIN = 1.5
AT_REST = frozenset({SegmentState.FINAL, SegmentState.DAMAGED})
_DAY_S = 86_400


class Rule(StrEnum):
    """By which rule a segment goes."""

    AGE = "age"
    QUOTA = "quota"
    SPACE = "space"


@dataclass(frozen=True, slots=True)
class CameraRules:
    """What holds for one camera."""

    max_age_ns: int | None = None
    """None: as for all."""
    quota_bytes: int | None = None
    """Over all its streams and volumes."""


@dataclass(frozen=True, slots=True)
class MinFree:
    """What is to stay free on each volume: the larger of both."""

    size_bytes: int = 0
    percent: float = 0.0

    def of(self, total_bytes: int) -> int:
        """In bytes, on a volume of this size."""
        return max(self.size_bytes, round(total_bytes * self.percent / 100))

    def __str__(self) -> str:
        """As it is written in a configuration."""
        parts = [f"{self.percent:g}%"] if self.percent else []
        return ", ".join([*parts, size_words(self.size_bytes)] if self.size_bytes else parts) or "0"


@dataclass(frozen=True, slots=True)
class RetentionRules:
    """What people want. Without any wish nothing is ever deleted."""

    is_on: bool = False
    max_age_ns: int | None = None
    min_free: MinFree | None = None
    cameras: Mapping[str, CameraRules] = field(default_factory=dict, hash=False)

    def max_age_of(self, camera: str) -> int | None:
        """How old footage of this camera may become, in nanoseconds; None: as old as there is room."""
        own = self.cameras.get(camera, CameraRules()).max_age_ns
        return self.max_age_ns if own is None else own

    def quota_of(self, camera: str) -> int | None:
        """How much there may be of this camera, in bytes."""
        return self.cameras.get(camera, CameraRules()).quota_bytes

    def words_of(self, rule: Rule, camera: str) -> str:
        """The rule as a configuration has it, such as "max_age = 30d"."""
        match rule:
            case Rule.AGE:
                parts = "max_age", age_words(self.max_age_of(camera) or 0)
            case Rule.QUOTA:
                parts = "quota", size_words(self.quota_of(camera) or 0)
            case Rule.SPACE:
                parts = "min_free", str(self.min_free)
            case _ as never:
                assert_never(never)
        return " = ".join(parts)

    def as_words(self) -> str:
        """All of it in a line."""
        if not self.is_on:
            return "off"
        parts = [] if self.max_age_ns is None else [f"max_age = {age_words(self.max_age_ns)}"]
        parts += [] if self.min_free is None else [f"min_free = {self.min_free}"]
        for camera, own in sorted(self.cameras.items()):
            parts += [] if own.max_age_ns is None else [f"{camera}: max_age = {age_words(own.max_age_ns)}"]
            parts += [] if own.quota_bytes is None else [f"{camera}: quota = {size_words(own.quota_bytes)}"]
        return ", ".join(parts) or "off"

    def limit_of(self, room: Room) -> int | None:
        """What is to stay free on a volume, in bytes; None: nobody wants anything."""
        if self.min_free is None:
            return None
        return max(self.min_free.of(room.space.total_bytes), ROOM_ABOVE_RESERVE * room.reserve_bytes)


@dataclass(frozen=True, slots=True)
class CameraRoom:
    """How much there is of a camera."""

    camera: str
    used_bytes: int
    writes: float = 0.0
    """Bytes a second."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known at one moment."""

    now_ns: WallNs
    horizon_s: float = 0.0
    """So far is looked ahead."""
    volumes: tuple[Room, ...] = ()
    """Those that are there."""
    cameras: tuple[CameraRoom, ...] = ()
    """Those that have a quota."""
    holds: tuple[HoldRecord, ...] = ()
    in_use: frozenset[tuple[str, str]] = frozenset()
    """Volume and path of what is being moved, or must be left alone for another reason."""


@dataclass(frozen=True, slots=True)
class Deletion:
    """One segment that goes."""

    segment: SegmentRecord
    rule: Rule
    reason: str
    """A sentence."""
    is_early: bool = False
    """By its age it might have stayed."""


@dataclass(frozen=True, slots=True)
class Short:
    """A limit that cannot be kept: nothing that may go is left."""

    rule: Rule
    subject: str
    """A volume or a camera."""
    sentence: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What goes, the oldest first, and which limits are not kept even so."""

    deletions: tuple[Deletion, ...] = ()
    short: tuple[Short, ...] = ()

    @property
    def size_bytes(self) -> int:
        """Of everything that goes."""
        return sum(one.segment.size_bytes for one in self.deletions)


def plan(rules: RetentionRules, facts: Facts, segments: Iterable[SegmentRecord], *, most: int = MOST) -> Plan:
    """What goes now. `segments`: of each volume and camera at least the `most` oldest that may go, in any order."""
    if not rules.is_on:
        return Plan()
    planning = _Planning(rules, facts, most)
    planning.sort(segments)
    planning.too_old()
    for camera in facts.cameras:
        planning.over_quota(camera)
    for room in facts.volumes:
        planning.for_space(room)
    ordered = sorted(planning.chosen.values(), key=lambda one: _age_order(one.segment))
    return Plan(tuple(ordered), tuple(planning.short))


def may_be_deleted(segment: SegmentRecord, facts: Facts) -> bool:
    """Neither open, nor still to be cut, nor in use, nor held."""
    if segment.state not in AT_REST or segment.keep_bytes is not None:
        return False
    if (segment.volume, segment.path) in facts.in_use:
        return False
    return not any(hold.covers(segment) for hold in facts.holds)


def expected_free(room: Room, limit_bytes: int, horizon_s: float) -> int:
    """What will be free after the horizon, when nothing is done. In bytes; may be less than 0."""
    # Nobody looks further ahead than as much again as the limit: a burst is not a trend.
    ahead_bytes = min(round(room.falls_by * horizon_s), limit_bytes)
    # What is to come is believed only as long as there is time to see that it does not.
    is_patient = room.space.free_bytes > (limit_bytes + room.reserve_bytes) // 2
    return room.space.free_bytes - ahead_bytes + (room.coming_bytes if is_patient else 0)


def objection(rules: RetentionRules, volumes: Sequence[Room], *, are_all: bool) -> str | None:
    """Why these volumes can never keep the rules, as a sentence with the numbers; None when they can.

    `are_all`: there is no other volume, of which nothing is known just now.
    """
    for room in volumes:
        wanted_bytes = 0 if rules.min_free is None else rules.min_free.of(room.space.total_bytes)
        if wanted_bytes >= room.space.total_bytes:
            wanted, total = size_words(wanted_bytes), size_words(room.space.total_bytes)
            return f"min_free = {wanted} is as much as volume {room.name} has in all ({total}): all of it would go."
    quotas_bytes = sum(own.quota_bytes or 0 for own in rules.cameras.values())
    total_bytes = sum(room.space.total_bytes for room in volumes)
    free_bytes = sum(rules.limit_of(room) or 0 for room in volumes)
    if are_all and quotas_bytes > total_bytes - free_bytes:
        quotas, total, free = map(size_words, (quotas_bytes, total_bytes, free_bytes))
        return (
            f"The quotas add up to {quotas}, and the volumes have {total}, of which {free} stay free. Lower quotas, or "
            "add a disk."
        )
    return None


def look_after_s(rules: RetentionRules, volumes: Sequence[Room]) -> float:
    """How long until the next look: so that there are some before the first limit is reached."""
    times_s = [SLOWEST_LOOK_S]
    for room in volumes:
        limit_bytes = rules.limit_of(room)
        if rules.is_on and limit_bytes is not None and room.falls_by > 0:
            left_bytes = room.space.free_bytes - room.reserve_bytes
            times_s.append(left_bytes / room.falls_by / LOOKS_BEFORE_LIMIT)
    return max(QUICKEST_LOOK_S, min(times_s))


def horizon_s(look_s: float, deleting_s: float) -> float:
    """How far to look ahead: until the next look, and as long as deleting takes, with a margin."""
    return MARGIN * (look_s + deleting_s)


# ------------------------------------------------------------------ the rules


@dataclass(slots=True)
class _Planning:
    """A plan while it is made, rule by rule."""

    rules: RetentionRules
    facts: Facts
    most: int
    all: list[SegmentRecord] = field(default_factory=list)
    """What may go, the oldest first; below the same by camera, and by volume."""
    of_camera: defaultdict[str, list[SegmentRecord]] = field(default_factory=lambda: defaultdict(list))
    of_volume: defaultdict[str, list[SegmentRecord]] = field(default_factory=lambda: defaultdict(list))
    chosen: dict[tuple[str, str], Deletion] = field(default_factory=dict)
    short: list[Short] = field(default_factory=list)

    def sort(self, segments: Iterable[SegmentRecord]) -> None:
        there = {room.name for room in self.facts.volumes}
        once = {(one.volume, one.path): one for one in segments if one.volume in there}
        self.all = sorted((one for one in once.values() if may_be_deleted(one, self.facts)), key=_age_order)
        for one in self.all:
            self.of_camera[one.camera].append(one)
            self.of_volume[one.volume].append(one)

    def too_old(self) -> None:
        for one in self.all:
            max_age_ns = self.rules.max_age_of(one.camera)
            if max_age_ns is None or one.wall_end_ns > self.facts.now_ns - max_age_ns:
                continue
            if len(self.chosen) < self.most:
                self._choose(one, Rule.AGE, f"It is older than {age_words(max_age_ns)}.")

    def over_quota(self, room: CameraRoom) -> None:
        quota_bytes = self.rules.quota_of(room.camera)
        if quota_bytes is None:
            return
        candidates = self.of_camera[room.camera]
        ahead_bytes = round(room.writes * self.facts.horizon_s)
        over_bytes = room.used_bytes + ahead_bytes - self._going_bytes(candidates) - quota_bytes
        used, quota = size_words(room.used_bytes), size_words(quota_bytes)
        self._enough(candidates, over_bytes, Rule.QUOTA, f"{room.camera} has {used}, and its quota is {quota}.")
        stays_bytes = room.used_bytes - self._going_bytes(candidates)
        if stays_bytes > quota_bytes and self._is_all(candidates):
            sentence = (
                f"The quota of {quota} cannot be kept: there are {used}, and what is left is held or being written. "
                "Release a hold, or allow more."
            )
            self.short.append(Short(Rule.QUOTA, room.camera, sentence))

    def for_space(self, room: Room) -> None:
        limit_bytes = self.rules.limit_of(room)
        if limit_bytes is None:
            return
        candidates = self.of_volume[room.name]
        expected_bytes = expected_free(room, limit_bytes, self.facts.horizon_s) + self._going_bytes(candidates)
        free, limit = size_words(room.space.free_bytes), size_words(limit_bytes)
        falls = size_words(round(room.falls_by))
        reason = f"Volume {room.name} has {free} free and loses {falls} a second; {limit} are to stay free."
        self._enough(candidates, limit_bytes - expected_bytes, Rule.SPACE, reason)
        free_then_bytes = room.space.free_bytes + room.coming_bytes + self._going_bytes(candidates)
        if free_then_bytes < limit_bytes and self._is_all(candidates):
            sentence = (
                f"{limit} cannot be kept free: {free} are, and what is left is held, being written, or not of this "
                "recorder. Free some space, or release a hold. Recording goes on as long as there is room."
            )
            self.short.append(Short(Rule.SPACE, room.name, sentence))

    def _enough(self, candidates: Iterable[SegmentRecord], lacking_bytes: int, rule: Rule, reason: str) -> None:
        """The oldest that stay so far, until nothing is lacking."""
        left = self.most
        for one in candidates:
            if lacking_bytes <= 0 or not left:
                break
            if (one.volume, one.path) in self.chosen:
                continue
            self._choose(one, rule, reason)
            lacking_bytes -= one.size_bytes
            left -= 1

    def _choose(self, segment: SegmentRecord, rule: Rule, reason: str) -> None:
        max_age_ns = self.rules.max_age_of(segment.camera)
        is_early = max_age_ns is not None and segment.wall_end_ns > self.facts.now_ns - max_age_ns
        self.chosen[segment.volume, segment.path] = Deletion(segment, rule, reason, is_early)

    def _is_all(self, candidates: Iterable[SegmentRecord]) -> bool:
        """Whether nothing that may go is left."""
        return all((one.volume, one.path) in self.chosen for one in candidates)

    def _going_bytes(self, segments: Iterable[SegmentRecord]) -> int:
        return sum(one.size_bytes for one in segments if (one.volume, one.path) in self.chosen)


def _age_order(segment: SegmentRecord) -> tuple[int, str, str, str, str]:
    return segment.wall_start_ns, segment.camera, segment.stream, segment.path, segment.volume


def age_words(age_ns: int) -> str:
    """An age as it is written in a configuration, such as "7d", in the largest unit that it is a multiple of."""
    seconds = age_ns // NS_PER_S
    for unit_s, sign in ((_DAY_S, "d"), (3600, "h"), (60, "m")):
        if seconds >= unit_s and seconds % unit_s == 0:
            return f"{seconds // unit_s}{sign}"
    return f"{seconds}s"
