"""Deletes what the rules say, beside recording: the catalog first, then the file; and keeps the copies of the holds.

Each volume has a process of its own for it: a disk that hangs holds up nobody but itself, and never the event loop.
"""

import asyncio
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from holdfast.app.cleaning_plan import Asked, CameraUse, make_plan, used_by_camera
from holdfast.app.daemon import in_daemon
from holdfast.app.holds_keeping import HoldsKeeping
from holdfast.app.home_coming import KnowsVolumes, Leftovers, MoverError
from holdfast.app.letting_go import Deleting
from holdfast.catalog.store import Catalog
from holdfast.domain.times import NS_PER_S
from holdfast.domain.volumes import VolumeSpace
from holdfast.policy import free_space
from holdfast.policy.free_space import Room, Trend
from holdfast.policy.retention import (
    MOST,
    QUICKEST_LOOK_S,
    SLOWEST_LOOK_S,
    Deletion,
    Plan,
    RetentionRules,
    Rule,
    Short,
    horizon_s,
    look_after_s,
)
from holdfast.policy.volume_events import Volume
from holdfast.ports.catalog import CatalogError
from holdfast.ports.clock import Clock

LOG = logging.getLogger("holdfast.storage")
MEASURING_S = 1.0
"""A volume that does not say within it how much is free is left out of this look."""
AGE_EVERY_S = 30.0
USED_EVERY_S = 30.0
CLOCK_JUMP_S = 300.0
CLOCK_TRUST_S = 3600.0
"""A wall clock that jumped must have stayed for so long before anything goes by its age."""


@dataclass(frozen=True, slots=True)
class CleaningPorts:
    """What cleaning works with."""

    volumes: KnowsVolumes
    catalog: Catalog
    clock: Clock
    leftovers: Leftovers
    taken: set[tuple[str, str]]
    """See HomeComing."""
    cameras: Callable[[], Mapping[str, CameraUse]]
    """What is being written, by camera."""
    cannot_keep: Callable[[Sequence[Short]], None]
    """Told after each look: limits that cannot be kept."""
    root: Path
    """Folder of the catalog."""
    writing: AbstractContextManager[object]
    """Held while the catalog is told of deletions."""


@dataclass(slots=True)
class _Cleaned:
    """What is known of one volume."""

    trend: Trend = field(default_factory=Trend)
    deleting_s: float = 0.5
    """How long deleting took lately."""
    work: "asyncio.Task[None] | None" = None
    is_early: bool = False
    """It was said that footage goes before its time."""

    @property
    def is_busy(self) -> bool:
        return self.work is not None and not self.work.done()


@dataclass(slots=True)
class _WallClock:
    """Whether it may be believed when it says how old footage is."""

    ahead_s: float | None = None
    trusted_at_s: float = 0.0

    def is_steady(self, clock: Clock, now_s: float) -> bool:
        ahead_s = clock.wall_ns() / NS_PER_S - now_s
        before_s, self.ahead_s = self.ahead_s, ahead_s
        if before_s is not None and abs(ahead_s - before_s) > CLOCK_JUMP_S:
            self.trusted_at_s = now_s + CLOCK_TRUST_S
            LOG.info("the wall clock jumped by %.0f s: nothing goes by its age for an hour", ahead_s - before_s)
        return now_s >= self.trusted_at_s


class Cleaning:
    """Looks every two seconds, more often when space falls fast."""

    def __init__(self, ports: CleaningPorts, rules: RetentionRules) -> None:
        """Nothing is deleted before `run`, nor without rules."""
        self._ports = ports
        self.rules = rules
        """What is in force; changed by `follow`."""
        self._cleaned: dict[str, _Cleaned] = {}
        self._deleting = Deleting(ports.catalog, ports.leftovers, ports.taken, ports.writing, uuid.uuid4)
        self._used: tuple[float, dict[str, int]] | None = None
        self._age_due_s = 0.0
        self._wall_clock = _WallClock()
        self._holds = HoldsKeeping(ports.catalog, ports.root, ports.leftovers)
        self._short: frozenset[tuple[str, str]] = frozenset()

    def follow(self, rules: RetentionRules) -> None:
        """Other rules count from the next look on."""
        if rules != self.rules:
            LOG.info("retention: %s", rules.as_words())
        self.rules, self._used, self._age_due_s = rules, None, 0.0

    def falls_by(self) -> dict[str, float]:
        """Bytes a second by which the free space of each volume falls, as measured."""
        return {name: cleaned.trend.falls_by for name, cleaned in self._cleaned.items()}

    async def run(self) -> None:
        """Until cancelled."""
        LOG.info("retention: %s", self.rules.as_words())
        try:
            after_s = 0.0
            while True:
                await asyncio.sleep(after_s)
                try:
                    after_s = await self.look()
                except CatalogError as error:
                    LOG.warning("nothing is deleted just now: %s", error)
                    after_s = SLOWEST_LOOK_S
                except Exception:  # the boundary of cleaning: a mistake of ours must neither end it nor delete anything
                    LOG.exception("a mistake of the recorder itself: nothing was deleted; it is tried again")
                    after_s = 10 * SLOWEST_LOOK_S
        finally:
            for cleaned in self._cleaned.values():
                if cleaned.work is not None:
                    cleaned.work.cancel()

    async def look(self) -> float:
        """Measure, plan, begin to carry out; seconds until the next look. Raises CatalogError."""
        volumes = [one for one in self._ports.volumes.state.volumes if one.is_open]
        idle = [one for one in volumes if not self._of(one).is_busy]
        if not await self._holds.look():
            return SLOWEST_LOOK_S
        known = [one for one in idle if await self._holds.look_at(one)]
        rooms: list[Room] = []
        if self.rules.is_on:
            rooms = [room for room in await asyncio.gather(*map(self._measured, known)) if room is not None]
        plan = await self._planned(rooms)
        self._tell_short(plan.short)
        if plan.deletions:
            self._say(plan)
            self._begin(plan)
        else:
            self._sweep(one for one in known if not self._of(one).is_busy)
        is_there_more = len(plan.deletions) >= MOST
        return QUICKEST_LOOK_S if is_there_more else look_after_s(self.rules, rooms)

    async def settle(self) -> None:
        """Wait until what was begun is done, or has failed."""
        works = [cleaned.work for cleaned in self._cleaned.values() if cleaned.work is not None]
        await asyncio.gather(*works, return_exceptions=True)

    # ------------------------------------------------------------ measuring

    def _of(self, volume: Volume) -> _Cleaned:
        return self._cleaned.setdefault(volume.name, _Cleaned())

    def _volume(self, name: str) -> Volume:
        return self._ports.volumes.state.of(name)

    async def _measured(self, volume: Volume) -> Room | None:
        cleaned = self._of(volume)
        # As work of the volume: it goes on when the answer comes late, and nobody asks a second time meanwhile.
        measuring = asyncio.ensure_future(self._ask_space(volume))
        cleaned.work = asyncio.ensure_future(_only(measuring))
        done, _ = await asyncio.wait([measuring], timeout=MEASURING_S)
        space = measuring.result() if done else None
        if space is None:
            return None
        cleaned.trend = free_space.seen(cleaned.trend, space.free_bytes, self._now_s())
        return self._room(volume, space)

    async def _ask_space(self, volume: Volume) -> VolumeSpace | None:
        try:
            said = await self._ports.leftovers.ask(volume, "space")
        except MoverError as error:
            LOG.warning("volume %s: %s", volume.name, error)
            return None
        free, total = said.get("free_bytes"), said.get("total_bytes")
        return VolumeSpace(free, total) if isinstance(free, int) and isinstance(total, int) else None

    def _room(self, volume: Volume, space: VolumeSpace) -> Room:
        cleaned, state = self._of(volume), self._ports.volumes.state
        ours = sum(use.writes for use in self._ports.cameras().values()) if volume.name == state.in_use else 0.0
        return Room(
            volume.name,
            space,
            falls_by=max(cleaned.trend.falls_by, ours),
            coming_bytes=cleaned.trend.coming_bytes,
            reserve_bytes=space.reserve_bytes(state.rules.reserve_bytes),
        )

    def _now_s(self) -> float:
        return self._ports.clock.mono_ns() / NS_PER_S

    # ------------------------------------------------------------ planning

    async def _planned(self, rooms: Sequence[Room]) -> Plan:
        rules, now_s = self.rules, self._now_s()
        if not rules.is_on or not rooms:
            return Plan()
        deleting_s = max(self._cleaned[room.name].deleting_s for room in rooms)
        asked = Asked(
            self._ports.clock.wall_ns(),
            rooms,
            horizon_s=horizon_s(look_after_s(rules, rooms), deleting_s),
            cameras=self._ports.cameras(),
            used_bytes=await self._used_bytes(now_s),
            in_use=frozenset(self._ports.taken),
            looks_at_age=now_s >= self._age_due_s and self._wall_clock.is_steady(self._ports.clock, now_s),
        )
        plan = await in_daemon(partial(make_plan, self._ports.catalog, rules, asked))
        if asked.looks_at_age and not any(one.rule is Rule.AGE for one in plan.deletions):
            self._age_due_s = now_s + _age_every_s(self.rules)
        return plan

    async def _used_bytes(self, now_s: float) -> Mapping[str, int] | None:
        if not any(one.quota_bytes is not None for one in self.rules.cameras.values()):
            return {}
        if self._used is None or now_s - self._used[0] >= USED_EVERY_S:
            self._used = now_s, await in_daemon(partial(used_by_camera, self._ports.catalog))
        return self._used[1]

    # ------------------------------------------------------------ telling

    def _say(self, plan: Plan) -> None:
        for rule in Rule:
            of_rule = [one for one in plan.deletions if one.rule is rule]
            if of_rule:
                LOG.info("%s", summary(of_rule))
        early = {one.segment.volume for one in plan.deletions if one.is_early}
        for name in early:
            if not self._cleaned[name].is_early:
                self._cleaned[name].is_early = True
                LOG.warning(
                    "volume %s: footage goes before its max_age, because there is no room for it; what fits says "
                    "holdfast retention --forecast",
                    name,
                )

    def _tell_short(self, shorts: Sequence[Short]) -> None:
        now = frozenset((short.rule.value, short.subject) for short in shorts)
        for short in shorts:
            if (short.rule.value, short.subject) not in self._short:
                LOG.warning("%s: %s", short.subject, short.sentence)
        for rule, subject in self._short - now:
            LOG.info("%s: its limit (%s) can be kept again", subject, rule)
        self._short = now
        self._ports.cannot_keep(shorts)

    # ------------------------------------------------------------ carrying out

    def _begin(self, plan: Plan) -> None:
        by_volume: dict[str, list[Deletion]] = {}
        for one in plan.deletions:
            by_volume.setdefault(one.segment.volume, []).append(one)
        for name, deletions in by_volume.items():
            self._cleaned[name].work = asyncio.ensure_future(self._carry_out(self._volume(name), deletions))

    def _sweep(self, volumes: Iterable[Volume]) -> None:
        """Remove what was left behind: by a process that was killed, or while a disk was away."""
        for volume in volumes:
            self._of(volume).work = asyncio.ensure_future(self._remove_left(volume))

    async def _remove_left(self, volume: Volume) -> None:
        try:
            await self._ports.leftovers.remove_all(volume)
        except (CatalogError, MoverError) as error:
            LOG.warning("volume %s: what was deleted is not removed yet: %s", volume.name, error)

    async def _carry_out(self, volume: Volume, deletions: Sequence[Deletion]) -> None:
        began_s, cleaned, rules = self._now_s(), self._of(volume), self.rules
        try:
            freed = await self._deleting.carry_out(
                volume, [(one.segment, rules.words_of(one.rule, one.segment.camera)) for one in deletions]
            )
        except (CatalogError, MoverError) as error:
            LOG.warning("volume %s: not everything was deleted: %s", volume.name, error)
            return
        if freed.free_bytes is not None:
            cleaned.trend = free_space.removed(cleaned.trend, freed.size_bytes, freed.free_bytes, self._now_s())
        if self._used is not None:
            used = self._used[1]
            for camera, size_bytes in freed.by_camera.items():
                used[camera] = used.get(camera, 0) - size_bytes
        cleaned.deleting_s = min(10.0, self._now_s() - began_s)


def _age_every_s(rules: RetentionRules) -> float:
    ages = [age for age in (rules.max_age_ns, *(one.max_age_ns for one in rules.cameras.values())) if age]
    return min([AGE_EVERY_S, *(age / NS_PER_S / 10 for age in ages)])


async def _only(measuring: "asyncio.Future[VolumeSpace | None]") -> None:
    await measuring


def summary(deletions: Sequence[Deletion]) -> str:
    """Deletions by one rule, in a line."""
    first, last = deletions[0].segment, deletions[-1].segment
    size_mb = sum(one.segment.size_bytes for one in deletions) / 1e6
    return f"deleting {len(deletions)} files, {size_mb:.1f} MB, from {first.path} to {last.path}: {deletions[0].reason}"
