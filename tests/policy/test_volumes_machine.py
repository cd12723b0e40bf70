"""Disks, processes and mounts do what they like to volumes: one is used at a time, and only one that can be written."""

from collections.abc import Iterator

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import FileSystem, VolumeIdentity, VolumeSpace, VolumeState
from holdfast.policy import volumes
from holdfast.policy.volume_events import (
    AbandonVolume,
    Action,
    ComeHome,
    Event,
    Exited,
    FailSegments,
    MountsChanged,
    Opened,
    OpeningRefused,
    Seen,
    StartProcess,
    Tell,
    Ticked,
    Unanswered,
    Use,
    Volume,
    VolumeRules,
    Volumes,
    WritingFailed,
)
from holdfast.policy.volume_states import MOST_PROCESSES, RETRY_CAP_S, has_room

NAMES = ("main", "second", "third")
SPACES = st.sampled_from([0, 499 << 20, 500 << 20, 999 << 20, 1000 << 20, 1 << 40]).map(
    lambda free: VolumeSpace(free, 2 << 40)
)
NOT_WRITABLE = [state for state in VolumeState if not state.is_writable and state is not VolumeState.CHECKING]
DISKS = st.one_of(
    st.none(),
    st.builds(
        lambda number, read_only: FileSystem("ext4", f"/dev/{number}", "/mnt", number, f"8:{number}", read_only),
        st.integers(1, 4),
        st.booleans(),
    ),
)
Key = tuple[str, int]


class World(RuleBasedStateMachine):
    """The truth: which processes live, which of them we gave up, and where segments go."""

    @initialize(
        count=st.integers(1, 3),
        retry_every_s=st.sampled_from([None, 6.0]),
        retries=st.sampled_from([None, None, 2]),
    )
    def begin(self, count: int, retry_every_s: float | None, retries: int | None) -> None:
        self.at_s = 0.0
        self.wishes = VolumeRules(retry_every_s=retry_every_s, retries=retries)
        self.living: set[Key] = set()
        self.abandoned: set[Key] = set()
        self.opening: set[Key] = set()
        self.in_use: str | None = None
        self.now = Volumes(self.wishes)
        now, actions = volumes.begin(NAMES[:count], self.wishes, at_s=self.at_s)
        self.follow(now, actions, Ticked())

    def step(self, event: Event) -> None:
        now, actions = volumes.step(self.now, event, at_s=self.at_s)
        self.follow(now, actions, event)

    def follow(self, now: Volumes, actions: tuple[Action, ...], event: Event) -> None:
        before, self.now = self.now, now
        assert len([action for action in actions if isinstance(action, Use)]) <= 1
        used_before = self.in_use
        told = [action.name for action in actions if isinstance(action, Tell)]
        assert len(told) == len(set(told)), "of one event a person is told once"
        for action in actions:
            self.carry_out(action, before, used_before)
        failed = {action.name for action in actions if isinstance(action, FailSegments)}
        if used_before in failed:
            others = [volume for volume in now.volumes if volume.is_writable]
            assert self.in_use not in failed
            assert (self.in_use is not None) == bool(others), "footage goes on as long as something can be written"
        for volume in before.volumes:
            self.check_change(volume, now.of(volume.name), event, failed)

    def carry_out(self, action: Action, before: Volumes, used_before: str | None) -> None:
        match action:
            case Use(name):
                assert name != used_before
                assert name is None or self.now.of(name).is_writable
                self.in_use = name
            case ComeHome(name):
                assert name == self.in_use
                assert used_before is not None
                assert self.now.of(used_before).is_writable, "what failed is not left to its next key frame"
                assert self.place(name) < self.place(used_before)
            case FailSegments(name, kind, sentence):
                assert before.of(name).is_writable
                assert kind in (FaultKind.DISK_FULL, FaultKind.STORAGE_DISCONNECTED)
                assert sentence
            case AbandonVolume(name, process):
                assert (name, process) in self.living - self.abandoned
                self.abandoned.add((name, process))
                self.opening.discard((name, process))
            case StartProcess(name, process):
                assert (name, process) not in self.living
                assert not [key for key in self.living - self.abandoned if key[0] == name]
                self.living.add((name, process))
                self.opening.add((name, process))
                assert len([key for key in self.living if key[0] == name]) <= MOST_PROCESSES
            case Tell(name, old, new, sentence):
                assert before.of(name).state is old
                assert self.now.of(name).state is new
                assert sentence or new is VolumeState.HEALTHY
                assert old is not new or self.wishes.retries is not None

    def place(self, name: str) -> int:
        return NAMES.index(name)

    def own_disk(self, name: str) -> FileSystem:
        number = 50 + self.place(name)
        return FileSystem("ext4", "/dev/own", "/mnt", number, f"8:{number}")

    def check_change(self, old: Volume, new: Volume, event: Event, failed: set[str]) -> None:
        if old.state is VolumeState.REFUSED and new.state is not VolumeState.REFUSED:
            assert isinstance(event, Opened | OpeningRefused), "only looking at it again changes what is refused"
        if old.is_writable and not new.is_writable:
            assert old.name in failed
        if old.state is not new.state:
            assert new.since_s == self.at_s

    def draw(self, data: st.DataObject, keys: set[Key]) -> Key:
        return data.draw(st.sampled_from(sorted(keys)))

    def asked(self) -> set[Key]:
        return self.living - self.abandoned

    def opened(self, key: Key, disk: FileSystem, space: VolumeSpace, full: str = "") -> None:
        self.opening.discard(key)
        name, process = key
        identity = VolumeIdentity(f"id of {name}", "ours", name)
        self.step(Opened(name, process, identity, disk, space, f"/mnt/{name}", full))

    def forget(self, key: Key) -> None:
        self.living.discard(key)
        self.abandoned.discard(key)
        self.opening.discard(key)

    def stale(self, name: str, process: int) -> Iterator[Event]:
        space = VolumeSpace(0, 1)
        yield Opened(name, process, VolumeIdentity("x", "y", "z"), FileSystem("", "", "", 9, "9:9"), space, "/x")
        yield OpeningRefused(name, process, VolumeState.REFUSED, "old")
        yield WritingFailed(name, process, "old", VolumeState.GONE)
        yield Seen(name, process, space, 99.0)
        yield Unanswered(name, process, 99.0)


class Disks(World):
    """What happens, and what is always so."""

    @rule(seconds=st.one_of(st.floats(0.05, 3), st.floats(3, 90)))
    def time_passes(self, seconds: float) -> None:
        self.at_s += seconds
        self.step(Ticked())

    @precondition(lambda self: self.opening)
    @rule(data=st.data(), disk=DISKS, space=SPACES, full=st.sampled_from(["", "", "The disk is full."]))
    def a_volume_is_opened(self, data: st.DataObject, disk: FileSystem | None, space: VolumeSpace, full: str) -> None:
        key = self.draw(data, self.opening)
        self.opened(key, disk or self.own_disk(key[0]), space, full)

    @precondition(lambda self: self.opening)
    @rule(data=st.data(), state=st.sampled_from(NOT_WRITABLE))
    def an_opening_is_refused(self, data: st.DataObject, state: VolumeState) -> None:
        name, process = self.draw(data, self.opening)
        self.step(OpeningRefused(name, process, state, "a sentence"))

    @precondition(lambda self: self.asked())
    @rule(data=st.data(), state=st.sampled_from([None, VolumeState.FULL, VolumeState.GONE, VolumeState.READ_ONLY]))
    def writing_fails(self, data: st.DataObject, state: VolumeState | None) -> None:
        name, process = self.draw(data, self.asked())
        self.step(WritingFailed(name, process, "a sentence", state))

    @rule(data=st.data())
    def the_table_changes(self, data: st.DataObject) -> None:
        covering = {}
        for volume in self.now.volumes:
            mounted = [volume.file_system] * 3 if volume.file_system is not None else []
            covering[volume.name] = data.draw(st.one_of(*(st.just(one) for one in mounted), DISKS))
        self.step(MountsChanged(covering))

    @precondition(lambda self: self.asked())
    @rule(data=st.data(), space=SPACES, slowest_s=st.sampled_from([0.0, 0.2, 1.0, 12.0]))
    def a_process_says_how_it_is(self, data: st.DataObject, space: VolumeSpace, slowest_s: float) -> None:
        name, process = self.draw(data, self.asked())
        self.step(Seen(name, process, space, slowest_s))

    @precondition(lambda self: self.asked())
    @rule(data=st.data(), for_s=st.sampled_from([0.5, 1.0, 14.0, 15.0, 61.0]))
    def a_process_does_not_answer(self, data: st.DataObject, for_s: float) -> None:
        name, process = self.draw(data, self.asked())
        self.step(Unanswered(name, process, for_s))

    @precondition(lambda self: self.living)
    @rule(data=st.data())
    def a_process_ends(self, data: st.DataObject) -> None:
        key = self.draw(data, self.living)
        self.forget(key)
        self.step(Exited(*key))

    @precondition(lambda self: self.abandoned)
    @rule(data=st.data())
    def news_of_a_process_that_was_given_up_come(self, data: st.DataObject) -> None:
        name, process = self.draw(data, self.abandoned)
        self.step(Ticked())
        settled = self.now
        for event in self.stale(name, process):
            now, actions = volumes.step(settled, event, at_s=self.at_s)
            assert (now, actions) == (settled, ())

    def teardown(self) -> None:
        """It never gives up: once old processes are gone and disks are well, the best volume is used again."""
        for key in sorted(self.abandoned):
            self.forget(key)
            self.step(Exited(*key))
        self.step(MountsChanged({volume.name: volume.file_system for volume in self.now.volumes}))
        for _ in range(12):
            self.at_s += RETRY_CAP_S
            self.step(Ticked())
            for key in sorted(self.opening):
                self.opened(key, self.own_disk(key[0]), VolumeSpace(1 << 40, 2 << 40))
            for key in sorted(self.asked()):
                self.step(Seen(*key, VolumeSpace(1 << 40, 2 << 40), 0.0))
            for key in sorted(self.abandoned):
                self.forget(key)
                self.step(Exited(*key))
        assert self.in_use == NAMES[0]

    # ------------------------------------------------------------ what is always so

    @invariant()
    def what_is_known_fits_the_truth(self) -> None:
        for volume in self.now.volumes:
            own = {process for name, process in self.asked() if name == volume.name}
            assert own == ({volume.process} if volume.process is not None else set())
            left = {process for name, process in self.abandoned if name == volume.name}
            assert volume.leaving == left
            assert volume.processes <= MOST_PROCESSES
            assert not (volume.is_writable and not volume.is_open)
            assert not (volume.is_open and volume.process is None)
            if volume.is_writable:
                assert volume.space is not None
                assert has_room(volume.space, self.wishes)
            if volume.process is None and self.wishes.retries is None:
                assert volume.next_try_at_s is not None, "it is tried again, however long it takes"

    @invariant()
    def one_volume_is_used_and_it_can_be_written(self) -> None:
        assert self.now.in_use == self.in_use
        writable = [volume for volume in self.now.volumes if volume.is_writable]
        assert (self.in_use is not None) == bool(writable)
        for volume in writable:
            if volume.name == self.in_use:
                break
            assert volume.held_until_s is not None, "the most preferred one is used"

    @invariant()
    def those_that_can_be_written_do_not_quarrel(self) -> None:
        devices = [volume.file_system.device for volume in self.now.volumes if volume.file_system is not None]
        assert len(devices) == len(set(devices))


Disks.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestVolumes = Disks.TestCase
