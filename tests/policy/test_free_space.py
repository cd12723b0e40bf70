"""How fast space falls is measured whoever writes, and what is still to come is not deleted for twice."""

from holdfast.policy.free_space import COMING_S, STRETCHES, Trend, removed, seen

MIB = 1 << 20


def looked(*free_mib: int, trend: Trend | None = None, at_s: float = 0.0) -> Trend:
    now = trend or Trend()
    for number, free in enumerate(free_mib):
        now = seen(now, free * MIB, at_s + 2.0 * number)
    return now


def test_nothing_is_known_before_the_second_look() -> None:
    assert Trend().falls_by == looked(100).falls_by == 0.0


def test_the_fall_is_that_of_the_last_stretch_or_of_all_when_that_is_more() -> None:
    assert looked(100, 90).falls_by == 5 * MIB
    assert looked(100, 80, 78).falls_by == 5.5 * MIB
    assert looked(100, 98, 78).falls_by == 10 * MIB
    assert looked(100, 120).falls_by == 0.0


def test_a_burst_is_forgotten_after_some_looks() -> None:
    assert looked(100, 10, *[10] * STRETCHES).falls_by == 0.0


def test_two_looks_at_the_same_moment_are_one() -> None:
    now = seen(looked(100, 90), 80 * MIB, 2.0)
    assert now.falls_by == 5 * MIB
    assert seen(now, 70 * MIB, 4.0).falls_by == 5 * MIB


def test_what_was_removed_is_no_rise_and_what_others_wrote_meanwhile_is_seen_later() -> None:
    now = removed(looked(100, 100), 50 * MIB, 150 * MIB, 3.0)
    assert (now.coming_bytes, now.falls_by) == (0, 0.0)
    assert seen(now, 130 * MIB, 5.0).falls_by == 10 * MIB


def test_space_that_is_not_given_back_yet_is_to_come_until_it_is_seen_or_too_late() -> None:
    now = removed(looked(100, 100), 50 * MIB, 100 * MIB, 3.0)
    assert now.coming_bytes == 50 * MIB
    part = seen(now, 130 * MIB, 5.0)
    assert (part.coming_bytes, part.falls_by) == (20 * MIB, 0.0)
    assert seen(part, 160 * MIB, 6.0).coming_bytes == 0
    assert seen(now, 100 * MIB, 3.0 + COMING_S).coming_bytes == 0
    again = removed(now, 10 * MIB, 105 * MIB, 4.0)
    assert again.coming_bytes == 55 * MIB


def test_what_was_written_meanwhile_is_not_to_come() -> None:
    now = removed(looked(100, 80), 50 * MIB, 110 * MIB, 4.0)
    assert now.coming_bytes == 0


def test_a_removal_before_the_first_look_is_the_first_look() -> None:
    now = removed(Trend(), 50 * MIB, 100 * MIB, 1.0)
    assert (now.free_bytes, now.coming_bytes) == (100 * MIB, 0)
