"""Names of cameras and files that every file system takes."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from holdfast.domain.times import NS_PER_S, WallNs
from holdfast.policy.naming import MAX_ID_BYTES, camera_id, segment_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("cam_01", "cam_01"),
        ("Front door", "Front door"),
        ("현관 앞", "현관 앞"),
        ("a/b\\c:d", "a_b_c_d"),
        ("../../etc", "_.._etc"),
        ("  .hidden. ", "hidden"),
        ("tab\tand\x00nul", "tab_and_nul"),
        ('<"?*|>x', "_x"),
    ],
)
def test_a_name_keeps_its_letters_and_loses_what_file_systems_refuse(name: str, expected: str) -> None:
    assert camera_id(name) == expected


@pytest.mark.parametrize("name", ["", " ", "...", "/", "???", "_", "\x00"])
def test_a_name_of_which_nothing_is_left_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="cannot be the name of a camera"):
        camera_id(name)


@given(st.text(max_size=300) | st.text(alphabet=string.ascii_letters + " .가", min_size=110, max_size=130))
def test_an_id_is_a_name_that_every_file_system_takes(name: str) -> None:
    try:
        made = camera_id(name)
    except ValueError:
        return
    assert 0 < len(made.encode()) <= MAX_ID_BYTES
    assert made == made.strip(" .")
    assert not set(made) & set('/\\:*?"<>|')
    assert made.isprintable() or not any(ord(char) < 32 for char in made)
    assert camera_id(made) == made


@pytest.mark.parametrize(
    ("offset_s", "attempt", "expected"),
    [
        (0, 1, "cam/2023-11-14/cam_20231114_221320.mp4"),
        (9 * 3600, 1, "cam/2023-11-15/cam_20231115_071320.mp4"),
        (-3 * 3600 - 1800, 2, "cam/2023-11-14/cam_20231114_184320_2.mp4"),
        (0, 17, "cam/2023-11-14/cam_20231114_221320_17.mp4"),
    ],
)
def test_a_file_is_named_after_its_local_time(offset_s: int, attempt: int, expected: str) -> None:
    assert segment_path("cam", WallNs(1_700_000_000 * NS_PER_S + 999), offset_s, attempt) == expected
