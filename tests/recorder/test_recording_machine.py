"""A camera, a user and a disk that fails whenever it likes: footage is in a file or in memory, and ends in one file."""

from itertools import pairwise

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from holdfast.domain.segments import SegmentState
from holdfast.domain.times import NS_PER_S
from holdfast.policy.segmenting import SegmentRules
from tests.recorder.rig import STREAM, Rig, Written


class RecordingOnABadDisk(RuleBasedStateMachine):
    rig: Rig

    @initialize(
        duration_s=st.sampled_from([1, 3, 60]), size=st.sampled_from([None, 3000]), pre_s=st.sampled_from([0, 2])
    )
    def begin(self, duration_s: int, size: int | None, pre_s: int) -> None:
        rules = SegmentRules(duration_ns=duration_s * NS_PER_S, size_bytes=size, pre_record_ns=pre_s * NS_PER_S)
        self.rig = Rig(rules)

    @rule(groups=st.lists(st.integers(1, 4), min_size=1, max_size=4))
    def deliver(self, groups: list[int]) -> None:
        for fragments in groups:
            self.rig.group(fragments)

    @rule(samples=st.integers(1, 5))
    def deliver_one(self, samples: int) -> None:
        self.rig.deliver(samples)

    @rule(new_session=st.booleans())
    def end_take(self, *, new_session: bool) -> None:
        self.rig.end_take(new_session=new_session)

    @rule()
    def start(self) -> None:
        if not self.rig.recording.segmenter.wanted:
            self.rig.recording.start()

    @rule()
    def stop(self) -> None:
        self.rig.recording.stop()

    @rule(orders=st.sampled_from([1, 2, 3, 100]))
    def disk_works(self, orders: int) -> None:
        self.rig.work(orders)

    @rule()
    def disk_syncs(self) -> None:
        self.rig.writer.sync()

    @rule(answers=st.sampled_from([1, 2, 100]))
    def recorder_listens(self, answers: int) -> None:
        self.rig.listen(answers)

    @rule(broken=st.booleans())
    def disk_breaks_or_heals(self, *, broken: bool) -> None:
        self.rig.writer.broken = broken

    @rule(seconds=st.sampled_from([0.2, 3]))
    def time_passes(self, seconds: float) -> None:
        self.rig.clock.advance(seconds)
        self.rig.recording.tick()

    @rule()
    def all_is_done(self) -> None:
        self.rig.settle()

    @invariant()
    def nothing_wanted_is_gone(self) -> None:
        assert not self.rig.missing()

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        rig = self.rig
        rig.end()
        assert rig.recording.is_idle
        assert not rig.recording.open_paths
        self.nothing_wanted_is_gone()
        files = [file for file in rig.files() if file.indexes or file.is_final]
        self._each_frame_is_in_as_many_files_as_it_should(files)
        self._runs_have_no_break(files)
        self._the_catalog_tells_the_truth(files)
        assert rig.recording.ring.size_bytes == 0

    def _each_frame_is_in_as_many_files_as_it_should(self, files: list[Written]) -> None:
        written = [index for file in files for index in file.indexes]
        wanted = self.rig.recording.wanted
        assert set(written) == set(wanted)
        too_often = {index for index in written if written.count(index) > wanted[index]}
        assert not too_often, f"written too often: {sorted(too_often)}"

    def _runs_have_no_break(self, files: list[Written]) -> None:
        files = sorted(files, key=lambda file: (file.stamp.run_id, file.stamp.ordinal))
        for before, file in pairwise(files):
            if before.stamp.run_id == file.stamp.run_id:
                assert before.stamp.ordinal < file.stamp.ordinal
                assert before.indexes[-1] + 1 == file.indexes[0]
        for file in files:
            assert file.indexes == list(range(file.indexes[0], file.indexes[-1] + 1))

    def _the_catalog_tells_the_truth(self, files: list[Written]) -> None:
        rows = {row.path: row for row in self.rig.catalog.segments(STREAM.camera)}
        for path, row in rows.items():
            assert (path in self.rig.writer.disk) == (row.state is not SegmentState.MISSING)
        for file in files:
            row = rows[file.path]
            assert row.state is (SegmentState.FINAL if file.is_final else SegmentState.OPEN)
            assert row.end_reason is not None
            assert row.duration_ns > 0


RecordingOnABadDisk.TestCase.settings = settings(max_examples=100, stateful_step_count=40)
TestRecordingOnABadDisk = RecordingOnABadDisk.TestCase
