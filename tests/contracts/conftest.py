"""What several contract tests run against."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from holdfast.catalog.store import Catalog
from holdfast.ports.catalog import CatalogPort
from tests.fakes.catalog import FakeCatalog


@pytest.fixture(params=["file", "memory"])
def catalog(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogPort]:
    made: CatalogPort = Catalog.open(tmp_path / "catalog.db") if request.param == "file" else FakeCatalog()
    yield made
    assert made.close()
