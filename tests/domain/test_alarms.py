"""The vocabulary of alarms."""

from holdfast.domain.alarms import AlarmKind, AlarmRecord, Severity
from holdfast.domain.times import WallNs


def test_an_alarm_is_open_until_it_says_otherwise() -> None:
    record = AlarmRecord(
        alarm_id="a",
        kind=AlarmKind.NO_VOLUME,
        severity=Severity.CRITICAL,
        subject="",
        sentence="No volume can be written.",
        raised_wall_ns=WallNs(1),
    )
    assert record.cleared_wall_ns is None
    assert (record.kind, record.severity) == ("no_volume", "critical")


def test_what_programs_react_to_is_written_as_it_is_named() -> None:
    for word in (*AlarmKind, *Severity):
        assert word.value == word.name.lower()
