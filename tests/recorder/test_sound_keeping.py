"""Sound in the files of the picture: which of it, where, and that the picture never waits for it."""

from dataclasses import replace

import pytest

from holdfast.domain.segments import SegmentState
from holdfast.domain.streams import Track
from holdfast.domain.times import NS_PER_S, MonoNs, PtsNs
from holdfast.fmp4 import Fmp4Error, scan
from holdfast.policy.segmenting import SegmentRules
from holdfast.ports.capture import TakeOpened
from holdfast.recorder import sound_keeping
from tests.fmp4.builder import FTYP, moov
from tests.fmp4.segments import read_from
from tests.recorder.rig import STREAM
from tests.recorder.sound_rig import FRAME_S, SoundRig, spans

MINUTE = SegmentRules(duration_ns=60 * NS_PER_S)
BOTH = ["video", "audio"]


@pytest.fixture
def rig() -> SoundRig:
    made = SoundRig(MINUTE)
    made.recording.start()
    return made


def frames_of(rig: SoundRig) -> list[int]:
    return [run.sample_count for runs in rig.heard() for run in runs]


def test_sound_goes_beside_the_picture_at_its_time(rig: SoundRig) -> None:
    rig.begin_sound(late_s=0.25)
    for _ in range(3):
        rig.second()
    rig.end()
    assert rig.tracks() == [BOTH]
    ((begin_s, end_s),) = spans(rig.heard()[0])
    assert begin_s == 0.25
    assert 3.0 <= end_s < 3.0 + FRAME_S, "whole frames that begin before the picture ends"
    (row,) = rig.catalog.segments("cam_01")
    assert (row.state, row.frames, row.duration_ns) == (SegmentState.FINAL, 30, 3 * NS_PER_S)


def test_a_file_is_whole_and_as_long_as_its_picture(rig: SoundRig) -> None:
    rig.begin_sound()
    for _ in range(3):
        rig.second()
    rig.end()
    (file,) = rig.writer.disk.values()
    data = bytes(file.data)
    found = scan(read_from(data), len(data))
    assert found.is_final
    assert found.header.duration == found.header.video.timescale * 3
    assert found.header.stamp is not None
    assert found.header.stamp.samples == 30
    numbers = [int.from_bytes(data[one.offset + 20 : one.offset + 24], "big") for one in found.fragments]
    assert numbers == list(range(1, len(numbers) + 1))


def test_no_sound_costs_nothing(rig: SoundRig) -> None:
    for _ in range(3):
        rig.group()
    rig.end()
    assert rig.tracks() == [["video"]]


def test_sound_that_joins_later_begins_a_new_file_at_the_next_key_frame_without_a_loss(rig: SoundRig) -> None:
    for _ in range(2):
        rig.group()
    rig.begin_sound()
    rig.deliver(is_sync=False)
    rig.sound(8)
    for _ in range(3):
        rig.second()
    rig.end()
    assert rig.tracks() == [["video"], BOTH]
    assert sum(row.frames for row in rig.catalog.segments("cam_01")) == 5 * rig.arrived
    assert rig.missing() == set()
    (run,) = rig.catalog.runs()
    assert run.end_reason == "session_ended", "the picture has no break"
    assert spans(rig.heard()[1])[0][0] < FRAME_S


def test_parameters_that_change_all_the_time_do_not_make_a_file_each(rig: SoundRig) -> None:
    rig.begin_sound()
    rig.second()
    for rate in (8000, 11_025, 12_000, 22_050, 24_000):
        rig.begin_sound(rate=rate)
        rig.second(sound=False)
        rig.second(sound=False)
    rig.end()
    assert len(rig.tracks()) == 2, "once at once, then at most once a minute"


def test_parameters_that_change_get_a_new_file_after_a_minute_at_the_latest(rig: SoundRig) -> None:
    rig.recording.segmenter = replace(rig.recording.segmenter, rules=SegmentRules(duration_ns=3600 * NS_PER_S))
    rig.begin_sound()
    rig.second()
    for rate in (8000, 32_000):
        rig.begin_sound(rate=rate)
        rig.second(sound=False)
        rig.second(sound=False)
    for _ in range(62):
        rig.group()
        rig.recording.tick()
    rig.end()
    rates = [scan(read_from(bytes(f.data)), len(f.data)).header.tracks[1].timescale for f in rig.writer.disk.values()]
    assert rates == [16_000, 8000, 32_000]


def test_once_known_the_following_files_have_the_track_whether_sound_comes_or_not() -> None:
    rig = SoundRig(SegmentRules(duration_ns=2 * NS_PER_S))
    rig.recording.start()
    rig.begin_sound()
    rig.second()
    for _ in range(5):
        rig.second(sound=False)
    rig.end()
    assert len(rig.tracks()) >= 3
    assert all(tracks == BOTH for tracks in rig.tracks())


def test_a_boundary_cuts_sound_between_two_frames_and_the_end_waits_for_what_is_on_its_way() -> None:
    rig = SoundRig(SegmentRules(duration_ns=10 * NS_PER_S))
    rig.recording.start()
    rig.begin_sound()
    for _ in range(14):
        rig.group()
        rig.sound(16)
        rig.recording.tick()
    for _ in range(3):
        # Sound is half a second behind: what belongs to the first file comes when the second has begun.
        rig.group()
        rig.recording.tick()
        rig.sound(16)
    rig.end()
    files = [spans(runs) for runs in rig.heard()]
    assert all(len(one) == 1 for one in files), "no pause in any"
    frames = sum(frames_of(rig))
    assert frames == rig.frames, "none twice, none lost"
    for one, file in zip(files[1:], rig.files()[1:], strict=True):
        assert one[0][0] < FRAME_S
        assert file.is_final


def test_the_end_of_a_file_does_not_wait_for_sound_that_has_stopped() -> None:
    rig = SoundRig(SegmentRules(duration_ns=10 * NS_PER_S))
    rig.recording.start()
    rig.begin_sound()
    for _ in range(3):
        rig.second()
    while len(rig.tracks()) < 2:
        rig.group()
        rig.settle()
    rig.settle()
    assert rig.files()[0].is_final


def test_a_stop_keeps_the_sound_up_to_it(rig: SoundRig) -> None:
    rig.begin_sound()
    for _ in range(6):
        rig.second()
    rig.group()
    rig.recording.stop()
    rig.sound(16)
    rig.clock.advance(2)
    rig.recording.tick()
    rig.settle()
    assert rig.recording.is_idle
    ((_, end_s),) = spans(rig.heard()[0])
    assert abs(end_s - 7) <= FRAME_S


def test_a_pause_in_the_sound_is_silence_and_no_long_frame(rig: SoundRig) -> None:
    rig.begin_sound()
    rig.second()
    rig.group()
    rig.sound(8, last_ticks=9000)
    rig.group()
    rig.sound(8)
    rig.sound(8)
    rig.group()
    rig.end()
    first, second = spans(rig.heard()[0])
    assert abs(second[0] - first[1] - 0.5) < 1e-3


def test_a_take_that_overlaps_the_one_before_repeats_nothing(rig: SoundRig) -> None:
    rig.begin_sound()
    rig.second()
    rig.begin_sound(late_s=-0.5)
    rig.group()
    rig.sound(8)
    rig.sound(8)
    rig.group()
    rig.end()
    times = [run.decode_time for run in rig.heard()[0]]
    assert times == sorted(times)
    ((begin_s, end_s),) = spans(rig.heard()[0])
    assert (begin_s, round(end_s, 3)) == (0, 1.5)


def test_sound_from_the_future_is_nonsense(rig: SoundRig) -> None:
    rig.begin_sound()
    rig.second()
    rig.sound(8, skip_ticks=5 * 16_000)
    assert rig.recording.sound.size_bytes < 20 * 100
    rig.begin_sound()
    rig.second()
    rig.end()
    assert max(end for _, end in spans(rig.heard()[0])) < 2.1


def test_what_is_no_sound_ends_its_take_and_nothing_else(rig: SoundRig) -> None:
    rig.begin_sound()
    rig.second()
    rig.hear(b"\0\0\0\1nonsense that is no box at all")
    rig.second()
    rig.begin_sound()
    rig.second()
    rig.end()
    assert not rig.faults
    assert rig.missing() == set()
    assert len(spans(rig.heard()[0])) == 2


def test_a_take_of_pictures_in_the_pipe_of_sound_is_no_sound(rig: SoundRig) -> None:
    rig.begin_sound()
    rig.recording.sound.take_opened(_opened(rig, 2))
    rig.sound_take = 2
    rig.hear(FTYP + moov())
    rig.second()
    rig.end()
    assert frames_of(rig) == []


def test_what_other_takes_still_say_is_ignored(rig: SoundRig) -> None:
    rig.begin_sound()
    rig.second()
    rig.begin_sound()
    rig.sound_take = 1
    rig.second()
    rig.end_sound()
    rig.sound_take = 2
    rig.second()
    rig.end()
    assert sum(frames_of(rig)) == 32


def test_when_the_times_of_the_picture_break_sound_of_before_is_of_no_use(rig: SoundRig) -> None:
    rig.begin_sound()
    for _ in range(2):
        rig.second()
    rig.end_take()
    rig.take, rig.take_is_open, rig.decode_time = rig.take + 1, True, 0
    now_ns = rig.clock.mono_ns()
    opened = _opened(rig, rig.take)
    rig.recording.take_opened(replace(opened, reason="media time broke", track=Track.VIDEO))
    assert rig.recording.sound.size_bytes == 0
    rig.sound(8)
    rig.begin_sound(arrival_ns=now_ns - 1)
    rig.sound(8)
    assert rig.recording.sound.size_bytes == 0
    rig.begin_sound()
    rig.sound(8)
    assert rig.recording.sound.size_bytes > 0


def test_a_disk_that_fails_loses_no_sound_that_memory_still_has(rig: SoundRig) -> None:
    rig.begin_sound()
    for _ in range(2):
        rig.second()
    rig.settle()
    rig.writer.broken = True
    for _ in range(3):
        rig.second()
        rig.work(1 << 20)
        rig.listen(1 << 20)
    rig.writer.broken = False
    rig.end()
    assert rig.missing() == set()
    assert [len(spans(runs)) for runs in rig.heard()] == [1, 1]
    lengths = [spans(runs)[0][1] - spans(runs)[0][0] for runs in rig.heard()]
    assert abs(sum(lengths) - 5) < 2 * FRAME_S


def test_sound_is_held_no_longer_than_its_picture(rig: SoundRig) -> None:
    rig.begin_sound()
    for _ in range(30):
        rig.second()
        rig.settle()
    assert rig.recording.sound.size_bytes < 3 * 16 * 100


def test_sound_without_a_picture_is_held_for_some_seconds(rig: SoundRig) -> None:
    rig.begin_sound()
    for _ in range(60):
        rig.clock.advance(1)
        rig.sound(16)
        rig.recording.tick()
        rig.recording.sound.release(None)
    assert 0 < rig.recording.sound.size_bytes < 5 * 16 * 100


def test_when_memory_is_full_sound_goes_first(rig: SoundRig) -> None:
    rig.begin_sound()
    rig.writer.broken = True
    for _ in range(5):
        rig.second()
    held = list(rig.held)
    rig.recording.shrink(rig.recording.ring.size_bytes + 500)
    assert rig.held == held
    assert rig.recording.sound.size_bytes <= 500
    assert not rig.faults


def test_a_flood_of_sound_is_limited(rig: SoundRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound_keeping, "MOST_BYTES", 2000)
    rig.begin_sound()
    rig.writer.broken = True
    for _ in range(9):
        rig.second()
    assert rig.recording.sound.size_bytes <= 2000
    rig.end()
    assert rig.missing() == set()


def test_sound_that_does_not_fit_into_a_file_is_left_out(rig: SoundRig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("holdfast.recorder.segment_writing.with_sound", _refuse)
    rig.begin_sound()
    for _ in range(5):
        rig.second()
    rig.end()
    assert rig.tracks() == [["video"]]
    assert rig.missing() == set()


def _refuse(*_args: object) -> None:
    raise Fmp4Error("too large")


def _opened(rig: SoundRig, take: int) -> TakeOpened:
    now_ns = rig.clock.mono_ns()
    return TakeOpened(
        STREAM, 1, take, PtsNs(now_ns - NS_PER_S), MonoNs(now_ns), reorders=False, reason="x", track=Track.SOUND
    )
