"""What a backup knows of a file."""

from tests.policy.test_backups import saved


def test_a_saved_segment_is_known_by_its_run_its_place_and_its_size() -> None:
    assert saved(7).key == ("a", 7, 1)
