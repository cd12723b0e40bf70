"""Limits, looks ahead, and words; what is planned is in test_retention_machine.py."""

from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.domain.volumes import VolumeSpace
from holdfast.policy.free_space import Room
from holdfast.policy.retention import (
    QUICKEST_LOOK_S,
    SLOWEST_LOOK_S,
    CameraRoom,
    CameraRules,
    Facts,
    MinFree,
    Plan,
    RetentionRules,
    Rule,
    age_words,
    expected_free,
    horizon_s,
    look_after_s,
    objection,
    plan,
)

GIB, MIB = 1 << 30, 1 << 20
DAY_NS = 86_400 * NS_PER_S
SPACE = VolumeSpace(50 * GIB, 1000 * GIB)


def room(free_gib: int = 50, *, falls_by: float = 0.0, coming: int = 0, reserve: int = 500 * MIB) -> Room:
    return Room("main", VolumeSpace(free_gib * GIB, 1000 * GIB), falls_by, coming, reserve)


def test_the_limit_is_the_larger_of_percent_and_bytes_and_twice_the_reserve_at_least() -> None:
    assert RetentionRules(is_on=True).limit_of(room()) is None
    assert RetentionRules(is_on=True, min_free=MinFree(20 * GIB, 5.0)).limit_of(room()) == 50 * GIB
    assert RetentionRules(is_on=True, min_free=MinFree(80 * GIB, 5.0)).limit_of(room()) == 80 * GIB
    assert RetentionRules(is_on=True, min_free=MinFree(MIB)).limit_of(room()) == 1000 * MIB


def test_a_burst_is_looked_ahead_of_by_no_more_than_the_limit() -> None:
    assert expected_free(room(50, falls_by=GIB), 10 * GIB, 4.0) == 46 * GIB
    assert expected_free(room(50, falls_by=100 * GIB), 10 * GIB, 4.0) == 40 * GIB


def test_what_is_to_come_counts_only_while_there_is_time() -> None:
    assert expected_free(room(8, coming=5 * GIB), 10 * GIB, 1.0) == 13 * GIB
    assert expected_free(room(4, coming=5 * GIB), 10 * GIB, 1.0) == 4 * GIB


def test_looks_are_more_frequent_the_faster_space_falls() -> None:
    rules = RetentionRules(is_on=True, min_free=MinFree(10 * GIB))
    assert look_after_s(rules, [room(), room(40)]) == SLOWEST_LOOK_S
    assert QUICKEST_LOOK_S < look_after_s(rules, [room(2, falls_by=GIB / 2)]) < SLOWEST_LOOK_S
    assert look_after_s(rules, [room(2, falls_by=100 * GIB)]) == QUICKEST_LOOK_S
    assert look_after_s(RetentionRules(), [room(2, falls_by=100 * GIB)]) == SLOWEST_LOOK_S
    assert horizon_s(2.0, 1.0) == 4.5


def test_what_cannot_hold_is_objected_to_with_the_numbers() -> None:
    too_much = RetentionRules(is_on=True, min_free=MinFree(1000 * GIB))
    said = objection(too_much, [room()], are_all=True)
    assert said == "min_free = 1000G is as much as volume main has in all (1000G): all of it would go."
    quotas = RetentionRules(
        is_on=True, min_free=MinFree(0, 5.0), cameras={"a": CameraRules(quota_bytes=960 * GIB), "b": CameraRules(1)}
    )
    said = objection(quotas, [room()], are_all=True)
    assert said is not None
    assert "add up to 960G, and the volumes have 1000G, of which 50G stay free" in said
    assert objection(quotas, [room()], are_all=False) is None
    assert objection(quotas, [room(), Room("second", SPACE)], are_all=True) is None


def test_rules_are_told_as_a_configuration_has_them() -> None:
    rules = RetentionRules(
        is_on=True,
        max_age_ns=30 * DAY_NS,
        min_free=MinFree(20 * GIB, 5.0),
        cameras={"a": CameraRules(7 * DAY_NS), "b": CameraRules(quota_bytes=GIB)},
    )
    assert rules.as_words() == "max_age = 30d, min_free = 5%, 20G, a: max_age = 7d, b: quota = 1G"
    assert RetentionRules().as_words() == RetentionRules(is_on=True).as_words() == "off"
    assert [rules.words_of(rule, "a") for rule in (Rule.AGE, Rule.SPACE)] == ["max_age = 7d", "min_free = 5%, 20G"]
    assert rules.words_of(Rule.QUOTA, "b") == "quota = 1G"
    assert str(MinFree()) == "0"
    assert [age_words(seconds * NS_PER_S) for seconds in (86_400, 7200, 120, 90)] == ["1d", "2h", "2m", "90s"]


def test_a_quota_without_a_rule_and_a_volume_without_a_limit_mean_nothing() -> None:
    facts = Facts(WallNs(0), volumes=(room(),), cameras=(CameraRoom("a", 1),))
    assert plan(RetentionRules(is_on=True), facts, []) == Plan()
    assert Plan().size_bytes == 0


def test_a_quota_that_cannot_be_kept_is_said() -> None:
    rules = RetentionRules(is_on=True, cameras={"a": CameraRules(quota_bytes=GIB)})
    facts = Facts(WallNs(0), volumes=(room(),), cameras=(CameraRoom("a", 2 * GIB),))
    (short,) = plan(rules, facts, []).short
    assert (short.rule, short.subject) == (Rule.QUOTA, "a")
    assert "The quota of 1G cannot be kept: there are 2G" in short.sentence
