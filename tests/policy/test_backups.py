"""What a backup saves, for what time it accounts, and when one is due: on every day once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.domain.backups import SavedSegment
from holdfast.domain.segments import SegmentRecord, SegmentState
from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.backups import (
    BackupTimes,
    LastBackup,
    LocalMoment,
    Span,
    begun,
    is_due,
    key_of,
    last_at_first,
    plan,
    spans,
)
from tests.records import PLAIN


def segment(ordinal: int = 0, *, state: SegmentState = SegmentState.FINAL, volume: str = "main") -> SegmentRecord:
    return replace(
        PLAIN,
        path=f"cam_01/2026-11-26/{ordinal}.mp4",
        run_id="a",
        ordinal=ordinal,
        wall_start_ns=WallNs((100 - ordinal) * NS_PER_S),
        duration_ns=NS_PER_S,
        size_bytes=10 + ordinal,
        state=state,
        volume=volume,
    )


def saved(begin_s: int, length_s: int = 1, camera: str = "cam_01") -> SavedSegment:
    return SavedSegment(
        path="x",
        size_bytes=1,
        sha256="0" * 64,
        camera=camera,
        stream="main",
        run_id="a",
        session=1,
        ordinal=begin_s,
        wall_start_ns=WallNs(begin_s * NS_PER_S),
        duration_ns=length_s * NS_PER_S,
        frames=1,
        recorder_id="r",
        verified_wall_ns=WallNs(0),
    )


def test_new_final_segments_are_saved_the_oldest_first() -> None:
    rows = [segment(number) for number in range(4)]
    found = plan(rows, {key_of(rows[1])}, {"main"})
    assert found.to_save == (rows[3], rows[2], rows[0])
    assert found.saved == (rows[1],)
    assert found.size_bytes == 13 + 12 + 10


def test_what_is_open_or_to_be_cut_waits_and_what_is_damaged_is_left_out() -> None:
    rows = [
        segment(0, state=SegmentState.OPEN),
        replace(segment(1), keep_bytes=5),
        segment(2, state=SegmentState.MISSING),
        segment(3, state=SegmentState.DAMAGED),
    ]
    found = plan(rows, (), {"main"})
    assert (found.to_save, found.not_yet, found.unusable) == ((), 2, 2)


def test_what_is_on_a_volume_that_is_not_there_is_told() -> None:
    away = segment(0, volume="usb")
    assert plan([away, segment(1)], (), {"main"}).not_there == (away,)


def test_a_segment_that_has_two_rows_while_it_comes_home_is_saved_once() -> None:
    rows = [segment(0), replace(segment(0), volume="other", path="cam_01/2026-11-26/0_2.mp4")]
    assert len(plan(rows, (), {"main", "other"}).to_save) == 1


def test_a_segment_that_was_cut_since_is_another_one() -> None:
    before, now = segment(0), replace(segment(0), size_bytes=5)
    assert plan([now], {key_of(before)}, {"main"}).to_save == (now,)


ENDS = {("cam_01", "main"): 5 * NS_PER_S, ("cam_02", "main"): 99 * NS_PER_S}


def test_a_backup_accounts_for_the_time_since_what_was_saved_before() -> None:
    found = spans(ENDS, [saved(10), saved(12, 2)])
    assert found == (Span("cam_01", "main", WallNs(5 * NS_PER_S), WallNs(14 * NS_PER_S)),)


def test_a_first_backup_accounts_from_its_first_footage_on() -> None:
    found = spans({}, [saved(12, 2), saved(10)])
    assert found == (Span("cam_01", "main", WallNs(10 * NS_PER_S), WallNs(14 * NS_PER_S)),)
    assert spans(ENDS, []) == ()


def test_older_footage_that_comes_later_is_accounted_for_from_its_own_begin_on() -> None:
    found = spans(ENDS, [saved(10, camera="cam_02")])
    assert found == (Span("cam_02", "main", WallNs(10 * NS_PER_S), WallNs(11 * NS_PER_S)),)


# ---------------------------------------------------------------- when one is due


def moment(at: datetime) -> LocalMoment:
    return LocalMoment(WallNs(round(at.timestamp()) * NS_PER_S), at.date().toordinal(), at.hour * 60 + at.minute)


@pytest.mark.parametrize(
    "zone", ["Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Beirut"]
)
@settings(max_examples=25)
@given(at_minute=st.integers(0, 1439), step_s=st.integers(60, 6000))
def test_every_local_day_has_exactly_one_whatever_the_clocks_on_the_wall_do(
    zone: str, at_minute: int, step_s: int
) -> None:
    times, tz = BackupTimes(at_minute=at_minute), ZoneInfo(zone)
    for begin in (datetime(2026, 3, 6, 12, tzinfo=UTC), datetime(2026, 10, 22, 12, tzinfo=UTC)):
        at = begin
        last = last_at_first(times, None, moment(at.astimezone(tz)))
        days: list[int] = []
        while at < begin + timedelta(days=4):
            now = moment(at.astimezone(tz))
            if is_due(times, last, now):
                last = begun(times, now)
                days.append(last.day)
            at += timedelta(seconds=step_s)
        first, end = (one.astimezone(tz).date().toordinal() for one in (begin, begin + timedelta(days=4)))
        # Of the first and the last day only a part was seen.
        assert [day for day in days if first < day < end - 1] == list(range(first + 1, end - 1))
        assert len(days) == len(set(days))


def test_what_was_missed_is_made_up_for_once() -> None:
    times = BackupTimes(at_minute=180)
    morning = datetime(2026, 11, 26, 1, tzinfo=UTC)
    last = LastBackup(WallNs(0), morning.date().toordinal() - 3)
    now = moment(morning)
    assert is_due(times, last, now)
    last = begun(times, now)
    assert not is_due(times, last, moment(morning + timedelta(hours=1)))
    assert is_due(times, last, moment(morning + timedelta(hours=2)))


def test_one_that_is_made_every_so_often_goes_by_the_time_since_the_last() -> None:
    times = BackupTimes(every_s=3600)
    begin = datetime(2026, 11, 26, 1, tzinfo=UTC)
    last = last_at_first(times, None, moment(begin))
    assert is_due(times, last, moment(begin))
    last = begun(times, moment(begin))
    assert not is_due(times, last, moment(begin + timedelta(minutes=59)))
    assert is_due(times, last, moment(begin + timedelta(minutes=60)))


def test_without_any_times_none_is_due() -> None:
    assert not is_due(BackupTimes(), LastBackup(WallNs(0), 0), moment(datetime(2026, 11, 26, 1, tzinfo=UTC)))


def test_a_service_that_begins_waits_for_the_next_time_of_the_day() -> None:
    times, noon = BackupTimes(at_minute=12 * 60), datetime(2026, 11, 26, 12, tzinfo=UTC)
    before, after = moment(noon - timedelta(hours=1)), moment(noon + timedelta(hours=1))
    assert last_at_first(times, None, before).day == before.day - 1
    assert last_at_first(times, None, after).day == after.day


def test_a_last_one_that_lies_ahead_was_noted_by_a_wrong_clock() -> None:
    now = moment(datetime(2026, 11, 26, 12, tzinfo=UTC))
    ahead = LastBackup(WallNs(now.wall_ns + 1), now.day + 400)
    for times in (BackupTimes(at_minute=180), BackupTimes(every_s=3600)):
        assert last_at_first(times, ahead, now) == LastBackup(now.wall_ns, now.day)
    known = LastBackup(WallNs(5), now.day - 1)
    assert last_at_first(BackupTimes(at_minute=180), known, now) == known
