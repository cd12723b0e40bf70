"""What is asked of the machine."""

from pathlib import Path

import pytest

from holdfast.app import system


def test_a_boot_of_the_machine_has_a_name_that_stays() -> None:
    assert len(system.boot_id()) == 36
    assert system.boot_id() == system.boot_id()


def test_where_the_kernel_does_not_say_it_the_boot_has_no_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(system, "BOOT_ID", tmp_path / "none")
    assert system.boot_id() == ""
