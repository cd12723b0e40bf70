"""Footage comes and goes, is held and released, disks fill: what is planned is compared with a model that is not ours.

The model decides by trying: it takes the oldest away as long as a limit is not kept, and knows nothing of the policy.
"""

from collections import Counter
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from holdfast.domain.keeping import HoldRecord
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import WallNs
from holdfast.domain.volumes import VolumeSpace
from holdfast.policy.free_space import Room
from holdfast.policy.retention import CameraRoom, CameraRules, Facts, MinFree, Plan, RetentionRules, Rule, plan
from tests.records import PLAIN

CAMERAS, STREAMS, VOLUMES = ("cam_01", "cam_02", "cam_03"), ("main", "sub"), ("main", "second")
S = 1_000_000_000
MIB = 1 << 20
TOTAL = 1000 * MIB
LIMITS = st.sampled_from([None, 0, 1, 50, 100, 300])
SITUATIONS = 10_000
WANTED = settings(max_examples=900, stateful_step_count=30, deadline=None)
SEEN: Counter[str] = Counter()


class Footage(RuleBasedStateMachine):
    """The truth about what there is; the plan is looked at after every step."""

    @initialize(
        is_on=st.sampled_from([True, True, True, False]),
        age_s=LIMITS,
        free=LIMITS,
        quotas=st.dictionaries(st.sampled_from(CAMERAS), st.integers(0, 200), max_size=3),
        own_age_s=st.dictionaries(st.sampled_from(CAMERAS), st.integers(1, 200), max_size=1),
        most=st.sampled_from([1, 3, 200]),
        footage=st.lists(
            st.tuples(st.sampled_from(CAMERAS), st.sampled_from(VOLUMES), st.integers(0, 400), st.integers(1, 90)),
            max_size=12,
        ),
    )
    def begin(
        self,
        *,
        is_on: bool,
        age_s: int | None,
        free: int | None,
        quotas: dict[str, int],
        own_age_s: dict[str, int],
        most: int,
        footage: list[tuple[str, str, int, int]],
    ) -> None:
        self.now_s, self.number, self.most = 1000, 0, most
        self.rows: dict[tuple[str, str], SegmentRecord] = {}
        self.holds: dict[int, HoldRecord] = {}
        self.moving: frozenset[tuple[str, str]] = frozenset()
        self.free = dict.fromkeys(VOLUMES, 400 * MIB)
        self.falls = dict.fromkeys(VOLUMES, 0)
        self.coming = dict.fromkeys(VOLUMES, 0)
        self.away: set[str] = set()
        self.wishes = RetentionRules(
            is_on,
            None if age_s is None else age_s * S,
            None if free is None else MinFree(free * MIB),
            {
                camera: CameraRules(
                    own_age_s[camera] * S if camera in own_age_s else None,
                    quotas[camera] * MIB if camera in quotas else None,
                )
                for camera in {*quotas, *own_age_s}
            },
        )
        for camera, volume, ago_s, size in footage:
            self.put(camera, "main", volume, ago_s, 10, size, SegmentState.FINAL)

    @rule(
        camera=st.sampled_from(CAMERAS),
        stream=st.sampled_from(STREAMS),
        volume=st.sampled_from(VOLUMES),
        ago_s=st.integers(0, 400),
        length_s=st.integers(0, 60),
        size=st.integers(0, 90),
        state=st.sampled_from([SegmentState.FINAL] * 6 + list(SegmentState)),
        is_uncut=st.sampled_from([False] * 6 + [True]),
    )
    def record(
        self,
        *,
        camera: str,
        stream: str,
        volume: str,
        ago_s: int,
        length_s: int,
        size: int,
        state: SegmentState,
        is_uncut: bool,
    ) -> None:
        self.put(camera, stream, volume, ago_s, length_s, size, state, is_uncut=is_uncut)

    def put(
        self,
        camera: str,
        stream: str,
        volume: str,
        ago_s: int,
        length_s: int,
        size: int,
        state: SegmentState,
        *,
        is_uncut: bool = False,
    ) -> None:
        self.number += 1
        row = replace(
            PLAIN,
            path=f"{camera}/{self.number}.mp4",
            camera=camera,
            stream=stream,
            ordinal=self.number,
            wall_start_ns=WallNs((self.now_s - ago_s) * S),
            duration_ns=length_s * S,
            size_bytes=size * MIB,
            state=state,
            volume=volume,
            keep_bytes=1 if is_uncut else None,
        )
        self.rows[row.volume, row.path] = row

    @rule(camera=st.sampled_from(CAMERAS), ago_s=st.integers(-50, 400), length_s=st.integers(1, 100))
    def hold(self, camera: str, ago_s: int, length_s: int) -> None:
        begin_s = self.now_s - ago_s
        self.holds[len(self.holds)] = HoldRecord(
            hold_id=str(len(self.holds)),
            camera=camera,
            from_wall_ns=WallNs(begin_s * S),
            to_wall_ns=WallNs((begin_s + length_s) * S),
            reason="r",
            created_wall_ns=WallNs(0),
        )

    @rule(number=st.integers(0, 3))
    def release(self, number: int) -> None:
        self.holds.pop(number, None)

    @rule(passed_s=st.integers(1, 200))
    def wait(self, passed_s: int) -> None:
        self.now_s += passed_s

    @rule(
        volume=st.sampled_from(VOLUMES),
        free=st.integers(0, 600),
        falls=st.sampled_from([0, 0, 5, 40, 10_000]),
        coming=st.sampled_from([0, 0, 30]),
    )
    def somebody_writes(self, volume: str, free: int, falls: int, coming: int) -> None:
        self.free[volume], self.falls[volume], self.coming[volume] = free * MIB, falls * MIB, coming * MIB

    @rule(is_moving=st.booleans())
    def move(self, *, is_moving: bool) -> None:
        keys = sorted(self.rows)
        self.moving = frozenset(keys[: len(keys) // 3]) if is_moving else frozenset()

    @rule(volume=st.sampled_from(VOLUMES))
    def pull_or_put_back(self, volume: str) -> None:
        self.away ^= {volume}

    @rule()
    def carry_out(self) -> None:
        for gone in self.planned().deletions:
            self.free[gone.segment.volume] += gone.segment.size_bytes
            del self.rows[gone.segment.volume, gone.segment.path]

    @rule(is_on=st.sampled_from([True, True, True, False]))
    def switch(self, *, is_on: bool) -> None:
        self.wishes = replace(self.wishes, is_on=is_on)

    # ------------------------------------------------------------ what is asked, and what must be so

    def planned(self) -> Plan:
        return plan(self.wishes, self.facts(), list(self.rows.values()), most=self.most)

    def facts(self) -> Facts:
        return Facts(
            WallNs(self.now_s * S),
            horizon_s=2.0,
            volumes=tuple(
                Room(name, VolumeSpace(self.free[name], TOTAL), self.falls[name], self.coming[name], 10 * MIB)
                for name in VOLUMES
                if name not in self.away
            ),
            cameras=tuple(CameraRoom(camera, self.used(camera), 1 * MIB) for camera in CAMERAS),
            holds=tuple(self.holds.values()),
            in_use=self.moving,
        )

    def used(self, camera: str) -> int:
        return sum(row.size_bytes for row in self.rows.values() if row.camera == camera)

    def untouchable(self, row: SegmentRecord) -> bool:
        begin, end = row.wall_start_ns, max(row.wall_end_ns, row.wall_start_ns + 1)
        held = any(
            range(max(begin, one.from_wall_ns), min(end, one.to_wall_ns)) and one.camera == row.camera
            for one in self.holds.values()
        )
        is_at_rest = row.state in (SegmentState.FINAL, SegmentState.DAMAGED) and row.keep_bytes is None
        return held or not is_at_rest or (row.volume, row.path) in self.moving or row.volume in self.away

    def wanted(self) -> set[tuple[str, str]]:
        """By trying: what is to go."""
        rules = self.wishes
        if not rules.is_on:
            return set()
        free = {name: self.free_soon(name) for name in VOLUMES}
        used = {camera: self.used(camera) + 2 * MIB for camera in CAMERAS}
        order = sorted(self.rows.values(), key=lambda row: (row.wall_start_ns, row.camera, row.stream, row.path))
        stays = [row for row in order if not self.untouchable(row)]
        gone: list[SegmentRecord] = []

        def take(row: SegmentRecord) -> None:
            stays.remove(row)
            gone.append(row)
            free[row.volume] += row.size_bytes
            used[row.camera] -= row.size_bytes

        for row in list(stays):
            age = rules.max_age_of(row.camera)
            if age is not None and self.now_s * S - row.wall_end_ns >= age and len(gone) < self.most:
                take(row)
        for camera in CAMERAS:
            quota = rules.quota_of(camera)
            for _ in range(self.most):
                oldest = next((row for row in stays if row.camera == camera), None)
                if quota is not None and used[camera] > quota and oldest is not None:
                    take(oldest)
        for volume in VOLUMES:
            limit = self.limit()
            for _ in range(self.most):
                oldest = next((row for row in stays if row.volume == volume), None)
                if limit is not None and free[volume] < limit and oldest is not None:
                    take(oldest)
        return {(row.volume, row.path) for row in gone}

    def limit(self) -> int | None:
        least = self.wishes.min_free
        return None if least is None else max(least.size_bytes, 20 * MIB)

    def free_soon(self, volume: str) -> int:
        limit = self.limit() or 0
        believed = self.coming[volume] if self.free[volume] > (limit + 10 * MIB) // 2 else 0
        return self.free[volume] - min(2 * self.falls[volume], limit) + believed

    @invariant()
    def just_enough_and_never_what_must_stay(self) -> None:
        if not hasattr(self, "wishes"):
            return
        found = self.planned()
        went = [one.segment for one in found.deletions]
        assert not [row for row in went if self.untouchable(row)]
        assert not went or self.wishes.is_on
        assert {(row.volume, row.path) for row in went} == self.wanted()
        assert [row.wall_start_ns for row in went] == sorted(row.wall_start_ns for row in went)
        for short in found.short:
            key = "volume" if short.rule is Rule.SPACE else "camera"
            left = [row for row in self.rows.values() if getattr(row, key) == short.subject]
            assert all(self.untouchable(row) or row in went for row in left)
        SEEN["situations"] += 1
        SEEN["with deletions"] += bool(went)
        SEEN["with holds"] += bool(self.holds)
        SEEN["off"] += not self.wishes.is_on


def test_frees_just_enough_the_oldest_first_and_never_what_is_open_held_or_off() -> None:
    SEEN.clear()
    run_state_machine_as_test(Footage, settings=WANTED)
    assert SEEN["situations"] >= SITUATIONS, SEEN
    assert min(SEEN.values()) >= SITUATIONS // 20, SEEN
