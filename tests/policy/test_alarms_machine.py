"""Whatever happens in whatever order: an alarm is raised once and cleared once, and never for nothing."""

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from holdfast.domain.alarms import AlarmRecord
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.domain.volumes import VolumeState
from holdfast.policy.alarms import (
    AlarmRules,
    Alarms,
    CatalogFacts,
    Facts,
    MemoryFacts,
    Raise,
    StreamFacts,
    VolumeFacts,
    step,
    taken_over,
)
from holdfast.policy.connecting import Phase

AGES = st.one_of(st.none(), st.sampled_from([0.1, 4.0, 20.0, 31.0, 1000.0]))
STREAMS = st.builds(
    StreamFacts,
    st.sampled_from([StreamId("cam_01"), StreamId("cam_02", "sub")]),
    st.booleans(),
    st.sampled_from(Phase),
    AGES,
    st.sampled_from(["", "The disk is gone."]),
)
VOLUMES = st.builds(VolumeFacts, st.sampled_from(["one", "two"]), st.sampled_from(VolumeState))
MEMORY = st.builds(MemoryFacts, st.integers(0, 100), st.just(100))
CATALOG = st.builds(CatalogFacts, st.sampled_from(["", "It is busy."]), st.sampled_from([None, 0, 2]))
WELL = Facts(
    streams=tuple(StreamFacts(s, True, Phase.CONNECTED, 0.1) for s in (StreamId("cam_01"), StreamId("cam_02", "sub"))),  # noqa: FBT003
    volumes=(VolumeFacts("one", VolumeState.HEALTHY), VolumeFacts("two", VolumeState.HEALTHY)),
    memory=(MemoryFacts(0, 100),),
    catalog=CatalogFacts(unresolved=0),
)
RULES = AlarmRules()


class Watching(RuleBasedStateMachine):
    """`open` is what a person was told is wrong."""

    @initialize(
        left=st.sets(st.tuples(st.sampled_from(["not_saved", "memory", "old"]), st.sampled_from(["", "cam_01"])))
    )
    def begin(self, left: set[tuple[str, str]]) -> None:
        self.open = set(left)
        self.at_s = 0.0
        self.last_change_s: dict[tuple[str, str], float] = {}
        records = [
            AlarmRecord(alarm_id="x", kind=kind, severity="", subject=subject, sentence="", raised_wall_ns=WallNs(0))
            for kind, subject in left
        ]
        self.state = taken_over(records)

    def look(self, facts: Facts, passes_s: float) -> None:
        self.at_s += passes_s
        present = {str(one.stream) for one in facts.streams} | {one.name for one in facts.volumes} | {""}
        self.state, actions = step(self.state, facts, RULES, self.at_s)
        for action in actions:
            key = str(action.kind), action.subject
            assert (key in self.open) is not isinstance(action, Raise), "raised once, cleared once"
            if isinstance(action, Raise):
                assert action.sentence
                assert action.subject in present
                self.open.add(key)
            else:
                self.open.remove(key)
                raised_s = self.last_change_s.get(key)
                is_there = action.subject in present and key[0] != "old"
                long = raised_s is None or self.at_s - raised_s >= RULES.clear_after_s
                assert long or not is_there or not (facts.volumes and facts.memory), "nothing flaps"
            self.last_change_s[key] = self.at_s

    @rule(
        streams=st.lists(STREAMS, max_size=2, unique_by=lambda one: one.stream),
        volumes=st.lists(VOLUMES, max_size=2, unique_by=lambda one: one.name),
        memory=st.lists(MEMORY, max_size=1),
        catalog=CATALOG,
        passes_s=st.sampled_from([0.1, 1.0, 1.0, 5.0, 40.0]),
        times=st.integers(1, 5),
    )
    def something_is_seen(
        self,
        streams: list[StreamFacts],
        volumes: list[VolumeFacts],
        memory: list[MemoryFacts],
        catalog: CatalogFacts,
        passes_s: float,
        times: int,
    ) -> None:
        facts = Facts(tuple(streams), tuple(volumes), tuple(memory), catalog)
        for _ in range(times):
            self.look(facts, passes_s)

    @rule()
    def all_is_well_for_long(self) -> None:
        for _ in range(13):
            self.look(WELL, 1.0)
        assert not self.open
        assert self.state == Alarms()

    @invariant()
    def what_is_raised_is_what_was_told(self) -> None:
        state: Alarms = getattr(self, "state", Alarms())
        assert {key for key, seen in state.watched.items() if seen.is_raised} == getattr(self, "open", set())


TestWatching = Watching.TestCase
