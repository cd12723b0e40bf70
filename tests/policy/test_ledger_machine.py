"""Cameras, networks and users do what they like: footage and gaps together are always the whole of wanted time."""

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from holdfast.domain.times import NS_PER_MS, NS_PER_S, MonoNs
from holdfast.policy.holes import between_lanes_ns, within_lane_ns
from holdfast.policy.ledger import LedgerSettings
from holdfast.policy.ledger_events import Faulted, Gap, Lost, Note, Recorded, Redated, Ticked, Unwanted, Wanted
from tests.policy.ledger_rig import Rig

SETTINGS = LedgerSettings()
CAUSES = st.sampled_from(["rtsp_network", "camera_closed", "not_found", "stalled"])
LENGTHS_MS = st.integers(60, 4000)
Span = tuple[int, int]
LATEST = 1 << 62
LONGEST_HELD_NS = 25 * NS_PER_S


def without(spans: list[Span], others: list[Span]) -> list[Span]:
    """The parts of `spans` that lie in none of `others`."""
    for begin, end in others:
        spans = [part for span in spans for part in ((span[0], min(span[1], begin)), (max(span[0], end), span[1]))]
        spans = [span for span in spans if span[0] < span[1]]
    return spans


def goes_on(footage: list[tuple[int, int, int]], lane: int, at_ns: int, longest_ns: int) -> bool:
    """Whether the lane's footage before that moment is so near that nothing counts as missing."""
    return any(one[0] == lane and 0 < at_ns - one[2] <= longest_ns for one in footage)


class Keeping(RuleBasedStateMachine):
    """`footage` is the truth: (lane, from, to) of all that was recorded; `held` is what the network still has."""

    @initialize(interval_ms=st.sampled_from([40, 1000]), begins_ms=st.integers(-100_000, 100_000))
    def begin(self, interval_ms: int, begins_ms: int) -> None:
        self.rig = Rig(SETTINGS)
        self.interval_ns = interval_ms * NS_PER_MS
        self.at_ns = begins_ms * NS_PER_MS
        self.wants: list[list[int]] = []
        self.lane = 0
        self.delivers = False
        self.lane_ends_ns = self.at_ns
        self.footage: list[tuple[int, int, int]] = []
        self.held: list[Recorded] = []
        self.held_since_ns = 0
        self.faults: list[tuple[int, str]] = []

    @property
    def wanted(self) -> bool:
        return bool(self.wants) and self.wants[-1][1] == LATEST

    def pass_ms(self, milliseconds: int) -> None:
        self.at_ns += milliseconds * NS_PER_MS
        self.rig.tell(Ticked(MonoNs(self.at_ns)))
        if self.held and self.at_ns - self.held_since_ns > LONGEST_HELD_NS:
            self.the_network_lets_go()

    @rule(milliseconds=st.integers(1, 20_000))
    def time_passes(self, milliseconds: int) -> None:
        self.pass_ms(milliseconds)

    @rule()
    def the_user_switches(self) -> None:
        if self.wanted:
            self.wants[-1][1] = self.at_ns
            self.rig.tell(Unwanted(MonoNs(self.at_ns)))
        else:
            self.wants.append([self.at_ns, LATEST])
            self.lane_ends_ns = max(self.lane_ends_ns, self.at_ns)
            self.rig.tell(Wanted(MonoNs(self.at_ns)))

    @precondition(lambda self: not self.delivers)
    @rule(after_ms=st.sampled_from([0, 50, 150, 300, 3000]))
    def a_session_delivers(self, after_ms: int) -> None:
        self.pass_ms(after_ms)
        self.lane += 1
        self.delivers = True
        self.lane_ends_ns = self.at_ns

    @precondition(lambda self: self.delivers and self.wanted)
    @rule(length_ms=LENGTHS_MS, skipped_ms=st.sampled_from([0, 0, 0, -20, 30, 400, 600, 2500]), is_held=st.booleans())
    def footage_comes(self, length_ms: int, skipped_ms: int, *, is_held: bool) -> None:
        from_ns = self.lane_ends_ns + skipped_ms * NS_PER_MS
        to_ns = from_ns + length_ms * NS_PER_MS
        self.lane_ends_ns = to_ns
        if to_ns > self.at_ns:
            self.pass_ms((to_ns - self.at_ns) // NS_PER_MS)
        piece = Recorded(self.lane, MonoNs(from_ns), MonoNs(to_ns), self.interval_ns)
        if is_held or (self.held and self.held[-1].lane == self.lane):
            if not self.held:
                self.held_since_ns = from_ns
            self.held.append(piece)
        else:
            self.take_in(piece)

    def take_in(self, piece: Recorded) -> None:
        self.footage.append((piece.lane, piece.from_ns, piece.to_ns))
        self.rig.tell(piece)

    @rule()
    def the_network_lets_go(self) -> None:
        for piece in self.held:
            self.take_in(piece)
        self.held.clear()

    @precondition(lambda self: self.delivers)
    @rule(cause=CAUSES)
    def the_session_breaks(self, cause: str) -> None:
        self.delivers = False
        self.fault(cause, breaks=True)

    @rule(cause=CAUSES)
    def something_else_is_wrong(self, cause: str) -> None:
        self.fault(cause, breaks=False)

    def fault(self, cause: str, *, breaks: bool) -> None:
        self.faults.append((self.at_ns, cause))
        self.rig.tell(Faulted(Note(cause), self.lane, MonoNs(self.at_ns), breaks))

    @precondition(lambda self: self.footage)
    @rule(back_ms=st.integers(0, 3000), length_ms=st.integers(1, 1000))
    def packets_are_lost(self, back_ms: int, length_ms: int) -> None:
        lane, _, to_ns = self.footage[-1]
        from_ns = to_ns - (back_ms + length_ms) * NS_PER_MS
        end_ns = from_ns + length_ms * NS_PER_MS
        self.rig.tell(Lost(MonoNs(from_ns), MonoNs(end_ns), Note("packets_lost"), lane))

    @precondition(lambda self: self.footage)
    @rule(by_ms=st.integers(-300, 300))
    def the_clock_gets_better(self, by_ms: int) -> None:
        lane = self.footage[-1][0]
        by_ns = by_ms * NS_PER_MS
        if min(one[1] for one in self.footage if one[0] == lane) + min(0, by_ns) <= self.rig.now.floor_ns:
            return
        self.footage = [(one[0], one[1] + by_ns, one[2] + by_ns) if one[0] == lane else one for one in self.footage]
        self.rig.tell(Redated(lane, by_ns))

    # ------------------------------------------------------------ what must be true

    @property
    def holes(self) -> list[Gap]:
        found = [gap for gap in self.rig.gaps.values() if gap.note.cause != "packets_lost"]
        return sorted(found, key=lambda gap: gap.from_ns)

    @invariant()
    def gaps_lie_in_wanted_time_and_apart(self) -> None:
        holes = self.holes
        spans = [(gap.from_ns, gap.end_ns) for gap in holes if gap.to_ns is not None]
        assert without(spans, [(begin, end) for begin, end in self.wants]) == []
        assert all(one.end_ns <= after.from_ns for one, after in pairwise(holes))
        assert all(self.wanted for gap in holes if gap.to_ns is None)

    @invariant()
    def nothing_recorded_lies_in_a_gap(self) -> None:
        spans = [(gap.from_ns, gap.end_ns) for gap in self.holes]
        assert without(spans, [(one[1], one[2]) for one in self.footage]) == without(spans, [])

    @invariant()
    def what_is_wanted_is_recorded_or_missing(self) -> None:
        wanted = [(begin, min(end, self.at_ns)) for begin, end in self.wants]
        accounted = [
            *((one[1], one[2]) for one in self.footage),
            *((gap.from_ns, gap.end_ns) for gap in self.rig.gaps.values()),
        ]
        for begin, end in without(wanted, accounted):
            if self.at_ns - begin <= SETTINGS.open_after_ns + 2 * self.interval_ns + NS_PER_S:
                continue
            longest_ns = within_lane_ns(self.interval_ns)
            assert end - begin <= longest_ns
            is_tail = any(end == want[1] for want in self.wants)
            is_in_lane = any(end == one[1] and goes_on(self.footage, one[0], end, longest_ns) for one in self.footage)
            is_at_loss = any(end == gap.from_ns or begin == gap.end_ns for gap in self.rig.gaps.values())
            assert is_tail or is_in_lane or is_at_loss or end - begin <= between_lanes_ns(self.interval_ns)

    @invariant()
    def causes_are_what_was_said_at_the_time(self) -> None:
        for gap in self.holes:
            ends_ns = [one[2] for one in self.footage if one[2] <= gap.from_ns]
            early_ns = max(ends_ns, default=gap.from_ns) - self.interval_ns - NS_PER_S
            # While the network holds footage, the gap is open and longer than it will turn out to be.
            late_ns = gap.end_ns + LONGEST_HELD_NS + 5 * NS_PER_S
            said = {cause for at_ns, cause in self.faults if early_ns <= at_ns <= late_ns}
            assert gap.note.cause in {"silent", "starting"} | said

    @invariant()
    def memory_is_bounded(self) -> None:
        now = self.rig.now
        assert len(now.stretches) <= SETTINGS.most_stretches
        assert len(now.wants) <= SETTINGS.most_wants
        assert len(now.losses) <= SETTINGS.most_losses


Keeping.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestKeeping = Keeping.TestCase
