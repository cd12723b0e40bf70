"""What becomes of volumes that are slow, hang, are full, come and go, or stand in one another's way."""

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import VolumeSpace
from holdfast.policy import volumes
from holdfast.policy.volume_events import (
    AbandonVolume,
    ComeHome,
    FailSegments,
    StartProcess,
    Tell,
    Ticked,
    Use,
    VolumeRules,
    Volumes,
)
from holdfast.policy.volume_states import FULL_S, HUNG_WAIT_S, OPENING_S, RETRY_CAP_S, RETRY_S
from tests.policy.volumes_rig import (
    CHECKING,
    FULL,
    FULL_NO_MORE,
    GIB,
    GONE,
    HEALTHY,
    HUNG,
    NEARLY_FULL,
    REFUSED,
    SLOW,
    Rig,
    disk,
    well,
)

# ------------------------------------------------------------------ slow and hung


def test_a_slow_volume_stays_in_use_and_is_well_again_after_a_while() -> None:
    rig = well()
    assert rig.see("main", slowest_s=1.2) == (
        Tell("main", HEALTHY, SLOW, "A write or sync took 1.2 s. The disk may be overloaded or failing."),
    )
    assert rig.now.in_use == "main"
    assert rig.see("main", slowest_s=2.0, after_s=20) == ()
    assert rig.see("main", after_s=29) == ()
    assert rig.see("main", after_s=1) == (Tell("main", SLOW, HEALTHY, ""),)
    assert rig.unanswered("main", 0.5) == ()
    assert rig.unanswered("main", 1.0)[0] == Tell(
        "main", HEALTHY, SLOW, "A write or sync took 1.0 s. The disk may be overloaded or failing."
    )


def test_a_volume_that_hangs_is_given_up_and_tried_when_its_process_is_gone() -> None:
    rig = well()
    rig.unanswered("main", 14.9)
    assert rig["main"].state is SLOW
    actions = rig.unanswered("main", 15.0)
    assert [type(action) for action in actions] == [Use, FailSegments, AbandonVolume, Tell]
    assert rig["main"].sentence.startswith("The disk has not answered for 15 s.")
    assert rig.step(Ticked(), HUNG_WAIT_S / 2) == ()
    assert rig.exit("main", 1) == (StartProcess("main", 2),)


def test_a_process_that_does_not_end_is_waited_for_only_so_long_and_never_are_there_three() -> None:
    rig = well()
    rig.unanswered("main", 15.0)
    assert rig.step(Ticked(), HUNG_WAIT_S) == (StartProcess("main", 2),)
    assert rig.refuse("main", GONE) == (AbandonVolume("main", 2), Tell("main", HUNG, GONE, "It is not mounted."))
    assert rig.step(Ticked(), 100) == ()
    assert rig.exit("main", 2) == (StartProcess("main", 3),)


def test_whoever_hangs_in_opening_is_left_waiting_because_it_knows_first_when_the_disk_wakes() -> None:
    rig = well()
    rig.unanswered("main", 15.0)
    rig.exit("main", 1)
    assert rig.unanswered("main", 20.0) == ()
    assert rig.open("main")[:2] == (Use("main"), ComeHome("main"))


def test_whoever_hangs_in_opening_for_very_long_is_replaced_if_it_is_the_only_one() -> None:
    rig = Rig("main")
    assert rig.unanswered("main", 20.0) == (Tell("main", CHECKING, HUNG, rig["main"].sentence),)
    assert rig.unanswered("main", OPENING_S) == (AbandonVolume("main", 1),)
    assert rig.step(Ticked(), RETRY_S) == (StartProcess("main", 2),)
    assert rig.unanswered("main", OPENING_S) == ()
    assert rig.process("main") == 2


def test_whoever_waits_for_a_disk_that_was_replaced_is_replaced_too() -> None:
    rig = Rig("main")
    rig.mounted(main=disk("main"))
    rig.unanswered("main", 20.0)
    assert rig.mounted(main=disk("main")) == ()
    assert rig.mounted(main=disk("main", 300)) == (AbandonVolume("main", 1), StartProcess("main", 2))
    assert rig.mounted(main=disk("main", 301)) == (), "there are two already"


def test_a_refused_volume_that_hangs_stays_refused_until_it_was_looked_at() -> None:
    rig = Rig("main")
    rig.refuse("main", REFUSED, "It is not ours.")
    rig.step(Ticked(), RETRY_CAP_S)
    assert rig.unanswered("main", 20.0) == ()
    assert (rig["main"].state, rig["main"].sentence) == (REFUSED, "It is not ours.")


# ------------------------------------------------------------------ full


@pytest.mark.parametrize("by", ["writing", "looking"])
def test_a_full_volume_stays_open_and_is_used_again_with_as_much_again_as_its_reserve(by: str) -> None:
    rig = well()
    actions = rig.fail("main", FULL) if by == "writing" else rig.see("main", NEARLY_FULL)
    assert [type(action) for action in actions] == [Use, FailSegments, Tell]
    assert rig.of(FailSegments)[0].kind is FaultKind.DISK_FULL
    assert rig.process("main") == 1
    assert rig.fail("main", FULL) == (), "what was on its way fails as well"
    assert rig.see("main", FULL_NO_MORE, after_s=FULL_S / 2) == ()
    assert rig.see("main", VolumeSpace(999 << 20, 1000 * GIB), after_s=FULL_S) == ()
    assert rig.see("main", FULL_NO_MORE) == (Use("main"), ComeHome("main"), Tell("main", FULL, HEALTHY, ""))


def test_a_full_volume_that_refuses_data_though_there_seems_to_be_space_is_not_used() -> None:
    rig = well()
    rig.fail("main", FULL)
    for _ in range(9):
        assert rig.see("main", after_s=FULL_S, is_refusing=True) == ()
    assert rig.see("main") == (Use("main"), ComeHome("main"), Tell("main", FULL, HEALTHY, ""))


def test_the_sentence_says_how_much_is_free_and_how_much_is_wanted() -> None:
    rig = well()
    rig.see("main", NEARLY_FULL)
    assert rig["main"].sentence == (
        "The disk is full: 400M are free, and 500M are to stay free. Free some space; recording returns by itself when "
        "there are 1000M."
    )


def test_a_volume_may_be_full_from_the_beginning() -> None:
    rig = Rig()
    assert rig.open("main", full="The disk is full.") == (Tell("main", CHECKING, FULL, "The disk is full."),)
    rig.open("second", space=NEARLY_FULL)
    assert [volume.state for volume in rig.now.volumes] == [FULL, FULL]
    assert rig.now.in_use is None
    assert rig.fail("main", GONE)[0] == AbandonVolume("main", 1)
    assert rig.unanswered("second", 15.0)[0] == AbandonVolume("second", 1)


def test_a_full_volume_that_is_opened_anew_needs_as_much_too() -> None:
    rig = Rig("main")
    rig.refuse("main", FULL, "It is full.")
    rig.step(Ticked(), RETRY_S)
    rig.open("main", space=VolumeSpace(600 << 20, 1000 * GIB))
    assert rig["main"].state is FULL


# ------------------------------------------------------------------ coming and going


def test_a_volume_that_comes_and_goes_is_used_at_once_the_first_time_and_then_has_to_prove_itself() -> None:
    rig = well()
    rig.fail("main")
    assert rig.open("main")[0] == Use("main")
    rig.exit("main", 1)
    rig.fail("main")
    assert rig.of(StartProcess) == [], "not at once, when it was lost a moment ago"
    rig.exit("main", 2)
    rig.step(Ticked(), RETRY_S)
    sentence = (
        "It was lost 2 times within a minute. As long as there is another volume it is used again only after "
        "10 s without trouble."
    )
    assert rig.open("main") == (Tell("main", GONE, HEALTHY, sentence),)
    assert rig.now.in_use == "second"
    assert rig.step(Ticked(), 9.9) == ()
    assert rig.step(Ticked(), 0.1) == (Use("main"), ComeHome("main"))
    assert rig["main"].sentence == ""


def test_a_volume_that_comes_and_goes_is_used_when_there_is_no_other_and_stays() -> None:
    rig = well()
    for number in (1, 2):
        rig.fail("main")
        rig.exit("main", number)
        rig.step(Ticked(), RETRY_S)
        rig.open("main")
    assert rig.now.in_use == "second"
    assert rig.fail("second")[0] == Use("main")
    assert rig.open("second") == (Tell("second", GONE, HEALTHY, ""),)
    rig.see("main", slowest_s=3.0)
    rig.step(Ticked(), 10)
    assert rig["main"].held_until_s is None
    assert "took 3.0 s" in rig["main"].sentence
    assert rig.now.in_use == "main"


def test_a_volume_that_was_well_for_a_minute_is_trusted_again() -> None:
    rig = well()
    rig.fail("main")
    rig.open("main")
    rig.exit("main", 1)
    rig.step(Ticked(), 60)
    rig.fail("main")
    assert rig.open("main")[0] == Use("main")


def test_how_long_it_has_to_prove_itself_grows_and_has_a_limit() -> None:
    rig = well()
    held = []
    for number in range(1, 12):
        rig.fail("main")
        rig.exit("main", number)
        rig.step(Ticked(), RETRY_S)
        rig.open("main")
        held.append((rig["main"].held_until_s or rig.at_s) - rig.at_s)
    assert held[:5] == [0, 10, 20, 40, 60]
    assert set(held[5:]) == {60}
    assert len(rig["main"].losses) <= 8


# ------------------------------------------------------------------ the rule of the description


def test_the_fixed_rule_tries_every_so_often_so_many_times_and_then_waits_for_a_mount() -> None:
    rig = well(rules=VolumeRules(retry_every_s=6, retries=3))
    rig.fail("main")
    assert rig.of(StartProcess) == []
    for number in (2, 3, 4):
        rig.exit("main", number - 1)
        assert rig.step(Ticked(), 5.9) == ()
        assert rig.step(Ticked(), 0.1) == (StartProcess("main", number),)
        rig.refuse("main")
    sentence = "It is not mounted. It was tried 3 times: it is tried again when something is mounted."
    assert rig.of(Tell) == [Tell("main", GONE, GONE, sentence)]
    rig.exit("main", 4)
    assert rig.step(Ticked(), 3600) == ()
    rig.mounted(main=disk("third"))
    assert rig.of(StartProcess) == [StartProcess("main", 5)]
    rig.refuse("main")
    assert rig["main"].next_try_at_s == rig.at_s + 6


def test_the_fixed_rule_does_not_hurry_after_a_process_that_hung() -> None:
    rig = well(rules=VolumeRules(retry_every_s=6))
    rig.unanswered("main", 15.0)
    assert rig.exit("main", 1) == ()
    assert rig.step(Ticked(), 6) == (StartProcess("main", 2),)


def test_without_it_tries_never_end_and_become_seldom() -> None:
    rig = Rig("main")
    waits = []
    for number in range(1, 200):
        rig.refuse("main")
        rig.exit("main", number)
        next_s = rig["main"].next_try_at_s
        assert next_s is not None
        waits.append(next_s - rig.at_s)
        rig.step(Ticked(), next_s - rig.at_s)
    assert waits[0] == RETRY_S
    assert waits == sorted(waits)
    assert waits[-1] == RETRY_CAP_S


# ------------------------------------------------------------------ volumes that quarrel


def test_of_two_on_one_disk_the_less_preferred_is_refused_whoever_answers_first() -> None:
    for first, then in (("main", "second"), ("second", "main")):
        rig = Rig()
        rig.open(first)
        rig.open(then, on=disk(first))
        assert rig.now.in_use == "main"
        assert (rig["main"].state, rig["second"].state) == (HEALTHY, REFUSED)
        assert "lies on the same file system as volume main" in rig["second"].sentence


def test_a_volume_in_use_that_is_refused_for_a_better_one_gives_up_its_segments() -> None:
    rig = Rig("main", "second", "third")
    rig.open("third")
    rig.open("second")
    rig.open("main", on=disk("second"))
    assert [type(action) for action in rig.actions] == [Use, Tell, FailSegments, AbandonVolume, Tell, StartProcess]
    assert rig["third"].state is HEALTHY
    assert rig.now.in_use == "main"


def test_a_volume_smaller_than_what_is_held_in_memory_is_refused_with_the_numbers() -> None:
    rig = Rig("main", rules=VolumeRules(memory_bytes=GIB))
    rig.open("main", space=VolumeSpace(100 << 20, 128 << 20))
    assert rig["main"].state is REFUSED
    assert "has 128M in all, less than the 1G that may be held in memory" in rig["main"].sentence


def test_nothing_is_used_without_volumes() -> None:
    assert volumes.begin((), VolumeRules(), at_s=0.0) == (Volumes(), ())
