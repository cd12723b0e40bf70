"""What tests of the files of a volume begin with."""

from pathlib import Path

import pytest

from tests.storage.hands import Hands


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Of the file that `volumes.create` makes."""
    return tmp_path / "cam" / "a.mp4"
