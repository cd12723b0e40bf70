"""Volumes that fail, hang, vanish and return: all footage is in a file or in memory, and in the end in one file."""

from collections import Counter

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from holdfast.domain.segments import SegmentState
from holdfast.domain.times import NS_PER_MS, NS_PER_S
from holdfast.domain.volumes import VolumeState
from holdfast.policy.segmenting import SegmentRules
from tests.recorder.volumes_rig import StreamRig, VolumesRig

FRAME_NS = NS_PER_S // 10
TROUBLES = [VolumeState.FULL, VolumeState.READ_ONLY, VolumeState.GONE]
WHICH = st.integers(0, 2)


class VolumesInTrouble(RuleBasedStateMachine):
    """What happens to disks, and to processes."""

    rig: VolumesRig

    def _name(self, which: int) -> str:
        return self.rig.names[which % len(self.rig.names)]

    # ------------------------------------------------------------ processes

    @rule(volume=WHICH)
    def volume_is_looked_at(self, volume: int) -> None:
        for process in self.rig.processes.alive(self._name(volume)):
            process.open()

    @rule(volume=WHICH, orders=st.sampled_from([1, 2, 3, 100]))
    def disk_works(self, volume: int, orders: int) -> None:
        for process in self.rig.processes.alive(self._name(volume)):
            if process.abandoned is None:
                process.work(orders)

    @rule(volume=WHICH)
    def disk_syncs(self, volume: int) -> None:
        for process in self.rig.processes.alive(self._name(volume)):
            if process.abandoned is None:
                process.sync()

    @rule(volume=WHICH, slowest_s=st.sampled_from([0.0, 2.0]))
    def process_tells(self, volume: int, slowest_s: float) -> None:
        for process in self.rig.processes.alive(self._name(volume)):
            process.seen(slowest_s)

    @rule(volume=WHICH, events=st.sampled_from([1, 2, 100]))
    def recorder_listens(self, volume: int, events: int) -> None:
        for process in list(self.rig.processes.started):
            if process.disk.name == self._name(volume):
                process.deliver(events)

    @rule()
    def loop_turns(self) -> None:
        self.rig.run_later()

    @rule(volume=WHICH, orders=st.sampled_from([0, 1, 100]))
    def process_dies(self, volume: int, orders: int) -> None:
        for process in self.rig.processes.alive(self._name(volume))[:1]:
            process.die(orders)

    # ------------------------------------------------------------ disks

    @rule(volume=WHICH, keeps=st.booleans())
    def disk_vanishes(self, volume: int, *, keeps: bool) -> None:
        self.rig.disks[self._name(volume)].vanish(keeps_unsynced=keeps)

    @rule(volume=WHICH)
    def disk_hangs(self, volume: int) -> None:
        self.rig.disks[self._name(volume)].is_hung = True

    @rule(volume=WHICH, trouble=st.sampled_from(TROUBLES))
    def disk_fails(self, volume: int, trouble: VolumeState) -> None:
        self.rig.disks[self._name(volume)].trouble = trouble

    @rule(volume=WHICH)
    def disk_spoils_a_file(self, volume: int) -> None:
        self.rig.disks[self._name(volume)].spoils_one = True

    @rule(volume=WHICH)
    def disk_comes_back(self, volume: int) -> None:
        self.rig.disks[self._name(volume)].come_back()

    @rule()
    def mounts_are_seen(self) -> None:
        self.rig.mounts_changed()

    @rule()
    def all_is_done(self) -> None:
        self.rig.settle()


class RecordingOnSeveralVolumes(VolumesInTrouble):
    """What happens to cameras, and what must be."""

    @initialize(
        volumes=st.integers(1, 3),
        streams=st.integers(1, 2),
        duration_s=st.sampled_from([1, 3, 60]),
        opens=st.booleans(),
    )
    def begin(self, volumes: int, streams: int, duration_s: int, *, opens: bool) -> None:
        rules = SegmentRules(duration_ns=duration_s * NS_PER_S)
        self.rig = VolumesRig(("first", "second", "third")[:volumes], streams, rules)
        self.rig.start()
        if opens:
            self.rig.open()
        for rig in self.rig.rigs:
            rig.recording.start()

    def _stream(self, which: int) -> StreamRig:
        return self.rig.rigs[which % len(self.rig.rigs)]

    # ------------------------------------------------------------ cameras and time

    @rule(stream=WHICH, groups=st.lists(st.integers(1, 3), min_size=1, max_size=4))
    def deliver(self, stream: int, groups: list[int]) -> None:
        for fragments in groups:
            self._stream(stream).group(fragments)

    @rule(stream=WHICH, samples=st.integers(1, 5))
    def deliver_one(self, stream: int, samples: int) -> None:
        self._stream(stream).deliver(samples)

    @rule(stream=WHICH, new_session=st.booleans())
    def end_take(self, stream: int, *, new_session: bool) -> None:
        self._stream(stream).end_take(new_session=new_session)

    @rule(seconds=st.sampled_from([0.25, 3, 16]))
    def time_passes(self, seconds: float) -> None:
        self.rig.tick(seconds)

    # ------------------------------------------------------------ what must be

    @invariant()
    def nothing_wanted_is_gone(self) -> None:
        for rig in self.rig.rigs:
            assert not self.rig.missing(rig)

    def teardown(self) -> None:
        if not hasattr(self, "rig"):
            return
        self.rig.end()
        for rig in self.rig.rigs:
            assert rig.recording.is_idle
            assert not rig.recording.open_paths
            assert rig.recording.ring.size_bytes == 0
            written: Counter[int] = Counter()
            for name in self.rig.names:
                for indexes in self.rig.indexes(name, rig).values():
                    written.update(indexes)
            assert set(written) == set(rig.recording.wanted)
            too_often = {index for index in written if written[index] > rig.recording.wanted[index]}
            assert not too_often, f"written too often: {sorted(too_often)}"
            for name in self.rig.names:
                self._the_catalog_tells_the_truth(name, rig)

    def _the_catalog_tells_the_truth(self, name: str, rig: StreamRig) -> None:
        rows = {row.path: row for row in self.rig.catalog.segments(rig.stream.camera) if row.volume == name}
        files = self.rig.indexes(name, rig)
        for path, row in rows.items():
            assert row.state in {SegmentState.FINAL, SegmentState.MISSING}
            assert row.keep_bytes is None
            assert (path in files) == (row.state is SegmentState.FINAL)
            assert row.home == ("" if name == "first" else "first")
        for path, indexes in files.items():
            frames = sum(rig.samples[index] for index in indexes)
            if not indexes and path not in rows:
                # Nobody heard of it before the disk was lost, with all that had been written to it.
                continue
            assert self.rig.disks[name].files[path].is_final
            assert rows[path].size_bytes == len(self.rig.disks[name].files[path].data)
            assert rows[path].frames == frames
            assert abs(rows[path].duration_ns - frames * FRAME_NS) < NS_PER_MS


RecordingOnSeveralVolumes.TestCase.settings = settings(max_examples=60, stateful_step_count=50)
TestRecordingOnSeveralVolumes = pytest.mark.expects_log("volume .*", optional=True)(RecordingOnSeveralVolumes.TestCase)
