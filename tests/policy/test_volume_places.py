"""What volumes must not have in common."""

import pytest

from holdfast.policy.volume_places import Place, objection, size_words

MAIN = Place("main", "/srv/footage", "8:1", 10 << 30)


@pytest.mark.parametrize(
    ("place", "said"),
    [
        (Place("b", "/srv/footage"), "/srv/footage is the folder of volume main, too. Give each volume a folder"),
        (
            Place("b", "/srv/footage/b"),
            "/srv/footage/b lies inside volume main (/srv/footage). Choose a folder outside",
        ),
        (Place("b", "/srv"), "/srv has volume main (/srv/footage) inside it. Choose a folder beside it."),
        (Place("b", "/"), "/ has volume far (/srv2/far) inside it."),
        (Place("b", "/mnt/b", "8:1"), "/mnt/b lies on the same file system as volume main (/srv/footage): what ends"),
        (
            Place("b", "/mnt/b", "8:2", 100 << 20),
            "/mnt/b has 100M in all, less than the 1.5G that may be held in memory: what is held would not fit.",
        ),
    ],
)
def test_a_volume_that_cannot_stand_beside_another_is_named_with_the_reason(place: Place, said: str) -> None:
    found = objection(place, [Place("far", "/srv2/far"), MAIN], 3 << 29)
    assert found is not None
    assert found.startswith(said)


@pytest.mark.parametrize(
    "place",
    [
        Place("b", "/srv/footage2"),
        Place("b", "/mnt/b", "8:2", 3 << 29),
        Place("b", "/mnt/b", "", 3 << 29),
        Place("b", "/mnt/b", "8:2"),
    ],
)
def test_volumes_with_folders_and_disks_of_their_own_are_good(place: Place) -> None:
    assert objection(place, [MAIN], 3 << 29) is None
    assert objection(place, [], None) is None


def test_a_small_volume_is_good_when_nobody_set_a_limit_of_memory() -> None:
    assert objection(Place("b", "/mnt/b", "8:2", 1), [MAIN]) is None


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0"), (1023, "1023"), (1024, "1K"), (500 << 20, "500M"), (3 << 29, "1.5G"), (1 << 40, "1T"), (1100, "1.07K")],
)
def test_a_size_is_said_as_it_is_written(size: int, words: str) -> None:
    assert size_words(size) == words
