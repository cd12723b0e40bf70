"""What becomes of volumes: event by event, with what follows."""

from dataclasses import replace

import pytest

from holdfast.domain.faults import FaultKind
from holdfast.domain.volumes import FileSystem, VolumeIdentity, VolumeState
from holdfast.policy.volume_events import (
    AbandonVolume,
    ComeHome,
    Event,
    Exited,
    FailSegments,
    MountsChanged,
    Opened,
    OpeningRefused,
    Seen,
    StartProcess,
    Tell,
    Ticked,
    Unanswered,
    Use,
    WritingFailed,
)
from holdfast.policy.volume_states import RETRY_CAP_S, RETRY_S
from tests.policy.volumes_rig import (
    CHECKING,
    GONE,
    HEALTHY,
    HUNG,
    NEARLY_FULL,
    READ_ONLY,
    ROOMY,
    Rig,
    disk,
    well,
)

# ------------------------------------------------------------------ opening and using


def test_all_are_opened_at_once_and_the_first_that_answers_is_used() -> None:
    rig = Rig()
    assert rig.actions == (StartProcess("main", 1), StartProcess("second", 1))
    assert rig.open("second") == (Use("second"), Tell("second", CHECKING, HEALTHY, ""))
    assert rig.open("main") == (Use("main"), ComeHome("main"), Tell("main", CHECKING, HEALTHY, ""))


def test_a_less_preferred_one_that_is_ready_later_changes_nothing() -> None:
    rig = Rig()
    rig.open("main")
    assert rig.open("second") == (Tell("second", CHECKING, HEALTHY, ""),)
    assert rig.now.in_use == "main"


def test_what_is_known_of_an_open_volume_is_kept() -> None:
    rig = well("main")
    main = rig["main"]
    assert (main.file_system, main.volume_id, main.space) == (disk("main"), "id of main", ROOMY)
    with pytest.raises(KeyError):
        rig.now.of("none")


def test_news_of_unknown_volumes_and_of_older_processes_change_nothing() -> None:
    rig = well()
    before = rig.now
    identity = VolumeIdentity("x", "ours", "x")
    stale: list[Event] = [
        Opened("none", 1, identity, disk("main", 77), ROOMY, "/none"),
        Opened("main", 7, identity, disk("third"), ROOMY, "/none"),
        Opened("main", 1, identity, disk("third"), ROOMY, "/none"),
        OpeningRefused("main", 7, GONE, "old"),
        OpeningRefused("main", 1, GONE, "too late: it is open"),
        WritingFailed("main", 7, "old", GONE),
        Seen("main", 7, NEARLY_FULL, 5.0),
        Unanswered("main", 7, 50.0),
        Exited("main", 7),
        Exited("none", 1),
        MountsChanged({"none": None}),
        Ticked(),
    ]
    for event in stale:
        assert rig.step(event) == ()
    assert rig.now == before


def test_a_process_that_opens_says_nothing_else_of_the_volume() -> None:
    rig = Rig("main")
    assert rig.fail("main", GONE) == ()
    assert rig.see("main", NEARLY_FULL) == ()
    assert rig.unanswered("main", 5.0) == ()
    assert rig["main"].state is CHECKING


# ------------------------------------------------------------------ failing over and coming home


@pytest.mark.parametrize("state", [GONE, READ_ONLY, HUNG])
def test_a_volume_that_fails_is_given_up_and_opened_anew_and_the_next_is_used_first_of_all(state: VolumeState) -> None:
    rig = well()
    actions = rig.fail("main", state)
    assert actions[:4] == (
        Use("second"),
        FailSegments("main", FaultKind.STORAGE_DISCONNECTED, "It broke."),
        AbandonVolume("main", 1),
        Tell("main", HEALTHY, state, "It broke."),
    )
    opening = (StartProcess("main", 2),)
    assert actions[4:] == (() if state is HUNG else opening)


def test_when_the_better_one_is_back_recording_comes_home() -> None:
    rig = well()
    rig.fail("main")
    rig.exit("main", 1)
    rig.refuse("main", READ_ONLY, "It is mounted read-only.")
    rig.exit("main", 2)
    assert rig["main"].state is READ_ONLY
    rig.step(Ticked(), RETRY_S)
    assert rig.actions == (StartProcess("main", 3),)
    assert rig.open("main") == (Use("main"), ComeHome("main"), Tell("main", READ_ONLY, HEALTHY, ""))


def test_of_three_the_best_of_those_that_can_be_written_is_used() -> None:
    rig = well("main", "second", "third")
    rig.fail("second")
    assert rig.now.in_use == "main"
    rig.fail("main")
    assert rig.of(Use) == [Use("third")]
    rig.open("second")
    assert rig.actions[:2] == (Use("second"), ComeHome("second"))


def test_with_no_volume_left_segments_wait_and_the_first_that_returns_is_used() -> None:
    rig = well()
    rig.fail("main")
    assert rig.fail("second")[0] == Use(None)
    assert rig.open("second")[0] == Use("second")
    assert rig.of(ComeHome) == [], "nothing is open anywhere"


def test_what_is_wrong_with_one_file_says_nothing_of_the_volume() -> None:
    rig = well()
    assert rig.fail("main", None) == ()
    assert rig.now.in_use == "main"


def test_a_process_that_ends_by_itself_is_started_again() -> None:
    rig = well()
    sentence = "The process that writes to this volume has ended; it is started again."
    assert rig.exit("main", 1) == (
        Use("second"),
        FailSegments("main", FaultKind.STORAGE_DISCONNECTED, sentence),
        Tell("main", HEALTHY, CHECKING, sentence),
        StartProcess("main", 2),
    )
    assert rig["main"].processes == 1
    assert rig.exit("main", 2) == ()
    assert "The process that opens this volume has ended" in rig["main"].sentence
    assert rig.step(Ticked(), RETRY_S) == (StartProcess("main", 3),)


def test_a_process_that_ends_while_it_tries_a_lost_volume_leaves_its_state() -> None:
    rig = well()
    rig.fail("main")
    rig.exit("main", 2)
    assert (rig["main"].state, rig["main"].sentence) == (GONE, "It broke.")


# ------------------------------------------------------------------ mounts


def test_a_volume_that_is_unmounted_is_gone_at_once_and_opened_at_once_when_it_is_back() -> None:
    rig = well()
    actions = rig.mounted(main=disk("third"))
    assert [type(action) for action in actions] == [Use, FailSegments, AbandonVolume, Tell, StartProcess]
    assert rig.of(Tell)[0].sentence == (
        "It is not mounted any more at /mnt/main. Connect and mount it: recording returns to it."
    )
    rig.exit("main", 1)
    rig.refuse("main")
    rig.exit("main", 2)
    assert rig.mounted(main=disk("main", 300)) == (StartProcess("main", 3),)


@pytest.mark.parametrize("covers", [None, disk("main", 999), replace(disk("main"), device="9:9")])
def test_a_mount_is_another_one_by_its_number_or_its_device(covers: FileSystem | None) -> None:
    rig = well()
    rig.mounted(main=covers)
    assert rig["main"].state is GONE


def test_a_volume_that_is_turned_read_only_is_left() -> None:
    rig = well()
    rig.mounted(main=disk("main", read_only=True), second=disk("second"))
    assert rig["main"].state is READ_ONLY
    assert rig.now.in_use == "second"


def test_the_table_need_not_have_what_was_never_in_it() -> None:
    rig = Rig("main")
    rig.open("main", on=FileSystem("", "", "", 0, "8:1"))
    assert rig.mounted(main=None) == ()
    assert rig.mounted(main=disk("main"))[0] == Use(None)


def test_any_change_of_the_table_gives_hope_and_one_at_the_place_much() -> None:
    rig = Rig("main")
    rig.refuse("main")
    for _ in range(60):
        if rig["main"].process is None:
            rig.step(Ticked(), RETRY_CAP_S)
        number = rig.process("main")
        rig.refuse("main")
        rig.exit("main", number)
    assert rig["main"].next_try_at_s == rig.at_s + RETRY_CAP_S
    assert rig.mounted(main=disk("third")) == (StartProcess("main", rig["main"].last_process),), "its place is another"
    rig.refuse("main")
    rig.step(Exited("main", rig["main"].last_process))
    assert rig["main"].next_try_at_s == rig.at_s + RETRY_S, "tries count anew"
    for _ in range(40):
        rig.step(Ticked(), RETRY_CAP_S)
        number = rig.process("main")
        rig.refuse("main")
        rig.exit("main", number)
    assert rig.mounted(main=disk("third")) == ()
    assert rig["main"].next_try_at_s == rig.at_s + RETRY_S, "elsewhere something was mounted"


def test_what_was_found_while_the_table_changed_may_be_old_and_is_looked_at_again_at_once() -> None:
    rig = Rig("main")
    assert rig.mounted(main=disk("third")) == ()
    assert StartProcess("main", 2) in rig.refuse("main")
    rig.exit("main", 1)
    assert StartProcess("main", 3) not in rig.refuse("main")
