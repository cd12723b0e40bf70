"""A camera, a user, a disk and a clock do what they like to the segmenter; nothing wanted is lost, nothing repeated."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from holdfast.domain.times import NS_PER_MS, NS_PER_S
from holdfast.policy.segmenting import EndReason, SegmentRules, early_at_most_ns
from tests.policy.recorded_stream import File, RecordedStream

HOUR_NS = 3600 * NS_PER_S
LONGEST_GOP_NS = 6 * 500 * NS_PER_MS


class Segmenting(RuleBasedStateMachine):
    """Groups of pictures of random length, several takes, real gaps, and every order of everything else."""

    stream: RecordedStream
    in_group = 0
    clock_is_steady = True

    @initialize(
        duration_s=st.sampled_from([2, 5, 10, 60]),
        size=st.sampled_from([None, 6_000, 40_000]),
        pre_s=st.sampled_from([0, 1, 5]),
        drift_ppm=st.sampled_from([0, -200, 200]),
    )
    def begin(self, duration_s: int, size: int | None, pre_s: int, drift_ppm: int) -> None:
        rules = SegmentRules(duration_ns=duration_s * NS_PER_S, size_bytes=size, pre_record_ns=pre_s * NS_PER_S)
        self.stream = RecordedStream(rules, drift_ppm)

    @rule(
        groups=st.lists(st.lists(st.integers(40, 500), min_size=1, max_size=6), min_size=1, max_size=8),
        gap_ms=st.sampled_from([0, 0, 0, 700, 20_000]),
    )
    def deliver(self, groups: list[list[int]], gap_ms: int) -> None:
        for group in groups:
            for number, duration_ms in enumerate(group):
                self.stream.deliver(duration_ms, is_sync=number == 0, gap_ms=gap_ms)
                gap_ms = 0

    @rule(duration_ms=st.integers(40, 500), is_sync=st.booleans())
    def deliver_one(self, duration_ms: int, *, is_sync: bool) -> None:
        held = self.stream.arrived[-5:]
        self.stream.deliver(duration_ms, is_sync=is_sync or len(held) < 5 or not any(f.is_sync for f in held))

    @rule(silently=st.booleans())
    def end_take(self, *, silently: bool) -> None:
        self.stream.end_take(silently=silently)

    @rule(later_ms=st.integers(0, 900))
    def start(self, later_ms: int) -> None:
        self.stream.start(later_ms)

    @rule(later_ms=st.integers(0, 900))
    def stop(self, later_ms: int) -> None:
        self.stream.stop(later_ms)

    @rule(start_ms=st.integers(0, 400), stop_ms=st.integers(400, 900))
    def short_clip(self, start_ms: int, stop_ms: int) -> None:
        self.stream.start(start_ms)
        self.stream.stop(stop_ms)

    @rule(fragments=st.integers(1, 30))
    def lose(self, fragments: int) -> None:
        self.stream.lose(fragments)

    @rule()
    def resume(self) -> None:
        self.stream.resume()

    @rule(jump_ns=st.sampled_from([-HOUR_NS, HOUR_NS]))
    def clock_jumps(self, jump_ns: int) -> None:
        self.stream.jump_ns += jump_ns
        self.clock_is_steady = False

    @rule(utc_offset_s=st.sampled_from([3600, 7200]))
    def summer_begins_or_ends(self, utc_offset_s: int) -> None:
        self.stream.utc_offset_s = utc_offset_s
        self.clock_is_steady = False

    @invariant()
    def nothing_wanted_is_missing(self) -> None:
        missing = self.stream.due() - self.stream.kept
        assert not missing, f"missing: {sorted(missing)}"

    @invariant()
    def nothing_unwanted_is_recorded(self) -> None:
        over = self.stream.kept - self.stream.allowed()
        if self.stream.now.start_at_ns is None:
            assert not over, f"recorded without being wanted: {sorted(over)}"

    @invariant()
    def runs_have_no_break(self) -> None:
        for before, file in zip(self.stream.files, self.stream.files[1:], strict=False):
            if before.run == file.run:
                assert before.fragments[-1].index + 1 == file.fragments[0].index
        for file in self.stream.files:
            indexes = [f.index for f in file.fragments]
            assert indexes == list(range(indexes[0], indexes[0] + len(indexes)))
            assert file.fragments[0].is_sync
            assert len({f.take for f in file.fragments}) == 1

    @invariant()
    def segments_have_the_length_they_may_have(self) -> None:
        rules = self.stream.rules
        gap_ns = 21 * NS_PER_S
        for file in self.stream.files:
            lasts = [f for f in file.fragments if f.is_sync]
            length_ns = lasts[-1].start_ns - file.fragments[0].start_ns
            assert length_ns < rules.duration_ns + early_at_most_ns(rules.duration_ns)
            whole_ns = file.fragments[-1].end_ns - file.fragments[0].start_ns
            assert whole_ns <= rules.duration_ns + early_at_most_ns(rules.duration_ns) + LONGEST_GOP_NS + gap_ns
            if rules.size_bytes is not None and len(lasts) > 1:
                assert sum(f.size_bytes for f in file.fragments if f.index <= lasts[-1].index) <= rules.size_bytes

    @invariant()
    def rotation_is_at_the_boundaries_of_the_local_clock(self) -> None:
        if self.clock_is_steady and self.stream.rules.size_bytes is None:
            for before, file in zip(self.stream.files, self.stream.files[1:], strict=False):
                if before.reason is EndReason.ROTATION and before.run == file.run:
                    self._begins_with_the_first_key_frame_of_its_period(before, file)

    def _begins_with_the_first_key_frame_of_its_period(self, before: File, file: File) -> None:
        duration_ns = self.stream.rules.duration_ns
        early_ns = early_at_most_ns(duration_ns)

        def period(wall_ns: int) -> int:
            return (wall_ns + 3600 * NS_PER_S) // duration_ns

        first_ns = file.fragments[0].wall_ns
        assert period(first_ns + early_ns) > period(before.fragments[0].wall_ns)
        last_sync_ns = [f.wall_ns for f in before.fragments if f.is_sync][-1]
        assert period(last_sync_ns - early_ns) <= period(before.fragments[0].wall_ns + early_ns)

    def teardown(self) -> None:
        if hasattr(self, "stream"):
            self.stream.end()
            self.nothing_wanted_is_missing()
            self.runs_have_no_break()
            assert self.stream.now.segment is None
            assert all(file.reason is not None for file in self.stream.files)


Segmenting.TestCase.settings = settings(max_examples=60, stateful_step_count=50)
TestSegmenting = Segmenting.TestCase
