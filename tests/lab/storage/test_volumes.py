import pytest

from holdfast.lab.scenarios import volumes
from holdfast.lab.scenarios.volumes import says_several

HELP = """
options:
  -h, --help            show this help message and exit
  --to DIR              folder for the recordings{more}
  --name NAME           name of a camera, in the order of the URLs (may be
                        repeated); without it cam_01, cam_02, …
"""


@pytest.mark.parametrize(
    ("more", "several"),
    [("", False), ("; may be repeated", True), (", in order of\n      preference (repeated)", True)],
)
def test_a_recorder_says_in_its_help_whether_it_takes_several_volumes(more: str, several: bool) -> None:  # noqa: FBT001
    assert says_several(HELP.format(more=more)) is several


def test_a_volume_that_would_fill_the_memory_is_in_no_way_lost() -> None:
    assert volumes.ways_of("full") == ["ext4", "enospc"]
    assert volumes.ways_of("hung") == ["hang"]
