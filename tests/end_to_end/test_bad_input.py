"""What people get wrong, through the real command line."""

from pathlib import Path

import pytest

from holdfast.lab.scenarios import inputs
from tests.rows import assert_all_pass

pytestmark = pytest.mark.timeout(240)


def test_a_command_line_that_cannot_work_ends_with_its_code_and_a_sentence(tmp_path: Path) -> None:
    assert_all_pass(inputs.command_lines(tmp_path / "rec"))


def test_a_name_may_have_spaces_and_korean_letters_and_signals_make_files_final(tmp_path: Path, seed: int) -> None:
    assert_all_pass(inputs.names_and_signals(tmp_path / "rec", seed=seed))


def test_a_password_with_special_characters_works_and_is_seen_nowhere(tmp_path: Path, seed: int) -> None:
    assert_all_pass(inputs.secrets(tmp_path / "rec", seed=seed))


def test_a_wrong_password_is_said_and_seldom_tried(tmp_path: Path, seed: int) -> None:
    assert_all_pass(inputs.wrong_password(tmp_path / "rec", seconds=4, seed=seed))
