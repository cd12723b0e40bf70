"""Segmenting, case by case; every order of everything is in test_segmenting_machine.py."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.times import NS_PER_S, PtsNs, WallNs
from holdfast.policy import segmenting
from holdfast.policy.segmenting import (
    MAX_SEGMENT_NS,
    Append,
    Arrived,
    Begin,
    EndReason,
    Finish,
    FinishNow,
    FragmentInfo,
    Resumed,
    Segmenter,
    SegmentRules,
    Start,
    Stop,
    Suspended,
    TakeEnded,
    Unwritten,
    early_at_most_ns,
    rotate_at,
)
from tests.policy.recorded_stream import RecordedStream

MIDNIGHT_NS = 1_700_006_400 * NS_PER_S
MINUTE = SegmentRules(duration_ns=60 * NS_PER_S)


def fragment(index: int = 0, start_s: float = 0.0, length_s: float = 0.5, **changes: object) -> FragmentInfo:
    start_ns = round(start_s * NS_PER_S)
    made = FragmentInfo(
        index=index,
        take=(1, 1),
        start_ns=PtsNs(start_ns),
        end_ns=PtsNs(start_ns + round(length_s * NS_PER_S)),
        is_sync=True,
        size_bytes=1000,
        wall_ns=WallNs(MIDNIGHT_NS + start_ns),
        utc_offset_s=0,
    )
    return replace(made, **changes)  # type: ignore[arg-type] # fields of the value, by name


def indexes(stream: RecordedStream) -> list[list[int]]:
    return [[f.index for f in file.fragments] for file in stream.files]


@pytest.mark.parametrize(
    ("wall_s", "offset_s", "length_s"),
    [
        (0, 0, 900),
        (1, 0, 899),
        (899, 0, 1),
        (899.5, 0, 900.5),
        (420, 0, 480),
        (0, 1800, 900),
        (0, 19_800 + 60, 840),
        (-0.5, 0, 900.5),
        (-0.8, 0, 0.8),
    ],
)
def test_a_segment_ends_at_the_next_boundary_of_the_local_clock(wall_s: float, offset_s: int, length_s: float) -> None:
    first = fragment(wall_ns=WallNs(MIDNIGHT_NS + round(wall_s * NS_PER_S)), utc_offset_s=offset_s, start_s=5.0)
    assert rotate_at(first, SegmentRules()) - first.start_ns == round(length_s * NS_PER_S)


@given(duration_s=st.integers(1, 86_400), wall_ns=st.integers(0, 1 << 62), offset_s=st.integers(-43_200, 50_400))
def test_no_segment_is_planned_much_longer_than_its_duration(duration_s: int, wall_ns: int, offset_s: int) -> None:
    rules = SegmentRules(duration_ns=duration_s * NS_PER_S)
    planned_ns = rotate_at(fragment(wall_ns=WallNs(wall_ns), utc_offset_s=offset_s), rules)
    duration_ns = min(rules.duration_ns, MAX_SEGMENT_NS)
    assert early_at_most_ns(duration_ns) <= planned_ns <= duration_ns + early_at_most_ns(duration_ns)


@pytest.mark.parametrize("drift_ppm", [-200, -50, 0, 50, 200])
def test_a_camera_whose_clock_drifts_makes_no_segments_of_one_key_frame(drift_ppm: int) -> None:
    stream = RecordedStream(SegmentRules(duration_ns=900 * NS_PER_S), drift_ppm)
    stream.start(0)
    for _ in range(4 * 3600):
        stream.deliver(500, is_sync=True)
        stream.deliver(500, is_sync=False)
    assert {len(file.fragments) for file in stream.files[1:-1]} <= {1798, 1800, 1802}
    assert len(stream.files) == 17


@given(jumps=st.lists(st.tuples(st.integers(1, 60), st.sampled_from([-3600, 3600, 7, -7])), max_size=6))
def test_a_clock_that_jumps_changes_nothing_about_frames(jumps: list[tuple[int, int]]) -> None:
    steady, jumping = RecordedStream(MINUTE), RecordedStream(MINUTE)
    for stream, moves in ((steady, []), (jumping, jumps)):
        stream.start(0)
        for groups, jump_s in [*moves, (200, 0)]:
            for _ in range(groups):
                stream.deliver(400, is_sync=True)
                stream.deliver(400, is_sync=False)
            stream.jump_ns += jump_s * NS_PER_S
    for stream in (steady, jumping):
        assert [index for file in indexes(stream) for index in file] == list(range(len(stream.arrived)))
        assert {file.run for file in stream.files} == {1}


def test_a_segment_that_would_become_too_large_ends_at_a_key_frame() -> None:
    stream = RecordedStream(replace(MINUTE, size_bytes=5_000))
    stream.start(0)
    for number in range(12):
        stream.deliver(500, is_sync=number % 3 == 0)
    assert indexes(stream) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]


def test_what_is_held_stays_below_its_limit() -> None:
    stream = RecordedStream(SegmentRules(pre_record_ns=60 * NS_PER_S, max_held_bytes=4_500))
    for number in range(20):
        stream.deliver(500, is_sync=number % 2 == 0)
    assert [f.index for f in stream.now.held] == [16, 17, 18, 19]
    stream.deliver(500, is_sync=True, size_bytes=5_000)
    assert stream.now.held == ()
    stream.deliver(500, is_sync=False)
    assert stream.now.held == ()
    assert stream.now.needed_from is None


def test_a_group_too_large_to_be_held_is_recorded_all_the_same() -> None:
    stream = RecordedStream(SegmentRules(max_held_bytes=2_500))
    stream.start(0)
    for number in range(6):
        stream.deliver(500, is_sync=number == 0)
    assert stream.now.held == ()
    stream.stop(100)
    stream.deliver(500, is_sync=False)
    assert indexes(stream) == [[0, 1, 2, 3, 4, 5, 6]]
    assert stream.files[0].reason is EndReason.STOPPED


def test_a_stop_in_a_gap_does_not_record_what_comes_behind_the_gap() -> None:
    stream = RecordedStream(MINUTE)
    stream.start(0)
    stream.deliver(500, is_sync=True)
    stream.stop(300)
    stream.deliver(500, is_sync=False, gap_ms=2000)
    assert indexes(stream) == [[0]]


def test_a_start_that_waits_when_the_take_ends_records_what_there_is() -> None:
    stream = RecordedStream(MINUTE)
    stream.deliver(500, is_sync=True)
    stream.deliver(500, is_sync=False)
    stream.start(300)
    stream.end_take(silently=False)
    assert indexes(stream) == [[0, 1]]
    assert stream.files[0].reason is EndReason.SESSION_ENDED


def test_a_start_while_already_recording_and_a_stop_while_not_change_nothing() -> None:
    now, _ = segmenting.step(Segmenter(MINUTE), Start(None))
    now, _ = segmenting.step(now, Arrived(fragment()))
    again, actions = segmenting.step(now, Start(PtsNs(5)))
    assert (again, actions) == (now, ())
    stopped, actions = segmenting.step(again, Stop(None))
    assert actions == (Finish(EndReason.STOPPED),)
    assert segmenting.step(stopped, Stop(None)) == (stopped, ())


def test_a_stop_before_anything_came_records_nothing() -> None:
    now, _ = segmenting.step(Segmenter(MINUTE), Start(None))
    now, actions = segmenting.step(now, Stop(PtsNs(5)))
    assert actions == ()
    assert segmenting.step(now, Arrived(fragment()))[1] == ()


def test_a_shutdown_ends_what_is_open_and_only_that() -> None:
    now, _ = segmenting.step(Segmenter(MINUTE), Start(None))
    assert segmenting.step(now, FinishNow(EndReason.SHUTDOWN))[1] == ()
    now, _ = segmenting.step(now, Arrived(fragment()))
    assert segmenting.step(now, FinishNow(EndReason.SHUTDOWN))[1] == (Finish(EndReason.SHUTDOWN),)


def test_a_recording_goes_on_in_the_next_take_with_its_first_key_frame() -> None:
    stream = RecordedStream(MINUTE)
    stream.start(0)
    stream.deliver(500, is_sync=True)
    other_take = fragment(1, 10.0, take=(1, 9), is_sync=False)
    stream.arrived.append(other_take)
    stream.step(Arrived(other_take))
    key = fragment(2, 10.5, take=(1, 9))
    stream.arrived.append(key)
    stream.step(Arrived(key))
    assert indexes(stream) == [[0], [2]]
    assert [file.run for file in stream.files] == [1, 2]


def test_what_was_deferred_and_is_gone_by_now_is_left_out_up_to_the_next_key_frame() -> None:
    now, _ = segmenting.step(Segmenter(replace(MINUTE, size_bytes=3_500)), Start(None))
    parts = [fragment(n, n / 2, is_sync=n % 2 == 0) for n in range(9)]
    now, _ = segmenting.step(now, Arrived(parts[0]))
    now, _ = segmenting.step(now, Suspended((Unwritten((parts[0],), None),)))
    for part in parts[1:]:
        now, actions = segmenting.step(now, Arrived(part))
        assert actions == ()
    resumed, actions = segmenting.step(now, Resumed(5))
    assert actions == (
        Begin(parts[6], new_run=True),
        Append(parts[6]),
        Append(parts[7]),
        Finish(EndReason.ROTATION),
        Begin(parts[8], new_run=False),
        Append(parts[8]),
    )
    assert resumed.segment is not None
    gone, actions = segmenting.step(now, Resumed(9))
    assert actions == ()
    assert gone.segment is None
    assert gone.wanted


def test_a_stop_that_waits_does_not_outlive_a_segment_that_is_lost_whole() -> None:
    now, _ = segmenting.step(Segmenter(MINUTE), Start(None))
    now, _ = segmenting.step(now, Arrived(fragment()))
    now, _ = segmenting.step(now, Stop(PtsNs(NS_PER_S)))
    now, _ = segmenting.step(now, Suspended(()))
    assert now.stop_at_ns is None
    now, _ = segmenting.step(now, TakeEnded())
    assert segmenting.step(now, Resumed(1))[1] == ()
