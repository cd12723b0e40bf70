"""When an alarm is raised, and when it is cleared."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from holdfast.domain.alarms import AlarmKind, AlarmRecord, Severity
from holdfast.domain.streams import StreamId
from holdfast.domain.times import WallNs
from holdfast.domain.volumes import VolumeState
from holdfast.policy.alarms import (
    VOLUME_KINDS,
    VOLUME_SENTENCES,
    Action,
    AlarmRules,
    Alarms,
    BackupFacts,
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

RULES = AlarmRules()
CAMERA = StreamId("cam_01")
Said = tuple[int, str, str, str]
"""Second, "raise" or "clear", kind, subject."""


def camera(age_s: float | None = 0.2, phase: Phase = Phase.CONNECTED, *, records: bool = True, why: str = "") -> Facts:
    return Facts(streams=(StreamFacts(CAMERA, records, phase, age_s, why),))


def volume(*states: VolumeState, said: str = "") -> Facts:
    return Facts(volumes=tuple(VolumeFacts(f"disk {n}", state, said) for n, state in enumerate(states, 1)))


def memory(percent: float) -> Facts:
    return Facts(memory=(MemoryFacts(round(percent * 10), 1000),))


def catalog(trouble: str = "", unresolved: int | None = None) -> Facts:
    return Facts(catalog=CatalogFacts(trouble, unresolved))


def told(at_s: int, action: Action) -> Said:
    return at_s, "raise" if isinstance(action, Raise) else "clear", str(action.kind), action.subject


def over(seconds: Iterable[tuple[int, Facts]], now: Alarms | None = None, rules: AlarmRules = RULES) -> list[Said]:
    """What is done when the facts are these for so many seconds, one after another."""
    state, said, at_s = now or Alarms(), [], 0
    for length_s, facts in seconds:
        for _ in range(length_s):
            state, actions = step(state, facts, rules, float(at_s))
            said += [told(at_s, action) for action in actions]
            at_s += 1
    return said


def first(facts: Facts, after_s: int = 100) -> Raise:
    """The first alarm that such facts raise."""
    state = Alarms()
    for at_s in range(after_s):
        state, actions = step(state, facts, RULES, float(at_s))
        if actions:
            assert isinstance(actions[0], Raise)
            return actions[0]
    raise AssertionError("nothing was raised")


def left(kind: str, subject: str = "cam_01") -> Alarms:
    """An earlier life left this alarm open."""
    return taken_over(
        [
            AlarmRecord(
                alarm_id="x", kind=kind, severity="critical", subject=subject, sentence="", raised_wall_ns=WallNs(1)
            )
        ]
    )


def test_nothing_is_kept_while_all_is_well() -> None:
    well = Facts(
        streams=camera().streams,
        volumes=volume(VolumeState.HEALTHY).volumes,
        memory=memory(10).memory,
        catalog=CatalogFacts(unresolved=0),
    )
    assert step(Alarms(), well, RULES, 7.0) == (Alarms(), ())
    assert step(Alarms(), well, RULES, 7.0)[0].watched == {}


# ------------------------------------------------------------ cameras


def test_a_camera_of_which_nothing_is_saved_raises_one_alarm_and_clears_it_once() -> None:
    said = over([(20, camera()), (100, camera(None)), (100, camera(0.5))])
    assert said == [(50, "raise", "not_saved", "cam_01"), (130, "clear", "not_saved", "cam_01")]


def test_what_was_saved_long_ago_counts_from_then() -> None:
    assert over([(3, camera(29.0))]) == []
    assert over([(3, camera(31.0))]) == [(2, "raise", "not_saved", "cam_01")]


def test_a_recorder_that_was_stopped_itself_does_not_raise_what_is_well_a_moment_later() -> None:
    assert over([(2, camera(600.0)), (5, camera(0.1))]) == []


def test_an_alarm_is_cleared_only_after_ten_seconds_without_a_break() -> None:
    flapping = [(8, camera(0.5)), (2, camera(10.0))] * 5
    assert over([(10, camera(40.0)), *flapping]) == [(2, "raise", "not_saved", "cam_01")]
    assert over([(10, camera(40.0)), *flapping, (11, camera(0.5))])[-1] == (70, "clear", "not_saved", "cam_01")


def test_a_camera_that_is_not_to_be_recorded_raises_nothing_and_clears_what_there_was() -> None:
    assert over([(100, camera(None, Phase.ERROR, records=False))]) == []
    said = over([(40, camera(None)), (40, camera(None, records=False))])
    assert said == [(30, "raise", "not_saved", "cam_01"), (50, "clear", "not_saved", "cam_01")]


def test_a_camera_that_is_gone_from_the_recorder_clears_its_alarms_at_once() -> None:
    said = over([(40, camera(None, Phase.ERROR)), (2, Facts())])
    assert said[2:] == [(40, "clear", "not_saved", "cam_01"), (40, "clear", "camera_error", "cam_01")]


def test_a_camera_in_error_raises_an_alarm_and_only_frames_clear_it() -> None:
    said = over(
        [
            (5, camera(1.0, Phase.RECONNECTING)),
            (20, camera(1.0, Phase.ERROR)),
            (60, camera(1.0, Phase.CONNECTING)),
            (20, camera(1.0, Phase.CONNECTED)),
        ]
    )
    assert said == [(15, "raise", "camera_error", "cam_01"), (95, "clear", "camera_error", "cam_01")]


@pytest.mark.parametrize("phase", [Phase.CONNECTING, Phase.ERROR])
def test_a_sentence_says_why_when_that_is_known(phase: Phase) -> None:
    alone, with_reason = first(camera(None, phase)), first(camera(None, phase, why="The disk is gone."))
    assert with_reason.sentence == f"{alone.sentence} The disk is gone."
    assert alone.severity is Severity.CRITICAL


def test_thresholds_are_settings() -> None:
    rules = AlarmRules(unsaved_after_s=4, error_after_s=1, memory_percent=80, clear_after_s=0)
    assert over([(6, camera(None)), (1, camera(3.9))], rules=rules)[0][:2] == (4, "raise")
    assert over([(6, camera(None)), (2, camera(3.9))], rules=rules)[1][:2] == (6, "clear")
    assert over([(6, camera(1, Phase.ERROR))], rules=rules)[0][:2] == (1, "raise")
    assert over([(6, memory(79))], rules=rules) == []


# ------------------------------------------------------------ volumes


@pytest.mark.parametrize("state", VOLUME_KINDS)
def test_a_volume_that_is_not_healthy_raises_an_alarm_with_its_name(state: VolumeState) -> None:
    raised = first(volume(VolumeState.HEALTHY, state))
    assert (raised.kind, raised.subject) == (VOLUME_KINDS[state], "disk 2")
    assert raised.sentence == VOLUME_SENTENCES[state]
    assert raised.severity is (Severity.WARNING if state is VolumeState.SLOW else Severity.CRITICAL)


def test_every_state_that_is_not_well_has_a_kind_and_a_sentence() -> None:
    assert set(VOLUME_KINDS) == set(VOLUME_SENTENCES) == set(VolumeState) - {VolumeState.HEALTHY, VolumeState.CHECKING}


def test_what_the_volume_itself_says_is_told() -> None:
    assert first(volume(VolumeState.GONE, said="The disk is gone.")).sentence == "The disk is gone."


def test_a_volume_that_is_slow_for_a_moment_only_raises_nothing() -> None:
    assert over([(9, volume(VolumeState.SLOW)), (1, volume(VolumeState.HEALTHY))] * 5) == []
    assert over([(11, volume(VolumeState.SLOW))]) == [(10, "raise", "volume_slow", "disk 1")]


def test_a_volume_that_is_looked_at_again_and_again_stays_gone() -> None:
    looking = [(1, volume(VolumeState.GONE)), (3, volume(VolumeState.CHECKING))] * 10
    said = over([*looking, (11, volume(VolumeState.HEALTHY))])
    assert said == [
        (4, "raise", "volume_gone", "disk 1"),
        (4, "raise", "no_volume", ""),
        (50, "clear", "volume_gone", "disk 1"),
        (50, "clear", "no_volume", ""),
    ]


def test_another_state_clears_one_alarm_and_raises_another() -> None:
    said = over([(5, volume(VolumeState.GONE, VolumeState.HEALTHY)), (15, volume(VolumeState.FULL, VolumeState.SLOW))])
    assert said == [
        (2, "raise", "volume_gone", "disk 1"),
        (7, "raise", "volume_full", "disk 1"),
        (15, "clear", "volume_gone", "disk 1"),
        (15, "raise", "volume_slow", "disk 2"),
    ]


# ------------------------------------------------------------ memory, catalog


def test_memory_raises_above_half_and_clears_below_two_fifths() -> None:
    said = over([(5, memory(51)), (60, memory(45)), (5, memory(39)), (1, memory(41)), (20, memory(39))])
    assert said == [(2, "raise", "memory", ""), (81, "clear", "memory", "")]


def test_a_catalog_that_cannot_be_written_raises_an_alarm_with_its_own_sentence() -> None:
    assert over([(9, catalog("It is busy.")), (1, catalog())] * 4) == []
    raised = first(catalog("The catalog x cannot be written: disk I/O error."))
    assert (raised.kind, raised.sentence) == (AlarmKind.CATALOG, "The catalog x cannot be written: disk I/O error.")


def test_what_a_repair_left_open_is_a_warning_until_a_later_one_leaves_nothing() -> None:
    said = over([(5, catalog()), (5, catalog(unresolved=3)), (12, catalog(unresolved=0))])
    assert said == [(5, "raise", "catalog_mismatch", ""), (20, "clear", "catalog_mismatch", "")]
    assert "3 places" in first(catalog(unresolved=3)).sentence


# ------------------------------------------------------------ two lives


def test_what_an_earlier_life_left_is_not_raised_again_and_is_cleared_when_it_is_well() -> None:
    said = over([(40, camera(None, Phase.ERROR)), (20, camera())], left("not_saved"))
    assert said == [
        (10, "raise", "camera_error", "cam_01"),
        (50, "clear", "not_saved", "cam_01"),
        (50, "clear", "camera_error", "cam_01"),
    ]


def test_a_life_that_does_not_know_yet_clears_nothing() -> None:
    assert over([(100, catalog())], left("catalog_mismatch", "")) == []
    assert over([(20, camera(None, Phase.CONNECTING))], left("camera_error")) == []
    assert over([(100, volume(VolumeState.CHECKING))], left("volume_gone", "disk 1")) == []


def test_an_alarm_of_a_kind_that_is_not_known_here_is_cleared() -> None:
    assert over([(3, camera())], left("of_a_newer_program")) == [(0, "clear", "of_a_newer_program", "cam_01")]


def test_a_backup_that_is_not_complete_is_told_until_one_is() -> None:
    known = Facts(backup=BackupFacts())
    failed, well = (Facts(backup=BackupFacts(trouble)) for trouble in ("The disk is full.", ""))
    assert over([(3, known), (30, failed), (30, known), (20, well), (5, failed)]) == [
        (3, "raise", "backup", ""),
        (73, "clear", "backup", ""),
        (83, "raise", "backup", ""),
    ]


def test_a_backup_that_is_not_made_any_more_raises_nothing() -> None:
    failed = Facts(backup=BackupFacts("The disk is full."))
    assert over([(5, failed), (5, Facts())]) == [(0, "raise", "backup", ""), (5, "clear", "backup", "")]


def test_the_alarm_of_a_backup_is_a_warning_with_its_reason() -> None:
    _, actions = step(Alarms(), Facts(backup=BackupFacts("The disk is full.")), RULES, 0.0)
    (raised,) = actions
    assert isinstance(raised, Raise)
    assert (raised.severity, raised.sentence) == (
        Severity.WARNING,
        "The last backup is not complete. The disk is full.",
    )


def test_a_limit_that_cannot_be_kept_is_told_once_and_cleared_when_it_can() -> None:
    rules = AlarmRules(clear_after_s=5.0)
    well = Facts(volumes=(VolumeFacts("main", VolumeState.HEALTHY),))
    short = replace(well, cannot_keep={"main": "1G cannot be kept free."})
    now = Alarms()
    raised: list[Action] = []
    for at_s, facts in enumerate([short] * 6 + [well] * 8):
        now, actions = step(now, facts, rules, float(at_s))
        raised += actions
    assert [(type(one).__name__, one.kind, one.subject) for one in raised] == [
        ("Raise", AlarmKind.RETENTION, "main"),
        ("Clear", AlarmKind.RETENTION, "main"),
    ]
